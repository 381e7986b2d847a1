\echo Use "CREATE EXTENSION pg_ferry" to load this file. \quit

-- The log: ordinary tables that nobody but the extension's owner may touch, and that the owner of the database may read, for
-- pg_dump. The module writes them directly; people read them through the views below.

CREATE SEQUENCE @extschema@.ferry_load_id_seq;
REVOKE ALL ON SEQUENCE @extschema@.ferry_load_id_seq FROM PUBLIC;

CREATE TABLE @extschema@.ferry_load_log (
    load_id bigint PRIMARY KEY,
    table_schema text NOT NULL,
    table_name text NOT NULL,
    table_owner text NOT NULL,
    column_names text[] NOT NULL,
    source text NOT NULL,
    source_bytes bigint NOT NULL,
    loaded_by text NOT NULL,
    started_at timestamptz NOT NULL,
    finished_at timestamptz NOT NULL,
    rows_read bigint NOT NULL,
    rows_loaded bigint NOT NULL,
    rows_rejected bigint NOT NULL,
    rows_skipped bigint NOT NULL,
    options jsonb NOT NULL,
    source_digest text,
    rejects_not_kept bigint NOT NULL
);
REVOKE ALL ON @extschema@.ferry_load_log FROM PUBLIC;

CREATE TABLE @extschema@.ferry_reject_log (
    load_id bigint NOT NULL,
    row_number bigint NOT NULL,
    line_number bigint,
    raw_row text,
    raw_bytes bytea,
    sqlstate text NOT NULL,
    column_name text,
    constraint_name text,
    reason text NOT NULL,
    detail text,
    hint text,
    resolved_at timestamptz,
    is_cut boolean NOT NULL,
    corrected_row text,
    corrected_by text,
    corrected_at timestamptz,
    PRIMARY KEY (load_id, row_number)
);
REVOKE ALL ON @extschema@.ferry_reject_log FROM PUBLIC;

SELECT pg_catalog.pg_extension_config_dump('@extschema@.ferry_load_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.ferry_load_log', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.ferry_reject_log', '');

-- Who may see a load: a member of the role that ran it, of the role that owned the table then, and every superuser.
CREATE FUNCTION @extschema@.ferry_can_see_load(loaded_by text, table_owner text) RETURNS boolean
AS 'MODULE_PATHNAME', 'ferry_can_see_load' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.ferry_can_see_load(text, text) IS 'whether the current user may see a load';

CREATE VIEW @extschema@.ferry_loads WITH (security_barrier) AS
    SELECT load_id, table_schema, table_name, source, source_bytes, loaded_by, started_at, finished_at,
           rows_read, rows_loaded, rows_rejected, rows_skipped, options, source_digest, rejects_not_kept
    FROM @extschema@.ferry_load_log
    WHERE @extschema@.ferry_can_see_load(loaded_by, table_owner);

-- Of two tables, so that nobody can write through it, not even a superuser.
CREATE VIEW @extschema@.ferry_rejects WITH (security_barrier) AS
    SELECT r.load_id, r.row_number, r.line_number, r.raw_row, r.raw_bytes, r.sqlstate, r.column_name, r.constraint_name,
           r.reason, r.detail, r.resolved_at, r.hint, r.corrected_row, r.corrected_by, r.corrected_at
    FROM @extschema@.ferry_reject_log r
        JOIN @extschema@.ferry_load_log l ON l.load_id OPERATOR(pg_catalog.=) r.load_id
    WHERE @extschema@.ferry_can_see_load(l.loaded_by, l.table_owner);

COMMENT ON SEQUENCE @extschema@.ferry_load_id_seq IS 'numbers of loads';
COMMENT ON TABLE @extschema@.ferry_load_log IS 'loads; read the view ferry_loads';
COMMENT ON TABLE @extschema@.ferry_reject_log IS 'rejected rows; read the view ferry_rejects';
COMMENT ON VIEW @extschema@.ferry_loads IS 'loads that the current user ran or whose table it owned (docs/loading.md)';
COMMENT ON VIEW @extschema@.ferry_rejects IS 'rows that those loads rejected, as they came, with the reason (docs/rejects.md)';
COMMENT ON COLUMN @extschema@.ferry_reject_log.is_cut IS 'whether only the first bytes of the record are here';
COMMENT ON COLUMN @extschema@.ferry_loads.load_id IS 'number of the load';
COMMENT ON COLUMN @extschema@.ferry_loads.table_schema IS 'schema of the table at that time';
COMMENT ON COLUMN @extschema@.ferry_loads.table_name IS 'the table at that time';
COMMENT ON COLUMN @extschema@.ferry_loads.source IS 'path, command or name of what was loaded';
COMMENT ON COLUMN @extschema@.ferry_loads.source_bytes IS 'how much of it was read';
COMMENT ON COLUMN @extschema@.ferry_loads.loaded_by IS 'role that ran the load';
COMMENT ON COLUMN @extschema@.ferry_loads.started_at IS 'when it began';
COMMENT ON COLUMN @extschema@.ferry_loads.finished_at IS 'when it ended';
COMMENT ON COLUMN @extschema@.ferry_loads.rows_read IS 'records of the source';
COMMENT ON COLUMN @extschema@.ferry_loads.rows_loaded IS 'those that were loaded, or would be but for dry_run';
COMMENT ON COLUMN @extschema@.ferry_loads.rows_rejected IS 'those that could not be loaded';
COMMENT ON COLUMN @extschema@.ferry_loads.rows_skipped IS 'those left out because their key was taken';
COMMENT ON COLUMN @extschema@.ferry_loads.options IS 'how it was loaded, as much as reload_rejects needs';
COMMENT ON COLUMN @extschema@.ferry_loads.source_digest IS 'SHA-256 of the file or ETag of the object, of loads by load_folder';
COMMENT ON COLUMN @extschema@.ferry_loads.rejects_not_kept IS 'rejects that the log had no room for, see pg_ferry.max_log_bytes';
COMMENT ON COLUMN @extschema@.ferry_rejects.load_id IS 'number of the load';
COMMENT ON COLUMN @extschema@.ferry_rejects.row_number IS 'number of the record in its source, from 1';
COMMENT ON COLUMN @extschema@.ferry_rejects.line_number IS 'physical line on which the record starts, from 1';
COMMENT ON COLUMN @extschema@.ferry_rejects.raw_row IS 'the record exactly as it came; null where it is not valid text';
COMMENT ON COLUMN @extschema@.ferry_rejects.raw_bytes IS 'the bytes of a record that is not valid text';
COMMENT ON COLUMN @extschema@.ferry_rejects.sqlstate IS 'SQLSTATE of the error';
COMMENT ON COLUMN @extschema@.ferry_rejects.column_name IS 'column at fault, or several with commas between them, where the error tells';
COMMENT ON COLUMN @extschema@.ferry_rejects.constraint_name IS 'constraint that the row breaks';
COMMENT ON COLUMN @extschema@.ferry_rejects.reason IS 'message of the error';
COMMENT ON COLUMN @extschema@.ferry_rejects.detail IS 'what more the error tells';
COMMENT ON COLUMN @extschema@.ferry_rejects.resolved_at IS 'when the row was loaded after all';
COMMENT ON COLUMN @extschema@.ferry_rejects.hint IS 'what the error advises';
COMMENT ON COLUMN @extschema@.ferry_rejects.corrected_row IS 'what reload_rejects tries instead of the record';
COMMENT ON COLUMN @extschema@.ferry_rejects.corrected_by IS 'role that gave it';
COMMENT ON COLUMN @extschema@.ferry_rejects.corrected_at IS 'when it was given';

-- What runs now. Of operations of ours, two of the numbers that pg_stat_progress_copy does not show say which one and since when.
-- The server shows others' operations to nobody who may not see them. Where the bytes come from is only in the statement: it is
-- shown where there is one path in it.

CREATE VIEW @extschema@.ferry_progress AS
    SELECT p.pid, p.operation, p.table_name, p.source,
           pg_catalog.round(p.done OPERATOR(pg_catalog.*) 100, 1) AS percent,
           pg_catalog.rpad(pg_catalog.repeat('#', pg_catalog.trunc(p.done OPERATOR(pg_catalog.*) 20)::pg_catalog.int4), 20, '.') AS bar,
           p.rows,
           pg_catalog.round(p.rows OPERATOR(pg_catalog./) p.seconds)::pg_catalog.int8 AS rows_per_second,
           pg_catalog.make_interval(secs => pg_catalog.round(
               p.seconds OPERATOR(pg_catalog.*) (1 OPERATOR(pg_catalog.-) p.done)
                   OPERATOR(pg_catalog./) NULLIF(p.done, 0))::pg_catalog.float8) AS eta
    FROM (SELECT c.pid,
                 CASE c.param19 WHEN 1 THEN 'load' WHEN 2 THEN 'import' WHEN 3 THEN 'export' WHEN 4 THEN 'backup' WHEN 5 THEN 'restore'
                     WHEN 6 THEN 'comparison' ELSE CASE c.param5 WHEN 1 THEN 'COPY FROM' WHEN 2 THEN 'COPY TO' END END AS operation,
                 CASE WHEN t.oid IS NOT NULL THEN t.oid::pg_catalog.regclass::pg_catalog.text END AS table_name,
                 CASE c.param6
                     WHEN 1 THEN CASE WHEN pg_catalog.regexp_count(a.query, $re$'(/|\w+://)[^']*'$re$) OPERATOR(pg_catalog.=) 1
                                     THEN pg_catalog.substring(a.query, $re$'((?:/|\w+://)[^']*)'$re$) END
                     WHEN 2 THEN 'PROGRAM'
                     WHEN 3 THEN CASE c.param5 WHEN 1 THEN 'STDIN' WHEN 2 THEN 'STDOUT' END
                 END AS source,
                 c.param3 AS rows,
                 -- of an export nobody knows the bytes before; the table's rows were counted some time ago
                 CASE WHEN c.param2 OPERATOR(pg_catalog.>) 0
                          THEN LEAST(c.param1::pg_catalog.numeric OPERATOR(pg_catalog./) c.param2, 1)
                      WHEN c.param5 OPERATOR(pg_catalog.=) 2 AND t.reltuples OPERATOR(pg_catalog.>) 0
                          THEN LEAST(c.param3 OPERATOR(pg_catalog./) t.reltuples::pg_catalog.numeric, 1)
                 END AS done,
                 -- at least a millisecond
                 GREATEST(EXTRACT(epoch FROM pg_catalog.clock_timestamp()) OPERATOR(pg_catalog.-)
                          CASE WHEN c.param20 OPERATOR(pg_catalog.>) 0
                              THEN 946684800 OPERATOR(pg_catalog.+) (c.param20 OPERATOR(pg_catalog./) 1000000.0)
                              ELSE EXTRACT(epoch FROM a.query_start) END, 0.001) AS seconds
          FROM pg_catalog.pg_stat_get_progress_info('COPY') c
              LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid OPERATOR(pg_catalog.=) c.pid
              LEFT JOIN pg_catalog.pg_database d
                  ON d.oid OPERATOR(pg_catalog.=) c.datid AND d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
              LEFT JOIN pg_catalog.pg_class t ON t.oid OPERATOR(pg_catalog.=) c.relid AND d.oid IS NOT NULL) p;
COMMENT ON VIEW @extschema@.ferry_progress IS 'loads, exports, imports, backups, restores, comparisons and COPY that run now';
COMMENT ON COLUMN @extschema@.ferry_progress.pid IS 'process of the session';
COMMENT ON COLUMN @extschema@.ferry_progress.operation IS 'load, import, export, backup, restore, comparison, COPY FROM or COPY TO';
COMMENT ON COLUMN @extschema@.ferry_progress.table_name IS 'null for a query, and in another database';
COMMENT ON COLUMN @extschema@.ferry_progress.source IS 'STDIN, STDOUT, PROGRAM, or the path in the statement, if there is one';
COMMENT ON COLUMN @extschema@.ferry_progress.percent IS 'by bytes, of exports by the rows that the planner expects';
COMMENT ON COLUMN @extschema@.ferry_progress.bar IS 'the percentage as 20 characters';
COMMENT ON COLUMN @extschema@.ferry_progress.rows IS 'rows that are done';
COMMENT ON COLUMN @extschema@.ferry_progress.rows_per_second IS 'their mean since it began';
COMMENT ON COLUMN @extschema@.ferry_progress.eta IS 'how long it takes still, if it goes on like this';

-- Files from elsewhere. A server of this wrapper says which addresses may be reached, and USAGE on it who may read them.

CREATE FUNCTION @extschema@.ferry_store_validator(options text[], catalog oid) RETURNS void
AS 'MODULE_PATHNAME', 'ferry_store_validator' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.ferry_store_validator(text[], oid) IS 'check options of servers and user mappings of ferry_store';

CREATE FOREIGN DATA WRAPPER ferry_store VALIDATOR @extschema@.ferry_store_validator;
COMMENT ON FOREIGN DATA WRAPPER ferry_store
    IS 'buckets of S3-compatible stores and web servers, as places of files (docs/stores.md)';

-- Loading

CREATE FUNCTION @extschema@.load_csv(
    target regclass, path text, columns name[] = NULL, header boolean = false, delimiter text = ',', quote text = '"',
    escape text = NULL, null_string text = '', encoding text = NULL, on_conflict text = 'reject',
    reject_limit bigint = NULL, dry_run boolean = false, skip_lines integer = 0, comment text = NULL,
    null_strings text[] = NULL, trim_blanks boolean = false, ragged boolean = false, quotes text = 'copy',
    open_quote text = 'reject', header_match text = 'loose', compression text = 'auto', sniff boolean = false,
    expressions jsonb = NULL,
    OUT load_id bigint, OUT rows_read bigint, OUT rows_loaded bigint, OUT rows_rejected bigint, OUT rows_skipped bigint,
    OUT elapsed_ms double precision) RETURNS record
AS 'MODULE_PATHNAME', 'ferry_load_csv' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.load_csv(regclass, text, name[], boolean, text, text, text, text, text, text, bigint, boolean,
    integer, text, text[], boolean, boolean, text, text, text, text, boolean, jsonb)
    IS 'load a CSV file of the server; rows that do not fit are kept in ferry_rejects (docs/loading.md)';

CREATE FUNCTION @extschema@.ferry_source() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN NULL::text;
COMMENT ON FUNCTION @extschema@.ferry_source() IS 'in an expression of a load: path of its file; elsewhere NULL';

CREATE FUNCTION @extschema@.load_json(
    target regclass, path text, on_conflict text = 'reject', reject_limit bigint = NULL, dry_run boolean = false,
    OUT load_id bigint, OUT rows_read bigint, OUT rows_loaded bigint, OUT rows_rejected bigint, OUT rows_skipped bigint,
    OUT elapsed_ms double precision) RETURNS record
AS 'MODULE_PATHNAME', 'ferry_load_json' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.load_json(regclass, text, text, bigint, boolean)
    IS 'load JSON lines or an array of a file of the server, and keep rows that do not fit in ferry_rejects (docs/json_files.md)';

CREATE FUNCTION @extschema@.sniff_csv(
    path text, sample_bytes bigint = 4194304,
    OUT compression text, OUT encoding text, OUT line_end text, OUT delimiter text, OUT quote text, OUT escape text,
    OUT comment text, OUT skip_lines integer, OUT header boolean, OUT null_strings text[], OUT column_names name[],
    OUT column_types regtype[], OUT records_sampled bigint, OUT create_table text, OUT load_command text) RETURNS record
AS 'MODULE_PATHNAME', 'ferry_sniff_csv' LANGUAGE C VOLATILE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.sniff_csv(text, bigint)
    IS 'say what a CSV file is like, with statements that make a table for it and load it (docs/unknown_files.md)';

CREATE FUNCTION @extschema@.create_table_from(
    path text, table_name text, primary_key name[] = NULL, load boolean = true,
    OUT load_id bigint, OUT rows_read bigint, OUT rows_loaded bigint, OUT rows_rejected bigint, OUT rows_skipped bigint,
    OUT elapsed_ms double precision) RETURNS record
AS 'MODULE_PATHNAME', 'ferry_create_table_from' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.create_table_from(text, text, name[], boolean)
    IS 'make a table for a CSV or Avro file and load the file into it (docs/unknown_files.md)';

CREATE FUNCTION @extschema@.load_folder(
    directory text, mapping jsonb = NULL, pattern text = NULL, header boolean = NULL, delimiter text = NULL,
    on_conflict text = 'reject', reject_limit bigint = NULL, changed_only boolean = true, settle_seconds integer = 5)
RETURNS TABLE (path text, table_name text, load_id bigint, status text, rows_loaded bigint, rows_rejected bigint, reason text)
AS 'MODULE_PATHNAME', 'ferry_load_folder' LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 10;
COMMENT ON FUNCTION @extschema@.load_folder(text, jsonb, text, boolean, text, text, bigint, boolean, integer)
    IS 'load what is new in a folder, each file into the table that its name tells (docs/folders.md)';

-- The JSON in three types each: with two of them, a parameter without a type would be ambiguous; with text it is that.

CREATE FUNCTION @extschema@.insert_rows(
    target regclass, rows json, all_or_nothing boolean = false, on_conflict text = 'reject')
RETURNS TABLE (table_name text, rows_received integer, rows_loaded integer, rows_rejected integer, rejects jsonb,
               load_id bigint, keys jsonb)
AS 'MODULE_PATHNAME', 'ferry_insert_rows' LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 1;
COMMENT ON FUNCTION @extschema@.insert_rows(regclass, json, boolean, text)
    IS 'insert a JSON array of rows, with a verdict for each row (docs/batches.md)';

CREATE FUNCTION @extschema@.insert_rows(
    target regclass, rows jsonb, all_or_nothing boolean = false, on_conflict text = 'reject')
RETURNS TABLE (table_name text, rows_received integer, rows_loaded integer, rows_rejected integer, rejects jsonb,
               load_id bigint, keys jsonb)
AS 'MODULE_PATHNAME', 'ferry_insert_rows_jsonb' LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 1;
COMMENT ON FUNCTION @extschema@.insert_rows(regclass, jsonb, boolean, text)
    IS 'insert a JSON array of rows, with a verdict for each row (docs/batches.md)';

CREATE FUNCTION @extschema@.insert_rows(
    target regclass, rows text, all_or_nothing boolean = false, on_conflict text = 'reject')
RETURNS TABLE (table_name text, rows_received integer, rows_loaded integer, rows_rejected integer, rejects jsonb,
               load_id bigint, keys jsonb)
AS 'MODULE_PATHNAME', 'ferry_insert_rows_text' LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 1;
COMMENT ON FUNCTION @extschema@.insert_rows(regclass, text, boolean, text)
    IS 'insert a JSON array of rows, with a verdict for each row (docs/batches.md)';

CREATE FUNCTION @extschema@.insert_batch(
    batch json, all_or_nothing boolean = false, on_conflict text = 'reject')
RETURNS TABLE (table_name text, rows_received integer, rows_loaded integer, rows_rejected integer, rejects jsonb,
               load_id bigint, keys jsonb)
AS 'MODULE_PATHNAME', 'ferry_insert_batch' LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 3;
COMMENT ON FUNCTION @extschema@.insert_batch(json, boolean, text)
    IS 'insert JSON rows of several tables, parents first, with a verdict for each row (docs/batches.md)';

CREATE FUNCTION @extschema@.insert_batch(
    batch jsonb, all_or_nothing boolean = false, on_conflict text = 'reject')
RETURNS TABLE (table_name text, rows_received integer, rows_loaded integer, rows_rejected integer, rejects jsonb,
               load_id bigint, keys jsonb)
AS 'MODULE_PATHNAME', 'ferry_insert_batch_jsonb' LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 3;
COMMENT ON FUNCTION @extschema@.insert_batch(jsonb, boolean, text)
    IS 'insert JSON rows of several tables, parents first, with a verdict for each row (docs/batches.md)';

CREATE FUNCTION @extschema@.insert_batch(
    batch text, all_or_nothing boolean = false, on_conflict text = 'reject')
RETURNS TABLE (table_name text, rows_received integer, rows_loaded integer, rows_rejected integer, rejects jsonb,
               load_id bigint, keys jsonb)
AS 'MODULE_PATHNAME', 'ferry_insert_batch_text' LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 3;
COMMENT ON FUNCTION @extschema@.insert_batch(text, boolean, text)
    IS 'insert JSON rows of several tables, parents first, with a verdict for each row (docs/batches.md)';

CREATE FUNCTION @extschema@.reload_rejects(
    load_id bigint,
    OUT load_id bigint, OUT rows_read bigint, OUT rows_loaded bigint, OUT rows_rejected bigint, OUT rows_skipped bigint,
    OUT elapsed_ms double precision) RETURNS record
AS 'MODULE_PATHNAME', 'ferry_reload_rejects' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.reload_rejects(bigint) IS 'load the kept rows of a load that fit now (docs/rejects.md)';

CREATE FUNCTION @extschema@.correct_reject(load_id bigint, row_number bigint, corrected_row text) RETURNS void
AS 'MODULE_PATHNAME', 'ferry_correct_reject' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.correct_reject(bigint, bigint, text)
    IS 'let reload_rejects try a text in the place of a rejected row; null: the row as it came (docs/rejects.md)';

CREATE FUNCTION @extschema@.export_rejects(load_id bigint, path text, format text = 'source') RETURNS bigint
AS 'MODULE_PATHNAME', 'ferry_export_rejects' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.export_rejects(bigint, text, text)
    IS 'write the rejects of a load into a file of the server, to be mended or as a report (docs/rejects.md)';

-- STABLE although a load changes it: so that WHERE load_id = ferry_last_load() finds by the index.
CREATE FUNCTION @extschema@.ferry_last_load() RETURNS bigint
AS 'MODULE_PATHNAME', 'ferry_last_load' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION @extschema@.ferry_last_load() IS 'number of the last load of the session';

CREATE FUNCTION @extschema@.purge_loads(before timestamptz) RETURNS bigint
AS 'MODULE_PATHNAME', 'ferry_purge_loads' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.purge_loads(timestamptz)
    IS 'remove loads that finished before a time, with their rejects, from the log (docs/rejects.md)';

-- The page of a load. Its functions pin their search_path; what they read they read as the user who calls. All HTML is well-formed
-- XML, too.

CREATE VIEW @extschema@.ferry_load_columns WITH (security_barrier) AS
    SELECT load_id, column_names
    FROM @extschema@.ferry_load_log
    WHERE @extschema@.ferry_can_see_load(loaded_by, table_owner);
COMMENT ON VIEW @extschema@.ferry_load_columns IS 'columns that the fields of those loads fill, in the order of the fields';
COMMENT ON COLUMN @extschema@.ferry_load_columns.load_id IS 'number of the load';
COMMENT ON COLUMN @extschema@.ferry_load_columns.column_names IS 'names of the columns';

-- Characters that HTML or XML forbid become U+FFFD; in UTF8 these are more, for U+0080 to U+009F are letters elsewhere.
CREATE FUNCTION @extschema@.ferry_page_text(value text, max_length integer = NULL) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT regexp_replace(
               replace(replace(replace(replace(replace(left(value, coalesce(max_length, length(value))),
                   '&', '&amp;'), '<', '&lt;'), '>', '&gt;'), '"', '&quot;'), '''', '&#39;'),
               CASE getdatabaseencoding()
                   WHEN 'UTF8' THEN E'[\\u0001-\\u0008\\u000B\\u000C\\u000E-\\u001F\\u007F-\\u009F\\uFDD0-\\uFDEF\\uFFFE\\uFFFF]'
                   ELSE E'[\\u0001-\\u0008\\u000B\\u000C\\u000E-\\u001F\\u007F]' END,
               '&#xFFFD;', 'g')
           || CASE WHEN length(value) > max_length THEN '&#8230;' ELSE '' END
$function$;
COMMENT ON FUNCTION @extschema@.ferry_page_text(text, integer) IS 'a text as HTML, shortened';

CREATE FUNCTION @extschema@.ferry_page_style() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $function$ SELECT $css$
:root { color-scheme: light dark; --page: #f4f5f7; --card: #ffffff; --ink: #1a2029; --soft: #566070; --line: #dde1e7;
  --bar: #c2570c; --mark: #ffe2c4; --marked: #7a2e00; --code: #f4f5f7; }
@media screen and (prefers-color-scheme: dark) {
  :root { --page: #12151a; --card: #1b2028; --ink: #e8ebf0; --soft: #a3adbb; --line: #323945;
    --bar: #f0a35e; --mark: #5c3208; --marked: #ffd9ae; --code: #12151a; }
}
* { box-sizing: border-box; }
body { margin: 0; padding: 2.5rem 1rem 4rem; background: var(--page); color: var(--ink); overflow-wrap: anywhere;
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif; }
header, main { max-width: 56rem; margin: 0 auto; }
h1 { margin: 0; font-size: 2.25rem; line-height: 1.15; letter-spacing: -0.02em; }
h2 { margin: 0; font-size: 1.15rem; line-height: 1.3; }
h3 { margin: 1.75rem 0 0; font-size: 1rem; line-height: 1.4; }
p { margin: 0.5rem 0 0; }
.note { color: var(--soft); font-size: 0.9rem; }
.figures { display: flex; flex-wrap: wrap; gap: 1rem 3rem; margin: 1.5rem 0 2rem; }
.figures div { display: flex; flex-direction: column-reverse; }
.figures dt { color: var(--soft); font-size: 0.9rem; }
.figures dd { margin: 0; font-size: 1.75rem; font-weight: 600; line-height: 1.2; }
section { margin-top: 1.25rem; padding: 1.5rem; border: 1px solid var(--line); border-radius: 0.75rem; background: var(--card); }
.bars { display: grid; gap: 0.9rem; margin: 1.25rem 0 0; padding: 0; list-style: none; }
.bars p { display: flex; justify-content: space-between; gap: 1rem; margin: 0; font-size: 0.9rem; }
.bars p > :last-child { font-weight: 600; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
.bars svg { display: block; width: 100%; height: 14px; margin-top: 0.25rem; fill: var(--bar); }
.rejects { display: grid; gap: 1rem; margin: 0.75rem 0 0; padding: 0; list-style: none; }
.rejects p { margin: 0.25rem 0 0; font-size: 0.9rem; }
pre { margin: 0.35rem 0 0; padding: 0.5rem 0.75rem; border-radius: 0.4rem; background: var(--code); white-space: pre-wrap;
  font: 0.85rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; unicode-bidi: plaintext; }
mark { padding: 0.1em 0.15em; border-radius: 0.2em; background: var(--mark); color: var(--marked); font-weight: 600; }
@media (max-width: 36rem) {
  body { padding: 1.5rem 0.75rem 3rem; }
  h1 { font-size: 1.75rem; }
  section { padding: 1rem; }
  .figures { display: grid; grid-template-columns: repeat(2, 1fr); gap: 1rem; margin: 1.25rem 0 1.5rem; }
}
@media print {
  :root { --page: #ffffff; font-size: 9pt; }
  body { padding: 0; }
  section { padding: 0.75rem 0; border: 0; }
  .rejects > li { break-inside: avoid; }
}
$css$ $function$;
COMMENT ON FUNCTION @extschema@.ferry_page_style() IS 'style sheet of the page of a load';

-- The fields of a record as they came, by the dialect of its load. Of one that is malformed those before that place.
CREATE FUNCTION @extschema@.ferry_page_fields(record text, options jsonb) RETURNS TABLE (place bigint, field text, delimiter text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $function$
    WITH d AS (
        SELECT options ->> 'delimiter' AS delimiter,
               '\' || (options ->> 'delimiter') AS d, '\' || (options ->> 'quote') AS q, '\' || (options ->> 'escape') AS e
    )
    SELECT m.place, m.field[1], d.delimiter
    FROM d, regexp_matches(record || d.delimiter,
                           CASE WHEN options ->> 'format' = 'text' THEN format('((?:[^\\%1$s]|\\.)*)%1$s', d)
                                WHEN q = e THEN format('((?:[^%1$s%2$s]|%2$s[^%2$s]*%2$s)*)%1$s', d, q)
                                ELSE format('((?:[^%1$s%2$s]|%2$s(?:[^%2$s%3$s]|%3$s.)*%2$s)*)%1$s', d, q, e) END, 'g')
        WITH ORDINALITY m(field, place)
$function$;
COMMENT ON FUNCTION @extschema@.ferry_page_fields(text, jsonb) IS 'the fields of a record as they came';

-- A record as HTML, with the fields of those columns marked; of a long one what is around the first of them. names: of its fields.
CREATE FUNCTION @extschema@.ferry_page_record(record text, marked text[], names text[], options jsonb) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    is_json CONSTANT boolean := options ->> 'format' NOT IN ('csv', 'text');
    start_at CONSTANT text := left(record, 20000);
    member text;
    begins integer;
    ends integer;
    html text;
BEGIN
    IF is_json AND marked[1] IS NOT NULL THEN
        member := '"' || regexp_replace(marked[1], '([^[:alnum:]_])', '\\\1', 'g') || '"\s*:\s*("(?:[^"\\]|\\.)*"|[^",{}\[\]]+)';
        begins := regexp_instr(start_at, member, 1, 1, 0, '', 1);
        ends := regexp_instr(start_at, member, 1, 1, 1, '', 1);
        IF begins > 0 THEN
            RETURN CASE WHEN begins > 200 THEN '&#8230;' ELSE '' END
                || @extschema@.ferry_page_text(substr(start_at, greatest(begins - 200, 1), least(begins - 1, 200)))
                || '<mark>' || @extschema@.ferry_page_text(substr(start_at, begins, ends - begins), 200) || '</mark>'
                || @extschema@.ferry_page_text(substr(start_at, ends), 200);
        END IF;
    ELSIF NOT is_json AND marked <> '{}' THEN
        WITH
        fields AS (
            SELECT *, names[place] = ANY (marked) AS is_marked, min(place) FILTER (WHERE names[place] = ANY (marked)) OVER () AS first_marked,
                   count(*) OVER () AS fields
            FROM @extschema@.ferry_page_fields(start_at, options)
        )
        SELECT CASE WHEN min(place) > 1 THEN '&#8230;' ELSE '' END
               || string_agg(CASE WHEN place > 1 THEN @extschema@.ferry_page_text(delimiter) ELSE '' END
                             || format(CASE WHEN NOT is_marked THEN '<bdi>%s</bdi>'
                                            WHEN field = '' THEN '<mark title="empty">&#160;</mark>'
                                            ELSE '<mark><bdi>%s</bdi></mark>' END, @extschema@.ferry_page_text(field, 200)),
                             '' ORDER BY place)
               || CASE WHEN max(place) < max(fields) OR length(record) > 20000 THEN '&#8230;' ELSE '' END
        INTO html
        FROM fields WHERE abs(place - first_marked) <= 10;
    END IF;
    RETURN coalesce(html, '<bdi>' || @extschema@.ferry_page_text(record, 400) || '</bdi>');
END
$function$;
COMMENT ON FUNCTION @extschema@.ferry_page_record(text, text[], text[], jsonb) IS 'a rejected row as HTML, fields marked';

-- What an SQLSTATE means for people, and what can be done about it.
CREATE FUNCTION @extschema@.ferry_page_sqlstate(sqlstate text, OUT meaning text, OUT advice text) RETURNS record
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(k.meaning, CASE WHEN sqlstate LIKE 'P0%' THEN 'refused by a function' ELSE 'other' END), coalesce(k.advice, '')
    FROM (SELECT) one LEFT JOIN (VALUES
        ('23502', 'no value', 'The column needs a value: give one, a default, or allow NULL.'),
        ('23503', 'no parent', 'Load the rows that these refer to first, or correct the key.'),
        ('23505', 'key taken', 'A row with this key is there. on_conflict =&gt; &#39;skip&#39; leaves such rows out, &#39;update&#39; puts them in its place.'),
        ('23P01', 'place taken', 'A row that excludes this one is there.'),
        ('23514', 'rule broken', 'Correct the value, or the CHECK constraint.'),
        ('22P02', 'wrong form', 'The value is none of the type of the column: correct it, or change the type.'),
        ('22003', 'out of range', 'The number is too large for the type of the column: correct it, or change the type.'),
        ('22001', 'too long', 'The text is too long for the type of the column: correct it, or change the type.'),
        ('22007', 'wrong form of a date', 'Correct the date. If day and month are in another order, SET datestyle before the load.'),
        ('22008', 'no such date', 'Correct the date. If day and month are in another order, SET datestyle before the load.'),
        ('22021', 'wrong bytes', 'The file is in another encoding: say which one by the argument encoding.'),
        ('22P05', 'unknown character', 'The database has no such character.'),
        ('22P04', 'wrong number of fields, or of quotes', 'Look at the delimiter and the quotes of the record.'),
        ('54000', 'too long', 'The record is longer than pg_ferry.max_record_bytes.'),
        ('42501', 'not allowed', 'The user who loads may not write such rows.')) k(code, meaning, advice) ON k.code = sqlstate
$function$;
COMMENT ON FUNCTION @extschema@.ferry_page_sqlstate(text) IS 'what an SQLSTATE of a reject means, as HTML';

-- The bars, and the first three rejects of each reason and column, of the 20 that are the most frequent.
CREATE FUNCTION @extschema@.ferry_page_rejects(load_id bigint, names text[], options jsonb) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $function$
    WITH
    numbered AS (
        SELECT r.row_number, r.sqlstate, r.column_name, r.constraint_name, r.resolved_at,
               row_number() OVER (PARTITION BY r.sqlstate, r.column_name, r.constraint_name ORDER BY r.row_number) AS place
        FROM @extschema@.ferry_rejects r WHERE r.load_id = ferry_page_rejects.load_id
    ),
    groups AS (
        SELECT sqlstate, column_name, constraint_name, count(*) AS rows, count(resolved_at) AS resolved,
               max(count(*)) OVER () AS most, count(*) OVER () AS groups,
               row_number() OVER (ORDER BY count(*) DESC, min(row_number)) AS rank
        FROM numbered GROUP BY sqlstate, column_name, constraint_name
    ),
    shown AS (
        SELECT g.*, k.advice,
               coalesce('<bdi>' || @extschema@.ferry_page_text(g.column_name, 100) || '</bdi>: ', '') || k.meaning
               || ' <span class="note">' || @extschema@.ferry_page_text(g.sqlstate)
               || coalesce(' <bdi>' || @extschema@.ferry_page_text(g.constraint_name, 100) || '</bdi>', '') || '</span>' AS title
        FROM groups g, @extschema@.ferry_page_sqlstate(g.sqlstate) k WHERE g.rank <= 20
    ),
    firsts AS (
        SELECT s.rank, string_agg(format(E'<li><p class="note">%s</p>\n<pre>%s</pre>\n<p><bdi>%s</bdi></p>%s</li>',
                   CASE WHEN r.line_number IS NULL THEN 'row ' || r.row_number ELSE 'line ' || r.line_number END
                       || CASE WHEN r.raw_row IS NULL THEN ', bytes that are no text' ELSE '' END
                       || CASE WHEN r.resolved_at IS NOT NULL THEN ', loaded since' ELSE '' END,
                   @extschema@.ferry_page_record(coalesce(r.raw_row, encode(substr(r.raw_bytes, 1, 2000), 'escape')),
                       CASE WHEN r.raw_row IS NULL THEN '{}' ELSE coalesce(string_to_array(r.column_name, ', '), '{}') END,
                       names, options),
                   @extschema@.ferry_page_text(r.reason, 500),
                   coalesce(E'\n<p class="note"><bdi>' || @extschema@.ferry_page_text(r.detail, 500) || '</bdi></p>', '')),
                   E'\n' ORDER BY r.row_number) AS html
        FROM shown s
            JOIN numbered n ON n.place <= 3
                AND (n.sqlstate, n.column_name, n.constraint_name) IS NOT DISTINCT FROM (s.sqlstate, s.column_name, s.constraint_name)
            -- by its key: OFFSET keeps that from becoming a join, which would read all rejects again for each
            CROSS JOIN LATERAL (SELECT * FROM @extschema@.ferry_rejects k
                                WHERE k.load_id = ferry_page_rejects.load_id AND k.row_number = n.row_number OFFSET 0) r
        GROUP BY s.rank
    )
    SELECT format($html$<section>
<h2>Why rows were rejected</h2>
%s<ul class="bars">
%s
</ul>
</section>
<section>
<h2>The first of each</h2>
%s
</section>
$html$,
        CASE WHEN max(s.groups) > 20 THEN format(E'<p class="note">The 20 most frequent of %s reasons.</p>\n', max(s.groups)) ELSE '' END,
        string_agg(format(E'<li><p><span>%s</span><span>%s</span></p>\n<svg aria-hidden="true"><rect width="%s%%" height="14" rx="2"/></svg></li>',
                          s.title, to_char(s.rows, 'FM999,999,999,999,990')
                              || CASE WHEN s.resolved > 0 THEN format(' (%s loaded since)', to_char(s.resolved, 'FM999,999,999,999,990')) ELSE '' END,
                          greatest(round(100.0 * s.rows / s.most, 2), 0.5)), E'\n' ORDER BY s.rank),
        string_agg(format(E'<h3>%s</h3>\n<p class="note">%s</p>\n<ol class="rejects">\n%s\n</ol>', s.title, s.advice, f.html),
                   E'\n' ORDER BY s.rank))
    FROM shown s JOIN firsts f USING (rank)
    HAVING count(*) > 0
$function$;
COMMENT ON FUNCTION @extschema@.ferry_page_rejects(bigint, text[], jsonb) IS 'the rejects of a load, by reason';

CREATE FUNCTION @extschema@.load_report_page(load_id bigint) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    load @extschema@.ferry_loads;
    names text[];
BEGIN
    IF load_id IS NULL THEN
        RAISE EXCEPTION 'argument "load_id" must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    SELECT * INTO load FROM @extschema@.ferry_loads l WHERE l.load_id = load_report_page.load_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'load % does not exist', load_id USING ERRCODE = 'undefined_object',
            DETAIL = 'A load is visible only to the role that ran it and to the one that owned its table then.';
    END IF;
    names := CASE WHEN load.options ? 'header_names'
        THEN ARRAY(SELECT n.name FROM jsonb_array_elements_text(load.options -> 'header_names') WITH ORDINALITY n(name, place) ORDER BY n.place)
        ELSE (SELECT c.column_names FROM @extschema@.ferry_load_columns c WHERE c.load_id = load_report_page.load_id) END;
    RETURN format($html$<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<title>Load %1$s</title>
<style>%2$s</style>
</head>
<body>
<header>
<h1>Load %1$s</h1>
<p class="note"><bdi>%3$s</bdi> into <bdi>%4$s</bdi>, by <bdi>%5$s</bdi>, %6$s</p>
<dl class="figures">
<div><dt>rows read</dt><dd>%7$s</dd></div>
<div><dt>%8$s</dt><dd>%9$s</dd></div>
<div><dt>rejected</dt><dd>%10$s</dd></div>
<div><dt>skipped</dt><dd>%11$s</dd></div>
</dl>
</header>
<main>
%12$s%13$s</main>
</body>
</html>$html$,
        load_id, @extschema@.ferry_page_style(), @extschema@.ferry_page_text(load.source, 300),
        @extschema@.ferry_page_text(format('%I.%I', load.table_schema, load.table_name)), @extschema@.ferry_page_text(load.loaded_by),
        to_char(load.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'),
        to_char(load.rows_read, 'FM999,999,999,999,990'),
        CASE WHEN (load.options ->> 'dry_run')::boolean THEN 'would be loaded' ELSE 'loaded' END,
        to_char(load.rows_loaded, 'FM999,999,999,999,990'), to_char(load.rows_rejected, 'FM999,999,999,999,990'),
        to_char(load.rows_skipped, 'FM999,999,999,999,990'),
        coalesce(@extschema@.ferry_page_rejects(load_id, names, load.options),
                 CASE WHEN load.rows_rejected = 0 THEN E'<section><p>No row was rejected.</p></section>\n' ELSE '' END),
        (SELECT format(E'<section>\n<h2>How to mend them</h2>\n%s\n</section>\n', string_agg('<p>' || sentence || '</p>', E'\n' ORDER BY place))
         FROM (VALUES
             (1, CASE WHEN load.rejects_not_kept > 0 THEN
                 to_char(load.rejects_not_kept, 'FM999,999,999,999,990') || ' rejects are not in the log. Load them from their source.' END),
             (2, CASE WHEN (load.options ->> 'dry_run')::boolean THEN 'This was a dry run: nothing was loaded. Mend the source, and load it without dry_run.'
                      WHEN load.options ->> 'format' = 'avro' THEN
                          'Mend the table or the file, and run the COPY again, with ON_CONFLICT skip for the rows that are loaded.'
                      ELSE 'Where the table or its parents were wrong, mend them. Then load the rejects again:' END),
             (3, CASE WHEN NOT coalesce((load.options ->> 'dry_run')::boolean, false) AND load.options ->> 'format' <> 'avro' THEN
                 format('<code>SELECT * FROM %s.reload_rejects(%s);</code>', @extschema@.ferry_page_text('@extschema@'), load_id) END),
             (4, CASE WHEN NOT coalesce((load.options ->> 'dry_run')::boolean, false) AND load.options ->> 'format' <> 'avro' THEN
                 'Where a row is wrong, put another text in its place first, or write them all into a file, mend it in an editor and load it:' END),
             (5, CASE WHEN NOT coalesce((load.options ->> 'dry_run')::boolean, false) AND load.options ->> 'format' <> 'avro' THEN
                 format('<code>SELECT %s.correct_reject(%s, row_number, corrected_row);</code>', @extschema@.ferry_page_text('@extschema@'), load_id) END),
             (6, CASE WHEN NOT coalesce((load.options ->> 'dry_run')::boolean, false) AND load.options ->> 'format' <> 'avro' THEN
                 format('<code>SELECT %s.export_rejects(%s, path);</code>', @extschema@.ferry_page_text('@extschema@'), load_id) END)) s(place, sentence)
         WHERE sentence IS NOT NULL AND load.rows_rejected > 0
         HAVING count(*) > 0));
END
$function$;
COMMENT ON FUNCTION @extschema@.load_report_page(bigint)
    IS 'a load as an HTML page: counts, reasons, the first rejects (docs/rejects.md)';

-- Data dictionary

-- The rules that a row must fit. The names in the body are bound here and now, to pg_catalog: everything is qualified, so that
-- neither the search_path of CREATE EXTENSION nor that of a caller can put something else in their place. Names of tables and
-- types in the result are as the caller's search_path shows them.
CREATE FUNCTION @extschema@.pg_ferry_version() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS 'SELECT default_version FROM pg_catalog.pg_available_extensions WHERE name = ''pg_ferry''';
COMMENT ON FUNCTION @extschema@.pg_ferry_version() IS 'version of the files that are installed';

CREATE FUNCTION @extschema@.data_dictionary(target regclass = NULL)
RETURNS TABLE (table_name text, "position" integer, column_name text, data_type text, nullable boolean, default_value text,
               key text, references_column text, checks text[], comment text)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 20
BEGIN ATOMIC
    WITH RECURSIVE
    tables AS (
        SELECT c.oid
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
        WHERE c.oid OPERATOR(pg_catalog.=) target::pg_catalog.oid
           OR (target IS NULL
               AND c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['r', 'p']::pg_catalog."char"[])
               AND n.nspname OPERATOR(pg_catalog.=) ANY (pg_catalog.current_schemas(false))
               AND n.nspname OPERATOR(pg_catalog.<>) 'information_schema'::pg_catalog.name
               AND NOT pg_catalog.starts_with(n.nspname::pg_catalog.text, 'pg_'::pg_catalog.text)
               AND (pg_catalog.pg_has_role(c.relowner, 'USAGE')
                    OR pg_catalog.has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
                    OR pg_catalog.has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE, REFERENCES'))
               AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                               WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
                                 AND d.objid OPERATOR(pg_catalog.=) c.oid
                                 AND d.deptype OPERATOR(pg_catalog.=) 'e'::pg_catalog."char"))
    ),
    -- each domain with itself and the domains that it is over
    domains (domain, oid, base, not_null) AS (
        SELECT t.oid, t.oid, t.typbasetype, t.typnotnull
        FROM pg_catalog.pg_type t WHERE t.typtype OPERATOR(pg_catalog.=) 'd'::pg_catalog."char"
        UNION ALL
        SELECT d.domain, t.oid, t.typbasetype, t.typnotnull
        FROM domains d JOIN pg_catalog.pg_type t
            ON t.oid OPERATOR(pg_catalog.=) d.base AND t.typtype OPERATOR(pg_catalog.=) 'd'::pg_catalog."char"
    ),
    -- what must be unique or exclusive: its text, and the numbers of its columns
    keys AS (
        SELECT i.indexrelid, i.indrelid, i.indisprimary, r.relname,
               i.indexprs IS NOT NULL OR i.indpred IS NOT NULL AS has_expression,
               (i.indkey::pg_catalog.int2[])[0:i.indnkeyatts::pg_catalog.int4 OPERATOR(pg_catalog.-) 1] AS key_columns,
               COALESCE(
                   (SELECT pg_catalog.pg_get_constraintdef(x.oid, true)
                    FROM pg_catalog.pg_constraint x
                    WHERE x.conrelid OPERATOR(pg_catalog.=) i.indrelid AND x.conindid OPERATOR(pg_catalog.=) i.indexrelid
                      AND x.contype OPERATOR(pg_catalog.=) 'x'::pg_catalog."char"),
                   pg_catalog.concat(
                       CASE WHEN i.indisprimary THEN 'PK' ELSE 'UNIQUE' END,
                       CASE WHEN i.indnullsnotdistinct THEN ' NULLS NOT DISTINCT' END,
                       CASE WHEN i.indnkeyatts OPERATOR(pg_catalog.>) 1::pg_catalog.int2 OR i.indexprs IS NOT NULL THEN
                           (SELECT pg_catalog.concat(' (', pg_catalog.string_agg(
                                       pg_catalog.pg_get_indexdef(i.indexrelid, n, true), ', ' ORDER BY n), ')')
                            FROM pg_catalog.generate_series(1, i.indnkeyatts::pg_catalog.int4) n) END,
                       ' WHERE ' OPERATOR(pg_catalog.||) pg_catalog.pg_get_expr(i.indpred, i.indrelid, true))) AS text
        FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class r ON r.oid OPERATOR(pg_catalog.=) i.indexrelid
        WHERE (i.indisunique OR i.indisexclusion) AND i.indisready
    )
    SELECT c.oid::pg_catalog.regclass::pg_catalog.text,
           pg_catalog.row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum)::pg_catalog.int4,
           a.attname::pg_catalog.text,
           pg_catalog.format_type(a.atttypid, a.atttypmod),
           NOT a.attnotnull
               AND NOT EXISTS (SELECT FROM domains d WHERE d.domain OPERATOR(pg_catalog.=) a.atttypid AND d.not_null),
           CASE WHEN a.attidentity OPERATOR(pg_catalog.=) 'a'::pg_catalog."char" THEN 'generated always as identity'
                WHEN a.attidentity OPERATOR(pg_catalog.=) 'd'::pg_catalog."char" THEN 'generated by default as identity'
                WHEN a.attgenerated OPERATOR(pg_catalog.=) 's'::pg_catalog."char"
                    THEN pg_catalog.concat('generated always as (', pg_catalog.pg_get_expr(e.adbin, e.adrelid, true), ') stored')
                WHEN a.attgenerated OPERATOR(pg_catalog.<>) ''::pg_catalog."char"
                    THEN pg_catalog.concat('generated always as (', pg_catalog.pg_get_expr(e.adbin, e.adrelid, true), ') virtual')
                ELSE COALESCE(pg_catalog.pg_get_expr(e.adbin, e.adrelid, true),
                              pg_catalog.pg_get_expr(t.typdefaultbin, 0::pg_catalog.oid, true))
           END,
           (SELECT pg_catalog.string_agg(k.text, ', ' ORDER BY k.indisprimary DESC, k.relname)
            FROM keys k
            -- only where there is an expression do the dependencies of the index tell its columns
            WHERE k.indrelid OPERATOR(pg_catalog.=) c.oid
              AND (a.attnum OPERATOR(pg_catalog.=) ANY (k.key_columns)
                   OR EXISTS (SELECT FROM pg_catalog.pg_depend d
                              WHERE k.has_expression
                                AND d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
                                AND d.objid OPERATOR(pg_catalog.=) k.indexrelid
                                AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
                                AND d.refobjid OPERATOR(pg_catalog.=) c.oid
                                AND d.refobjsubid OPERATOR(pg_catalog.=) a.attnum::pg_catalog.int4))),
           (SELECT pg_catalog.string_agg(
                       pg_catalog.concat(f.confrelid::pg_catalog.regclass::pg_catalog.text, '.',
                                         pg_catalog.quote_ident(p.attname::pg_catalog.text)),
                       ', ' ORDER BY f.conname)
            FROM pg_catalog.pg_constraint f
                CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(f.conkey), pg_catalog.unnest(f.confkey)) AS pair(own, other)
                JOIN pg_catalog.pg_attribute p
                    ON p.attrelid OPERATOR(pg_catalog.=) f.confrelid AND p.attnum OPERATOR(pg_catalog.=) pair.other
            WHERE f.contype OPERATOR(pg_catalog.=) 'f'::pg_catalog."char"
              AND f.conrelid OPERATOR(pg_catalog.=) c.oid
              AND pair.own OPERATOR(pg_catalog.=) a.attnum
              -- a key to a partitioned table has one more to each of its partitions
              AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint w
                              WHERE w.oid OPERATOR(pg_catalog.=) f.conparentid AND w.conrelid OPERATOR(pg_catalog.=) c.oid)),
           ARRAY(SELECT pg_catalog.pg_get_constraintdef(k.oid, true)
                 FROM domains d JOIN pg_catalog.pg_constraint k ON k.contypid OPERATOR(pg_catalog.=) d.oid
                 WHERE d.domain OPERATOR(pg_catalog.=) a.atttypid AND k.contype OPERATOR(pg_catalog.=) 'c'::pg_catalog."char"
                 ORDER BY k.conname, k.oid)
               OPERATOR(pg_catalog.||)
               ARRAY(SELECT pg_catalog.pg_get_constraintdef(k.oid, true)
                     FROM pg_catalog.pg_constraint k
                     WHERE k.conrelid OPERATOR(pg_catalog.=) c.oid AND k.contype OPERATOR(pg_catalog.=) 'c'::pg_catalog."char"
                       AND a.attnum OPERATOR(pg_catalog.=) ANY (k.conkey)
                     ORDER BY k.conname),
           pg_catalog.col_description(c.oid, a.attnum::pg_catalog.int4)
    FROM tables c
        JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) c.oid
        JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) a.atttypid
        LEFT JOIN pg_catalog.pg_attrdef e ON e.adrelid OPERATOR(pg_catalog.=) c.oid AND e.adnum OPERATOR(pg_catalog.=) a.attnum
    WHERE a.attnum OPERATOR(pg_catalog.>) 0::pg_catalog.int2 AND NOT a.attisdropped
    ORDER BY 1, c.oid, 2;
END;
COMMENT ON FUNCTION @extschema@.data_dictionary(regclass)
    IS 'the rules that rows of a table must fit, column by column (docs/hiring.md)';

-- Avro files of the server. The functions check that the user may read them, as COPY does.

CREATE FUNCTION @extschema@.avro_file_schema(path text) RETURNS json
AS 'MODULE_PATHNAME', 'ferry_avro_file_schema' LANGUAGE C VOLATILE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.avro_file_schema(text) IS 'the schema that an Avro file was written with (docs/avro_files.md)';

CREATE FUNCTION @extschema@.avro_file_metadata(path text) RETURNS TABLE (key text, value bytea)
AS 'MODULE_PATHNAME', 'ferry_avro_file_metadata' LANGUAGE C VOLATILE PARALLEL SAFE ROWS 5;
COMMENT ON FUNCTION @extschema@.avro_file_metadata(text) IS 'what the header of an Avro file holds (docs/avro_files.md)';

CREATE FUNCTION @extschema@.avro_file_blocks(path text)
RETURNS TABLE (block_number bigint, offset_bytes bigint, record_count bigint, size_bytes bigint)
AS 'MODULE_PATHNAME', 'ferry_avro_file_blocks' LANGUAGE C VOLATILE PARALLEL SAFE ROWS 100;
COMMENT ON FUNCTION @extschema@.avro_file_blocks(text)
    IS 'place, records and size of each block of an Avro file (docs/avro_files.md)';

CREATE FUNCTION @extschema@.read_avro(path text) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'ferry_read_avro' LANGUAGE C VOLATILE PARALLEL RESTRICTED ROWS 10000;
COMMENT ON FUNCTION @extschema@.read_avro(text)
    IS 'the records of an Avro file, with a column definition list (docs/avro_files.md)';

CREATE FUNCTION @extschema@.read_avro(row_type anyelement, path text) RETURNS SETOF anyelement
AS 'MODULE_PATHNAME', 'ferry_read_avro_as' LANGUAGE C VOLATILE PARALLEL RESTRICTED ROWS 10000;
COMMENT ON FUNCTION @extschema@.read_avro(anyelement, text)
    IS 'the records of an Avro file as rows of a type (docs/avro_files.md)';

CREATE FUNCTION @extschema@.avro_schema_of(target regclass, profile text = 'interop')
RETURNS json
AS 'MODULE_PATHNAME', 'ferry_avro_schema_of' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.avro_schema_of(regclass, text) IS 'the Avro schema of a table''s rows (docs/types.md)';

-- Backup

CREATE FUNCTION @extschema@.backup_table(target regclass, directory text = NULL)
RETURNS TABLE (backup_id text, table_name text, path text, rows bigint, bytes bigint, sha256 text, elapsed_ms double precision)
AS 'MODULE_PATHNAME', 'ferry_backup_table' LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 1;
REVOKE ALL ON FUNCTION @extschema@.backup_table(regclass, text) FROM PUBLIC;
COMMENT ON FUNCTION @extschema@.backup_table(regclass, text) IS 'back up the rows of a table into an Avro file (docs/backup.md)';

CREATE FUNCTION @extschema@.backup_tables(targets regclass[], directory text = NULL)
RETURNS TABLE (backup_id text, table_name text, path text, rows bigint, bytes bigint, sha256 text, elapsed_ms double precision)
AS 'MODULE_PATHNAME', 'ferry_backup_tables' LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 10;
REVOKE ALL ON FUNCTION @extschema@.backup_tables(regclass[], text) FROM PUBLIC;
COMMENT ON FUNCTION @extschema@.backup_tables(regclass[], text) IS 'back up several tables as of one moment (docs/backup.md)';

CREATE FUNCTION @extschema@.backup_schema(schema regnamespace, directory text = NULL)
RETURNS TABLE (backup_id text, table_name text, path text, rows bigint, bytes bigint, sha256 text, elapsed_ms double precision)
AS 'MODULE_PATHNAME', 'ferry_backup_schema' LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 10;
REVOKE ALL ON FUNCTION @extschema@.backup_schema(regnamespace, text) FROM PUBLIC;
COMMENT ON FUNCTION @extschema@.backup_schema(regnamespace, text)
    IS 'back up all tables of a schema as of one moment (docs/backup.md)';

CREATE FUNCTION @extschema@.verify_backup(backup_id text, directory text = NULL)
RETURNS TABLE (table_name text, path text, rows bigint, bytes bigint, ok boolean, problem text)
AS 'MODULE_PATHNAME', 'ferry_verify_backup' LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 10;
REVOKE ALL ON FUNCTION @extschema@.verify_backup(text, text) FROM PUBLIC;
COMMENT ON FUNCTION @extschema@.verify_backup(text, text) IS 'check every byte of a backup against its manifest (docs/backup.md)';

CREATE FUNCTION @extschema@.list_backups(directory text = NULL)
RETURNS TABLE (backup_id text, taken_at timestamptz, tables text[], rows bigint, bytes bigint)
AS 'MODULE_PATHNAME', 'ferry_list_backups' LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 10;
REVOKE ALL ON FUNCTION @extschema@.list_backups(text) FROM PUBLIC;
COMMENT ON FUNCTION @extschema@.list_backups(text) IS 'the finished backups, newest first (docs/backup.md)';

CREATE FUNCTION @extschema@.prune_backups(keep integer, directory text = NULL)
RETURNS TABLE (backup_id text)
AS 'MODULE_PATHNAME', 'ferry_prune_backups' LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 10;
REVOKE ALL ON FUNCTION @extschema@.prune_backups(integer, text) FROM PUBLIC;
COMMENT ON FUNCTION @extschema@.prune_backups(integer, text)
    IS 'remove all backups of this database but the newest good ones (docs/backup.md)';

CREATE FUNCTION @extschema@.compare_backup(target regclass, backup_id text = NULL, directory text = NULL)
RETURNS TABLE (change text, key jsonb, columns text[])
AS 'MODULE_PATHNAME', 'ferry_compare_backup' LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 100;
REVOKE ALL ON FUNCTION @extschema@.compare_backup(regclass, text, text) FROM PUBLIC;
COMMENT ON FUNCTION @extschema@.compare_backup(regclass, text, text) IS 'tell what has changed in a table since its backup (docs/backup.md)';

CREATE FUNCTION @extschema@.restore_table(
    target text, backup_id text = NULL, directory text = NULL, mode text = 'replace', into_table regclass = NULL)
RETURNS TABLE (backup_id text, table_name text, rows_restored bigint, rows_removed bigint, elapsed_ms double precision)
AS 'MODULE_PATHNAME', 'ferry_restore_table' LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 1;
REVOKE ALL ON FUNCTION @extschema@.restore_table(text, text, text, text, regclass) FROM PUBLIC;
COMMENT ON FUNCTION @extschema@.restore_table(text, text, text, text, regclass) IS 'restore a table from its backup, or into another table (docs/backup.md)';

CREATE FUNCTION @extschema@.restore_tables(targets text[], backup_id text = NULL, directory text = NULL, mode text = 'replace')
RETURNS TABLE (backup_id text, table_name text, rows_restored bigint, rows_removed bigint, elapsed_ms double precision)
AS 'MODULE_PATHNAME', 'ferry_restore_tables' LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 10;
REVOKE ALL ON FUNCTION @extschema@.restore_tables(text[], text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION @extschema@.restore_tables(text[], text, text, text) IS 'restore several tables from one backup';

-- Default privileges may have given rights to roles by name. Only these are meant to be there.

DO $$
DECLARE
    granted record;
BEGIN
    FOR granted IN
        SELECT 'TABLE ' OPERATOR(pg_catalog.||) c.oid::pg_catalog.regclass::pg_catalog.text AS object,
               CASE WHEN a.grantee OPERATOR(pg_catalog.=) 0 THEN 'PUBLIC' ELSE a.grantee::pg_catalog.regrole::pg_catalog.text END AS role_name
        FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) a
        WHERE c.oid OPERATOR(pg_catalog.=) ANY (ARRAY['@extschema@.ferry_load_log', '@extschema@.ferry_reject_log',
                  '@extschema@.ferry_loads', '@extschema@.ferry_rejects', '@extschema@.ferry_progress',
                  '@extschema@.ferry_load_columns', '@extschema@.ferry_load_id_seq']::pg_catalog.regclass[])
          AND a.grantee OPERATOR(pg_catalog.<>) c.relowner
        UNION
        SELECT 'FUNCTION ' OPERATOR(pg_catalog.||) p.oid::pg_catalog.regprocedure::pg_catalog.text,
               CASE WHEN a.grantee OPERATOR(pg_catalog.=) 0 THEN 'PUBLIC' ELSE a.grantee::pg_catalog.regrole::pg_catalog.text END
        FROM pg_catalog.pg_proc p, pg_catalog.aclexplode(p.proacl) a
        WHERE p.oid OPERATOR(pg_catalog.=) ANY (ARRAY['@extschema@.backup_table(pg_catalog.regclass, pg_catalog.text)',
                  '@extschema@.backup_tables(pg_catalog.regclass[], pg_catalog.text)',
                  '@extschema@.backup_schema(pg_catalog.regnamespace, pg_catalog.text)',
                  '@extschema@.verify_backup(pg_catalog.text, pg_catalog.text)',
                  '@extschema@.list_backups(pg_catalog.text)',
                  '@extschema@.prune_backups(pg_catalog.int4, pg_catalog.text)',
                  '@extschema@.compare_backup(pg_catalog.regclass, pg_catalog.text, pg_catalog.text)',
                  '@extschema@.restore_table(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.regclass)',
                  '@extschema@.restore_tables(pg_catalog.text[], pg_catalog.text, pg_catalog.text, pg_catalog.text)']::pg_catalog.regprocedure[])
          AND a.grantee OPERATOR(pg_catalog.<>) p.proowner
    LOOP
        EXECUTE pg_catalog.format('REVOKE ALL ON %s FROM %s', granted.object, granted.role_name);
    END LOOP;
END $$;

GRANT SELECT ON @extschema@.ferry_loads, @extschema@.ferry_rejects, @extschema@.ferry_load_columns, @extschema@.ferry_progress TO PUBLIC;
-- pg_dump reads the log with the rights of who runs it; the owner of a database is to be able to
GRANT SELECT ON @extschema@.ferry_load_log, @extschema@.ferry_reject_log, @extschema@.ferry_load_id_seq TO pg_database_owner;

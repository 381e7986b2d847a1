\echo Use "CREATE EXTENSION pg_ferry" to load this file. \quit

-- The log: ordinary tables that nobody but the extension's owner may touch. The module writes them directly;
-- people read them through the views below.

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
    options jsonb NOT NULL
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
    resolved_at timestamptz,
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
           rows_read, rows_loaded, rows_rejected, rows_skipped, options
    FROM @extschema@.ferry_load_log
    WHERE @extschema@.ferry_can_see_load(loaded_by, table_owner);
GRANT SELECT ON @extschema@.ferry_loads TO PUBLIC;

CREATE VIEW @extschema@.ferry_rejects WITH (security_barrier) AS
    SELECT r.load_id, r.row_number, r.line_number, r.raw_row, r.raw_bytes, r.sqlstate, r.column_name, r.constraint_name,
           r.reason, r.detail, r.resolved_at
    FROM @extschema@.ferry_reject_log r
    WHERE EXISTS (SELECT FROM @extschema@.ferry_load_log l
                  WHERE l.load_id OPERATOR(pg_catalog.=) r.load_id
                    AND @extschema@.ferry_can_see_load(l.loaded_by, l.table_owner));
GRANT SELECT ON @extschema@.ferry_rejects TO PUBLIC;

COMMENT ON SEQUENCE @extschema@.ferry_load_id_seq IS 'numbers of loads';
COMMENT ON TABLE @extschema@.ferry_load_log IS 'loads; read the view ferry_loads';
COMMENT ON TABLE @extschema@.ferry_reject_log IS 'rejected rows; read the view ferry_rejects';
COMMENT ON VIEW @extschema@.ferry_loads IS 'loads that the current user ran or whose table it owned';
COMMENT ON VIEW @extschema@.ferry_rejects IS 'rows that those loads rejected, as they came, with the reason';
COMMENT ON COLUMN @extschema@.ferry_rejects.row_number IS 'number of the record in its source, from 1';
COMMENT ON COLUMN @extschema@.ferry_rejects.line_number IS 'physical line on which the record starts, from 1';
COMMENT ON COLUMN @extschema@.ferry_rejects.raw_row IS 'the record exactly as it came; null where it is not valid text';
COMMENT ON COLUMN @extschema@.ferry_rejects.raw_bytes IS 'the bytes of a record that is not valid text';
COMMENT ON COLUMN @extschema@.ferry_rejects.resolved_at IS 'when the row was loaded after all';

-- Loading

CREATE FUNCTION @extschema@.load_csv(
    target regclass, path text, columns name[] = NULL, header boolean = false, delimiter text = ',', quote text = '"',
    escape text = NULL, null_string text = '', encoding text = NULL, on_conflict text = 'reject',
    reject_limit bigint = NULL, dry_run boolean = false,
    OUT load_id bigint, OUT rows_read bigint, OUT rows_loaded bigint, OUT rows_rejected bigint, OUT rows_skipped bigint,
    OUT elapsed_ms double precision) RETURNS record
AS 'MODULE_PATHNAME', 'ferry_load_csv' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.load_csv(regclass, text, name[], boolean, text, text, text, text, text, text, bigint, boolean)
    IS 'load a CSV file, keep bad rows';

CREATE FUNCTION @extschema@.insert_rows(target regclass, rows json, all_or_nothing boolean = false)
RETURNS TABLE (table_name text, rows_received integer, rows_loaded integer, rows_rejected integer, rejects jsonb,
               load_id bigint, keys jsonb)
AS 'MODULE_PATHNAME', 'ferry_insert_rows' LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 1;
COMMENT ON FUNCTION @extschema@.insert_rows(regclass, json, boolean) IS 'insert a JSON array of rows';

CREATE FUNCTION @extschema@.insert_batch(batch json, all_or_nothing boolean = false)
RETURNS TABLE (table_name text, rows_received integer, rows_loaded integer, rows_rejected integer, rejects jsonb,
               load_id bigint, keys jsonb)
AS 'MODULE_PATHNAME', 'ferry_insert_batch' LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 3;
COMMENT ON FUNCTION @extschema@.insert_batch(json, boolean) IS 'insert JSON rows of several tables';

CREATE FUNCTION @extschema@.reload_rejects(
    load_id bigint,
    OUT load_id bigint, OUT rows_read bigint, OUT rows_loaded bigint, OUT rows_rejected bigint, OUT rows_skipped bigint,
    OUT elapsed_ms double precision) RETURNS record
AS 'MODULE_PATHNAME', 'ferry_reload_rejects' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.reload_rejects(bigint) IS 'load the kept rows of a load that fit now';

CREATE FUNCTION @extschema@.purge_loads(before timestamptz) RETURNS bigint
AS 'MODULE_PATHNAME', 'ferry_purge_loads' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.purge_loads(timestamptz) IS 'remove loads and their rejects from the log';

-- Backup

CREATE FUNCTION @extschema@.backup_table(target regclass, directory text = NULL)
RETURNS TABLE (backup_id text, table_name text, path text, rows bigint, bytes bigint, sha256 text, elapsed_ms double precision)
AS 'MODULE_PATHNAME', 'ferry_backup_table' LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 1;
REVOKE ALL ON FUNCTION @extschema@.backup_table(regclass, text) FROM PUBLIC;
COMMENT ON FUNCTION @extschema@.backup_table(regclass, text) IS 'back up a table';

CREATE FUNCTION @extschema@.restore_table(target text, backup_id text = NULL, directory text = NULL, mode text = 'replace')
RETURNS TABLE (backup_id text, table_name text, rows_restored bigint, rows_removed bigint, elapsed_ms double precision)
AS 'MODULE_PATHNAME', 'ferry_restore_table' LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 1;
REVOKE ALL ON FUNCTION @extschema@.restore_table(text, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION @extschema@.restore_table(text, text, text, text) IS 'restore a table from its backup';

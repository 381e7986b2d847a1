-- load_json: JSON lines and one array; what is no row is a reject as it came, and nothing is lost.
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
RESET client_min_messages;
\getenv builddir PG_ABS_BUILDDIR
\set file :builddir '/results/load_json.json'
\set out :builddir '/results/load_json_out.json'
CREATE FUNCTION write_file(path text, bytes bytea) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    large oid = lo_from_bytea(0, bytes);
BEGIN
    PERFORM lo_export(large, path), lo_unlink(large);
END $$;
CREATE FUNCTION write_lines(path text, VARIADIC lines text[]) RETURNS void LANGUAGE sql AS
    $$ SELECT write_file(path, convert_to(array_to_string(lines, E'\n'), 'UTF8')) $$;
CREATE VIEW rejects AS
    SELECT row_number, line_number, raw_row, raw_bytes, sqlstate, column_name, reason, detail
    FROM ferry_rejects WHERE load_id = (SELECT max(load_id) FROM ferry_loads WHERE source !~ '^rejects') AND resolved_at IS NULL
    ORDER BY row_number;
CREATE TABLE jobs (id int PRIMARY KEY, job text, tags text[], more jsonb);

-- lines: a byte order mark, blank lines, CRLF, blanks around, and everything that can be wrong
SELECT write_lines(:'file', U&'\FEFF{"id": 1, "job": "one", "tags": ["a", "b"], "more": {"x": [1, {}]}}', '', E'  \t',
    E'  {"job": "two", "id": 2}  \r', '{"id": 1, "job": "again"}', '{"id": 3 "job": "x"}', '{"id": 4, "job": "x"', '[5]', '7', 'null', '{"id": 01}',
    '{"id": 6, "job": "six"} x', '{"id": 7, "job": "\x"}', E'{"id": 8, "job": "a\tb"}', '{"id": "nine"}', '{"id": 10, "wage": 1}', '{"id": 11, "job": truu}',
    '{"id": 12, "id": 13, "job": "last counts"}', '{"id": 14, "job": "\ud83d\ude00"}', '{"id": 15, "job": "\ud83d"}',
    '{"id": 17, "job": 12345678901234567890123.50}', '{}', U&'\FEFF{"id": 18}');
SELECT rows_read, rows_loaded, rows_rejected, rows_skipped FROM load_json('jobs', :'file');
SELECT * FROM rejects;
TABLE jobs ORDER BY id;
SELECT options FROM ferry_loads WHERE load_id = ferry_last_load();
-- the rejects as a file, one more load of which rejects the same
SELECT export_rejects(ferry_last_load(), :'out');
CREATE TABLE before AS SELECT raw_row, sqlstate, reason FROM rejects;
SELECT rows_read, rows_loaded, rows_rejected FROM load_json('jobs', :'out');
SELECT count(*) FROM (SELECT raw_row, sqlstate, reason FROM rejects EXCEPT TABLE before) d;
-- corrected and reloaded
SELECT correct_reject(ferry_last_load(), 2, '{"id": 3, "job": "x"}');
SELECT rows_loaded, rows_rejected FROM reload_rejects(ferry_last_load());
-- bytes that are no UTF-8
SELECT write_file(:'file', '\x7b226964223a32302c226a6f62223a22ff227d0a7b226964223a32317d0a');
SELECT rows_loaded, rows_rejected FROM load_json('jobs', :'file');
SELECT * FROM rejects;
SELECT rows_rejected FROM reload_rejects(ferry_last_load());

-- one array, laid out as one likes
TRUNCATE jobs;
SELECT write_lines(:'file', '', ' [', '  {"id": 1,', '   "job": "one"},', '{"id": 2}, {"id": 3, "job": "]},{"},[4] ,', '  {"id": 1}', ']', '  ');
SELECT rows_read, rows_loaded, rows_rejected FROM load_json('jobs', :'file');
SELECT * FROM rejects;
SELECT options FROM ferry_loads WHERE load_id = ferry_last_load();
SELECT export_rejects(ferry_last_load(), :'out');
SELECT pg_read_file(:'out')::jsonb;
SELECT rows_loaded, rows_rejected, rows_skipped FROM load_json('jobs', :'file', 'skip');
SELECT rows_loaded, rows_rejected, rows_skipped FROM load_json('jobs', :'file', on_conflict => 'update');
TABLE jobs ORDER BY id;
-- a malformed element may end anywhere: all that is left is one reject, and no part of it becomes a row
TRUNCATE jobs;
SELECT write_lines(:'file', '[{"id": 1},', ' {"id": 2, "job": "x}, {"id": 3},', ' {"id": 4}', ']');
SELECT rows_read, rows_loaded, rows_rejected FROM load_json('jobs', :'file');
SELECT * FROM rejects;
SELECT export_rejects(ferry_last_load(), :'out');
SELECT pg_read_file(:'out');
SELECT rows_rejected FROM reload_rejects(ferry_last_load());
-- what is behind an array, or missing
SELECT write_lines(:'file', '[{"id": 10}]', '{"id": 11}');
SELECT rows_read, rows_loaded, rows_rejected FROM load_json('jobs', :'file');
SELECT row_number, line_number, raw_row, reason, detail FROM rejects;
SELECT rows_loaded, rows_rejected FROM reload_rejects(ferry_last_load());
SELECT write_lines(:'file', '[{"id": 12},', '');
SELECT rows_read, rows_loaded, rows_rejected FROM load_json('jobs', :'file');
SELECT row_number, line_number, raw_row, reason, detail FROM rejects;
SELECT write_lines(:'file', '[{"id": 13} {"id": 14}]');
SELECT rows_read, rows_loaded, rows_rejected FROM load_json('jobs', :'file');
SELECT row_number, line_number, raw_row, reason, detail FROM rejects;
SELECT write_lines(:'file', '[', ']', '');
SELECT rows_read, rows_loaded, rows_rejected FROM load_json('jobs', :'file');
SELECT write_file(:'file', '');
SELECT rows_read, rows_loaded, rows_rejected FROM load_json('jobs', :'file');

-- a row that is too long, in lines and in an array: its beginning is kept, and what is behind it is loaded
SET pg_ferry.max_record_bytes = '1kB';
SELECT write_lines(:'file', '{"id": 20, "job": "' || repeat('x', 2000) || '"}', '{"id": 21}');
SELECT rows_read, rows_loaded, rows_rejected FROM load_json('jobs', :'file');
SELECT row_number, line_number, length(raw_row), sqlstate, reason, detail FROM rejects;
SELECT write_lines(:'file', '[{"id": 22, "job": "' || repeat('x', 2000) || '"},', '{"id": 23}]');
SELECT rows_read, rows_loaded, rows_rejected FROM load_json('jobs', :'file');
SELECT row_number, line_number, length(raw_row), sqlstate, reason, detail FROM rejects;
RESET pg_ferry.max_record_bytes;
SELECT rows_loaded, rows_rejected FROM reload_rejects(ferry_last_load());

-- UTF-16 by its mark; nesting without an end
SELECT write_file(:'file', '\xfffe7b0022006900640022003a00330030007d000a00');
SELECT rows_loaded, rows_rejected FROM load_json('jobs', :'file');
SELECT write_lines(:'file', '{"id": 31, "more": ' || repeat('[', 3000) || repeat(']', 3000) || '}', repeat('[', 100000));
SELECT rows_read, rows_loaded, rows_rejected FROM load_json('jobs', :'file');
SELECT write_lines(:'file', '{"id": 32}', repeat('{"a":', 100000));
SELECT rows_read, rows_loaded, rows_rejected FROM load_json('jobs', :'file');
SELECT id FROM jobs WHERE id >= 30 ORDER BY id;

-- limits, a dry run
SELECT write_lines(:'file', '{"id": 40}', '{', '{');
SELECT FROM load_json('jobs', :'file', reject_limit => 1);
SELECT rows_loaded, rows_rejected FROM load_json('jobs', :'file', dry_run => true);
SELECT count(*) FROM jobs WHERE id = 40;
SELECT FROM load_json('jobs', :'file', 'replace');
SELECT FROM load_json('jobs', :'file', reject_limit => -1);
SELECT FROM load_json('jobs', 'relative.json');
SELECT FROM load_json('jobs', NULL);
SELECT FROM load_json('jobs', '/nowhere/at/all.json');

-- policies and privileges are those of batches
CREATE ROLE regress_json;
GRANT INSERT (id) ON jobs TO regress_json;
SELECT write_lines(:'file', '{"id": 50}', '{"id": 51}');
SET ROLE regress_json;
SELECT FROM load_json('jobs', :'file');
RESET ROLE;
GRANT pg_read_server_files TO regress_json;
ALTER TABLE jobs ENABLE ROW LEVEL SECURITY;
CREATE POLICY even ON jobs FOR INSERT WITH CHECK (id % 2 = 0);
SET ROLE regress_json;
SELECT rows_loaded, rows_rejected FROM load_json('jobs', :'file');
RESET ROLE;
SELECT write_lines(:'file', '{"id": 52}', '{"id": 54, "job": "x"}');
SET ROLE regress_json;
SELECT FROM load_json('jobs', :'file');
RESET ROLE;

DROP TABLE jobs, before;
DROP VIEW rejects;
DROP FUNCTION write_file, write_lines;
DROP ROLE regress_json;
DROP EXTENSION pg_ferry;

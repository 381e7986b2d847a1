-- What the log keeps of long records, of long reasons and of many rejects. The oracle is arithmetic, and the source itself.
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
RESET client_min_messages;
LOAD 'pg_ferry';
\getenv builddir PG_ABS_BUILDDIR
\set file :builddir '/results/long.csv'
\set avro :builddir '/results/long.avro'
SET ferry_test.file = :'file';
CREATE TABLE texts (id int PRIMARY KEY, t text CHECK (t <> 'x'));
CREATE VIEW last_rejects AS SELECT r.* FROM ferry_rejects r WHERE load_id = (SELECT max(load_id) FROM ferry_loads);

-- a record has its first bytes in the log, up to the end of a character, whatever it came from
SET pg_ferry.max_record_bytes = '1kB';
SELECT '[{"id": 1, "t": "' || repeat('é', 600) || '"}, {"id": 2, "t": "' || repeat('é', 400) || '"}]' AS rows \gset
SELECT rows_loaded, rejects -> 0 ->> 'sqlstate' AS sqlstate FROM insert_rows('texts', :'rows');
SELECT octet_length(raw_row), starts_with(:'rows', '[' || raw_row) AS is_front, raw_bytes, sqlstate, reason, detail FROM last_rejects;
COPY (SELECT 3, repeat('é', 600) UNION ALL SELECT 4, 'short') TO :'file' (FORMAT csv);
SELECT rows_loaded FROM load_csv('texts', :'file');
SELECT octet_length(raw_row), starts_with(pg_read_file(:'file'), raw_row) AS is_front, raw_bytes, sqlstate, detail FROM last_rejects;
COPY (SELECT 5, repeat('é', 600)) TO :'file';
COPY texts FROM :'file' WITH (ON_ERROR reject);
SELECT octet_length(raw_row), starts_with(pg_read_file(:'file'), raw_row) AS is_front, raw_bytes, sqlstate FROM last_rejects;
-- in another encoding the text becomes longer than the bytes
COPY (SELECT 4, repeat('é', 600)) TO :'file' (FORMAT csv, ENCODING 'LATIN1');
SELECT rows_rejected FROM load_csv('texts', :'file', encoding => 'LATIN1');
SELECT octet_length(raw_row), raw_row = left('4,' || repeat('é', 600), length(raw_row)) AS is_front, raw_bytes, sqlstate FROM last_rejects;
-- bytes that are no text
COPY (SELECT 4, repeat('é', 1500)) TO :'file' (FORMAT csv, ENCODING 'LATIN1');
SELECT rows_rejected FROM load_csv('texts', :'file', encoding => 'UTF8');
SELECT raw_row, octet_length(raw_bytes), starts_with(encode(convert_to('4,' || repeat('é', 1500), 'LATIN1'), 'hex'), encode(raw_bytes, 'hex')) AS is_front, sqlstate FROM last_rejects;
-- the text of an Avro record is longer than its bytes, too
COPY (SELECT id, t FROM (VALUES (4, repeat(E'\n', 900)), (6, 'short')) v (id, t)) TO :'avro' WITH (FORMAT avro);
COPY texts FROM :'avro' WITH (FORMAT avro, ON_ERROR reject);
SELECT octet_length(raw_row), left(raw_row, 21), sqlstate, detail FROM last_rejects;

-- what has lost its end is never loaded as if it were whole, and says why
RESET pg_ferry.max_record_bytes;
DELETE FROM texts;
SELECT r.rows_read, r.rows_loaded, r.rows_rejected FROM ferry_loads l, reload_rejects(l.load_id) r WHERE l.options ->> 'format' <> 'avro' AND l.load_id < (SELECT max(load_id) FROM ferry_loads) ORDER BY l.load_id;
SELECT load_id, sqlstate, reason, detail FROM ferry_rejects WHERE resolved_at IS NULL ORDER BY 1;
TABLE texts;
-- a record that would be a good one without its end, too
SET pg_ferry.max_record_bytes = '1kB';
COPY (SELECT 7, repeat('y', 1022) || 'x') TO :'file' (FORMAT csv);
SELECT load_id AS cut FROM load_csv('texts', :'file') \gset
RESET pg_ferry.max_record_bytes;
SELECT rows_loaded, rows_rejected FROM reload_rejects(:cut);

-- reasons and details may have whole values in them; so has the answer
CREATE FUNCTION complain() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE EXCEPTION USING MESSAGE = repeat('é', 100000), DETAIL = repeat('d', 100000), COLUMN = repeat('c', 100000), CONSTRAINT = repeat('k', 100000); END $$;
CREATE TABLE complaints (id int);
CREATE TRIGGER complain BEFORE INSERT ON complaints FOR EACH ROW EXECUTE FUNCTION complain();
SELECT octet_length(rejects -> 0 ->> 'reason') AS reason, right(rejects -> 0 ->> 'reason', 5), octet_length(rejects -> 0 ->> 'detail') AS detail,
    length(rejects -> 0 ->> 'column') AS "column", length(rejects -> 0 ->> 'constraint') AS "constraint" FROM insert_rows('complaints', '[{"id": 1}]');
SELECT octet_length(reason) AS reason, octet_length(detail) AS detail, length(column_name) AS "column", length(constraint_name) AS "constraint" FROM last_rejects;
SELECT octet_length(rejects -> 0 ->> 'reason') AS reason FROM insert_rows('texts', json_build_array(json_build_object('id', repeat('9', 100000))));

-- so may what the log says of the options
COPY (SELECT 8, 'z') TO :'file';
DO $$ BEGIN EXECUTE format('COPY texts FROM %L WITH (ON_ERROR reject) WHERE t <> %L', current_setting('ferry_test.file'), repeat('é', 100000)); END $$;
SELECT octet_length(options ->> 'where'), left(options ->> 'where', 12) FROM ferry_loads WHERE load_id = (SELECT max(load_id) FROM ferry_loads);
SELECT id FROM texts WHERE t = 'z';

-- the log of one load has its limit: what is beyond is counted
SET pg_ferry.max_log_bytes = '2kB';
SHOW pg_ferry.max_log_bytes;
DELETE FROM texts;
COPY (SELECT CASE WHEN g % 10 = 0 THEN 'bad' ELSE '1' END, CASE WHEN g % 3 = 0 THEN 'x' ELSE g::text END FROM generate_series(1, 100) g) TO :'file' (FORMAT csv);
SELECT load_id AS limited, rows_read, rows_loaded, rows_rejected FROM load_csv('texts', :'file') \gset
SELECT rows_rejected, rejects_not_kept, count(r.row_number) = rows_rejected - rejects_not_kept AS adds_up, count(*) BETWEEN 5 AND 15 AS is_as_much_as_fits,
    max(row_number) - min(row_number) + 1 = count(*) AS are_the_first
FROM ferry_loads JOIN ferry_rejects r USING (load_id) WHERE load_id = :limited GROUP BY 1, 2;
-- those that were kept can be loaded, of the others it says so
DELETE FROM texts;
SELECT rows_loaded, rows_read < 20 AS are_few FROM reload_rejects(:limited);
SELECT rows_rejected, jsonb_array_length(rejects) FROM insert_rows('texts', (SELECT json_agg(json_build_object('id', 1, 't', 'x')) FROM generate_series(1, 50)));
-- nothing is kept of rejects that are in no log
SET pg_ferry.log_batches = off;
SELECT rows_rejected FROM insert_rows('texts', (SELECT json_agg(json_build_object('id', 1, 't', 'x')) FROM generate_series(1, 50)));
RESET pg_ferry.log_batches;
SET pg_ferry.max_log_bytes = 0;
SELECT load_id AS none, rows_rejected FROM load_csv('texts', :'file', dry_run => true) \gset
SELECT rows_rejected, rejects_not_kept FROM ferry_loads WHERE load_id = :none;
-- COPY sends nobody to look for rejects that are not there
COPY texts FROM PROGRAM 'echo x; echo y' WITH (ON_ERROR reject);
SET pg_ferry.max_log_bytes = 300;
SELECT setval('ferry_load_id_seq', 1000);
COPY texts FROM PROGRAM 'echo x; echo y; echo z' WITH (ON_ERROR reject);
RESET pg_ferry.max_log_bytes;
SHOW pg_ferry.max_log_bytes;
CREATE ROLE regress_limited;
SET ROLE regress_limited;
SET pg_ferry.max_log_bytes = '1MB';
RESET ROLE;

DROP ROLE regress_limited;
DROP TABLE texts, complaints;
DROP FUNCTION complain;
DROP VIEW last_rejects;
DROP EXTENSION pg_ferry;

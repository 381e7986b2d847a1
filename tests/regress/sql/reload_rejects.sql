-- reload_rejects: rows that were kept are loaded once they fit, as if they had come in their file just now; purge_loads removes them.
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
RESET client_min_messages;
\getenv srcdir PG_ABS_SRCDIR
\getenv builddir PG_ABS_BUILDDIR
\set file :srcdir '/data/rejects.csv'
\set made :builddir '/results/made.csv'
CREATE VIEW unresolved AS
    SELECT load_id, row_number, raw_row, raw_bytes, sqlstate, column_name, constraint_name, reason, detail
    FROM ferry_rejects WHERE resolved_at IS NULL ORDER BY load_id, row_number;

-- an encoding, a header with more columns than are loaded, every option of the dialect
CREATE TABLE parents (id int PRIMARY KEY);
INSERT INTO parents VALUES (10);
CREATE TABLE people (id serial PRIMARY KEY, name varchar(20) NOT NULL, parent int NOT NULL REFERENCES parents,
                     day date, upper_name text GENERATED ALWAYS AS (upper(name COLLATE "und-x-icu")) STORED);
SELECT load_id, rows_read, rows_loaded, rows_rejected
FROM load_csv('people', :'file', columns => '{name,id,parent,day}', header => true, delimiter => ';', quote => '''', escape => '\',
              null_string => '-', encoding => 'LATIN1', open_quote => 'resume');
SELECT * FROM unresolved;
-- nothing has changed: nothing passes, nothing is lost
SELECT load_id, rows_read, rows_loaded, rows_rejected, rows_skipped, elapsed_ms > 0 AND elapsed_ms::text !~ '\.\d{4}' AS timed FROM reload_rejects(1);
CREATE TEMP TABLE unchanged AS TABLE unresolved;
-- the parent has come, a rule has gone, another one has come: what is wrong now is what the log says now
INSERT INTO parents VALUES (20);
ALTER TABLE people ALTER name DROP NOT NULL, ADD CONSTRAINT late CHECK (day < '2021-02-08');
BEGIN;
SELECT load_id, rows_read, rows_loaded, rows_rejected, rows_skipped FROM reload_rejects(1);
SELECT row_number, resolved_at = now() AS resolved_now FROM ferry_rejects WHERE resolved_at IS NOT NULL ORDER BY 1;
COMMIT;
SELECT load_id, row_number, sqlstate, column_name, constraint_name, reason, detail FROM unresolved;
TABLE people ORDER BY id;
-- what came stays as it came
SELECT count(*) FROM ferry_rejects r JOIN unchanged u USING (load_id, row_number)
WHERE r.raw_row IS DISTINCT FROM u.raw_row OR r.raw_bytes IS DISTINCT FROM u.raw_bytes;
SELECT load_id, table_schema, table_name, right(source, 17) AS source, source_bytes, rows_read, rows_loaded, rows_rejected, rows_skipped FROM ferry_loads;
SELECT count(DISTINCT options) FROM ferry_loads;
-- the sequence is past what was loaded
INSERT INTO people (name, parent, day) VALUES ('next', 10, '2021-01-01') RETURNING id;
-- rolled back, all is as before
BEGIN;
ALTER TABLE people DROP CONSTRAINT late;
SET LOCAL datestyle = 'German';
SELECT load_id, rows_loaded, rows_rejected FROM reload_rejects(1);
ROLLBACK;
SELECT count(*) FROM unresolved;
SELECT max(load_id) FROM ferry_loads;
-- under REPEATABLE READ too; a load and its reload in one transaction; the loads of reloads have no rejects of their own
BEGIN ISOLATION LEVEL REPEATABLE READ;
ALTER TABLE people DROP CONSTRAINT late;
SELECT rows_loaded, rows_rejected FROM reload_rejects(1);
SELECT rows_loaded, rows_rejected FROM insert_rows('people', '[{"id": 70, "parent": 70}, {"id": 71, "parent": 10}]');
INSERT INTO parents VALUES (70);
SELECT r.rows_read, r.rows_loaded FROM ferry_loads l, reload_rejects(l.load_id) r WHERE l.load_id = (SELECT max(load_id) FROM ferry_loads);
COMMIT;
TABLE people ORDER BY id;
SELECT rows_read FROM reload_rejects(3);

-- no change of the table helps a record of which only the beginning was kept
SET pg_ferry.max_record_bytes = '1kB';
COPY (SELECT 100, repeat('x', 2000), 10 UNION ALL SELECT 101, 'y', 99) TO :'made' (FORMAT csv);
SELECT load_id AS long_load, rows_rejected FROM load_csv('people', :'made', '{id,name,parent}') \gset
RESET pg_ferry.max_record_bytes;
ALTER TABLE people DROP COLUMN upper_name, ALTER name TYPE text;
INSERT INTO parents VALUES (99);
SELECT rows_read, rows_loaded, rows_rejected FROM reload_rejects(:long_load);
SELECT row_number, length(raw_row), sqlstate, reason, detail FROM unresolved WHERE load_id = :long_load;
SELECT id, name FROM people WHERE id >= 100;

-- on_conflict as it was, rows that a trigger suppresses: resolved, too
COPY (VALUES (1, 'one', 10), (2, 'two', 77), (3, 'three', 10)) TO :'made' (FORMAT csv);
TRUNCATE people;
SELECT load_id AS skipping, rows_loaded FROM load_csv('people', :'made', '{id,name,parent}', on_conflict => 'skip') \gset
SELECT load_id AS updating, rows_loaded FROM load_csv('people', :'made', '{id,name,parent}', on_conflict => 'update') \gset
INSERT INTO people VALUES (2, 'other', 10, '2020-02-02');
INSERT INTO parents VALUES (77);
SELECT rows_read, rows_loaded, rows_rejected, rows_skipped FROM reload_rejects(:skipping);
SELECT rows_read, rows_loaded, rows_rejected, rows_skipped FROM reload_rejects(:updating);
SELECT * FROM unresolved WHERE load_id >= :skipping;
TABLE people ORDER BY id;
SELECT load_id AS suppressed FROM load_csv('people', :'made', '{id,name,parent}') \gset
CREATE FUNCTION suppress() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.id = 2 THEN RETURN NULL; END IF; RETURN NEW; END $$;
CREATE TRIGGER suppress BEFORE INSERT ON people FOR EACH ROW EXECUTE FUNCTION suppress();
SELECT rows_read, rows_loaded, rows_rejected, rows_skipped FROM reload_rejects(:suppressed);
SELECT row_number, sqlstate FROM unresolved WHERE load_id = :suppressed;
DROP TRIGGER suppress ON people;

-- JSON: the rows of each table of a batch are a load of their own
CREATE TABLE "Notes" (id int PRIMARY KEY, person int REFERENCES people, note jsonb, big text DEFAULT 'none');
SELECT table_name, rows_loaded, rows_rejected, load_id IS NOT NULL AS logged FROM insert_batch(
    '{"\"Notes\"": [{"id": 1, "person": 500, "note": {"a": [1, "ü\n"]}}, {"id": 2, "colour": "red", "big": null}, 7, {"id": "x"}],
      "people": [{"id": 500, "name": "ü", "parent": 55}, {"id": 501, "parent": 10}]}');
SELECT load_id AS people_load FROM ferry_loads WHERE table_name = 'people' ORDER BY load_id DESC LIMIT 1 \gset
SELECT load_id AS notes_load FROM ferry_loads WHERE table_name = 'Notes' \gset
INSERT INTO parents VALUES (55);
ALTER TABLE "Notes" ADD colour text;
SELECT rows_read, rows_loaded, rows_rejected FROM reload_rejects(:people_load);
SELECT rows_read, rows_loaded, rows_rejected FROM reload_rejects(:notes_load);
SELECT row_number, raw_row, sqlstate, column_name, reason FROM unresolved WHERE load_id IN (:people_load, :notes_load);
TABLE "Notes" ORDER BY id;
SELECT * FROM people WHERE id >= 500 ORDER BY id;

-- several batches
COPY (SELECT i, 'row ' || i, 1000 + i % 2 FROM generate_series(1000, 7999) i) TO :'made' (FORMAT csv);
SELECT load_id AS many, rows_loaded, rows_rejected FROM load_csv('people', :'made', '{id,name,parent}') \gset
SELECT :rows_loaded AS rows_loaded, :rows_rejected AS rows_rejected;
INSERT INTO parents VALUES (1001);
SELECT rows_read, rows_loaded, rows_rejected, rows_skipped FROM reload_rejects(:many);
INSERT INTO parents VALUES (1000);
SELECT rows_read, rows_loaded, rows_rejected, rows_skipped FROM reload_rejects(:many);
SELECT rows_read, rows_loaded, rows_rejected, rows_skipped FROM reload_rejects(:many);
SELECT count(*), sum(id), count(DISTINCT name) FROM people WHERE id BETWEEN 1000 AND 7999;
SELECT count(*) FROM ferry_rejects WHERE load_id = :many AND resolved_at IS NULL;

-- what is refused
SELECT reload_rejects(NULL);
SELECT reload_rejects(123456789);
SELECT load_id AS dry FROM load_csv('people', :'made', '{id,name,parent}', dry_run => true) \gset
\set VERBOSITY terse
SELECT reload_rejects(:dry);
ALTER TABLE people RENAME TO persons;
SELECT reload_rejects(:many);
ALTER TABLE persons RENAME TO people;
ALTER TABLE people RENAME name TO first_name;
SELECT reload_rejects(:many);
ALTER TABLE people RENAME first_name TO name;
BEGIN READ ONLY;
SELECT reload_rejects(1);
ROLLBACK;
BEGIN READ ONLY;
SELECT purge_loads(now());
ROLLBACK;
\set VERBOSITY default

-- who may do it
COPY (VALUES (20000, 'a', 2), (20001, 'b', 3)) TO :'made' (FORMAT csv);
CREATE ROLE regress_owner;
CREATE ROLE regress_runner IN ROLE pg_read_server_files;
CREATE ROLE regress_other;
CREATE SCHEMA closed AUTHORIZATION regress_owner;
CREATE TABLE closed.owned (id int, name text, parent int CHECK (parent > 100));
ALTER TABLE closed.owned OWNER TO regress_owner;
GRANT USAGE ON SCHEMA closed TO regress_runner;
GRANT INSERT (id, name, parent) ON closed.owned TO regress_runner;
SET ROLE regress_runner;
SELECT load_id AS theirs, rows_rejected FROM load_csv('closed.owned', :'made') \gset
SET ROLE regress_other;
SELECT reload_rejects(:theirs);
SELECT purge_loads('infinity');
RESET ROLE;
ALTER TABLE closed.owned DROP CONSTRAINT owned_parent_check;
REVOKE INSERT (name) ON closed.owned FROM regress_runner;
SET ROLE regress_runner;
SELECT reload_rejects(:theirs);
RESET ROLE;
GRANT INSERT (name) ON closed.owned TO regress_runner;
REVOKE USAGE ON SCHEMA closed FROM regress_runner;
SET ROLE regress_runner;
SELECT reload_rejects(:theirs);
RESET ROLE;
GRANT USAGE ON SCHEMA closed TO regress_runner;
ALTER TABLE closed.owned ENABLE ROW LEVEL SECURITY;
SET ROLE regress_runner;
SELECT rows_loaded, rows_rejected FROM reload_rejects(:theirs);
-- the owner, whom the policies are not for, has not run it, and may
SET ROLE regress_owner;
SELECT rows_loaded FROM reload_rejects(:theirs);
SELECT loaded_by, source = 'rejects of load ' || :theirs AS of_theirs FROM ferry_loads ORDER BY load_id;
RESET ROLE;
ALTER TABLE closed.owned DISABLE ROW LEVEL SECURITY;
SET ROLE regress_runner;
SELECT rows_read FROM reload_rejects(:theirs);
RESET ROLE;

-- the log shows nobody what only the one who loads again may read
CREATE TABLE closed.secrets (id int PRIMARY KEY, secret text DEFAULT 'topsecret', checked int CHECK (checked > 100));
GRANT INSERT (id, checked) ON closed.secrets TO regress_runner;
SET ROLE regress_runner;
SELECT load_id AS hidden, rejects FROM insert_rows('closed.secrets', '[{"id": 1, "checked": 1}]') \gset
RESET ROLE;
SELECT rows_rejected FROM reload_rejects(:hidden);
SELECT sqlstate, constraint_name, reason, detail FROM unresolved WHERE load_id = :hidden;
SET ROLE regress_runner;
SELECT rows_rejected FROM reload_rejects(:hidden);
RESET ROLE;
SELECT sqlstate, constraint_name, reason, detail FROM unresolved WHERE load_id = :hidden;
GRANT SELECT ON closed.secrets TO regress_runner;
SELECT rows_rejected FROM reload_rejects(:hidden);
SELECT sqlstate, constraint_name, reason, detail FROM unresolved WHERE load_id = :hidden;

-- rows that wait for a parent behind them are decided last
CREATE TABLE tree (id int PRIMARY KEY, parent int REFERENCES tree, said text NOT NULL);
SELECT load_id AS planted, rows_loaded FROM insert_rows('tree', '[{"id": 2, "parent": 1, "said": "b"}, {"id": 1}, {"id": 9}, {"id": 3, "parent": 2, "said": "c"}]') \gset
SELECT row_number, sqlstate FROM unresolved WHERE load_id = :planted ORDER BY 1;
ALTER TABLE tree ALTER said DROP NOT NULL, ADD CHECK (id <> 9);
SELECT rows_loaded, rows_rejected FROM reload_rejects(:planted);
SELECT row_number, sqlstate FROM unresolved WHERE load_id = :planted ORDER BY 1;
SELECT id, parent, said FROM tree ORDER BY id;

-- not into a table that somebody else has now, nor past the condition of a COPY
CREATE TABLE handed (id int NOT NULL);
SELECT load_id AS handed_load FROM insert_rows('handed', '[{}]') \gset
COPY handed FROM PROGRAM 'echo x' WITH (FORMAT csv, ON_ERROR reject) WHERE id > 0;
SELECT max(load_id) AS filtered_load FROM ferry_loads \gset
ALTER TABLE handed OWNER TO regress_other;
\set VERBOSITY terse
SELECT reload_rejects(:filtered_load) \g /dev/null
SELECT reload_rejects(:handed_load) \g /dev/null
\set VERBOSITY default
DROP TABLE handed;

-- purge_loads: what finished before, and is visible
SET ROLE regress_other;
SELECT purge_loads('infinity');
SET ROLE regress_runner;
SELECT purge_loads('-infinity');
SELECT purge_loads((SELECT max(finished_at) FROM ferry_loads));
SELECT source = 'rejects of load ' || :hidden AS is_the_last FROM ferry_loads;
SELECT count(*) FROM ferry_rejects;
SELECT reload_rejects(:theirs);
RESET ROLE;
SELECT count(*) > 10 AS has_more FROM ferry_loads;
SELECT count(*) AS loads FROM ferry_loads WHERE load_id < :many \gset
SELECT finished_at AS moment FROM ferry_loads WHERE load_id = :many \gset
BEGIN;
SELECT purge_loads(:'moment') = :loads AS all_before;
SELECT min(load_id) = :many AS is_first FROM ferry_loads;
SELECT count(*) FROM ferry_rejects WHERE load_id < :many;
SELECT count(*) FROM ferry_rejects WHERE load_id = :many;
ROLLBACK;
SELECT purge_loads(NULL);
SELECT purge_loads('infinity') > 10 AS purged;
SELECT (SELECT count(*) FROM ferry_load_log) + (SELECT count(*) FROM ferry_reject_log) AS left_over;
SELECT purge_loads('infinity');

DROP SCHEMA closed CASCADE;
DROP ROLE regress_owner, regress_runner, regress_other;
DROP TABLE tree, "Notes", people, parents;
DROP FUNCTION suppress;
DROP VIEW unresolved;
DROP EXTENSION pg_ferry;

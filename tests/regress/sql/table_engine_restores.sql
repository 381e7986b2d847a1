-- Tables whose rows an extension stores elsewhere, and partitions of other servers, are restored by statements, which go to where
-- the rows are. The oracle is what SELECT shows before a change and after the restore; the shell in the catalogs stays empty.
\getenv build_dir PG_ABS_BUILDDIR
\set backups :build_dir '/table_engine_restores'
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE DATABASE regression_engine_restores;
\c regression_engine_restores
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
SET pg_ferry.backup_directory = :'backups';
CREATE SCHEMA engine;
CREATE FUNCTION engine.changed(regclass) RETURNS void STRICT AS '$libdir/ferry_engine_test', 'engine_changed' LANGUAGE C;
-- Gives a table to the engine: the rows are in a side table, or, where it deals in chunks, in a child of the table.
CREATE FUNCTION engine.take(target regclass, kind text = 'rows') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE engine.%I (LIKE %s INCLUDING ALL) %s', kind || '_' || target::oid, target,
                   CASE kind WHEN 'chunks' THEN format('INHERITS (%s)', target) END);
    PERFORM engine.changed(target);
END $$;
-- Alters a table and what the engine has of it, which has the columns in the same places.
CREATE FUNCTION engine.alter(target regclass, change text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s %s', target, change);
    EXECUTE format('ALTER TABLE engine.rows_%s %s', target::oid, change);
END $$;
-- The SQLSTATE and the message of a statement.
CREATE FUNCTION outcome_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE hint text;
BEGIN
    EXECUTE statement;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    RETURN SQLSTATE || ' ' || SQLERRM || chr(10) || hint;
END $$;
-- All rows of a table as one value.
CREATE FUNCTION rows_of(target regclass, OUT count bigint, OUT digest text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SELECT count(*), md5(string_agg(t::text, '','' ORDER BY t::text)) FROM %s t', target) INTO count, digest;
END $$;
CREATE FUNCTION fire() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'trigger % fired', TG_NAME; END $$;
CREATE FUNCTION restore(target text, mode text = 'replace', OUT rows_restored bigint, OUT rows_removed bigint) LANGUAGE sql AS
$$ SELECT rows_restored, rows_removed FROM restore_table(target, mode => mode) $$;

-- An engine's table with columns of all sorts, 25,000 rows, so that more than one statement is needed
CREATE TYPE pair AS (a int, b text);
CREATE TABLE measures (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, gone int, word text NOT NULL, list int[], grid text[][], pairs pair,
    doc jsonb, amount numeric, "at" timestamptz DEFAULT '2021-01-01Z', twice int GENERATED ALWAYS AS (id * 2) STORED);
SELECT engine.take('measures');
SELECT engine.alter('measures', 'DROP gone');
INSERT INTO measures (id, word, list, grid, pairs, doc, amount) OVERRIDING SYSTEM VALUE
SELECT g, 'word ' || g, ARRAY[g, NULL], ARRAY[['a', g::text], ['NULL', '{']], (g, NULLIF('b' || g, 'b7'))::pair,
       jsonb_build_object('k', g), g / 7.0
FROM generate_series(1, 25000) g;
SELECT * FROM rows_of('measures') \gset was_
SELECT rows FROM backup_table('measures');
BEGIN; TRUNCATE measures; INSERT INTO measures (word) VALUES ('later'); SELECT * FROM restore('measures'); COMMIT;
SELECT digest = :'was_digest' AS same, count FROM rows_of('measures');
-- the engine answers a comparison, and takes the rows of another table's backup
SELECT count(*) FROM compare_backup('measures');
BEGIN;
DO $$ BEGIN
    EXECUTE format('DELETE FROM engine.rows_%s WHERE id = 7', 'measures'::regclass::oid);
    EXECUTE format('UPDATE engine.rows_%s SET word = ''else'' WHERE id = 24000', 'measures'::regclass::oid);
END $$;
INSERT INTO measures (id, word) OVERRIDING SYSTEM VALUE VALUES (0, 'later');
SELECT * FROM compare_backup('measures');
ROLLBACK;
CREATE TABLE measures_then (LIKE measures INCLUDING ALL);
SELECT engine.take('measures_then');
SELECT table_name, rows_restored, rows_removed FROM restore_table('measures', into_table => 'measures_then');
SELECT digest = :'was_digest' AS same, count FROM rows_of('measures_then');
DROP TABLE measures_then;
COPY measures TO STDOUT;
-- upsert: rows take the place of those with their keys
TRUNCATE measures;
INSERT INTO measures (id, word) OVERRIDING SYSTEM VALUE VALUES (-1, 'stays'), (1, 'changes'), (25000, 'changes');
SELECT * FROM restore('measures', 'upsert');
SELECT count(*), count(*) FILTER (WHERE word = 'changes'), max(id) FILTER (WHERE word = 'stays') FROM measures;
DO $$ BEGIN EXECUTE format('DELETE FROM engine.rows_%s WHERE id = -1', 'measures'::regclass::oid); END $$;
SELECT digest = :'was_digest' AS same, count FROM rows_of('measures');
SELECT left(outcome_of($$ SELECT restore_table('measures', mode => 'append') $$), 5) AS sqlstate;
SELECT digest = :'was_digest' AS same, count FROM rows_of('measures');
-- a column that no UPDATE sets: only replace brings back what it had
CREATE TABLE stamped (id int PRIMARY KEY, stamp int GENERATED ALWAYS AS IDENTITY);
SELECT engine.take('stamped');
INSERT INTO stamped OVERRIDING SYSTEM VALUE VALUES (1, 11), (2, 12);
SELECT rows FROM backup_table('stamped');
SELECT outcome_of($$ SELECT restore_table('stamped', mode => 'upsert') $$);
SELECT * FROM restore('stamped');
SELECT * FROM stamped ORDER BY id;
-- append, to what is there
TRUNCATE measures;
INSERT INTO measures (id, word) OVERRIDING SYSTEM VALUE VALUES (-1, 'there');
SELECT * FROM restore('measures', 'append');
SELECT count(*), min(id) FROM measures;
-- one transaction: a restore that fails at its last row changes nothing
CREATE TABLE narrowed (n bigint);
INSERT INTO narrowed SELECT g FROM generate_series(1, 15000) g UNION ALL SELECT 3000000000;
SELECT rows FROM backup_table('narrowed');
TRUNCATE narrowed;
SELECT engine.take('narrowed');
SELECT engine.alter('narrowed', 'ALTER n TYPE int');
INSERT INTO narrowed VALUES (7);
SELECT outcome_of($$ SELECT restore_table('narrowed') $$);
SELECT outcome_of($$ SELECT restore_table('narrowed', mode => 'append') $$);
SELECT * FROM narrowed;
-- a column that came, one that went, one of another type
CREATE TABLE changing (id int, old text, n int);
INSERT INTO changing SELECT g, 'x', g FROM generate_series(1, 10) g;
SELECT rows FROM backup_table('changing');
TRUNCATE changing;
SELECT engine.take('changing');
CREATE SEQUENCE numbers;
SELECT engine.alter('changing', 'DROP old, ALTER n TYPE bigint, ADD fresh text DEFAULT ''new'', ADD number bigint DEFAULT nextval(''numbers'')');
SELECT * FROM restore('changing');
SELECT count(*), min(fresh), max(number), sum(n), pg_typeof(sum(n)) FROM changing;

-- chunks in children
CREATE TABLE readings (at timestamptz NOT NULL, value float8);
SELECT engine.take('readings', 'chunks');
INSERT INTO readings SELECT '2021-01-01'::timestamptz + g * interval '1 hour', g / 7.0 FROM generate_series(1, 1000) g;
SELECT * FROM rows_of('readings') \gset was_
SELECT rows FROM backup_table('readings');
UPDATE readings SET value = 0;
SELECT * FROM restore('readings');
SELECT digest = :'was_digest' AS same, count FROM rows_of('readings');
SELECT count(*) FROM ONLY readings;

-- What would do more, or less, than to write the rows
CREATE TRIGGER loud BEFORE INSERT ON readings FOR EACH ROW EXECUTE FUNCTION fire();
SELECT outcome_of($$ SELECT restore_table('readings') $$);
DROP TRIGGER loud ON readings;
CREATE TRIGGER loud BEFORE TRUNCATE ON readings EXECUTE FUNCTION fire();
SELECT outcome_of($$ SELECT restore_table('readings') $$);
SELECT * FROM restore('readings', 'append');
DROP TRIGGER loud ON readings;
CREATE TRIGGER loud BEFORE UPDATE ON readings FOR EACH ROW EXECUTE FUNCTION fire();
SELECT * FROM restore('readings');
DROP TRIGGER loud ON readings;
CREATE RULE quiet AS ON INSERT TO readings DO INSTEAD NOTHING;
SELECT outcome_of($$ SELECT restore_table('readings') $$);
DROP RULE quiet ON readings;
SELECT outcome_of($$ SELECT restore_table('readings', mode => 'upsert') $$);
CREATE ROLE regress_engine_owner;
ALTER TABLE readings OWNER TO regress_engine_owner;
ALTER TABLE readings ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
GRANT EXECUTE ON FUNCTION restore_table TO regress_engine_owner;
SET ROLE regress_engine_owner;
SELECT outcome_of($$ SELECT restore_table('readings') $$);
RESET ROLE;
SELECT digest = :'was_digest' AS same, count FROM rows_of('readings');

-- Tables that refer to each other: parents come first, and all are emptied together
CREATE TABLE devices (id int PRIMARY KEY, name text);
CREATE TABLE events (device int REFERENCES devices ON DELETE CASCADE, what text);
SELECT engine.take('events', 'chunks');
INSERT INTO devices VALUES (1, 'one'), (2, 'two');
INSERT INTO events VALUES (1, 'a'), (2, 'b');
SELECT * FROM rows_of('events') \gset was_
SELECT table_name, rows FROM backup_tables('{events,devices}');
TRUNCATE devices, events;
SELECT table_name, rows_restored, rows_removed FROM restore_tables('{events,devices}');
SELECT digest = :'was_digest' AS same, count FROM rows_of('events');
-- one that others refer to
CREATE TABLE kinds (id int PRIMARY KEY, name text);
SELECT engine.take('kinds');
CREATE TABLE things (kind int REFERENCES kinds);
INSERT INTO kinds VALUES (1, 'one');
SELECT rows FROM backup_table('kinds');
SELECT outcome_of($$ SELECT restore_table('kinds') $$);
SELECT * FROM restore('kinds', 'upsert');

-- plain tables that refer to it, by replacing in either way, by adding, and partitioned; the server's own check asks the engine up to
-- PostgreSQL 18 only
INSERT INTO kinds SELECT g, 'kind ' || g FROM generate_series(2, 50) g;
SET session_replication_role = replica;
INSERT INTO things VALUES (1), (2), (NULL), (50);
RESET session_replication_role;
SELECT rows FROM backup_table('things');
SELECT * FROM restore('things');
SELECT * FROM restore('things', 'append');
SELECT count(*), count(kind) FROM things;
CREATE TABLE keyed (id int PRIMARY KEY, kind int REFERENCES kinds);
CREATE TABLE on_keyed (id int REFERENCES keyed);
SET session_replication_role = replica;
INSERT INTO keyed SELECT g, g FROM generate_series(1, 50) g;
SELECT rows FROM backup_table('keyed');
UPDATE keyed SET kind = 1;
RESET session_replication_role;
SELECT * FROM restore('keyed');
SELECT * FROM restore('keyed', 'upsert');
SELECT count(DISTINCT kind) FROM keyed;
CREATE TABLE split (id int, kind int REFERENCES kinds) PARTITION BY LIST (id);
CREATE TABLE split_1 (kind int, id int);
ALTER TABLE split ATTACH PARTITION split_1 FOR VALUES IN (1);
SET session_replication_role = replica;
INSERT INTO split VALUES (1, 1), (1, 50);
RESET session_replication_role;
SELECT rows FROM backup_table('split');
SELECT * FROM restore('split');
-- a parent that is missing
DO $$ BEGIN EXECUTE format('DELETE FROM engine.rows_%s WHERE id = 50', 'kinds'::regclass::oid); END $$;
SELECT outcome_of(format('SELECT restore_table(%L, mode => %L)', target, mode))
FROM unnest(ARRAY['things', 'keyed', 'split']) target, unnest(ARRAY['replace', 'append', 'upsert']) mode
WHERE target = 'keyed' OR mode <> 'upsert' ORDER BY 1;
SELECT count(*), count(kind) FROM things;
-- both from one backup
DROP TABLE on_keyed, keyed, split;
TRUNCATE things, kinds;
INSERT INTO kinds VALUES (1, 'one'), (3, 'three');
SET session_replication_role = replica;
INSERT INTO things VALUES (3);
RESET session_replication_role;
SELECT table_name, rows FROM backup_tables('{kinds,things}');
TRUNCATE kinds, things;
SELECT table_name, rows_restored, rows_removed FROM restore_tables('{things,kinds}');
SELECT * FROM things;

-- A partition of another server: TRUNCATE and INSERT reach it
CREATE EXTENSION postgres_fdw;
SELECT current_database() AS here, current_setting('unix_socket_directories') AS socket, current_setting('port') AS port \gset
CREATE SERVER loop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (dbname :'here', host :'socket', port :'port');
CREATE USER MAPPING FOR CURRENT_USER SERVER loop OPTIONS (user :'USER');
CREATE TABLE far (id int CHECK (id < 1500), word text);
CREATE TABLE spread (id int, word text) PARTITION BY RANGE (id);
CREATE TABLE spread_near PARTITION OF spread FOR VALUES FROM (0) TO (1000);
CREATE FOREIGN TABLE spread_far PARTITION OF spread FOR VALUES FROM (1000) TO (2000) SERVER loop OPTIONS (table_name 'far');
INSERT INTO spread SELECT g, 'word ' || g FROM generate_series(600, 1400) g;
SELECT * FROM rows_of('spread') \gset was_
SELECT rows FROM backup_table('spread');
UPDATE spread SET word = 'other';
INSERT INTO far VALUES (1450, 'more');
SELECT * FROM restore('spread');
SELECT digest = :'was_digest' AS same, count FROM rows_of('spread');
SELECT count(*) FROM far;
BEGIN; SELECT * FROM restore('spread', 'append'); SELECT count(*) FROM spread_far; ROLLBACK;
-- several rows at once, and one that the other server leaves out
ALTER SERVER loop OPTIONS (batch_size '100');
SELECT * FROM restore('spread');
SELECT digest = :'was_digest' AS same, count FROM rows_of('spread');
CREATE FUNCTION leave_out() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER quiet BEFORE INSERT ON far FOR EACH ROW WHEN (NEW.id = 1200) EXECUTE FUNCTION leave_out();
SELECT outcome_of($$ SELECT restore_table('spread') $$);
ALTER SERVER loop OPTIONS (SET batch_size '1');
SELECT outcome_of($$ SELECT restore_table('spread') $$);
DROP TRIGGER quiet ON far;
-- a failed restore changes nothing there
ALTER TABLE far ADD CHECK (id <> 1300) NOT VALID;
SELECT outcome_of($$ SELECT restore_table('spread') $$);
SELECT digest = :'was_digest' AS same, count FROM rows_of('spread');
SELECT count(*) FROM far;
-- nor does one that cannot reach the rows
ALTER FOREIGN TABLE spread_far OPTIONS (truncatable 'false');
SELECT outcome_of($$ SELECT restore_table('spread') $$);
ALTER FOREIGN TABLE spread_far OPTIONS (SET truncatable 'true');
CREATE TRIGGER loud BEFORE TRUNCATE ON spread EXECUTE FUNCTION fire();
SELECT outcome_of($$ SELECT restore_table('spread') $$);
SELECT outcome_of($$ SELECT restore_table('spread', mode => 'upsert') $$);
SELECT digest = :'was_digest' AS same, count FROM rows_of('spread');

\c regression
SET client_min_messages = warning;
DROP DATABASE regression_engine_restores;
DROP ROLE regress_engine_owner;

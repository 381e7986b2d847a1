-- Tables whose rows an extension stores elsewhere: loads go through it, and nothing reads or writes the empty shell in the catalogs.
-- tests/engine is such an extension. Core's COPY goes by no planner: it shows what is in the shell itself.
\getenv build_dir PG_ABS_BUILDDIR
\set file :build_dir '/table_engines.avro'
\set csv :build_dir '/table_engines.csv'
\set backups :build_dir '/table_engines'
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE DATABASE regression_engines;
\c regression_engines
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
LOAD 'pg_ferry';
CREATE SCHEMA engine;

-- The SQLSTATE and the message of a statement.
CREATE FUNCTION outcome_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
-- Gives a table to the engine, all of it or the scans alone.
CREATE FUNCTION engine.take(target regclass, kind text = 'rows') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE engine.%I (LIKE %s)', kind || '_' || target::oid, target);
    PERFORM engine.changed(target);
END $$;
CREATE TABLE measures (id int, word text);
CREATE TABLE plain (id int PRIMARY KEY, word text);
INSERT INTO plain VALUES (1, 'one'), (2, 'two');
COPY plain TO :'csv' WITH (FORMAT csv);
COPY plain TO :'file' WITH (FORMAT avro);
SELECT rows_loaded FROM insert_rows('measures', '[{"id": 1}]');
TRUNCATE measures;

-- the session knows the table already when the engine comes and takes it
CREATE FUNCTION engine.changed(regclass) RETURNS void STRICT AS '$libdir/ferry_engine_test', 'engine_changed' LANGUAGE C;
SELECT rows_loaded FROM insert_rows('measures', '[{"id": 1}]');
TRUNCATE measures;
SELECT engine.take('measures');
SELECT rows_loaded FROM insert_rows('measures', '[{"id": 1}]');
\echo :SQLSTATE

-- what the hints say works
INSERT INTO measures SELECT * FROM plain;
SELECT * FROM measures WHERE id > 1;
COPY (SELECT * FROM measures) TO :'file' WITH (FORMAT avro);
SELECT * FROM read_avro(NULL::measures, :'file');
INSERT INTO measures SELECT * FROM read_avro(NULL::measures, :'file') WHERE id = 1;
SELECT count(*) FROM measures;

-- every load
SELECT rows_loaded FROM load_csv('measures', :'csv');
SELECT outcome_of(format('SELECT load_csv(''measures'', %L, dry_run => true)', :'csv'));
COPY measures FROM :'csv' WITH (FORMAT csv, ON_ERROR reject);
COPY measures FROM PROGRAM 'echo 1' WITH (ON_ERROR reject);
COPY measures FROM :'file' WITH (FORMAT avro);
SELECT outcome_of($$SELECT insert_rows('measures', '[{"id": 1}]')$$);
SELECT outcome_of($$SELECT insert_batch('{"plain": [{"id": 3}], "measures": [{"id": 1}]}')$$);
-- rejects of a time when the table was an ordinary one
CREATE TABLE later (id int, word text CHECK (word <> 'two'));
SELECT load_id, rows_loaded, rows_rejected FROM load_csv('later', :'csv') \gset
ALTER TABLE later DROP CONSTRAINT later_word_check;
SELECT engine.take('later');
SELECT rows_loaded FROM reload_rejects(:load_id);
-- and nothing is in the shells but what was there before
COPY measures TO STDOUT;
COPY later TO STDOUT;
SELECT count(*) FROM plain;

-- parents of foreign keys
CREATE TABLE parents (id int PRIMARY KEY);
SELECT engine.take('parents');
INSERT INTO parents VALUES (1);
COPY parents TO STDOUT;
CREATE TABLE children (id int, parent int CONSTRAINT has_parent REFERENCES parents, other int REFERENCES plain);
SELECT insert_rows('children', '[{"id": 1, "parent": 1}]');
SELECT outcome_of(format('SELECT load_csv(''children'', %L, columns => ARRAY[''id'', ''parent'']::name[])', :'csv'));
SELECT backup_id AS children FROM backup_table('children', :'backups') \gset
SELECT rows_restored FROM restore_table('children', :'children', :'backups');
COPY children (id, parent) FROM STDIN;
1	2
\.
SELECT * FROM children ORDER BY id;
-- a key that is not checked now is none
SET session_replication_role = replica;
SELECT rows_loaded FROM insert_rows('children', '[{"id": 3, "parent": 7}]');
RESET session_replication_role;
ALTER TABLE children DISABLE TRIGGER ALL;
SELECT rows_loaded FROM insert_rows('children', '[{"id": 4, "parent": 7}]');
ALTER TABLE children ENABLE TRIGGER ALL;
SELECT outcome_of($$SELECT insert_rows('children', '[{"id": 5}]')$$);
ALTER TABLE children DROP CONSTRAINT has_parent;
SELECT rows_loaded FROM insert_rows('children', '[{"id": 5, "other": 1}]');
-- what is missing there is missing, row by row and in bulk, whatever the triggers do; keys that come from a trigger are asked for
CREATE TABLE sons (id int PRIMARY KEY, parent int CONSTRAINT has_parent REFERENCES parents, other int REFERENCES plain);
SELECT rows_loaded, rejects FROM insert_rows('sons', '[{"id": 1, "parent": 1, "other": 1}, {"id": 2, "parent": 2, "other": 9}, {"id": 3}]');
CREATE FUNCTION adopt() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.parent := NEW.id / 10; RETURN NEW; END';
CREATE TRIGGER adopt BEFORE INSERT ON sons FOR EACH ROW EXECUTE FUNCTION adopt();
SELECT rows_loaded, rows_rejected, jsonb_path_query_array(rejects, '$[*].row')
FROM insert_rows('sons', (SELECT json_agg(json_build_object('id', id)) FROM generate_series(8, 21) id));
SELECT id, parent FROM sons ORDER BY id;
DROP TABLE sons;
-- a parent that is taken between two requests, a partition of a parent
SELECT engine.take('plain');
SELECT outcome_of($$SELECT insert_rows('children', '[{"id": 6, "other": 1}]')$$);
DROP TABLE children;
CREATE TABLE parts (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (10) TO (20);
INSERT INTO parts VALUES (1);
CREATE TABLE children (id int, part int REFERENCES parts);
SELECT rows_loaded FROM insert_rows('children', '[{"id": 1, "part": 1}]');
SELECT engine.take('parts_2');
SELECT outcome_of($$SELECT insert_rows('children', '[{"id": 2, "part": 1}]')$$);

-- a partitioned table, one partition of which is the engine's: rows may not go there, nor is any read
SELECT rows_loaded FROM insert_rows('parts', '[{"id": 2}]');
SELECT insert_rows('parts', '[{"id": 3}, {"id": 12}]');
COPY parts FROM STDIN WITH (ON_ERROR reject);
4
13
\.
SELECT outcome_of($$SELECT insert_rows('parts_2', '[{"id": 12}]')$$);
COPY parts_2 TO STDOUT;
SELECT * FROM parts;
CREATE TABLE keeps (id int) PARTITION BY LIST (id);
CREATE TABLE keeps_1 PARTITION OF keeps FOR VALUES IN (1);
SELECT backup_id AS keeps FROM backup_table('keeps', :'backups') \gset
SELECT engine.take('keeps_1');
SELECT outcome_of(format('SELECT restore_table(''keeps'', %L, %L)', :'keeps', :'backups'));
-- a partition with a key of its own
ALTER TABLE parts_1 ADD FOREIGN KEY (id) REFERENCES parents NOT VALID;
SELECT outcome_of($$SELECT insert_rows('parts', '[{"id": 5}]')$$);
-- the root itself
CREATE TABLE root (id int) PARTITION BY LIST (id);
CREATE TABLE root_1 PARTITION OF root FOR VALUES IN (1);
SELECT engine.take('root');
SELECT outcome_of($$SELECT insert_rows('root', '[{"id": 1}]')$$);
COPY root_1 TO STDOUT;

-- an access method may have scans of its own
CREATE ACCESS METHOD other_heap TYPE TABLE HANDLER heap_tableam_handler;
CREATE TABLE columnar (id int) USING other_heap;
SELECT engine.take('columnar', 'scans');
SELECT rows_loaded FROM insert_rows('columnar', '[{"id": 1}]');
SELECT rows FROM backup_table('columnar', :'backups');

-- Beside an engine, ordinary tables of every kind are as they were.
DROP TABLE measures, later, plain CASCADE;
CREATE TABLE measures (id int, word text);
CREATE TABLE log (id int);
CREATE RULE nothing AS ON INSERT TO measures DO INSTEAD NOTHING;
CREATE RULE also AS ON INSERT TO log DO ALSO SELECT 1;
SELECT rows_loaded FROM insert_rows('measures', '[{"id": 1}]');
SELECT rows_loaded FROM insert_rows('log', '[{"id": 1}]');
CREATE TEMP TABLE for_now (id int);
CREATE UNLOGGED TABLE unlogged (id int);
CREATE TABLE generated (id int, twice int GENERATED ALWAYS AS (id * 2) STORED, n int GENERATED ALWAYS AS IDENTITY);
CREATE TABLE nothing ();
CREATE TABLE dropped (a int, b text);
ALTER TABLE dropped DROP a, DROP b;
CREATE TABLE empty_root (id int) PARTITION BY LIST (id);
CREATE TABLE family (id int CHECK (false) NO INHERIT);
CREATE TABLE family_child () INHERITS (family);
CREATE DOMAIN filled AS text NOT NULL CHECK (VALUE <> '');
CREATE TABLE domains (id int PRIMARY KEY, word filled);
CREATE TABLE "Odd ""name""" (id int PRIMARY KEY);
CREATE TABLE self (id int PRIMARY KEY, parent int REFERENCES self);
SELECT target, rows_loaded, rows_rejected
FROM unnest(ARRAY['for_now', 'unlogged', 'generated', 'family_child', 'family', '"Odd ""name"""', 'self', 'empty_root']) target,
    LATERAL insert_rows(target::regclass, '[{"id": 1}]');
SELECT rows_loaded, rows_rejected FROM insert_rows('nothing', '[{}]');
SELECT rows_loaded, rows_rejected FROM insert_rows('dropped', '[{}]');
SELECT rows_loaded, rows_rejected FROM insert_rows('domains', '[{"id": 1, "word": ""}, {"id": 2, "word": "w"}]');
SELECT target, rows
FROM unnest(ARRAY['unlogged', 'generated', 'family', 'nothing', 'dropped', 'empty_root', 'domains', 'self']) target,
    LATERAL backup_table(target::regclass, :'backups');
SELECT table_name, rows_restored FROM unnest(ARRAY['generated', 'family', 'nothing', 'dropped', 'empty_root', 'domains', 'self']) target,
    LATERAL restore_table(target, directory => :'backups');
SET enable_seqscan = off;
CREATE TABLE covered (a int PRIMARY KEY);
SELECT rows_loaded FROM insert_rows('covered', '[{"a": 1}]');
SELECT rows FROM backup_table('covered', :'backups');
SELECT rows FROM backup_table('domains', :'backups');
SELECT rows_loaded FROM insert_rows('domains', '[{"id": 3, "word": "w"}]');
SELECT rows FROM backup_table('"Odd ""name"""', :'backups');
RESET enable_seqscan;
CREATE VIEW shown AS SELECT * FROM domains;
CREATE MATERIALIZED VIEW stored AS SELECT * FROM domains;
COPY shown TO :'file' WITH (FORMAT avro);
SELECT count(*) FROM read_avro(NULL::domains, :'file');
COPY stored TO :'file' WITH (FORMAT avro);
SELECT count(*) FROM read_avro(NULL::domains, :'file');
-- privileges on some columns, and policies
CREATE TABLE guarded (id int, secret text);
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY low ON guarded USING (id < 10);
CREATE ROLE regress_reader;
GRANT SELECT (id), INSERT (id) ON guarded TO regress_reader;
SET ROLE regress_reader;
SELECT rows_loaded, rows_rejected FROM insert_rows('guarded', '[{"id": 1}, {"id": 10}]');
\o :file
COPY guarded (id) TO STDOUT WITH (FORMAT avro);
\o
SELECT outcome_of($$SELECT insert_rows('domains', '[{"id": 4}]')$$);
RESET ROLE;
SELECT count(*) FROM read_avro(NULL::guarded, :'file');
-- An engine's table with rights on columns, keys and policies: the engine's own table has the rules, and counts its statements
CREATE SEQUENCE statements;
CREATE FUNCTION count_statement() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN PERFORM nextval('public.statements'); RETURN NULL; END $$;
CREATE FUNCTION engine.take_all(target regclass, rights text = 'ALL') RETURNS void LANGUAGE plpgsql AS $$
DECLARE side text := 'engine.rows_' || target::oid;
BEGIN
    EXECUTE format('CREATE TABLE %s (LIKE %s INCLUDING ALL)', side, target);
    EXECUTE format('CREATE TRIGGER count AFTER INSERT ON %s EXECUTE FUNCTION count_statement()', side);
    EXECUTE format('GRANT %s ON %s, %s TO regress_reader', rights, target, side);
    PERFORM engine.changed(target);
END $$;
GRANT pg_read_server_files TO regress_reader;
-- the statement computes the columns that it does not name
CREATE TABLE dated (a int NOT NULL, at timestamptz NOT NULL DEFAULT now(), n int DEFAULT 5 CHECK (n IS NOT NULL), CHECK (a <> n));
SELECT engine.take_all('dated', 'INSERT (a)');
GRANT SELECT ON dated TO regress_reader;
COPY (VALUES ('1'), ('x'), ('5'), (''), ('2')) TO :'csv' WITH (FORMAT csv);
SET ROLE regress_reader;
SELECT rows_loaded, rows_rejected FROM load_csv('dated', :'csv', columns => '{a}');
SELECT rows_loaded, jsonb_path_query_array(rejects, '$[*].sqlstate') FROM insert_rows('dated', '[{"a": 1}, {"a": null}, {"a": 5}, {}]');
RESET ROLE;
SELECT a, n, at IS NULL AS undated FROM dated ORDER BY a;
-- equal keys of other bytes in one file: the later one takes the place, as by INSERTs one after the other
CREATE TABLE equals (n numeric PRIMARY KEY, word text);
SELECT engine.take_all('equals');
COPY (VALUES ('1', 'a'), ('2', 'b'), ('1.0', 'c'), ('3', 'd'), ('3.00', 'e')) TO :'csv' WITH (FORMAT csv);
SELECT rows_loaded, rows_rejected FROM load_csv('equals', :'csv', on_conflict => 'update');
SELECT * FROM equals ORDER BY n;
-- a row that a policy does not allow is rejected; a right that is missing where the rows are is nothing of a row
CREATE TABLE owned (id int PRIMARY KEY, who text);
ALTER TABLE owned ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON owned USING (who = CURRENT_USER);
SELECT engine.take_all('owned');
CREATE TABLE unreached (id int);
SELECT engine.take('unreached');
GRANT ALL ON unreached TO regress_reader;
SET ROLE regress_reader;
SELECT rows_loaded, jsonb_path_query_array(rejects, '$[*].sqlstate')
FROM insert_rows('owned', '[{"id": 1, "who": "regress_reader"}, {"id": 2, "who": "other"}, {"id": 1, "who": "regress_reader"}, {"id": 3, "who": "regress_reader"}]');
SELECT left(outcome_of($$SELECT insert_rows('unreached', '[{"id": 1}]')$$), 5) AS sqlstate;
RESET ROLE;
SELECT * FROM owned ORDER BY id;
-- any unique key that rows cannot do without tells which rows came: one statement does it
CREATE TABLE numbered (id int NOT NULL UNIQUE, word text);
SELECT engine.take_all('numbered');
COPY (SELECT g - (g % 100 = 0)::int, 'word ' || g FROM generate_series(1, 1000) g) TO :'csv' WITH (FORMAT csv);
SELECT setval('statements', 1);
SELECT rows_loaded, rows_rejected FROM load_csv('numbered', :'csv');
SELECT last_value - 1 AS statements FROM statements;
SELECT row_number, sqlstate, constraint_name, reason FROM ferry_rejects WHERE load_id = (SELECT max(load_id) FROM ferry_loads) ORDER BY row_number LIMIT 2;
SELECT rows_loaded, rows_skipped FROM load_csv('numbered', :'csv', on_conflict => 'skip');
SELECT count(*), count(DISTINCT id) FROM numbered;
-- keys that say nothing of some rows do not
CREATE TABLE half_numbered (id int UNIQUE, word text NOT NULL, late int NOT NULL UNIQUE DEFERRABLE);
CREATE UNIQUE INDEX ON half_numbered (word) WHERE id > 500;
SELECT engine.take_all('half_numbered');
COPY (SELECT NULLIF(g % 100, 0), 'word', g FROM generate_series(1, 102) g) TO :'csv' WITH (FORMAT csv);
SELECT rows_loaded, rows_rejected FROM load_csv('half_numbered', :'csv');
-- values that are refused and rows that break a CHECK cost no rollback, of which an engine would tell all its servers
CREATE FUNCTION engine.rollbacks() RETURNS bigint AS '$libdir/ferry_engine_test', 'engine_rollbacks' LANGUAGE C;
CREATE TYPE size AS ENUM ('small', 'large');
CREATE TABLE refused (id int PRIMARY KEY, day date, price numeric(6, 2) CONSTRAINT not_less CHECK (price >= 0), size size, flag boolean,
    facts jsonb, at timestamptz, word varchar(5), CONSTRAINT whole CHECK (id < 1000));
SELECT engine.take_all('refused');
COPY (VALUES ('1', '2024-01-01', '1', 'small', 't', '{}', '2024-01-01', 'word'), ('x', '2024-01-02', '1', 'small', 't', '{}', NULL, 'word'),
    ('3', '2024-02-30', '1', 'small', 't', '{}', NULL, 'word'), ('4', 'no day', '1', 'small', 't', '{}', NULL, 'word'),
    ('5', NULL, '12345', 'small', 't', '{}', NULL, 'word'), ('6', NULL, '1', 'middle', 't', '{}', NULL, 'word'),
    ('7', NULL, '1', 'small', 'maybe', '{}', NULL, 'word'), ('8', NULL, '1', 'small', 't', '{', NULL, 'word'),
    ('9', NULL, '1', 'small', 't', '{}', '2024-01-01 25:00', 'word'), ('10', NULL, '1', 'small', 't', '{}', NULL, 'words and more'),
    ('11', NULL, '-1', 'small', 't', '{}', NULL, 'word'), ('1012', NULL, '1', 'small', 't', '{}', NULL, 'word'),
    ('12', NULL, NULL, NULL, NULL, NULL, NULL, NULL)) TO :'csv' WITH (FORMAT csv);
SELECT engine.rollbacks() AS before \gset
SELECT rows_loaded, rows_rejected FROM load_csv('refused', :'csv');
SELECT engine.rollbacks() - :before AS rollbacks;
SELECT row_number, sqlstate, column_name, constraint_name, reason, detail FROM ferry_rejects
    WHERE load_id = (SELECT max(load_id) FROM ferry_loads) ORDER BY row_number;
-- An extension whose hook gets in front while a statement of the session is analyzed, and refuses options of COPY that it does not
-- know: ours is in front of that again, and core's COPY is the extension's as before.
CREATE FUNCTION engine.guard_copies() RETURNS void AS '$libdir/ferry_engine_test', 'engine_guard_copies' LANGUAGE C;
\c regression_engines
SET client_min_messages = warning;
SELECT engine.guard_copies();
LOAD 'pg_ferry';
COPY domains FROM PROGRAM 'echo 7,w; echo 7,w' WITH (FORMAT csv, ON_ERROR reject);
COPY domains TO :'file' WITH (FORMAT avro);
COPY domains TO STDOUT WITH (FORMAT csv, NULL 'x');
SELECT count(*) FROM domains WHERE id = 7;
\c regression
SET client_min_messages = warning;
DROP DATABASE regression_engines;
DROP ROLE regress_reader;

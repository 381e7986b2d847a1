-- Tables whose rows an extension stores elsewhere are exported and backed up through it, and their rows are all there: those of
-- tests/engine, partitions of another server, children by inheritance. The oracle is what SELECT shows.
\getenv build_dir PG_ABS_BUILDDIR
\set file :build_dir '/table_engine_exports.avro'
\set backups :build_dir '/table_engine_exports'
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE DATABASE regression_engine_exports;
\c regression_engine_exports
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
LOAD 'pg_ferry';
CREATE SCHEMA engine;
CREATE FUNCTION engine.changed(regclass) RETURNS void STRICT AS '$libdir/ferry_engine_test', 'engine_changed' LANGUAGE C;
-- Gives a table to the engine: the rows are in a side table, or, where it deals in chunks, in a child of the table.
CREATE FUNCTION engine.take(target regclass, kind text = 'rows') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE engine.%I (LIKE %s INCLUDING ALL) %s', kind || '_' || target::oid, target,
                   CASE kind WHEN 'chunks' THEN format('INHERITS (%s)', target) END);
    PERFORM engine.changed(target);
END $$;
-- The SQLSTATE and the message of a statement.
CREATE FUNCTION outcome_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
-- How many rows a table and a file have, and whether they are the same.
CREATE FUNCTION compare(target regclass, path text, OUT in_table bigint, OUT in_file bigint, OUT same boolean) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SELECT count(*), (SELECT count(*) FROM read_avro(NULL::%1$s, %2$L)),
                        md5(string_agg(t::text, '','' ORDER BY t::text)) =
                        (SELECT md5(string_agg(f::text, '','' ORDER BY f::text)) FROM read_avro(NULL::%1$s, %2$L) f)
                    FROM %1$s t', target, path)
    INTO in_table, in_file, same;
END $$;
-- What a backup of one table has of it, by its file and by its manifest.
CREATE FUNCTION back_up(target regclass, directory text, OUT rows bigint, OUT in_file bigint, OUT same boolean, OUT in_snapshot boolean)
LANGUAGE plpgsql AS $$
DECLARE file text; id text;
BEGIN
    SELECT b.path, b.rows, b.backup_id INTO file, rows, id FROM backup_table(target, directory) b;
    SELECT c.in_file, c.same INTO in_file, same FROM compare(target, file) c;
    SELECT t->>'in_snapshot' INTO in_snapshot
    FROM json_array_elements(pg_read_file(regexp_replace(file, '[^/]*$', 'manifest.json'))::json->'tables') t;
    ASSERT (SELECT bool_and(ok) FROM verify_backup(id, directory));
END $$;

-- An engine's table
CREATE TABLE measures (id int PRIMARY KEY, word text NOT NULL, twice int GENERATED ALWAYS AS (id * 2) STORED);
SELECT engine.take('measures');
INSERT INTO measures SELECT g, 'word ' || g FROM generate_series(1, 1000) g;
COPY measures TO STDOUT;
COPY measures TO :'file' WITH (FORMAT avro);
SELECT * FROM compare('measures', :'file');
COPY measures (word) TO :'file' WITH (FORMAT avro);
SELECT count(*), min(word), max(word) FROM read_avro(:'file') AS f (word text);
SELECT * FROM back_up('measures', :'backups');
-- one whose rows are in children, in another schema
CREATE TABLE readings (at timestamptz NOT NULL, value float8);
SELECT engine.take('readings', 'chunks');
INSERT INTO readings SELECT '2021-01-01'::timestamptz + g * interval '1 hour', g / 7.0 FROM generate_series(1, 1000) g;
SELECT count(*) FROM ONLY readings;
COPY readings TO :'file' WITH (FORMAT avro);
SELECT * FROM compare('readings', :'file');
SET client_min_messages = notice;
SELECT * FROM back_up('readings', :'backups');
RESET client_min_messages;
SET client_min_messages = warning;
-- one where scans alone are the engine's
CREATE TABLE moved (id int);
SELECT engine.take('moved', 'scans');
DO $$ BEGIN EXECUTE format('INSERT INTO engine.scans_%s SELECT generate_series(1, 10)', 'moved'::regclass::oid); END $$;
COPY moved TO :'file' WITH (FORMAT avro);
SELECT * FROM compare('moved', :'file');
SELECT * FROM back_up('moved', :'backups');
-- a partition of an ordinary table
CREATE TABLE parts (id int, word text) PARTITION BY RANGE (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
CREATE TABLE parts_2 (word text, id int);
ALTER TABLE parts ATTACH PARTITION parts_2 FOR VALUES FROM (10) TO (20);
SELECT engine.take('parts_2');
INSERT INTO parts VALUES (1, 'one'), (2, 'two');
INSERT INTO parts_2 VALUES ('eleven', 11), ('twelve', 12);
COPY parts TO :'file' WITH (FORMAT avro);
SELECT * FROM compare('parts', :'file');
SELECT * FROM back_up('parts', :'backups');
SELECT * FROM back_up('parts_1', :'backups');
SELECT * FROM back_up('parts_2', :'backups');
-- a partitioned table that is the engine's with its partitions
CREATE TABLE root (id int) PARTITION BY LIST (id);
CREATE TABLE root_1 PARTITION OF root FOR VALUES IN (1);
SELECT engine.take('root');
INSERT INTO root VALUES (1);
COPY root TO :'file' WITH (FORMAT avro);
SELECT * FROM compare('root', :'file');
SELECT * FROM back_up('root', :'backups');

-- Another server: a partition of a partitioned table. NOT NULL is a promise of ours that it need not keep.
CREATE EXTENSION postgres_fdw;
SELECT current_database() AS here, current_setting('unix_socket_directories') AS socket, current_setting('port') AS port \gset
CREATE SERVER loop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (dbname :'here', host :'socket', port :'port');
CREATE USER MAPPING FOR CURRENT_USER SERVER loop OPTIONS (user :'USER');
CREATE TABLE far (id int, word text);
INSERT INTO far SELECT g, nullif('far ' || g, 'far 1500') FROM generate_series(1000, 1999) g;
CREATE TABLE spread (id int, word text NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE spread_near PARTITION OF spread FOR VALUES FROM (0) TO (1000);
CREATE FOREIGN TABLE spread_far PARTITION OF spread FOR VALUES FROM (1000) TO (2000) SERVER loop OPTIONS (table_name 'far');
INSERT INTO spread_near SELECT g, 'near ' || g FROM generate_series(0, 999) g;
COPY spread TO :'file' WITH (FORMAT avro);
SELECT * FROM compare('spread', :'file');
SELECT * FROM back_up('spread', :'backups');
SELECT outcome_of(format('SELECT backup_table(''spread_far'', %L)', :'backups'));
COPY spread_far TO :'file' WITH (FORMAT avro);

-- What is not a table: views, materialized views; and what the user may see of a table
CREATE VIEW seen AS SELECT id, word FROM measures WHERE id <= 100;
CREATE MATERIALIZED VIEW kept AS SELECT * FROM seen;
COPY seen TO :'file' WITH (FORMAT avro);
SELECT * FROM compare('seen', :'file');
COPY kept TO :'file' WITH (FORMAT avro);
SELECT * FROM compare('kept', :'file');
SELECT outcome_of(format('SELECT backup_table(%L, %L)', target, :'backups')) FROM unnest(ARRAY['seen', 'kept']) target;
CREATE ROLE regress_engine_reader;
CREATE POLICY few ON measures USING (id <= 7);
ALTER TABLE measures ENABLE ROW LEVEL SECURITY;
GRANT SELECT (id, word, twice) ON measures TO regress_engine_reader;
DO $$ BEGIN EXECUTE format('GRANT SELECT ON engine.rows_%s TO regress_engine_reader', 'measures'::regclass::oid); END $$;
SET ROLE regress_engine_reader;
\o :file
COPY measures TO STDOUT WITH (FORMAT avro);
\o
COPY readings TO STDOUT WITH (FORMAT avro);
RESET ROLE;
SELECT count(*), max(id) FROM read_avro(NULL::measures, :'file');
ALTER TABLE measures DISABLE ROW LEVEL SECURITY;

-- A schema: an engine's tables are in it, what is theirs in other places is not, nor is what an engine hides from queries.
SET client_min_messages = notice;
SELECT table_name, rows FROM backup_schema('public', :'backups');
RESET client_min_messages;
SET client_min_messages = warning;
SELECT table_name, rows FROM backup_schema('engine', :'backups') WHERE table_name ~ 'chunks';
CREATE TABLE in_place (id int);
ALTER TABLE in_place SET SCHEMA engine;
SELECT engine.take('engine.in_place', 'chunks');
INSERT INTO engine.in_place VALUES (1);
SELECT table_name, rows FROM backup_schema('engine', :'backups') WHERE table_name !~ 'rows|scans';
CREATE TABLE engine.hidden_1 (id int);
SELECT table_name, rows FROM backup_schema('engine', :'backups') WHERE table_name !~ 'rows|scans';

-- Children by inheritance are tables of their own; a NOTICE tells how many are not in the backup, and what to write instead.
CREATE TABLE mother (id int);
CREATE TABLE daughter () INHERITS (mother);
CREATE SCHEMA abroad;
CREATE TABLE abroad."Odd son" () INHERITS (mother);
CREATE TABLE abroad.grandson () INHERITS (abroad."Odd son");
CREATE TEMP TABLE for_now () INHERITS (mother);
INSERT INTO mother VALUES (1);
INSERT INTO daughter VALUES (2);
INSERT INTO abroad."Odd son" VALUES (3);
INSERT INTO abroad.grandson VALUES (4);
SET client_min_messages = notice;
SELECT table_name, rows FROM backup_table('mother', :'backups');
SELECT table_name, rows FROM backup_tables(ARRAY['mother', 'daughter', 'abroad."Odd son"']::regclass[], :'backups');
SELECT table_name, rows FROM backup_tables(ARRAY['mother', 'daughter', 'abroad."Odd son"', 'abroad.grandson']::regclass[], :'backups');
SELECT table_name, rows FROM backup_table('daughter', :'backups');
SELECT table_name, rows FROM backup_schema('public', :'backups') WHERE table_name ~ 'mother|daughter';
CREATE FOREIGN TABLE stepson () INHERITS (mother) SERVER loop OPTIONS (table_name 'far');
SELECT table_name, rows FROM backup_tables(ARRAY['mother', 'daughter', 'abroad."Odd son"', 'abroad.grandson']::regclass[], :'backups');
RESET client_min_messages;
COPY mother TO :'file' WITH (FORMAT avro);
SELECT * FROM read_avro(NULL::mother, :'file');

\c regression
SET client_min_messages = warning;
DROP DATABASE regression_engine_exports;
DROP ROLE regress_engine_reader;

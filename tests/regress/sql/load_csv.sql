-- load_csv: good rows are inserted, each bad one is kept as it came, with line, column, SQLSTATE and reason.
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
RESET client_min_messages;
\getenv srcdir PG_ABS_SRCDIR
\getenv builddir PG_ABS_BUILDDIR
\set dirty :srcdir '/data/dirty.csv'
\set crlf :srcdir '/data/crlf.csv'
\set with_header :srcdir '/data/header.csv'
\set latin1 :srcdir '/data/latin1.csv'
\set negative :srcdir '/data/negative.csv'
\set empty :srcdir '/data/empty.csv'

CREATE TABLE parents (id int PRIMARY KEY);
INSERT INTO parents VALUES (10), (12), (15), (16), (20), (30), (40), (-1);
CREATE TABLE people (
    id serial PRIMARY KEY,
    name varchar(20) NOT NULL,
    parent int REFERENCES parents DEFERRABLE INITIALLY DEFERRED CHECK (parent > 0),
    born date,
    note text DEFAULT 'from default',
    upper_name text GENERATED ALWAYS AS (upper(name COLLATE "und-x-icu")) STORED
);

SELECT rows_read, rows_loaded, rows_rejected, rows_skipped, elapsed_ms > 0 AND elapsed_ms::text !~ '\.\d{4}' AS timed
FROM load_csv('people', :'dirty', columns => '{id,name,parent,born}');
SELECT * FROM people ORDER BY id;
SELECT row_number AS row, line_number AS line, sqlstate, column_name, constraint_name, raw_row, raw_bytes FROM ferry_rejects ORDER BY row_number;
SELECT row_number AS row, reason, detail FROM ferry_rejects ORDER BY row_number;
SELECT table_schema, table_name, right(source, 10) AS source, source_bytes, rows_read, rows_loaded, rows_rejected, rows_skipped, options
FROM ferry_loads;
-- explicit ids moved the sequence: a new row does not collide
INSERT INTO people (name) VALUES ('next') RETURNING id;

-- once more: what is there is rejected, skipped or updated
SELECT rows_read, rows_loaded, rows_rejected, rows_skipped FROM load_csv('people', :'dirty', '{id,name,parent,born}', on_conflict => 'skip');
UPDATE people SET name = 'changed', note = 'kept';
SELECT rows_read, rows_loaded, rows_rejected, rows_skipped FROM load_csv('people', :'dirty', '{id,name,parent,born}', on_conflict => 'update');
SELECT id, name, note, upper_name FROM people ORDER BY id;

-- a dry run leaves the report and nothing else
TRUNCATE people;
SELECT rows_read, rows_loaded, rows_rejected, rows_skipped FROM load_csv('people', :'dirty', '{id,name,parent,born}', dry_run => true);
SELECT count(*) FROM people;
SELECT count(*) FROM ferry_rejects WHERE load_id = (SELECT max(load_id) FROM ferry_loads);

-- over the limit nothing is loaded, and nothing is in the log
SELECT count(*) FROM ferry_loads;
SELECT load_csv('people', :'dirty', '{id,name,parent,born}', reject_limit => 2);
SELECT rows_rejected FROM load_csv('people', :'dirty', '{id,name,parent,born}', reject_limit => 13, dry_run => true);
SELECT count(*) FROM people;
SELECT count(*) FROM ferry_loads;

-- a sequence that counts down is moved down
CREATE SEQUENCE countdown INCREMENT -1;
CREATE TABLE negative (id int PRIMARY KEY DEFAULT nextval('countdown'), name text);
ALTER SEQUENCE countdown OWNED BY negative.id;
SELECT rows_loaded FROM load_csv('negative', :'negative');
INSERT INTO negative (name) VALUES ('next') RETURNING id;
DROP TABLE negative;

-- header, CRLF, encodings, other delimiters, nothing at all
CREATE TABLE simple (id int PRIMARY KEY, name text, amount int);
SELECT rows_read, rows_loaded, rows_rejected FROM load_csv('simple', :'crlf', header => true);
SELECT id, replace(name, E'\r', '<CR>') AS name FROM simple ORDER BY id;
TRUNCATE simple;
SELECT rows_loaded FROM load_csv('simple', :'with_header', header => true, delimiter => ';');
ALTER TABLE simple RENAME id TO "ID";
SELECT rows_loaded FROM load_csv('simple', :'with_header', header => true, delimiter => ';');
SELECT rows_loaded FROM load_csv('simple', :'with_header', columns => '{name,ID}', header => true, delimiter => ';', quote => '''');
SELECT * FROM simple ORDER BY 1;
TRUNCATE simple;
SELECT rows_loaded, rows_rejected FROM load_csv('simple', :'latin1', '{ID,name}', encoding => 'LATIN1');
SELECT rows_loaded, rows_rejected FROM load_csv('simple', :'latin1', '{ID,name}', dry_run => true);
SELECT raw_row, raw_bytes, sqlstate, reason, detail FROM ferry_rejects WHERE load_id = (SELECT max(load_id) FROM ferry_loads) ORDER BY row_number;
SELECT * FROM simple ORDER BY 1;
SELECT rows_read, rows_loaded, rows_rejected FROM load_csv('simple', :'empty');

-- rows meet triggers as with COPY, and see the rows before them
CREATE TABLE audited (id int PRIMARY KEY, name text);
CREATE TABLE events (n int GENERATED ALWAYS AS IDENTITY, what text);
CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_LEVEL = 'STATEMENT' THEN INSERT INTO events (what) VALUES (TG_WHEN || ' statement'); RETURN NULL; END IF;
    IF TG_WHEN = 'AFTER' THEN RETURN NULL; END IF;
    IF NEW.name = 'plain' THEN RETURN NULL; END IF;
    NEW.name := NEW.name || ' after ' || (SELECT count(*) FROM audited);
    RETURN NEW;
END $$;
CREATE TRIGGER b BEFORE INSERT ON audited FOR EACH ROW EXECUTE FUNCTION watch();
CREATE TRIGGER s BEFORE INSERT ON audited EXECUTE FUNCTION watch();
CREATE TRIGGER t AFTER INSERT ON audited EXECUTE FUNCTION watch();
INSERT INTO audited VALUES (7, 'first');
SELECT rows_read, rows_loaded, rows_rejected, rows_skipped FROM load_csv('audited', :'crlf', header => true);
SELECT id, replace(name, E'\r', '') FROM audited ORDER BY id;
SELECT what, count(*) FROM events GROUP BY what ORDER BY what;

-- partitions: the table that was named takes the rows, no partition is a reason to reject
CREATE TABLE parted (id int, name text, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE parted_low PARTITION OF parted FOR VALUES FROM (0) TO (2);
CREATE TABLE parted_other (name text, gone int, id int NOT NULL);
ALTER TABLE parted_other DROP COLUMN gone;
ALTER TABLE parted ATTACH PARTITION parted_other FOR VALUES FROM (2) TO (3);
SELECT rows_loaded, rows_rejected FROM load_csv('parted', :'crlf', header => true);
SELECT tableoid::regclass, id, replace(name, E'\r', '') AS name FROM parted ORDER BY id;
SELECT rows_loaded, rows_rejected FROM load_csv('parted', :'crlf', header => true, on_conflict => 'update');
SELECT row_number, sqlstate, column_name, constraint_name, reason FROM ferry_rejects r JOIN ferry_loads l USING (load_id) WHERE l.table_name = 'parted' ORDER BY load_id, row_number;

-- wrong arguments
SELECT load_csv('nowhere', '/nonexistent/file.csv');
SELECT load_csv('simple', NULL);
SELECT load_csv('simple', 'relative.csv');
SELECT load_csv('simple', '/tmp/../etc/passwd');
SELECT load_csv('simple', '/nonexistent/file.csv');
SELECT load_csv('simple', '/');
SELECT load_csv('simple', :'empty', columns => '{nope}');
SELECT load_csv('simple', :'empty', columns => '{name,name}');
SELECT load_csv('simple', :'empty', columns => '{}');
SELECT load_csv('people', :'empty', columns => '{upper_name}');
SELECT load_csv('simple', :'empty', header => true);
SELECT load_csv('simple', :'empty', delimiter => ',,');
SELECT load_csv('simple', :'empty', delimiter => '"');
SELECT load_csv('simple', :'empty', null_string => 'a,b');
SELECT load_csv('simple', :'empty', encoding => 'klingon');
SELECT load_csv('simple', :'empty', on_conflict => 'explode');
SELECT load_csv('simple', :'empty', reject_limit => -1);
CREATE VIEW fixed AS SELECT 1 AS id;
SELECT load_csv('fixed', :'empty');
DROP VIEW fixed;
SELECT load_csv('pg_class', :'empty');
CREATE TABLE keyless (id int);
SELECT load_csv('keyless', :'empty', on_conflict => 'update');
BEGIN READ ONLY;
SELECT load_csv('simple', :'empty');
ROLLBACK;

-- what a user may do and see
CREATE ROLE regress_loader;
CREATE ROLE regress_reader;
SET ROLE regress_loader;
SELECT load_csv('simple', :'latin1', '{ID,name}');
RESET ROLE;
GRANT pg_read_server_files TO regress_loader;
SET ROLE regress_loader;
SELECT load_csv('simple', :'latin1', '{ID,name}', encoding => 'LATIN1');
RESET ROLE;
GRANT INSERT ("ID", name) ON simple TO regress_loader;
TRUNCATE simple;
SET ROLE regress_loader;
SELECT load_csv('simple', :'latin1', '{ID,amount}', encoding => 'LATIN1');
SELECT load_csv('simple', :'latin1', '{ID,name}', encoding => 'LATIN1', on_conflict => 'update');
SELECT rows_loaded FROM load_csv('simple', :'latin1', '{ID,name}', encoding => 'LATIN1');
SELECT table_name, loaded_by FROM ferry_loads;
SELECT count(*) FROM ferry_rejects;
SELECT * FROM ferry_load_log;
SELECT nextval('ferry_load_id_seq');
SET ROLE regress_reader;
SELECT count(*) FROM ferry_loads;
RESET ROLE;
ALTER TABLE simple ENABLE ROW LEVEL SECURITY;
CREATE POLICY first ON simple FOR INSERT WITH CHECK ("ID" = 1);
TRUNCATE simple;
SET ROLE regress_loader;
SELECT rows_loaded, rows_rejected FROM load_csv('simple', :'latin1', '{ID,name}', encoding => 'LATIN1');
SELECT row_number, sqlstate, reason FROM ferry_rejects WHERE load_id = (SELECT max(load_id) FROM ferry_loads) ORDER BY row_number;
RESET ROLE;
DROP OWNED BY regress_loader;
DROP ROLE regress_loader, regress_reader;

-- an error that is no row's fault ends the load
CREATE TABLE broken (id int, name text CHECK (pg_catalog.length(name) / 0 > 1));
SELECT rows_rejected FROM load_csv('broken', :'latin1', encoding => 'LATIN1');
CREATE FUNCTION fail_hard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no space' USING ERRCODE = '53100'; END $$;
CREATE TRIGGER f BEFORE INSERT ON keyless FOR EACH ROW EXECUTE FUNCTION fail_hard();
ALTER TABLE keyless ADD name text;
SELECT load_csv('keyless', :'latin1', encoding => 'LATIN1');
-- sequences that start where numbers end
CREATE TABLE lowest (id bigint GENERATED BY DEFAULT AS IDENTITY (MINVALUE -9223372036854775808), n int);
SELECT rows_loaded FROM insert_rows('lowest', '[{"id": -9223372036854775807}, {"id": -9223372036854775808}]');
INSERT INTO lowest (n) VALUES (1) RETURNING id;
CREATE TABLE highest (id bigint GENERATED BY DEFAULT AS IDENTITY (INCREMENT -1 MAXVALUE 9223372036854775807), n int);
SELECT rows_loaded FROM insert_rows('highest', '[{"id": 9223372036854775807}]');
INSERT INTO highest (n) VALUES (1) RETURNING id;
-- one that is past a value already stays where it is
CREATE TABLE strides (id int GENERATED BY DEFAULT AS IDENTITY (START 10 INCREMENT 10), n int);
SELECT rows_loaded FROM insert_rows('strides', '[{"id": 3}]');
INSERT INTO strides (n) VALUES (1) RETURNING id;
-- the sequence of a column whose type is a domain
CREATE DOMAIN number AS int;
CREATE SEQUENCE numbers;
CREATE TABLE counted (id number DEFAULT nextval('numbers'), n int);
ALTER SEQUENCE numbers OWNED BY counted.id;
SELECT rows_loaded FROM insert_rows('counted', '[{"id": 7}]');
INSERT INTO counted (n) VALUES (1) RETURNING id;

-- a line of nothing but delimiters takes no more memory than it has to
\set file :builddir '/results/delimiters.csv'
COPY (SELECT '1,' UNION ALL SELECT repeat(',', n) FROM (VALUES (99999), (200000)) v(n)) TO :'file';
SELECT rows_read, rows_loaded, rows_rejected FROM load_csv('counted', :'file');
SELECT row_number, length(raw_row), reason, detail FROM ferry_rejects WHERE load_id = (SELECT max(load_id) FROM ferry_loads) ORDER BY row_number;
COPY (SELECT string_agg('c' || n, ',') FROM generate_series(1, 100001) n) TO :'file';
SELECT load_csv('counted', :'file', '{id}', header => true);

-- a table that is none
SELECT load_csv(4294967295::regclass, :'latin1');
DROP TABLE people, parents, simple, audited, events, parted, keyless, broken, lowest, highest, strides, counted;
DROP DOMAIN number;
DROP FUNCTION watch, fail_hard;
DROP EXTENSION pg_ferry;

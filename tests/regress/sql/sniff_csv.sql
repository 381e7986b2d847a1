-- sniff_csv says what a file is like, and how to make a table and load it; create_table_from does both.
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
RESET client_min_messages;
CREATE SCHEMA regress_sniff;
SET search_path = regress_sniff, public;
SET TimeZone = 'UTC';
SET DateStyle = 'ISO, MDY';
\getenv srcdir PG_ABS_SRCDIR
\getenv builddir PG_ABS_BUILDDIR
\set shop :srcdir '/data/shop.csv'
\set plain :srcdir '/data/plain.csv'
\set hostile :srcdir '/data/hostile.csv'
\set empty :srcdir '/data/empty.csv'
\set latin1 :srcdir '/data/latin1.csv'
\set folder :srcdir '/data'

SELECT compression, encoding, line_end, delimiter, quote, escape, comment, skip_lines, header, null_strings, records_sampled
FROM sniff_csv(:'shop');
SELECT column_names, column_types FROM sniff_csv(:'shop');
\pset format unaligned
SELECT create_table, replace(load_command, :'srcdir', '') AS load_command FROM sniff_csv(:'shop');
\pset format aligned
-- a sample ends where it is told to
SELECT records_sampled, column_types FROM sniff_csv(:'plain', 40);
SELECT encoding, column_names FROM sniff_csv(:'latin1');

-- both statements work as they are
SELECT create_table FROM sniff_csv(:'plain') \gset
SET regress.plain = :'plain';
:create_table
DO $$
DECLARE
    load record;
BEGIN
    EXECUTE (SELECT s.load_command FROM sniff_csv(current_setting('regress.plain')) s) INTO load;
    RAISE NOTICE '% loaded, % rejected', load.rows_loaded, load.rows_rejected;
END $$;
SELECT * FROM plain ORDER BY id;

-- the whole file decides, dates are read as they were meant, and titles are kept
SELECT rows_read, rows_loaded, rows_rejected, rows_skipped, elapsed_ms > 0 AS timed FROM create_table_from(:'shop', 'shop', '{order_no}');
SELECT * FROM shop ORDER BY order_no;
SHOW DateStyle;
\d shop
SELECT attname, col_description(attrelid, attnum) FROM pg_attribute WHERE attrelid = 'shop'::regclass AND attnum > 0 ORDER BY attnum;
SELECT source LIKE '%/shop.csv' AS source, table_name, rows_loaded FROM ferry_loads ORDER BY load_id DESC LIMIT 1;

-- a table alone
SELECT load_id, rows_read, rows_loaded, rows_rejected, rows_skipped FROM create_table_from(:'plain', 'alone', load => false);
SELECT count(*) FROM alone;

-- a row that breaks the key is a reject, as in every load
\set doubled :srcdir '/data/doubled.csv'
SELECT rows_read, rows_loaded, rows_rejected FROM create_table_from(:'doubled', 'doubled', '{id}');
SELECT sqlstate, reason FROM ferry_rejects WHERE load_id = (SELECT max(load_id) FROM ferry_loads);

-- and is read again as the file meant it, whatever the session's style
\set day_first :srcdir '/data/day_first.csv'
SELECT load_id, rows_read, rows_loaded, rows_rejected FROM create_table_from(:'day_first', 'born', '{id}') \gset first_
UPDATE born SET id = 3 WHERE id = 1;
SELECT rows_loaded FROM reload_rejects(:first_load_id);
SELECT * FROM born ORDER BY id;
SELECT options ->> 'date_style' FROM ferry_loads WHERE load_id = :first_load_id;

-- where the name says so: in a schema, or as a temporary table
CREATE SCHEMA "My Schema";
SELECT rows_loaded FROM create_table_from(:'plain', '"My Schema"."My Table"');
SELECT count(*) FROM "My Schema"."My Table";
CREATE TEMP TABLE shadowed (x int);
SELECT rows_loaded FROM create_table_from(:'plain', 'shadowed');
SELECT count(*) FROM regress_sniff.shadowed;
SELECT count(*) FROM pg_temp.shadowed;
SELECT rows_loaded FROM create_table_from(:'plain', 'pg_temp.passing');

-- a load takes what it is not told from the file, and nothing of what it is told
\set sniffed :builddir '/sniff_csv.csv'
SELECT E'Made by hand\n\n# the header\nID;Born On;Size\n1; 31/12/2021 ;3"\n# one more\n2; NA ;5" x\n3;01/02/2022;6"\n4;28/02/2022;7"\n' \g (format=unaligned tuples_only=on) :sniffed
CREATE TABLE sizes (id int, size text, born_on date);
SELECT rows_read, rows_loaded, rows_rejected FROM load_csv('sizes', :'sniffed', sniff => true);
SELECT * FROM sizes ORDER BY id;
SELECT options - 'encoding' AS options FROM ferry_loads ORDER BY load_id DESC LIMIT 1;
TRUNCATE sizes;
SELECT rows_read, rows_loaded, rows_rejected FROM load_csv('sizes', :'sniffed', '{id,size}', sniff => true, quotes => 'strict', null_strings => '{}', skip_lines => 3, comment => '2');
SELECT * FROM sizes ORDER BY id;
SELECT line_number, reason FROM ferry_rejects WHERE load_id = (SELECT max(load_id) FROM ferry_loads) ORDER BY row_number;
SELECT rows_read, rows_loaded, rows_rejected FROM load_csv('sizes', :'sniffed', sniff => true, delimiter => '|');
\set SHOW_CONTEXT never
SELECT load_csv('sizes', :'empty', sniff => true);
\set SHOW_CONTEXT errors
SELECT load_csv('sizes', '/dev/null', sniff => true);
DROP TABLE sizes;
-- dates of which the file does not tell the order: the load tells so, and the reload in which order it has read them
CREATE TABLE met (id int CHECK (id < 3), met date);
SELECT E'id,met\n1,01/02/2021\n2,05/02/2021\n3,06/02/2021\n' \g (format=unaligned tuples_only=on) :sniffed
SELECT load_id AS met_load FROM load_csv('met', :'sniffed', sniff => true) \gset
ALTER TABLE met DROP CONSTRAINT met_id_check;
SET DateStyle = 'ISO, DMY';
SET client_min_messages = error;
SELECT rows_loaded FROM reload_rejects(:met_load);
RESET client_min_messages;
SET DateStyle = 'ISO, MDY';
SELECT options ->> 'session_date_style' FROM ferry_loads WHERE load_id = :met_load;
SELECT * FROM met ORDER BY id;
DROP TABLE met;

-- what a file says is never SQL
CREATE TABLE victim (x int);
\pset format unaligned
SELECT create_table, replace(load_command, :'srcdir', '') AS load_command FROM sniff_csv(:'hostile');
\pset format aligned
SELECT rows_loaded, rows_rejected FROM create_table_from(:'hostile', 'hostile"; DROP TABLE victim; --');
SELECT rows_loaded, rows_rejected FROM create_table_from(:'hostile', '"hostile""; DROP TABLE victim; --"');
SELECT count(*) FROM victim;

-- errors, of which nothing is left
\set VERBOSITY sqlstate
SELECT * FROM sniff_csv(:'empty');
SELECT * FROM sniff_csv(:'folder');
SELECT * FROM sniff_csv('/not/there.csv');
SELECT * FROM sniff_csv('there.csv');
SELECT * FROM sniff_csv('/tmp/../etc/passwd');
SELECT * FROM sniff_csv(NULL);
SELECT * FROM sniff_csv(:'plain', 0);
SELECT * FROM sniff_csv(:'plain', NULL);
SELECT * FROM create_table_from(:'plain', 'plain');
SELECT * FROM create_table_from(:'plain', 'fresh', '{none}');
SELECT * FROM create_table_from(:'plain', 'nowhere.fresh');
SELECT * FROM create_table_from(:'plain', 'a.b.c.d');
SELECT * FROM create_table_from(:'plain', NULL);
SELECT * FROM create_table_from('/dev/null', 'fresh');
SELECT * FROM create_table_from(:'empty', 'fresh');
SELECT * FROM create_table_from(:'folder', 'fresh');
SELECT * FROM create_table_from(:'plain', 'fresh', load => NULL);
SET default_transaction_read_only = on;
SELECT * FROM create_table_from(:'plain', 'fresh');
RESET default_transaction_read_only;
\set VERBOSITY default
SELECT * FROM create_table_from(:'plain', 'fresh', '{none}');
SELECT to_regclass('fresh') IS NULL AS nothing_left;

-- an Avro file tells the types itself, and its table the names
\getenv builddir PG_ABS_BUILDDIR
\set avro :builddir '/sniff_csv.avro'
LOAD 'pg_ferry';
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE DOMAIN positive AS integer CHECK (value > 0);
CREATE TABLE source (id integer PRIMARY KEY, "Odd Name" varchar(20) NOT NULL, amount numeric(10,2), at timestamptz,
    how mood, count positive, list integer[], twice integer GENERATED ALWAYS AS (id * 2) STORED);
COMMENT ON TABLE source IS 'where they come from';
COMMENT ON COLUMN source.amount IS 'in the customer''s currency';
INSERT INTO source VALUES (1, 'one', 1.50, '2021-01-01 00:00:00+00', 'good', 5, '{1,2}');
INSERT INTO source VALUES (2, 'two');
COPY source TO :'avro' (FORMAT avro);
SELECT rows_read, rows_loaded, rows_rejected FROM create_table_from(:'avro', 'target', '{id}');
\d target
SELECT * FROM target ORDER BY id;
COPY source TO :'avro' (FORMAT avro, PROFILE lossless);
DROP TABLE target, source;
DROP TYPE mood;
DROP DOMAIN positive;
-- types that are not here become those that take every value
SELECT rows_read, rows_loaded, rows_rejected FROM create_table_from(:'avro', 'target');
SELECT column_name, data_type, nullable, comment FROM data_dictionary('target');
SELECT * FROM target ORDER BY id;
SELECT obj_description('target'::regclass);
SELECT load_id, rows_read FROM create_table_from(:'avro', 'target_alone', load => false);

-- rights are the caller's
CREATE ROLE regress_sniffer;
SET ROLE regress_sniffer;
SELECT * FROM sniff_csv(:'plain');
RESET ROLE;
GRANT pg_read_server_files TO regress_sniffer;
GRANT USAGE ON SCHEMA regress_sniff TO regress_sniffer;
SET ROLE regress_sniffer;
SELECT records_sampled FROM sniff_csv(:'plain');
SELECT * FROM create_table_from(:'plain', 'regress_sniff.theirs');
SELECT rows_loaded FROM create_table_from(:'plain', 'pg_temp.theirs');
RESET ROLE;
DROP OWNED BY regress_sniffer;
DROP ROLE regress_sniffer;
SET client_min_messages = warning;
DROP SCHEMA "My Schema", regress_sniff CASCADE;
DROP EXTENSION pg_ferry;

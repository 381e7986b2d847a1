-- Which sequences loads and restores move, and backups keep: what a default names may be no sequence, another's, of a column that
-- holds no integers, or beside one that the column owns. The oracle is what nextval() gives then, by arithmetic.
SET client_min_messages = warning;
CREATE DATABASE regression_sequences ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0;
\c regression_sequences
SET client_min_messages = warning;
CREATE SCHEMA sequences_test;
SET search_path = sequences_test;
CREATE EXTENSION pg_ferry SCHEMA sequences_test;
CREATE TABLE ordinary (id integer);
CREATE VIEW viewed AS SELECT 1 AS id;
CREATE MATERIALIZED VIEW materialized AS SELECT 1 AS id;
CREATE TYPE composite AS (id integer);
CREATE TABLE partitioned (id integer) PARTITION BY LIST (id);
CREATE INDEX indexed ON ordinary (id);

-- A default that names no sequence feeds nothing, whatever it names.
CREATE TABLE fed_by_none (id integer PRIMARY KEY, v integer DEFAULT nextval('viewed'), t integer DEFAULT nextval('ordinary'),
    m integer DEFAULT nextval('materialized'), c integer DEFAULT nextval('composite'), p integer DEFAULT nextval('partitioned'),
    i integer DEFAULT nextval('indexed'), none integer DEFAULT nextval('4000000000'), zero integer DEFAULT nextval('0'),
    nothing integer DEFAULT nextval(NULL));
INSERT INTO fed_by_none VALUES (1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
CREATE TABLE parts (id integer DEFAULT nextval('viewed')) PARTITION BY LIST (id);
CREATE TABLE part PARTITION OF parts DEFAULT;
INSERT INTO parts VALUES (1);
SELECT rows_loaded FROM insert_rows('fed_by_none', '[{"id": 2, "v": 1, "t": 1, "m": 1, "c": 1, "p": 1, "i": 1, "none": 1, "zero": 1, "nothing": 1}]');
SELECT table_name, rows FROM backup_tables('{fed_by_none,parts}') ORDER BY 1;
SELECT rows_restored FROM restore_table('fed_by_none');
SELECT rows_restored FROM restore_table('fed_by_none', mode => 'upsert');
SELECT rows_restored FROM restore_table('parts');
-- nor does one that was set since the backup
CREATE TABLE set_later (id integer);
INSERT INTO set_later VALUES (1);
SELECT rows FROM backup_table('set_later');
ALTER TABLE set_later ALTER id SET DEFAULT nextval('viewed');
SELECT rows_restored FROM restore_table('set_later');
ALTER TABLE set_later ALTER id SET DEFAULT nextval('materialized');
SELECT rows_restored FROM restore_table('set_later', mode => 'append');

-- Who owns a table moves by it no sequence of another's, whoever loads or restores.
CREATE ROLE regress_lender;
CREATE ROLE regress_borrower;
GRANT CREATE, USAGE ON SCHEMA sequences_test TO regress_lender, regress_borrower;
SET ROLE regress_lender;
CREATE SEQUENCE lent;
CREATE SEQUENCE lent_down INCREMENT BY -1;
SET ROLE regress_borrower;
SELECT 'lent'::regclass::oid AS lent, 'lent_down'::regclass::oid AS lent_down \gset
CREATE TABLE borrowing (id bigint PRIMARY KEY DEFAULT nextval(:'lent'), down bigint DEFAULT nextval(:'lent_down'), own serial);
RESET ROLE;
SET client_min_messages = notice;
\set VERBOSITY default
SELECT rows_loaded FROM insert_rows('borrowing', '[{"id": 9000000000000, "down": -9000000000000, "own": 40}]');
COPY borrowing FROM STDIN WITH (FORMAT csv, ON_ERROR reject);
9000000000001,-9000000000001,41
\.
SET client_min_messages = warning;
SELECT rows FROM backup_table('borrowing');
SET client_min_messages = notice;
SELECT rows_restored FROM restore_table('borrowing', mode => 'upsert');
SELECT rows_restored FROM restore_table('borrowing');
-- nor to the position of the backup
SET client_min_messages = warning;
SELECT setval('lent', 50);
SELECT rows FROM backup_table('borrowing');
ALTER SEQUENCE lent RESTART;
SET client_min_messages = notice;
SELECT rows_restored FROM restore_table('borrowing');
-- nor past the values, where it has none
ALTER TABLE borrowing ALTER id DROP DEFAULT, ALTER down DROP DEFAULT;
SET client_min_messages = warning;
SELECT rows FROM backup_table('borrowing');
SET client_min_messages = notice;
ALTER TABLE borrowing ALTER id SET DEFAULT nextval(:'lent');
SELECT rows_restored FROM restore_table('borrowing');
DELETE FROM borrowing;
SELECT rows_restored FROM restore_table('borrowing', mode => 'append');
SELECT nextval('lent'), nextval('lent_down'), nextval('borrowing_own_seq');
-- with the right to it, which is looked up each time
GRANT UPDATE ON SEQUENCE lent TO regress_borrower;
SELECT rows_loaded FROM insert_rows('borrowing', '[{"id": 70}]');
REVOKE UPDATE ON SEQUENCE lent FROM regress_borrower;
SELECT rows_loaded FROM insert_rows('borrowing', '[{"id": 80}]');
SELECT nextval('lent');
-- a column moves its own one, whatever its owner may do to it
REVOKE ALL ON SEQUENCE borrowing_own_seq FROM regress_borrower;
SELECT rows_loaded FROM insert_rows('borrowing', '[{"id": 60, "own": 60}]');
SELECT nextval('borrowing_own_seq');
SET ROLE regress_borrower;
CREATE SEQUENCE another OWNED BY borrowing.own;
RESET ROLE;
SELECT rows_loaded FROM insert_rows('borrowing', '[{"id": 62, "own": 70}]');
SELECT nextval('borrowing_own_seq');
-- until it is its own no more
ALTER SEQUENCE borrowing_own_seq OWNED BY NONE;
SELECT rows_loaded FROM insert_rows('borrowing', '[{"id": 61, "own": 80}]');
SELECT nextval('borrowing_own_seq');
SET client_min_messages = warning;

-- Numbers that are whole count in columns of other types than integers, too.
CREATE DOMAIN whole AS numeric(20) CHECK (VALUE > 0);
CREATE DOMAIN code AS varchar(20);
CREATE SEQUENCE of_whole;
CREATE SEQUENCE of_code;
CREATE SEQUENCE of_label;
CREATE SEQUENCE of_down INCREMENT BY -1;
CREATE TABLE migrated (id serial, whole whole DEFAULT nextval('of_whole'), code code DEFAULT nextval('of_code'),
    label char(9) DEFAULT nextval('of_label')::text, down numeric(30, 2) DEFAULT nextval('of_down'));
ALTER TABLE migrated ALTER id TYPE numeric;
CREATE FUNCTION next_values() RETURNS text LANGUAGE sql AS
    $$ SELECT concat_ws(' ', nextval('migrated_id_seq'), nextval('of_whole'), nextval('of_code'), nextval('of_label'), nextval('of_down')) $$;
COPY migrated FROM STDIN WITH (FORMAT csv, ON_ERROR reject);
10,20,30,40,-50
9.5,19,29,39,-49.5
10.5,20,A31,B41,-50.5
1e2,19,29x,39.5,-49
NaN,19,,"",-49
9223372036854775808,99999999999999999999,99999999999999999999,"",-9223372036854775809
-5,19,-31,-41,-50.00
\.
SELECT next_values();
-- row by row
CREATE FUNCTION pass() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER pass BEFORE INSERT ON migrated FOR EACH ROW EXECUTE FUNCTION pass();
SELECT rows_loaded FROM insert_rows('migrated', '[{"id": 200, "whole": 210, "code": "220", "label": "230 ", "down": -240.00}]');
SELECT next_values();
-- what a sequence gave itself moves nothing
SELECT rows_loaded FROM insert_rows('migrated', '[{"id": 1}]');
SELECT next_values();
-- restores, past the values where the backup has no position
CREATE TABLE plain (id numeric, whole whole, code code, label char(9), down numeric);
INSERT INTO plain SELECT 300, 310, '320', '330', -340;
INSERT INTO plain VALUES ('NaN', 1, 'A999', 'B', 0), ('Infinity', 99999999999999999999, repeat('9', 20), '', -1e30), (999.5, 1, '999.5', '999.5', -999.5), (1e30, 1, '', '', '-Infinity');
CREATE FUNCTION refuse(numeric, numeric) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'an operator of the search_path was called'; END $$;
CREATE OPERATOR <= (LEFTARG = numeric, RIGHTARG = numeric, FUNCTION = refuse);
CREATE OPERATOR >= (LEFTARG = numeric, RIGHTARG = numeric, FUNCTION = refuse);
SELECT rows FROM backup_table('plain');
ALTER TABLE plain ALTER id SET DEFAULT nextval('migrated_id_seq'), ALTER whole SET DEFAULT nextval('of_whole'),
    ALTER code SET DEFAULT nextval('of_code'), ALTER label SET DEFAULT nextval('of_label'), ALTER down SET DEFAULT nextval('of_down');
SET search_path = sequences_test, pg_catalog;
SELECT rows_restored FROM restore_table('plain');
SET search_path = sequences_test;
SELECT next_values();
-- and past the position that it has
SELECT rows FROM backup_table('plain');
ALTER SEQUENCE of_code RESTART;
ALTER SEQUENCE of_down RESTART;
SELECT rows_restored FROM restore_table('plain');
SELECT next_values();

-- All sequences that a column owns return, beside the one that its default names.
CREATE SEQUENCE named;
CREATE TABLE owning (id integer DEFAULT nextval('named'), n integer);
CREATE SEQUENCE own1 OWNED BY owning.id;
CREATE SEQUENCE own2 OWNED BY owning.id;
CREATE SEQUENCE own3 OWNED BY owning.n;
CREATE SEQUENCE own4 INCREMENT BY -1 OWNED BY owning.n;
INSERT INTO owning VALUES (5, 500);
SELECT setval('named', 10), setval('own1', 20), setval('own2', 30, false), setval('own3', 40), setval('own4', -50);
SELECT rows FROM backup_table('owning');
CREATE FUNCTION next_of_all() RETURNS text LANGUAGE sql AS
    $$ SELECT concat_ws(' ', nextval('named'), nextval('own1'), nextval('own2'), nextval('own3'), nextval('own4')) $$;
SELECT setval('named', 110), setval('own1', 120), setval('own2', 130), setval('own3', 140), setval('own4', -150);
SELECT rows_restored FROM restore_table('owning', mode => 'append');
SELECT next_of_all();
SELECT rows_restored FROM restore_table('owning');
SELECT next_of_all();
-- by another name as well; one that came since stays where it is
ALTER SEQUENCE own2 RENAME TO renamed;
ALTER SEQUENCE own3 OWNED BY NONE;
CREATE SEQUENCE came OWNED BY owning.id;
SELECT setval('own1', 120), setval('renamed', 130), setval('own3', 140), setval('own4', -150), setval('came', 160);
SELECT rows_restored FROM restore_table('owning');
SELECT nextval('own1'), nextval('renamed'), nextval('own3'), nextval('own4'), nextval('came');

SET client_min_messages = error;
DROP SCHEMA sequences_test CASCADE;
DROP OWNED BY regress_lender, regress_borrower;
DROP ROLE regress_lender, regress_borrower;
\c regression
DROP DATABASE regression_sequences;

-- Restores of what a table has and its definition does not tell: values whose text is not all of them, names of objects that have
-- moved, rows that are older than a constraint, sequences that no column owns; and what a backup says that it has not.
-- The oracle is a copy of the table made by CREATE TABLE AS, compared with the bytes that are stored.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE DATABASE regression_old_rows ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0;
-- not where an earlier run left its own
SELECT concat('pg_ferry_backups_', oid) AS backups FROM pg_database WHERE datname = 'regression_old_rows' \gset
ALTER DATABASE regression_old_rows SET pg_ferry.backup_directory = :'backups';
\c regression_old_rows
SET client_min_messages = warning;
CREATE SCHEMA old_rows;
SET search_path = old_rows;
CREATE EXTENSION pg_ferry SCHEMA old_rows;

-- Rows that one of two tables has and the other has not.
CREATE FUNCTION differences(a regclass, b regclass) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('(SELECT one::text FROM %1$s one WHERE NOT EXISTS (SELECT FROM %2$s two WHERE record_image_eq(one, two)))
        UNION ALL (SELECT two::text FROM %2$s two WHERE NOT EXISTS (SELECT FROM %1$s one WHERE record_image_eq(one, two)))', a, b);
END $$;

-- The SQLSTATE, message, detail and hint of a statement, with the identifiers of backups and the paths taken out.
CREATE FUNCTION outcome_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    state text; message text; detail text; hint text;
BEGIN
    EXECUTE statement;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN regexp_replace(concat_ws(E'\n  ', state || ' ' || message, nullif(detail, ''), nullif(hint, '')),
                          '/\S+/(pg_ferry_backups_\d+)?|\d{8}T[0-9.]+Z-[0-9a-f]{8}', '...', 'g');
END $$;

-- Names of objects that have another name by now, are another's name, or are nobody's.
CREATE TABLE first_one (a integer);
CREATE TABLE second_one (a integer);
CREATE TABLE third_one (a integer);
CREATE FUNCTION doubled(integer) RETURNS integer LANGUAGE sql AS 'SELECT 2 * $1';
CREATE FUNCTION doubled(text) RETURNS text LANGUAGE sql AS 'SELECT $1 || $1';
CREATE ROLE regress_old_role;
CREATE ROLE regress_new_role;
CREATE TABLE names (id integer PRIMARY KEY, t regclass, ts regclass[], f regproc, fs regprocedure, o regoper, r regrole, a aclitem, x xml, q tsquery);
INSERT INTO names VALUES (1, 'first_one', '{second_one,third_one,NULL}', 'doubled(integer)'::regprocedure::oid, 'doubled(text)', '+(integer,integer)'::regoperator::oid,
    'regress_old_role', 'regress_old_role=r/regress_new_role', '<?xml version="1.0" encoding="latin1"?><a>q</a>', 'a'::tsquery && ('b'::tsquery && 'c'::tsquery)),
    (2, 'third_one', '{}', 0, 0, 0, 0, NULL, '<a/>', '');
CREATE TABLE names_copy AS TABLE names;
SELECT rows, path FROM backup_table('names') \gset
ALTER TABLE first_one RENAME TO other_one;
ALTER TABLE second_one RENAME TO first_one;
DROP TABLE third_one;
ALTER FUNCTION doubled(text) RENAME TO tripled;
ALTER ROLE regress_old_role RENAME TO regress_older_role;
ALTER ROLE regress_new_role RENAME TO regress_old_role;
DROP ROLE regress_older_role;
DELETE FROM names;
SELECT rows_restored FROM restore_table('names');
SELECT differences('names', 'names_copy');
-- as text, the name is what counts
CREATE TABLE texts (id integer PRIMARY KEY, t text, f text, o varchar, a text, q text);
DROP TABLE names;
ALTER TABLE texts RENAME TO names;
SELECT rows_restored FROM restore_table('names');
TABLE names ORDER BY id;
-- and so it is in another database
CREATE DATABASE regression_other_rows ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0;
\c regression_other_rows
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
CREATE SCHEMA old_rows;
CREATE FUNCTION old_rows.doubled(integer) RETURNS integer LANGUAGE sql AS 'SELECT 2 * $1';
CREATE FUNCTION old_rows.doubled(text) RETURNS text LANGUAGE sql AS 'SELECT $1 || $1';
CREATE TABLE old_rows.third_one (a integer);
CREATE TABLE old_rows.second_one (a integer);
CREATE TABLE old_rows.first_one (a integer);
CREATE ROLE regress_new_role;
CREATE TABLE old_rows.names (id integer PRIMARY KEY, t regclass, ts regclass[], f regproc, fs regprocedure, o regoper, r regrole, a aclitem, x xml, q tsquery);
LOAD 'pg_ferry';
COPY old_rows.names FROM :'path' WITH (FORMAT avro);
SELECT id, t, ts, f::regprocedure, fs, o::regoperator, r, a, x::text, q, numnode(q) FROM old_rows.names ORDER BY id;
SELECT q = ('a'::tsquery && ('b'::tsquery && 'c'::tsquery)) AS is_same FROM old_rows.names WHERE id = 1;
\c regression_old_rows
DROP DATABASE regression_other_rows;
SET client_min_messages = warning;
SET search_path = old_rows;

-- Rows that are older than constraints that are NOT VALID.
CREATE DOMAIN small AS integer;
CREATE DOMAIN smaller AS small;
CREATE TYPE holder AS (s small);
CREATE TABLE parents (id integer PRIMARY KEY, code text UNIQUE);
INSERT INTO parents VALUES (1, 'a'), (2, 'b');
CREATE TABLE old (id integer PRIMARY KEY, amount integer, s small, ss smaller[], h holder, parent integer, twin integer);
INSERT INTO old VALUES (1, -1, 1000, '{1000,1}', ROW(1000), 99, 98), (2, 1, 1, NULL, NULL, 1, 1);
ALTER TABLE old ADD CONSTRAINT positive CHECK (amount > 0) NOT VALID, ADD CONSTRAINT has_parent FOREIGN KEY (parent) REFERENCES parents NOT VALID,
    ADD CONSTRAINT has_twin FOREIGN KEY (twin) REFERENCES old NOT VALID, ADD CONSTRAINT even CHECK (id < 100);
ALTER DOMAIN small ADD CONSTRAINT is_small CHECK (VALUE < 100) NOT VALID;
ALTER DOMAIN smaller ADD CONSTRAINT is_even CHECK (VALUE % 2 = 0) NOT VALID;
SELECT outcome_of($$ INSERT INTO old (id, amount) VALUES (3, -1) $$);
SELECT rows FROM backup_table('old');
CREATE TEMP TABLE before AS SELECT id, amount, s::integer, ss::text, h::text, parent, twin FROM old;
CREATE FUNCTION is_as_before() RETURNS boolean LANGUAGE sql AS $$
    SELECT NOT EXISTS (SELECT * FROM old FULL JOIN before USING (id) WHERE (old.amount, old.s::integer, old.ss::text, old.h::text, old.parent, old.twin)
        IS DISTINCT FROM (before.amount, before.s, before.ss, before.h, before.parent, before.twin)) $$;
SELECT rows_restored, is_as_before() FROM restore_table('old');
DELETE FROM old;
SELECT rows_restored FROM restore_table('old');
SELECT is_as_before();
UPDATE old SET amount = 5, twin = NULL, parent = NULL, s = 1, ss = NULL, h = NULL;
SELECT rows_restored FROM restore_table('old', mode => 'upsert');
SELECT is_as_before();
DELETE FROM old;
SELECT rows_restored FROM restore_table('old', mode => 'append');
SELECT is_as_before();
-- by key, with its parents
SELECT count(*) FROM backup_tables('{old,parents}');
CREATE TABLE refers (id integer REFERENCES old);
UPDATE old SET amount = 5, twin = NULL, parent = NULL, s = 1, ss = NULL, h = NULL;
DELETE FROM old WHERE id = 2;
SELECT table_name, rows_restored FROM restore_tables('{old,parents}');
SELECT is_as_before();
-- loads enforce them
SELECT rejects->0->>'sqlstate' FROM insert_rows('old', '[{"id": 5, "amount": -1}]');
SELECT rejects->0->>'sqlstate' FROM insert_rows('old', '[{"id": 5, "s": 1000}]');
-- constraints that are valid hold, of tables and of domains
UPDATE old SET amount = 5;
ALTER TABLE old VALIDATE CONSTRAINT positive, ADD CONSTRAINT large CHECK (id > 100) NOT VALID;
SELECT outcome_of($$ SELECT restore_table('old') $$);
SELECT outcome_of($$ SELECT restore_table('old', mode => 'upsert') $$);
SELECT outcome_of($$ TRUNCATE old CASCADE; SELECT restore_table('old', mode => 'append') $$);
ALTER TABLE old DROP CONSTRAINT positive, DROP CONSTRAINT large;
UPDATE old SET s = 1;
ALTER TABLE old DROP ss, DROP h;
ALTER DOMAIN small VALIDATE CONSTRAINT is_small;
SELECT outcome_of($$ SELECT restore_table('old') $$);
ALTER DOMAIN small DROP CONSTRAINT is_small;
SELECT outcome_of($$ SELECT restore_table('old') $$);
UPDATE old SET parent = NULL;
ALTER TABLE old VALIDATE CONSTRAINT has_parent;
SELECT outcome_of($$ SELECT restore_table('old') $$);
-- a row of another table does not lose its parent; one that had none does not matter
CREATE TABLE codes (code text);
INSERT INTO codes VALUES ('none'), (NULL), ('a');
ALTER TABLE codes ADD FOREIGN KEY (code) REFERENCES parents (code) NOT VALID;
UPDATE parents SET code = 'b2' WHERE code = 'b';
SELECT outcome_of($$ SELECT restore_table('parents') $$);
INSERT INTO parents VALUES (3, 'c');
INSERT INTO codes VALUES ('c');
SELECT outcome_of($$ SELECT restore_table('parents') $$);
DROP TABLE codes, refers, old, parents;
-- of partitions, each of its own
CREATE TABLE halves (id integer, amount integer, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE lower_half PARTITION OF halves FOR VALUES FROM (0) TO (1000);
CREATE TABLE upper_half (amount integer, id integer NOT NULL);
ALTER TABLE halves ATTACH PARTITION upper_half FOR VALUES FROM (1000) TO (2000);
INSERT INTO halves SELECT g * 7 % 2000, -1 FROM generate_series(0, 1999) g;
ALTER TABLE lower_half ADD CHECK (amount > 0) NOT VALID;
ALTER TABLE upper_half ADD CHECK (amount > 1) NOT VALID;
SELECT rows FROM backup_table('halves');
SELECT rows_restored, rows_removed FROM restore_table('halves');
CREATE TABLE refers (id integer REFERENCES halves);
UPDATE halves SET amount = 2 WHERE id % 2 = 0;
DELETE FROM halves WHERE id % 3 = 0;
SELECT rows_restored, rows_removed FROM restore_table('halves');
SELECT count(*), sum(amount) FROM halves;
UPDATE halves SET amount = 2;
ALTER TABLE upper_half VALIDATE CONSTRAINT upper_half_amount_check;
SELECT outcome_of($$ SELECT restore_table('halves') $$);
DROP TABLE refers, halves;
-- the definition of a dropped table shows them as they were
CREATE TABLE old (id integer PRIMARY KEY, amount integer);
INSERT INTO old VALUES (1, -1);
ALTER TABLE old ADD CONSTRAINT positive CHECK (amount > 0) NOT VALID;
SELECT rows FROM backup_table('old');
DROP TABLE old;
CREATE FUNCTION definition_of(tables text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE shown text;
BEGIN
    EXECUTE format('SELECT restore_tables(%L)', tables);
EXCEPTION WHEN undefined_table THEN
    GET STACKED DIAGNOSTICS shown = PG_EXCEPTION_DETAIL;
    RETURN regexp_replace(shown, E'^[^\n]*It was backed up as:\n', '');
END $$;
SELECT definition_of('{old}') AS definition \gset
\echo :definition
:definition
SELECT rows_restored FROM restore_table('old');
SELECT conname, convalidated FROM pg_constraint WHERE conname = 'positive';

-- Sequences of a table that was dropped: serial, identity, one that nobody owns, one that counts down.
CREATE SEQUENCE shared AS bigint INCREMENT BY 2 START WITH 7 CACHE 1;
CREATE SEQUENCE down INCREMENT BY -1;
CREATE DOMAIN number AS bigint;
CREATE TABLE numbered (id serial PRIMARY KEY, "Big" bigserial, i integer GENERATED BY DEFAULT AS IDENTITY (START WITH 100 INCREMENT BY 10 CYCLE),
    s number DEFAULT nextval('shared'), d integer DEFAULT nextval('down')::integer, code text DEFAULT 'A' || nextval('shared'));
INSERT INTO numbered (code) VALUES ('x'), ('y'), ('z');
SELECT rows FROM backup_table('numbered');
SELECT max(id), max("Big"), max(i), max(s), min(d) FROM numbered;
DROP TABLE numbered;
DROP SEQUENCE shared, down;
SELECT definition_of('{numbered}') AS definition \gset
\echo :definition
:definition
SELECT rows_restored FROM restore_table('numbered');
INSERT INTO numbered DEFAULT VALUES RETURNING *;
-- what nobody owns only goes forward, for others may use it
SELECT setval('shared', 101), setval('numbered_id_seq', 50);
SELECT rows_restored FROM restore_table('numbered');
SELECT nextval('shared'), nextval('numbered_id_seq');
-- a default that came after the backup
CREATE TABLE plain (id integer PRIMARY KEY, n smallint);
INSERT INTO plain VALUES (40, 1), (41, NULL);
SELECT rows FROM backup_table('plain');
CREATE SEQUENCE later;
ALTER TABLE plain ALTER id SET DEFAULT nextval('later'), ALTER n SET DEFAULT nextval('later');
SELECT rows_restored FROM restore_table('plain');
INSERT INTO plain DEFAULT VALUES RETURNING *;
-- and what the user may not move, or not see
CREATE ROLE regress_sequence_user;
GRANT USAGE ON SCHEMA old_rows TO regress_sequence_user;
GRANT EXECUTE ON FUNCTION restore_table TO regress_sequence_user;
ALTER TABLE plain OWNER TO regress_sequence_user;
CREATE SEQUENCE latest;
ALTER TABLE plain ALTER id SET DEFAULT nextval('latest'), ALTER n DROP DEFAULT;
SET ROLE regress_sequence_user;
SET client_min_messages = notice;
\set VERBOSITY default
SELECT rows_restored FROM restore_table('plain');
ALTER TABLE plain ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
SELECT rows_restored FROM restore_table('plain');
-- a name that the search_path does not find has its schema
ALTER TABLE plain DISABLE ROW LEVEL SECURITY;
SET search_path = pg_catalog;
SELECT rows_restored FROM old_rows.restore_table('old_rows.plain');
SET search_path = old_rows;
RESET ROLE;
SELECT nextval('latest');

-- One sequence of two tables: their definitions run in any order.
SET client_min_messages = warning;
CREATE TABLE owner_of (id serial PRIMARY KEY);
CREATE TABLE user_of (id integer DEFAULT nextval('owner_of_id_seq'));
SELECT rows FROM backup_tables('{owner_of,user_of}');
DROP TABLE user_of, owner_of;
SELECT definition_of('{owner_of}') AS owner_of, definition_of('{user_of}') AS user_of \gset
:user_of
:owner_of
SELECT pg_get_serial_sequence('owner_of', 'id');
INSERT INTO user_of DEFAULT VALUES RETURNING id;
DROP TABLE user_of, owner_of;
:owner_of
:user_of
INSERT INTO user_of DEFAULT VALUES RETURNING id;

-- What partitions have and their parents have not, and comments.
CREATE SEQUENCE of_north;
CREATE TABLE places (id integer, region text, n integer DEFAULT 5, m integer DEFAULT 6, o integer, up integer) PARTITION BY LIST (region);
CREATE TABLE north PARTITION OF places (n DEFAULT nextval('of_north'), o NOT NULL, CHECK (n > 0)) FOR VALUES IN ('n', 'm') PARTITION BY LIST (region);
CREATE TABLE far_north PARTITION OF north FOR VALUES IN ('n');
ALTER TABLE far_north ADD PRIMARY KEY (id), ADD CONSTRAINT old CHECK (m > 0) NOT VALID;
CREATE TABLE south PARTITION OF places FOR VALUES IN ('s');
ALTER TABLE south ALTER m DROP DEFAULT, ADD FOREIGN KEY (up) REFERENCES far_north;
CREATE UNLOGGED TABLE west PARTITION OF places FOR VALUES IN ('w');
CREATE INDEX ON places (o);
CREATE INDEX ON north (n);
CREATE UNIQUE INDEX ON south (id) WHERE o > 0;
COMMENT ON TABLE places IS E'it''s\nof \\ two lines';
COMMENT ON COLUMN places.region IS 'n, m, s, w';
CREATE VIEW facts AS
    SELECT conrelid::regclass::text AS relation, concat(conname, ': ', pg_get_constraintdef(oid), ' ', conislocal) AS fact
    FROM pg_constraint WHERE connamespace = 'old_rows'::regnamespace AND contype <> 'n'
    UNION ALL SELECT indrelid::regclass::text, concat(pg_get_indexdef(indexrelid), ' ', indisvalid)
    FROM pg_index JOIN pg_class c ON c.oid = indrelid WHERE relnamespace = 'old_rows'::regnamespace
    UNION ALL SELECT attrelid::regclass::text, concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid), relpersistence, col_description(attrelid, attnum), obj_description(attrelid, 'pg_class'))
    FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum JOIN pg_class c ON c.oid = attrelid
    WHERE relnamespace = 'old_rows'::regnamespace AND relkind IN ('r', 'p') AND attnum > 0;
CREATE TABLE pg_temp.facts_before AS SELECT * FROM facts;
SELECT rows FROM backup_table('places');
DROP TABLE places;
DROP SEQUENCE of_north;
SELECT definition_of('{places}') AS definition \gset
\echo :definition
:definition
SELECT (SELECT count(*) FROM facts_before WHERE relation ~ 'places|north|south|west') AS facts,
    (SELECT array_agg(b) FROM (TABLE facts_before EXCEPT ALL TABLE facts) b) AS gone, (SELECT array_agg(f) FROM (TABLE facts EXCEPT ALL TABLE facts_before) f) AS came;

-- Loads move such a sequence past the values that they bring.
CREATE SEQUENCE loaded_numbers;
CREATE TABLE loaded (id number DEFAULT nextval('loaded_numbers') PRIMARY KEY, again integer DEFAULT nextval('loaded_numbers'));
CREATE TABLE loaded_too (id integer DEFAULT nextval('loaded_numbers'));
SELECT rows_loaded FROM insert_rows('loaded', '[{"id": 10, "again": 12}, {"id": 11}, {"id": 9, "again": 1}]');
SELECT nextval('loaded_numbers');
COPY loaded_too FROM STDIN WITH (FORMAT csv, ON_ERROR reject);
20
19
x
\.
SELECT nextval('loaded_numbers');
SELECT rows_loaded FROM insert_rows('loaded', '[{"id": 5}]');
SELECT nextval('loaded_numbers');
GRANT INSERT ON loaded TO regress_sequence_user;
GRANT EXECUTE ON FUNCTION insert_rows(regclass, text, boolean, text) TO regress_sequence_user;
GRANT USAGE ON SEQUENCE loaded_numbers TO regress_sequence_user;
SET ROLE regress_sequence_user;
SET client_min_messages = notice;
SELECT rows_loaded FROM insert_rows('loaded', '[{"id": 30, "again": 1}]');
RESET ROLE;
SELECT nextval('loaded_numbers');

-- What a backup says that it has not.
CREATE TABLE mother (id integer);
CREATE TABLE daughter () INHERITS (mother);
CREATE TABLE son () INHERITS (mother);
CREATE TABLE grandson () INHERITS (son);
SELECT rows FROM backup_table('mother');
SELECT count(*) FROM backup_tables('{mother,daughter,son}');
SELECT count(*) FROM backup_tables('{mother,daughter,son,grandson}');
CREATE SCHEMA family;
ALTER TABLE mother SET SCHEMA family;
SELECT count(*) FROM backup_schema('family');
ALTER TABLE daughter SET SCHEMA family;
ALTER TABLE son SET SCHEMA family;
ALTER TABLE grandson SET SCHEMA family;
SELECT count(*) FROM backup_schema('family');
CREATE TABLE trees (id integer, trees pg_node_tree);
SELECT rows FROM backup_table('trees');

-- A partition that was backed up with its table.
CREATE TABLE days (day date) PARTITION BY RANGE (day);
CREATE TABLE days_2021 PARTITION OF days FOR VALUES FROM ('2021-01-01') TO ('2022-01-01') PARTITION BY RANGE (day);
CREATE TABLE days_2021_1 PARTITION OF days_2021 DEFAULT;
SELECT outcome_of($$ SELECT restore_table('days_2021_1') $$);
SELECT rows FROM backup_table('days');
SELECT outcome_of($$ SELECT restore_table('days_2021_1') $$);
SELECT outcome_of($$ SELECT restore_tables('{days_2021,names}') $$);
SELECT rows FROM backup_table('days_2021_1');
SELECT rows_restored FROM restore_table('days_2021_1');

SET client_min_messages = error;
DROP SCHEMA old_rows, family CASCADE;
DROP OWNED BY regress_sequence_user;
DROP ROLE regress_sequence_user, regress_old_role, regress_new_role;
\c regression
DROP DATABASE regression_old_rows;

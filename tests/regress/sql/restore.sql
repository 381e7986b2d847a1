-- Restores of several tables as one, and into tables that have changed since their backup.
-- The oracle is a copy of the table made by CREATE TABLE AS, compared as text.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE DATABASE regression_restore ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0;
\c regression_restore
SET client_min_messages = warning;
CREATE SCHEMA restore_test;
SET search_path = restore_test;
CREATE EXTENSION pg_ferry SCHEMA restore_test;

-- Rows that one of two tables has and the other has not, as text.
CREATE FUNCTION differences(a regclass, b regclass) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('(SELECT ''- '' || x::text FROM (SELECT t::text FROM %1$s t EXCEPT ALL SELECT t::text FROM %2$s t) x)
        UNION ALL (SELECT ''+ '' || x::text FROM (SELECT t::text FROM %2$s t EXCEPT ALL SELECT t::text FROM %1$s t) x) LIMIT 4', a, b);
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
                          '/\S+/|\d{8}T[0-9.]+Z-[0-9a-f]{8}', '...', 'g');
END $$;

-- Parents and children that are both newer than the backup, named children first.
CREATE TABLE departments (id serial PRIMARY KEY, name text);
CREATE TABLE employees (id serial PRIMARY KEY, department integer REFERENCES departments ON DELETE CASCADE, boss integer REFERENCES employees, name text);
CREATE TABLE badges (employee integer PRIMARY KEY REFERENCES employees ON DELETE CASCADE, code text UNIQUE);
INSERT INTO departments (name) SELECT 'department ' || g FROM generate_series(1, 5) g;
INSERT INTO employees (department, boss, name) SELECT 1 + g % 5, 3001 - g, 'employee ' || g FROM generate_series(1, 3000) g;
INSERT INTO badges SELECT g, 'code ' || g FROM generate_series(1, 2000) g;
CREATE TABLE departments_copy AS TABLE departments;
CREATE TABLE employees_copy AS TABLE employees;
CREATE TABLE badges_copy AS TABLE badges;
SELECT table_name, rows FROM backup_tables('{departments,employees,badges}');
CREATE PROCEDURE spoil() LANGUAGE sql AS $$
    DELETE FROM badges WHERE employee % 3 = 0;
    UPDATE badges SET code = 'free ' || employee;
    UPDATE badges SET code = 'code ' || (employee + 1) % 2000;
    INSERT INTO departments (name) VALUES ('new'), ('newer');
    INSERT INTO employees (department, name) SELECT max(id), 'new employee' FROM departments;
    UPDATE employees SET boss = (SELECT max(id) FROM employees), department = 6 WHERE id % 2 = 0;
    INSERT INTO badges SELECT max(id), 'new' FROM employees;
    UPDATE employees SET boss = NULL;
    DELETE FROM employees WHERE id BETWEEN 2500 AND 2600;
$$;
CALL spoil();
SELECT table_name, rows_restored, rows_removed FROM restore_tables('{badges,employees,departments}');
SELECT differences('departments', 'departments_copy'), differences('employees', 'employees_copy'), differences('badges', 'badges_copy');
SELECT last_value FROM departments_id_seq;
SELECT count(*), bool_or(elapsed_ms::text ~ '\.\d{4}') AS has_more_than_microseconds FROM restore_tables('{badges,employees,departments}');
-- by key, for somebody else refers to them: the rows of that table stay
CREATE TABLE visits (employee integer REFERENCES employees ON DELETE CASCADE, code text REFERENCES badges (code) ON DELETE SET NULL ON UPDATE CASCADE);
INSERT INTO visits VALUES (1, 'code 1'), (2, 'code 2');
DELETE FROM visits;
CALL spoil();
INSERT INTO visits SELECT id, NULL FROM employees WHERE id < 100;
INSERT INTO visits SELECT NULL, code FROM badges WHERE code ~ '^code [1-9]$';
CREATE TABLE visits_copy AS TABLE visits;
SELECT table_name, rows_restored, rows_removed FROM restore_tables('{badges,employees,departments}');
SELECT differences('departments', 'departments_copy'), differences('employees', 'employees_copy'), differences('badges', 'badges_copy'), differences('visits', 'visits_copy');
-- a row that would have to go is referenced from there: nothing changes
CALL spoil();
INSERT INTO visits SELECT max(id) FROM employees;
SELECT outcome_of($$ SELECT * FROM restore_tables('{badges,employees,departments}') $$);
INSERT INTO visits VALUES (NULL, 'new');
DELETE FROM visits WHERE employee > 3000;
SELECT outcome_of($$ SELECT * FROM restore_tables('{badges,employees,departments}') $$);
SELECT count(*) FROM employees WHERE name = 'new employee';
SELECT count(*) FROM visits;
-- only some of them
SELECT outcome_of($$ SELECT * FROM restore_tables('{departments}') $$);
DROP TABLE visits, visits_copy;

-- A circle of two tables, and of one.
CREATE TABLE hens (id integer PRIMARY KEY, egg integer);
CREATE TABLE eggs (id integer PRIMARY KEY, hen integer NOT NULL REFERENCES hens ON DELETE CASCADE, twin integer REFERENCES eggs);
INSERT INTO hens SELECT g FROM generate_series(1, 1500) g;
INSERT INTO eggs SELECT g, 1501 - g, 1501 - g FROM generate_series(1, 1500) g;
ALTER TABLE hens ADD CONSTRAINT hens_egg_fkey FOREIGN KEY (egg) REFERENCES eggs ON DELETE CASCADE;
UPDATE hens SET egg = 1 + id % 1500;
CREATE TABLE hens_copy AS TABLE hens;
CREATE TABLE eggs_copy AS TABLE eggs;
SELECT table_name, rows FROM backup_tables('{hens,eggs}');
UPDATE eggs SET twin = NULL; DELETE FROM hens WHERE id = 7;
SELECT count(*) FROM hens;
SELECT table_name, rows_restored FROM restore_tables('{hens,eggs}');
SELECT differences('hens', 'hens_copy'), differences('eggs', 'eggs_copy');
TRUNCATE hens, eggs;
SELECT table_name, rows_restored FROM restore_tables('{eggs,hens}', mode => 'append');
SELECT differences('hens', 'hens_copy'), differences('eggs', 'eggs_copy');
UPDATE eggs SET twin = NULL; UPDATE hens SET egg = NULL; DELETE FROM eggs WHERE id > 10 AND id < 1490;
SELECT table_name, rows_restored FROM restore_tables('{eggs,hens}', mode => 'upsert');
SELECT differences('hens', 'hens_copy'), differences('eggs', 'eggs_copy');
SELECT outcome_of($$ SELECT * FROM restore_tables('{eggs,hens}', mode => 'append') $$);

-- A key that the backup's rows break: it came after the backup.
ALTER TABLE hens DROP CONSTRAINT hens_egg_fkey;
UPDATE hens SET egg = 9999 WHERE id = 5;
SELECT table_name, rows FROM backup_tables('{hens,eggs}');
UPDATE hens SET egg = NULL WHERE id = 5;
ALTER TABLE hens ADD CONSTRAINT hens_egg_fkey FOREIGN KEY (egg) REFERENCES eggs;
SELECT outcome_of($$ SELECT * FROM restore_tables('{eggs,hens}') $$);
SELECT outcome_of($$ SELECT * FROM restore_tables('{hens}') $$);
SELECT outcome_of($$ TRUNCATE hens, eggs; SELECT * FROM restore_tables('{hens,eggs}', mode => 'append') $$);
SELECT count(*) FROM hens;
-- and one that old rows may break, for it is not valid: restored ones are old
ALTER TABLE hens DROP CONSTRAINT hens_egg_fkey;
UPDATE hens SET egg = 8888 WHERE id = 6;
ALTER TABLE hens ADD CONSTRAINT hens_egg_fkey FOREIGN KEY (egg) REFERENCES eggs NOT VALID;
ALTER TABLE eggs ADD extra integer REFERENCES hens;
UPDATE eggs SET twin = NULL; UPDATE hens SET egg = NULL WHERE id <> 6; DELETE FROM hens WHERE id = 5;
SELECT outcome_of($$ SELECT * FROM restore_tables('{eggs,hens}', mode => 'upsert') $$);

-- Names
SELECT outcome_of($$ SELECT * FROM restore_tables('{}') $$);
SELECT outcome_of($$ SELECT * FROM restore_tables(NULL) $$);
SELECT outcome_of($$ SELECT * FROM restore_tables('{hens,NULL}') $$);
SELECT outcome_of($$ SELECT * FROM restore_table('') $$);
SELECT outcome_of($$ SELECT * FROM restore_tables('{hens,Weird T}') $$);
SELECT outcome_of($$ SELECT * FROM restore_tables('{hens,restore_test.hens}') $$);
SELECT outcome_of($$ SELECT * FROM restore_tables('{hens,nowhere.hens}') $$);
SELECT outcome_of($$ SELECT * FROM restore_tables('{hens,departments}') $$);
SELECT outcome_of($$ SELECT * FROM restore_tables('{hens,eggs}', mode => 'x') $$);
-- one that is gone shows how it was
CREATE TABLE gone (id integer PRIMARY KEY, "a b" varchar(10) NOT NULL DEFAULT 'x');
SELECT rows FROM backup_table('gone');
DROP TABLE gone;
SELECT outcome_of($$ SELECT * FROM restore_table('gone') $$);
SELECT outcome_of($$ SELECT * FROM restore_tables('{hens,restore_test.gone}') $$);
SELECT outcome_of($$ SELECT * FROM restore_table('public.gone') $$);
CREATE ROLE regress_restore_user;
GRANT USAGE ON SCHEMA restore_test TO regress_restore_user;
SET ROLE regress_restore_user;
SELECT outcome_of($$ SELECT * FROM restore_tables('{gone}') $$);
RESET ROLE;
GRANT EXECUTE ON FUNCTION restore_tables, restore_table TO regress_restore_user;
SET ROLE regress_restore_user;
SELECT outcome_of($$ SELECT * FROM restore_tables('{gone}') $$);
SELECT outcome_of($$ SELECT * FROM restore_tables('{hens}') $$);
SELECT outcome_of($$ SELECT * FROM restore_tables('{hens}', directory => '/tmp') $$);
RESET ROLE;
-- the owner of a child who may not read the parent, nor see the rows of the child
CREATE TABLE child (id integer PRIMARY KEY, department integer REFERENCES departments, twin integer REFERENCES child);
INSERT INTO child VALUES (1, 1, 2), (2, 2, 1);
ALTER TABLE child OWNER TO regress_restore_user;
SELECT rows FROM backup_table('child');
DELETE FROM child;
ALTER TABLE child ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
SET ROLE regress_restore_user;
SELECT rows_restored FROM restore_tables('{child}');
RESET ROLE;
TABLE child ORDER BY id;

-- Columns that came, went and changed.
CREATE TABLE changed (id integer PRIMARY KEY, small smallint, middle integer, name varchar(10), n numeric(8,2), twice integer GENERATED ALWAYS AS (id * 2) STORED, plain integer, gone text, day date);
INSERT INTO changed (id, small, middle, name, n, plain, gone, day) SELECT g, g, g, 'name ' || g, g * 1.25, g, 'gone', date '2020-01-01' + g FROM generate_series(1, 3) g;
SELECT backup_id FROM backup_table('changed') \gset
CREATE SEQUENCE numbers;
CREATE FUNCTION volatile_number() RETURNS integer LANGUAGE sql VOLATILE AS 'SELECT count(*)::integer FROM restore_test.changed';
CREATE DOMAIN never_null AS text NOT NULL DEFAULT 'domain';
ALTER TABLE changed DROP gone, ALTER small TYPE bigint, ALTER name TYPE text, ALTER n TYPE numeric, ALTER day TYPE timestamp, ALTER twice DROP EXPRESSION,
    DROP plain, ADD plain integer GENERATED ALWAYS AS (id * 3) STORED, DROP middle, ADD middle bigint,
    ADD added text NOT NULL DEFAULT 'default', ADD nothing text, ADD numbered integer DEFAULT nextval('numbers'), ADD rows_before integer DEFAULT volatile_number(),
    ADD counted integer GENERATED ALWAYS AS IDENTITY, ADD d never_null DEFAULT 'given';
SET client_min_messages = notice;
SELECT rows_restored, rows_removed FROM restore_table('changed');
TABLE changed ORDER BY id;
-- by key, all rows; upsert leaves the columns that the backup has not
CREATE TABLE changed_uses (id integer REFERENCES changed);
UPDATE changed SET added = 'mine', name = 'other'; DELETE FROM changed WHERE id = 2;
SELECT rows_restored FROM restore_table('changed', mode => 'upsert');
SELECT id, small, middle, name, n, twice, plain, day, added, nothing, d FROM changed ORDER BY id;
SELECT rows_restored FROM restore_table('changed');
SELECT id, small, middle, name, n, twice, plain, day, added, nothing, d FROM changed ORDER BY id;
SET client_min_messages = warning;
-- what does not fit
SELECT outcome_of($$ ALTER TABLE changed ADD must integer; UPDATE changed SET must = 1; ALTER TABLE changed ALTER must SET NOT NULL; SELECT restore_table('changed') $$);
SELECT outcome_of($$ ALTER TABLE changed ALTER d DROP DEFAULT; ALTER DOMAIN never_null DROP DEFAULT; SELECT restore_table('changed') $$);
SELECT outcome_of($$ UPDATE changed SET name = 'x'; ALTER TABLE changed ALTER name TYPE varchar(3); SELECT restore_table('changed') $$);
SELECT outcome_of($$ ALTER TABLE changed ALTER n TYPE integer; SELECT restore_table('changed') $$);
SELECT outcome_of($$ ALTER TABLE changed DROP name, ADD name integer; SELECT restore_table('changed') $$);
SELECT outcome_of($$ ALTER TABLE changed DROP small, ADD small bytea; SELECT restore_table('changed') $$);
SELECT outcome_of($$ ALTER TABLE changed DROP day, ADD day boolean; SELECT restore_table('changed') $$);
SELECT outcome_of($$ DROP TABLE changed CASCADE; CREATE TABLE changed (other integer); SELECT restore_table('changed') $$);
SELECT count(*) FROM changed;
-- a key that is not there any more, or is of other columns
SELECT outcome_of($$ ALTER TABLE changed DROP CONSTRAINT changed_pkey CASCADE; SELECT restore_table('changed') $$);
SELECT outcome_of($$ ALTER TABLE changed ADD CONSTRAINT again PRIMARY KEY (id, n); UPDATE changed SET name = 'x'; SELECT restore_table('changed', mode => 'upsert') $$);
SELECT name FROM changed ORDER BY id;
SELECT outcome_of($$ ALTER TABLE changed DROP CONSTRAINT again; SELECT restore_table('changed', mode => 'upsert') $$);
-- names that differ by case alone
SELECT outcome_of($$ DROP TABLE changed CASCADE; CREATE TABLE changed ("NAME" text, id bigint); SELECT restore_table('changed') $$);
TABLE changed ORDER BY id;
-- attributes of composite types that came, went and have another name, within others too
CREATE TYPE spot AS (x integer, y integer, note text);
CREATE TYPE shape AS (kind text, spots spot[]);
CREATE TABLE shapes (id integer PRIMARY KEY, outline shape, middle spot);
INSERT INTO shapes VALUES (1, ROW('line', ARRAY[ROW(1, 2, 'a')::spot, NULL]), ROW(3, 4, 'b')), (2, NULL, NULL);
SELECT rows FROM backup_table('shapes');
ALTER TYPE spot RENAME ATTRIBUTE y TO z;
ALTER TYPE spot DROP ATTRIBUTE note, ADD ATTRIBUTE weight integer;
SET client_min_messages = notice;
SELECT rows_restored FROM restore_table('shapes');
TABLE shapes ORDER BY id;
SET client_min_messages = warning;

-- Partitioned tables that others reference, by key, with rows in every partition and none.
CREATE TABLE measures (day date, value integer, note text, PRIMARY KEY (value, day)) PARTITION BY RANGE (day);
CREATE TABLE measures_2021 (gone text, note text, value integer NOT NULL, day date NOT NULL);
ALTER TABLE measures_2021 DROP COLUMN gone;
ALTER TABLE measures ATTACH PARTITION measures_2021 FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
CREATE TABLE measures_2022 PARTITION OF measures FOR VALUES FROM ('2022-01-01') TO ('2023-01-01') PARTITION BY HASH (value);
CREATE TABLE measures_2022_0 PARTITION OF measures_2022 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE measures_2022_1 PARTITION OF measures_2022 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE measures_2023 PARTITION OF measures FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
INSERT INTO measures SELECT date '2021-01-01' + g, g % 50, 'note ' || g FROM generate_series(0, 700) g;
CREATE TABLE measure_notes (day date, value integer, FOREIGN KEY (day, value) REFERENCES measures (day, value) ON DELETE CASCADE);
INSERT INTO measure_notes VALUES ('2021-01-08', 7), ('2022-02-05', 0);
CREATE TABLE measures_copy AS SELECT *, tableoid::regclass AS place FROM measures;
SELECT rows FROM backup_table('measures');
DELETE FROM measures WHERE value = 4;
UPDATE measures SET note = 'changed' WHERE value % 3 = 0;
UPDATE measures SET day = day + 635 WHERE value = 5 AND day < '2021-12-01';
INSERT INTO measures SELECT date '2023-05-05' + g, g FROM generate_series(1, 20) g;
SELECT rows_restored, rows_removed FROM restore_table('measures');
CREATE VIEW measures_now AS SELECT *, tableoid::regclass AS place FROM measures;
SELECT differences('measures_now', 'measures_copy');
SELECT count(*) FROM measure_notes;
INSERT INTO measures VALUES ('2023-05-05', 5);
INSERT INTO measure_notes VALUES ('2023-05-05', 5);
SELECT regexp_replace(outcome_of($$ SELECT restore_table('measures') $$), 'fkey[_0-9]*', 'fkey');
SELECT count(*) FROM measure_notes;
-- together with what references it; and one partition alone
SELECT table_name, rows FROM backup_tables('{measures,measure_notes,measures_2021}');
CREATE TABLE measures_then AS SELECT * FROM measures_now;
DELETE FROM measures WHERE value < 10;
SELECT table_name, rows_restored, rows_removed FROM restore_tables('{measure_notes,measures}');
SELECT differences('measures_now', 'measures_then');
SELECT count(*) FROM measure_notes;
DELETE FROM measures WHERE value = 9;
SELECT table_name, rows_restored, rows_removed FROM restore_tables('{measures_2021,measure_notes}');
SELECT count(*) FROM measures_2021;
SELECT outcome_of($$ SELECT * FROM restore_tables('{measures,measures_2021}') $$);
-- without a key
CREATE TABLE keyless (day date, note text) PARTITION BY RANGE (day);
CREATE TABLE keyless_2021 PARTITION OF keyless FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
CREATE TABLE keyless_rest PARTITION OF keyless DEFAULT;
INSERT INTO keyless SELECT date '2021-12-01' + g, 'x' FROM generate_series(1, 60) g;
CREATE TABLE keyless_copy AS TABLE keyless;
SELECT rows FROM backup_table('keyless');
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'trigger % fired', TG_NAME; END $$;
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON keyless_rest EXECUTE FUNCTION refuse();
UPDATE keyless SET day = day + 20;
SELECT rows_restored, rows_removed FROM restore_table('keyless');
SELECT differences('keyless', 'keyless_copy');
-- a partition that is missing by now
DROP TABLE keyless_rest;
SELECT outcome_of($$ SELECT restore_table('keyless') $$);
SELECT count(*) FROM keyless;

-- A partition that is a foreign table: its rows are not the restore's to replace, by TRUNCATE or by key.
CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing;
CREATE TABLE spread (id integer, note text) PARTITION BY LIST (id);
CREATE TABLE spread_near PARTITION OF spread FOR VALUES IN (1);
INSERT INTO spread VALUES (1, 'near');
SELECT rows FROM backup_table('spread');
CREATE FOREIGN TABLE spread_far PARTITION OF spread FOR VALUES IN (2) SERVER nowhere;
SELECT outcome_of($$ SELECT restore_table('spread') $$);
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON spread EXECUTE FUNCTION refuse();
SELECT outcome_of($$ SELECT restore_table('spread') $$);
SELECT rows_restored FROM restore_table('spread', mode => 'append');
SELECT * FROM spread_near;
-- what the hint says works, also for rows that the backup has of it
DROP FOREIGN TABLE spread_far;
CREATE TABLE spread_once PARTITION OF spread FOR VALUES IN (2);
INSERT INTO spread VALUES (2, 'once near');
SELECT rows FROM backup_table('spread');
DROP TABLE spread_once;
CREATE FOREIGN TABLE spread_far PARTITION OF spread FOR VALUES IN (2) SERVER nowhere;
SELECT outcome_of($$ SELECT restore_table('spread') $$);
ALTER TABLE spread DETACH PARTITION spread_far;
CREATE TABLE spread_again PARTITION OF spread FOR VALUES IN (2);
SELECT rows_restored, rows_removed FROM restore_table('spread');
SELECT tableoid::regclass, * FROM spread ORDER BY id;
DROP TABLE spread;
DROP FOREIGN DATA WRAPPER nothing CASCADE;

-- An inheritance parent and its child are two tables.
CREATE TABLE mother (id integer PRIMARY KEY);
CREATE TABLE daughter (PRIMARY KEY (id)) INHERITS (mother);
INSERT INTO mother VALUES (1); INSERT INTO daughter VALUES (2);
SELECT table_name, rows FROM backup_tables('{mother,daughter}');
UPDATE mother SET id = id + 10;
SELECT table_name, rows_restored, rows_removed FROM restore_tables('{daughter,mother}');
SELECT tableoid::regclass, id FROM mother ORDER BY id;

-- Triggers, deferrable keys, expression and exclusion indexes of a table that is filled in batches.
CREATE TABLE batched (id integer PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, code text, span int4range, EXCLUDE USING gist (span WITH &&));
CREATE UNIQUE INDEX ON batched (lower(code));
INSERT INTO batched SELECT g, 'Code ' || g, int4range(g, g + 1) FROM generate_series(1, 5000) g;
CREATE TABLE batched_copy AS TABLE batched;
SELECT rows FROM backup_table('batched');
UPDATE batched SET code = 'changed ' || id;
CREATE TRIGGER t1 BEFORE INSERT OR UPDATE OR DELETE ON batched FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TRIGGER t2 AFTER INSERT OR UPDATE OR DELETE ON batched FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TRIGGER t3 AFTER INSERT ON batched REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION refuse();
SELECT rows_restored FROM restore_table('batched');
SELECT differences('batched', 'batched_copy');
SET enable_seqscan = off;
SELECT id FROM batched WHERE id = 4711;
SELECT id FROM batched WHERE lower(code) = 'code 4711';
RESET enable_seqscan;
SELECT outcome_of($$ SELECT restore_table('batched', mode => 'append') $$);
SELECT outcome_of($$ ALTER TABLE batched DISABLE TRIGGER USER; DELETE FROM batched; INSERT INTO batched VALUES (0, 'x', '[77,78)'); SELECT restore_table('batched', mode => 'append') $$);

-- An operator class whose function looks at the table is kept from an index that is not whole.
CREATE FUNCTION nosy(integer, integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
  IF current_setting('restore_test.is_nosy', true) = 'yes' THEN PERFORM FROM restore_test.ordered WHERE n = -77; END IF;
  RETURN btint4cmp($1, $2);
END $$;
CREATE OPERATOR CLASS nosy_ops FOR TYPE integer USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 nosy(integer, integer);
CREATE TABLE ordered (id integer PRIMARY KEY, n integer, note text);
INSERT INTO ordered SELECT g, 30001 - g, 'number ' || g FROM generate_series(1, 30000) g;
SELECT rows FROM backup_table('ordered');
CREATE INDEX ordered_n ON ordered (n nosy_ops);
BEGIN;
TRUNCATE ordered;
SET LOCAL enable_seqscan = off;
SET LOCAL restore_test.is_nosy = 'yes';
SELECT rows_restored FROM restore_table('ordered');
ROLLBACK;
SELECT rows_restored FROM restore_table('ordered');

SET client_min_messages = error;
DROP SCHEMA restore_test CASCADE;
DROP OWNED BY regress_restore_user;
DROP ROLE regress_restore_user;
\c regression
DROP DATABASE regression_restore;

-- A restore into another table than the one that was backed up. The oracle is a copy made by CREATE TABLE AS, compared as text.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE DATABASE regression_beside ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0;
\c regression_beside
SET client_min_messages = warning;
CREATE SCHEMA beside_test;
SET search_path = beside_test;
CREATE EXTENSION pg_ferry SCHEMA beside_test;

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
                          '/\S+/|pg_temp_\d+|\d{8}T[0-9.]+Z-[0-9a-f]{8}', '...', 'g');
END $$;

CREATE TABLE departments (id serial PRIMARY KEY, name text NOT NULL);
CREATE TABLE employees (id serial PRIMARY KEY, department integer REFERENCES departments, name text,
    code text UNIQUE, initial text GENERATED ALWAYS AS (left(name, 1)) STORED);
INSERT INTO departments (name) SELECT 'department ' || g FROM generate_series(1, 5) g;
INSERT INTO employees (department, name, code) SELECT 1 + g % 5, 'employee ' || g, 'code ' || g FROM generate_series(1, 2000) g;
CREATE TABLE as_it_was AS TABLE employees;
SELECT table_name, rows FROM backup_tables('{departments,employees}');
UPDATE employees SET name = 'new ' || id WHERE id % 100 = 0;
DELETE FROM employees WHERE id > 1990;
CREATE TABLE today AS TABLE employees;

-- Beside a table that goes on; its sequence stays where it is, although the other one's default names it.
CREATE TABLE side (LIKE employees INCLUDING ALL);
ALTER SEQUENCE employees_id_seq RESTART WITH 7;
SELECT table_name, rows_restored, rows_removed FROM restore_table('employees', into_table => 'side');
SELECT differences('side', 'as_it_was'), differences('employees', 'today');
SELECT last_value, is_called FROM employees_id_seq;

-- All modes, by the rules of the table that is restored into.
SELECT outcome_of($$ SELECT restore_table('employees', mode => 'append', into_table => 'side') $$);
UPDATE side SET name = 'else' WHERE id < 10;
DELETE FROM side WHERE id > 1000;
INSERT INTO side (id, name) VALUES (5000, 'more');
SELECT table_name, rows_restored, rows_removed FROM restore_table('employees', mode => 'upsert', into_table => 'side');
SELECT differences('side', 'as_it_was');
SELECT table_name, rows_restored, rows_removed FROM restore_table('employees', into_table => 'side');
SELECT differences('side', 'as_it_was');
CREATE TABLE referring (side integer REFERENCES side ON DELETE CASCADE);
INSERT INTO referring SELECT g FROM generate_series(1, 20) g;
UPDATE side SET code = NULL;
SELECT table_name, rows_restored, rows_removed FROM restore_table('employees', into_table => 'side');
SELECT differences('side', 'as_it_was'), (SELECT count(*) FROM referring);
INSERT INTO side (id) VALUES (5000);
INSERT INTO referring VALUES (5000);
SELECT outcome_of($$ SELECT restore_table('employees', into_table => 'side') $$);
DROP TABLE referring, side;
CREATE TABLE side (LIKE employees, CHECK (id < 2000));
SELECT outcome_of($$ SELECT restore_table('employees', into_table => 'side') $$);
DROP TABLE side;
CREATE TABLE side (LIKE employees, FOREIGN KEY (department) REFERENCES departments);
SELECT table_name, rows_restored FROM restore_table('employees', into_table => 'side');
UPDATE employees SET department = NULL WHERE department = 5;
TRUNCATE side;
DELETE FROM departments WHERE id = 5;
SELECT outcome_of($$ SELECT restore_table('employees', into_table => 'side') $$);
INSERT INTO departments VALUES (5, 'five');

-- Columns are matched by name; identity, sequences and generated columns are those of the table.
DROP TABLE side;
CREATE TABLE side (shout text GENERATED ALWAYS AS (upper(name)) STORED, name varchar(20), department bigint, added date DEFAULT '2021-01-01',
    id integer GENERATED ALWAYS AS IDENTITY (START WITH 1000000));
SET client_min_messages = notice;
SELECT table_name, rows_restored, rows_removed FROM restore_table('employees', into_table => 'side');
SET client_min_messages = warning;
SELECT * FROM side ORDER BY id DESC LIMIT 2;
INSERT INTO side (name) VALUES ('next') RETURNING id;
SELECT last_value, is_called FROM employees_id_seq;
CREATE TABLE strange (x integer);
SELECT outcome_of($$ SELECT restore_table('employees', into_table => 'strange') $$) ~ '42703 no column of the backup exists in table "strange"';

-- Partitioned, in another schema; and a partition alone.
CREATE SCHEMA elsewhere;
CREATE TABLE elsewhere."Side" (LIKE employees, PRIMARY KEY (id, code)) PARTITION BY RANGE (id);
CREATE TABLE elsewhere.side_1 PARTITION OF elsewhere."Side" FOR VALUES FROM (0) TO (1000);
CREATE TABLE elsewhere.side_2 PARTITION OF elsewhere."Side" DEFAULT;
SELECT table_name, rows_restored, rows_removed FROM restore_table('beside_test.employees', into_table => 'elsewhere."Side"');
SELECT differences('elsewhere."Side"', 'as_it_was'), (SELECT count(*) FROM elsewhere.side_1);
SELECT outcome_of($$ SELECT restore_table('employees', mode => 'append', into_table => 'elsewhere.side_1') $$);
DROP TABLE elsewhere."Side";

-- It may be the table itself, which is an ordinary restore.
SELECT table_name, rows_restored, rows_removed FROM restore_table('employees', into_table => 'employees');
SELECT differences('employees', 'as_it_was');
SELECT last_value, is_called FROM employees_id_seq;

-- The table that was backed up need not be there any more.
DROP TABLE employees;
TRUNCATE side;
SELECT table_name, rows_restored FROM restore_table('employees', into_table => 'side');
SELECT table_name, rows_restored FROM restore_table('beside_test.employees', into_table => 'side');
SELECT outcome_of($$ SELECT restore_table('employees') $$) ~ '42P01 relation "employees" does not exist\n.*CREATE TABLE';
SELECT outcome_of($$ SELECT restore_table('nobody', into_table => 'side') $$);
SELECT outcome_of($$ SELECT restore_table('beside_test.nobody', '20000101T000000.000000Z-00000000', into_table => 'side') $$);
CREATE TABLE employees (id integer);
SELECT table_name, rows_restored FROM restore_table('employees', into_table => 'side');

-- What no restore takes.
CREATE VIEW looking AS TABLE side;
CREATE MATERIALIZED VIEW looked AS TABLE side;
CREATE TEMP TABLE passing (LIKE side);
SELECT outcome_of($$ SELECT restore_table('employees', into_table => 'looking') $$);
SELECT outcome_of($$ SELECT restore_table('employees', into_table => 'looked') $$);
SELECT outcome_of($$ SELECT restore_table('employees', into_table => 'passing') $$);
SELECT outcome_of($$ SELECT restore_table('employees', into_table => 'side_id_seq') $$);
SELECT outcome_of($$ SELECT restore_table('employees', into_table => 'pg_class') $$);
SELECT outcome_of($$ SELECT restore_table('employees', into_table => 999999::regclass) $$);
SELECT outcome_of($$ SELECT restore_table('employees', into_table => 'nothing') $$);
SELECT outcome_of($$ SELECT restore_table(NULL, into_table => 'side') $$);
SELECT left(outcome_of($$ SELECT restore_tables('{employees}', into_table => 'side') $$), 5) AS outcome;

-- The rows are for those who own the table that was backed up, or are members of the role that did.
DROP TABLE employees, side CASCADE;
CREATE ROLE regress_beside_owner; CREATE ROLE regress_beside_other;
GRANT USAGE, CREATE ON SCHEMA beside_test TO regress_beside_owner, regress_beside_other;
GRANT EXECUTE ON FUNCTION backup_table, restore_table TO regress_beside_owner, regress_beside_other;
GRANT regress_beside_other TO CURRENT_USER; GRANT regress_beside_owner TO CURRENT_USER;
SET ROLE regress_beside_owner;
CREATE TABLE secrets AS SELECT 1 AS id;
SELECT table_name, rows FROM backup_table('secrets');
CREATE TABLE own (id integer);
SELECT table_name, rows_restored FROM restore_table('secrets', into_table => 'own');
SET ROLE regress_beside_other;
CREATE TABLE theirs (id integer);
SELECT outcome_of($$ SELECT restore_table('secrets', into_table => 'theirs') $$);
SELECT outcome_of($$ SELECT restore_table('secrets', into_table => 'own') $$);
RESET ROLE;
DROP TABLE secrets;
SET ROLE regress_beside_other;
SELECT outcome_of($$ SELECT restore_table('secrets', into_table => 'theirs') $$);
CREATE TABLE secrets (id integer);
SELECT outcome_of($$ SELECT restore_table('secrets', into_table => 'theirs') $$);
SELECT outcome_of($$ SELECT restore_table('secrets', directory => '/nowhere', into_table => 'theirs') $$);
RESET ROLE;
GRANT regress_beside_owner TO regress_beside_other;
SET ROLE regress_beside_other;
SELECT table_name, rows_restored FROM restore_table('secrets', into_table => 'theirs');
BEGIN READ ONLY;
SELECT restore_table('secrets', into_table => 'theirs');
ROLLBACK;
RESET ROLE;

\c regression
DROP DATABASE regression_beside;
DROP ROLE regress_beside_owner, regress_beside_other;

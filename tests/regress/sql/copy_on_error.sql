-- The setting pg_ferry.on_error: what COPY FROM does that says nothing of errors.
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
RESET client_min_messages;
\getenv builddir PG_ABS_BUILDDIR
\set made :builddir '/results/on_error.csv'
\set binary :builddir '/results/on_error.binary'
SELECT FROM ferry_loads;
SHOW pg_ferry.on_error;
CREATE TABLE parents (id int PRIMARY KEY);
CREATE TABLE rows (id int PRIMARY KEY, parent int REFERENCES parents);
COPY (VALUES (1, 1), (1, 1), (2, 9)) TO :'made' (FORMAT csv);
INSERT INTO parents VALUES (1);
COPY rows FROM :'made' (FORMAT csv);

SET pg_ferry.on_error = reject;
COPY rows FROM :'made' (FORMAT csv);
COPY rows FROM :'made' CSV;
COPY rows (id, parent) FROM :'made' WITH DELIMITER ',';
COPY rows FROM STDIN;
3	1
4	x
\.
-- the options that require it
COPY rows FROM :'made' (FORMAT csv, REJECT_LIMIT 1);
COPY rows FROM :'made' (FORMAT csv, ON_CONFLICT skip);
SELECT row_number, raw_row, sqlstate FROM ferry_rejects WHERE load_id = ferry_last_load();
TABLE rows ORDER BY id;
-- in a function, and in one with a setting of its own
CREATE FUNCTION load_it(path text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('COPY rows FROM %L (FORMAT csv)', path); END $$;
SELECT load_it(:'made');
ALTER FUNCTION load_it SET pg_ferry.on_error = stop;
\set VERBOSITY terse
SELECT load_it(:'made');
-- in one that runs as somebody else it is not that one's
ALTER FUNCTION load_it RESET ALL;
ALTER FUNCTION load_it SECURITY DEFINER;
SELECT load_it(:'made');

-- stays the server's: binary, FREEZE, views, the extension's own tables, COPY TO, tables that are not there
COPY rows TO :'binary' (FORMAT binary);
COPY rows FROM :'binary' (FORMAT binary);
COPY BINARY rows FROM :'binary';
COPY rows FROM :'made' (FORMAT csv, FREEZE);
-- as in the dumps of pg_dump
SET check_function_bodies = false;
COPY rows FROM :'made' (FORMAT csv);
RESET check_function_bodies;
CREATE VIEW shown AS SELECT * FROM rows;
CREATE FUNCTION insert_shown() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'instead'; RETURN NULL; END $$;
CREATE TRIGGER shown INSTEAD OF INSERT ON shown FOR EACH ROW EXECUTE FUNCTION insert_shown();
COPY shown FROM STDIN;
1	1
\.
COPY ferry_reject_log (load_id, row_number) FROM STDIN;
x	1
\.
COPY missing FROM :'made';
COPY pg_class FROM :'made';
COPY rows TO STDOUT;
COPY rows FROM '/nowhere' (FORMAT sideways);
SET pg_ferry.on_error = ignore;
\set VERBOSITY default
-- everybody may set it
CREATE ROLE regress_setter;
SET ROLE regress_setter;
SET pg_ferry.on_error = stop;
RESET ROLE;
SET pg_ferry.on_error = reject;
-- where the extension is not installed, COPY is that of the server
DROP EXTENSION pg_ferry;
COPY rows FROM STDIN;
x	1
\.

DROP VIEW shown;
DROP TABLE rows, parents;
DROP FUNCTION load_it, insert_shown;
DROP ROLE regress_setter;

-- pg_ferry_hiring: the tables that it makes, its two reports, and what it refuses.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_ferry;
RESET client_min_messages;

CREATE EXTENSION pg_ferry_hiring;
DROP EXTENSION pg_ferry_hiring;
CREATE EXTENSION pg_ferry_hiring;
\dx+ pg_ferry_hiring

-- Every function of the extension has a comment and says how it runs.
SELECT p.proname, p.provolatile, p.proparallel, p.proisstrict, p.prosecdef, obj_description(p.oid, 'pg_proc')
FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid
WHERE e.extname = 'pg_ferry_hiring' ORDER BY p.proname COLLATE "C";

-- The tables
CREATE SCHEMA company;
SELECT create_hiring_tables('company');
SET search_path = company, public;
\d departments
\d jobs
\d hired_employees
SELECT c.relname, a.attname, col_description(c.oid, a.attnum), obj_description(c.oid, 'pg_class') IS NOT NULL AS table_comment
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
WHERE c.relnamespace = 'company'::regnamespace AND c.relkind = 'r' ORDER BY c.relname COLLATE "C", a.attnum;

-- They belong to the user, not to the extension.
SELECT count(*) FROM pg_depend
WHERE deptype = 'e' AND classid = 'pg_class'::regclass AND objid IN ('departments'::regclass, 'jobs'::regclass, 'hired_employees'::regclass);

-- A second time, wholly or in part, or in a schema that is not there: refused, and nothing half made.
\set SHOW_CONTEXT never
SELECT create_hiring_tables();
\echo :LAST_ERROR_SQLSTATE
CREATE SCHEMA half;
CREATE TABLE half.hired_employees ();
SELECT create_hiring_tables('half');
SELECT relname FROM pg_class WHERE relnamespace = 'half'::regnamespace;
\set VERBOSITY terse
SELECT create_hiring_tables('no such schema');
\set VERBOSITY default
SET search_path = '';
SELECT public.create_hiring_tables();
\echo :LAST_ERROR_SQLSTATE
SET search_path = company, public;

-- No blank names
INSERT INTO departments VALUES (1, '');
INSERT INTO jobs VALUES (1, E' \t\n');
INSERT INTO jobs VALUES (1, NULL);

-- The reports before there is anything to count
SELECT * FROM hires_by_quarter();
SELECT * FROM departments_above_mean();

-- Ids may be given or left out. The order is that of COLLATE "C", whatever the collation of the columns.
ALTER TABLE departments ALTER department TYPE text COLLATE "und-x-icu";
ALTER TABLE jobs ALTER job TYPE text COLLATE "und-x-icu";
INSERT INTO departments VALUES (1, 'sales'), (2, 'Support'), (3, 'Éditions'), (4, 'Legal'), (5, 'Zoo');
INSERT INTO jobs VALUES (1, 'clerk'), (2, 'Analyst');
INSERT INTO hired_employees VALUES (0, 'Zero', '2021-06-30T12:00:00Z', 1, 1);
INSERT INTO hired_employees (name, datetime, department_id, job_id) VALUES
    ('first second of the year', '2021-01-01T00:00:00Z', 1, 1),
    ('last second of a quarter', '2021-03-31T23:59:59.999999Z', 1, 1),
    ('first second of a quarter', '2021-04-01T00:00:00Z', 1, 1),
    ('last second of the year', '2021-12-31T23:59:59.999999Z', 1, 2),
    ('a year too early', '2020-12-31T23:59:59.999999Z', 1, 1),
    ('a year too late', '2022-01-01T00:00:00Z', 1, 1),
    ('elsewhere this is 2020', '2021-01-01T04:30:00Z', 2, 2),
    ('still 2021 in UTC', '2022-01-01T01:00:00+02:00', 2, 2),
    ('third quarter', '2021-07-01T00:00:00Z', 3, 1);

-- 4 departments with 5, 2, 1, 0, 0 hires: the mean is 1.6 and counts those without.
SELECT * FROM hires_by_quarter();
SELECT * FROM departments_above_mean();
SELECT * FROM hires_by_quarter(2022);
SELECT * FROM departments_above_mean(2022);
SELECT * FROM departments_above_mean(year => 1999);

-- A tie goes by id, and none is above the mean where all hire the same.
BEGIN;
INSERT INTO hired_employees (name, datetime, department_id, job_id)
    SELECT 'tie', '2030-05-05T00:00:00Z', d, 1 FROM generate_series(5, 3, -1) d, generate_series(1, 2);
SELECT * FROM departments_above_mean(2030);
INSERT INTO hired_employees (name, datetime, department_id, job_id)
    SELECT 'tie', '2030-05-05T00:00:00Z', d, 1 FROM generate_series(1, 2) d, generate_series(1, 2);
SELECT * FROM departments_above_mean(2030);
ROLLBACK;

-- The same from any time zone, and from any settings that change how a string or a date is read
CREATE TEMP TABLE by_quarter AS SELECT * FROM hires_by_quarter();
CREATE TEMP TABLE above_mean AS SELECT * FROM departments_above_mean();
CREATE FUNCTION pg_temp.same_reports() RETURNS boolean LANGUAGE sql AS $$
    SELECT (SELECT array_agg(r) FROM hires_by_quarter() r)::text = (SELECT array_agg(r) FROM by_quarter r)::text
       AND (SELECT array_agg(r) FROM departments_above_mean() r)::text = (SELECT array_agg(r) FROM above_mean r)::text $$;
SET TimeZone = 'America/Bogota';
SELECT pg_temp.same_reports();
SET TimeZone = 'Pacific/Kiritimati';
SELECT pg_temp.same_reports();
SET TimeZone = 'America/New_York';
SELECT pg_temp.same_reports();
SET DateStyle = 'German, DMY';
SELECT pg_temp.same_reports();
RESET DateStyle;
RESET TimeZone;

-- Years that are none
SELECT * FROM hires_by_quarter(NULL);
SELECT * FROM departments_above_mean(NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM hires_by_quarter(0);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM departments_above_mean(300000);
SELECT * FROM hires_by_quarter(2147483647);
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM hires_by_quarter(-44);
-- The year before 1 is -1, that is 1 BC.
BEGIN;
INSERT INTO hired_employees (name, datetime, department_id, job_id) VALUES
    ('last second of 1 BC', '0001-12-31T23:59:59.999999Z BC', 3, 1), ('first second of 1 AD', '0001-01-01T00:00:00Z', 3, 1);
SELECT * FROM hires_by_quarter(-1);
SELECT * FROM departments_above_mean(-1);
ROLLBACK;

-- One session, two schemas: the tables are those of the search_path of the moment.
CREATE SCHEMA other;
SELECT create_hiring_tables('other');
SET search_path = other, public;
SELECT count(*) FROM hires_by_quarter();
SET search_path = company, public;
SELECT count(*) FROM hires_by_quarter();

-- No tables
\set VERBOSITY terse
SET search_path = public;
SELECT * FROM hires_by_quarter();
\set VERBOSITY default

-- Operators, functions and types of the same names change nothing, even before pg_catalog.
CREATE SCHEMA hostile;
DO $$
DECLARE
    operator record;
BEGIN
    FOR operator IN
        SELECT * FROM (VALUES ('=', 'integer', 'integer', 'boolean'), ('=', 'numeric', 'integer', 'boolean'),
                              ('=', 'numeric', 'numeric', 'boolean'), ('>=', 'timestamptz', 'timestamptz', 'boolean'),
                              ('<', 'timestamptz', 'timestamptz', 'boolean'), ('>', 'bigint', 'numeric', 'boolean'),
                              ('>', 'numeric', 'numeric', 'boolean'), ('~', 'text', 'text', 'boolean'),
                              ('+', 'integer', 'integer', 'integer')) o(name, l, r, result)
    LOOP
        EXECUTE format('CREATE FUNCTION hostile.operator(%s, %s) RETURNS %s LANGUAGE plpgsql AS ''BEGIN RAISE ''''hostile operator''''; END''',
                       operator.l, operator.r, operator.result);
        EXECUTE format('CREATE OPERATOR hostile.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = hostile.operator)',
                       operator.name, operator.l, operator.r);
        EXECUTE format('ALTER FUNCTION hostile.operator(%s, %s) RENAME TO %I', operator.l, operator.r, 'operator ' || operator.name);
    END LOOP;
END $$;
CREATE FUNCTION hostile.format(text, name, text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'hostile function'; END $$;
CREATE FUNCTION hostile.format(text, name) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'hostile function'; END $$;
CREATE FUNCTION hostile.current_schema() RETURNS name LANGUAGE plpgsql AS $$ BEGIN RAISE 'hostile function'; END $$;
CREATE FUNCTION hostile.to_regclass(text) RETURNS regclass LANGUAGE plpgsql AS $$ BEGIN RAISE 'hostile function'; END $$;
CREATE FUNCTION hostile.timezone(text, timestamptz) RETURNS timestamp LANGUAGE plpgsql AS $$ BEGIN RAISE 'hostile function'; END $$;
CREATE FUNCTION hostile.extract(text, timestamp) RETURNS numeric LANGUAGE plpgsql AS $$ BEGIN RAISE 'hostile function'; END $$;
CREATE FUNCTION hostile.make_timestamptz(integer, integer, integer, integer, integer, double precision, text) RETURNS timestamptz
    LANGUAGE plpgsql AS $$ BEGIN RAISE 'hostile function'; END $$;
CREATE AGGREGATE hostile.count(*) (SFUNC = pg_catalog.int8inc, STYPE = bigint, INITCOND = '1000000');
CREATE AGGREGATE hostile.avg(bigint) (SFUNC = pg_catalog.int8pl, STYPE = bigint, INITCOND = '1000000');
CREATE DOMAIN hostile.text AS pg_catalog.text CHECK (value IS NULL);
CREATE DOMAIN hostile.name AS pg_catalog.name CHECK (value IS NULL);
CREATE COLLATION hostile."C" FROM pg_catalog."und-x-icu";
CREATE FUNCTION hostile.hires_by_quarter(integer) RETURNS integer LANGUAGE plpgsql AS $$ BEGIN RAISE 'hostile function'; END $$;
CREATE FUNCTION hostile.hiring_page_style() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'hostile function'; END $$;
CREATE FUNCTION hostile.json_agg(record) RETURNS json LANGUAGE plpgsql AS $$ BEGIN RAISE 'hostile function'; END $$;
CREATE FUNCTION hostile.to_char(numeric, text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'hostile function'; END $$;
SET search_path = company, public;
SELECT md5(hiring_report_page()) AS page_md5 \gset
CREATE SCHEMA fresh;
\c -
\set SHOW_CONTEXT never
SET search_path = hostile, pg_catalog, company, public;
-- the trap works
SELECT count(*) FROM (VALUES (1)) v;
SELECT 1 = 1;
SELECT now() < now();
SELECT * FROM hires_by_quarter();
SELECT * FROM departments_above_mean();
SELECT md5(hiring_report_page()) = :'page_md5' AS same_page;
SET search_path = fresh, hostile, pg_catalog, public;
SELECT create_hiring_tables();
INSERT INTO fresh.jobs (job) VALUES ('Mate') RETURNING job;
RESET search_path;
\d fresh.jobs
SET client_min_messages = warning;
DROP SCHEMA hostile CASCADE;
RESET client_min_messages;

-- A role that is no superuser needs CREATE on the schema and owns what is made; a report needs SELECT on the tables.
CREATE ROLE regress_hiring_user;
SET ROLE regress_hiring_user;
SELECT create_hiring_tables('fresh');
SELECT create_hiring_tables('other');
RESET ROLE;
CREATE SCHEMA own AUTHORIZATION regress_hiring_user;
SET ROLE regress_hiring_user;
SET search_path = own, public;
SELECT create_hiring_tables();
SELECT tablename, tableowner FROM pg_tables WHERE schemaname = 'own' ORDER BY tablename COLLATE "C";
SELECT count(*) FROM hires_by_quarter();
RESET ROLE;
GRANT USAGE ON SCHEMA company TO regress_hiring_user;
GRANT SELECT ON company.departments, company.jobs TO regress_hiring_user;
SET ROLE regress_hiring_user;
SET search_path = company, public;
SELECT count(*) FROM hires_by_quarter();
RESET ROLE;
-- It may also install the extension where pg_ferry is installed.
DROP EXTENSION pg_ferry_hiring;
SET ROLE regress_hiring_user;
CREATE EXTENSION pg_ferry_hiring SCHEMA own;
DROP EXTENSION pg_ferry_hiring;
RESET ROLE;

-- Temporary tables; and the extension in a schema of its own, moved to another.
CREATE EXTENSION pg_ferry_hiring SCHEMA half;
ALTER EXTENSION pg_ferry_hiring SET SCHEMA other;
SET search_path = company;
SELECT other.hiring_report_page() LIKE '<!DOCTYPE html>%Hires in 2021%' AS page;
SET search_path = other;
SELECT create_hiring_tables('pg_temp');
SELECT relname FROM pg_class WHERE relnamespace = pg_my_temp_schema() AND relname = 'jobs';
RESET search_path;

-- The tables outlive the extension.
DROP EXTENSION pg_ferry_hiring;
SELECT count(*) FROM company.hired_employees;

\set VERBOSITY terse
SET client_min_messages = warning;
DROP SCHEMA company, half, other, own, fresh CASCADE;
DROP ROLE regress_hiring_user;

-- The two reports on the hires of a year (UTC).
--
--   psql [-v year=2021] [-v rows=10] -f sql/reports.sql
--
-- year  default: 2021
-- rows  how many rows of each report to show; default: all
--
-- An error ends it, with exit status 3.

\set ON_ERROR_STOP on
\if :{?year} \else
  \set year 2021
\endif
\if :{?rows} \else
  \set rows ''
\endif

-- what is missing or wrong ends the script
SELECT format('DO $do$ BEGIN RAISE EXCEPTION %L USING HINT = %L; END $do$', problem, hint)
FROM (VALUES (to_regproc('hires_by_quarter') IS NULL,
              'function hires_by_quarter() is not in the search_path', 'Run CREATE EXTENSION pg_ferry_hiring, or SET search_path to its schema, too.'),
             (to_regclass('departments') IS NULL OR to_regclass('jobs') IS NULL OR to_regclass('hired_employees') IS NULL,
              'departments, jobs and hired_employees are not in the search_path', 'create_hiring_tables() makes them, sql/migrate.sql fills them.'),
             (NOT :'year' ~ '^[0-9]{1,6}$',
              'variable "year" must be a whole number', 'Say it as -v year=2021.'),
             (NOT :'rows' ~ '^[0-9]{0,18}$',
              'variable "rows" must be a whole number', 'Leave it out for all rows.')) c(is_so, problem, hint)
WHERE is_so LIMIT 1
\gexec

\echo '--- hires of' :year 'by department, job and quarter'
SELECT * FROM hires_by_quarter(:year) LIMIT nullif(:'rows', '')::bigint;
\set pairs :ROW_COUNT

\echo '--- departments that hired more in' :year 'than the mean of all'
SELECT * FROM departments_above_mean(:year) LIMIT nullif(:'rows', '')::bigint;

\echo :pairs 'pairs of department and job,' :ROW_COUNT 'departments above the mean'

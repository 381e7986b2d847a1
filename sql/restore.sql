-- Makes departments, jobs and hired_employees what they were when they were last backed up. All or nothing: an error
-- leaves the tables as they are.
--
--   psql [-v dir=/path] [-v tables='departments jobs'] -f sql/restore.sql
--
-- dir     folder of the backups, as the server sees it; default: the setting pg_ferry.backup_directory
-- tables  names of tables, separated by spaces, in any order; the newest backup that has all of them is taken
--
-- An error ends it, with exit status 3.

\set ON_ERROR_STOP on
\pset footer off
\if :{?dir} \else
  \set dir ''
\endif
\if :{?tables} \else
  \set tables 'departments jobs hired_employees'
\endif

-- what is missing or wrong ends the script
SELECT format('DO $do$ BEGIN RAISE EXCEPTION %L USING HINT = %L; END $do$', problem, hint)
FROM (VALUES (to_regproc('restore_tables') IS NULL,
              'function restore_tables() is not in the search_path', 'Run CREATE EXTENSION pg_ferry, or SET search_path to its schema, too.'),
             (btrim(:'tables') = '',
              'variable "tables" must name a table', 'Leave it out for departments, jobs and hired_employees.')) c(is_so, problem, hint)
WHERE is_so LIMIT 1
\gexec

SELECT * FROM restore_tables(regexp_split_to_array(btrim(:'tables'), '[[:space:]]+'), directory => nullif(:'dir', ''));

\echo :ROW_COUNT 'tables restored'

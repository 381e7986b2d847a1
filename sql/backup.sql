-- Backs up departments, jobs and hired_employees, each into an Avro file. The files are one backup and show the same
-- moment, whatever others write meanwhile. Each run makes a new backup.
--
--   psql [-v dir=/path] [-v tables='jobs departments'] -f sql/backup.sql
--
-- dir     folder of the backups, as the server sees it; default: the setting pg_ferry.backup_directory
-- tables  names of tables, separated by spaces
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
FROM (VALUES (to_regproc('backup_tables') IS NULL,
              'function backup_tables() is not in the search_path', 'Run CREATE EXTENSION pg_ferry, or SET search_path to its schema, too.'),
             (btrim(:'tables') = '',
              'variable "tables" must name a table', 'Leave it out for departments, jobs and hired_employees.')) c(is_so, problem, hint)
WHERE is_so LIMIT 1
\gexec

SELECT backup_id, table_name, rows, bytes, left(sha256, 12) || '...' AS sha256, path
FROM backup_tables(regexp_split_to_array(btrim(:'tables'), '[[:space:]]+')::regclass[], nullif(:'dir', ''));

\echo :ROW_COUNT 'tables backed up'

-- Makes departments, jobs and hired_employees what they were when they were last backed up. All or nothing: an error
-- leaves the tables as they are.
--
--   psql [-v dir=/path] [-v tables='departments jobs'] -f sql/restore.sql
--
-- dir     folder of the backups, as the server sees it; default: the setting pg_ferry.backup_directory
-- tables  names of tables, separated by spaces; a table before those that refer to it

\set ON_ERROR_STOP on
\pset footer off
\if :{?dir} \else
  \set dir ''
\endif
\if :{?tables} \else
  \set tables 'departments jobs hired_employees'
\endif

BEGIN;
SELECT format('SELECT * FROM restore_table(%L, directory => nullif(%L, %L))', t.name, :'dir', '')
FROM string_to_table(:'tables', ' ') WITH ORDINALITY t(name, position) ORDER BY t.position
\gexec
COMMIT;

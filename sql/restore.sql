-- Makes departments, jobs and hired_employees what they were when they were last backed up. All or nothing: an error
-- leaves the tables as they are.
--
--   psql [-v dir=/path] [-v tables='departments jobs'] -f sql/restore.sql
--
-- dir     folder of the backups, as the server sees it; default: the setting pg_ferry.backup_directory
-- tables  names of tables, separated by spaces, in any order; the newest backup that has all of them is taken

\set ON_ERROR_STOP on
\pset footer off
\if :{?dir} \else
  \set dir ''
\endif
\if :{?tables} \else
  \set tables 'departments jobs hired_employees'
\endif

SELECT * FROM restore_tables(string_to_array(:'tables', ' '), directory => nullif(:'dir', ''));

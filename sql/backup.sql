-- Backs up departments, jobs and hired_employees, each into an Avro file. The files are one backup and show the same
-- moment, whatever others write meanwhile.
--
--   psql [-v dir=/path] [-v tables='jobs departments'] -f sql/backup.sql
--
-- dir     folder of the backups, as the server sees it; default: the setting pg_ferry.backup_directory
-- tables  names of tables, separated by spaces

\set ON_ERROR_STOP on
\pset footer off
\if :{?dir} \else
  \set dir ''
\endif
\if :{?tables} \else
  \set tables 'departments jobs hired_employees'
\endif

SELECT backup_id, table_name, rows, bytes, left(sha256, 12) || '...' AS sha256, path
FROM backup_tables(string_to_array(:'tables', ' ')::regclass[], nullif(:'dir', ''));

-- Backs up departments, jobs and hired_employees, each into an Avro file. The three files show the same moment, whatever
-- others write meanwhile.
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

BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT b.backup_id, b.table_name, b.rows, b.bytes, left(b.sha256, 12) || '...' AS sha256, b.path
FROM string_to_table(:'tables', ' ') WITH ORDINALITY t(name, position),
     LATERAL backup_table(t.name::regclass, nullif(:'dir', '')) b
ORDER BY t.position;
COMMIT;

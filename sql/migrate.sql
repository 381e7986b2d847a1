-- Loads departments.csv, jobs.csv and hired_employees.csv (no header) of a folder of the server, and reports what was
-- loaded, what was not, and why. All or nothing: an error leaves the database as it was. Bad rows are no error: they are
-- kept in the view ferry_rejects.
--
--   psql -v dir=/path [-v rejects=10] -f sql/migrate.sql
--
-- dir      folder of the three files, as the server sees it; default: the folder that psql was started in
-- rejects  how many of the rejected rows to show

\set ON_ERROR_STOP on
\pset footer off
\if :{?dir} \else
  \set dir `pwd`
\endif
\if :{?rejects} \else
  \set rejects 10
\endif

BEGIN;
SET LOCAL client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_ferry_hiring CASCADE;

SELECT to_regclass('departments') IS NULL AND to_regclass('jobs') IS NULL AND to_regclass('hired_employees') IS NULL AS no_tables
\gset
\if :no_tables
  SELECT create_hiring_tables() \gset
\endif

-- parents first: a row is good only if what it refers to is there
SELECT load_id AS first_load FROM load_csv('departments', :'dir' || '/departments.csv') \gset
SELECT load_id FROM load_csv('jobs', :'dir' || '/jobs.csv') \gset
SELECT load_id AS last_load FROM load_csv('hired_employees', :'dir' || '/hired_employees.csv') \gset
COMMIT;

\echo
\echo '--- loads (view ferry_loads)'
SELECT load_id, table_name, rows_read, rows_loaded, rows_rejected, source
FROM ferry_loads WHERE load_id IN (:first_load, :load_id, :last_load) ORDER BY load_id;

\echo '--- why rows were rejected (view ferry_rejects)'
SELECT l.table_name, r.sqlstate, r.column_name, r.constraint_name, count(*) AS rows
FROM ferry_rejects r JOIN ferry_loads l USING (load_id)
WHERE load_id IN (:first_load, :load_id, :last_load)
GROUP BY l.table_name, r.sqlstate, r.column_name, r.constraint_name ORDER BY rows DESC, r.sqlstate, r.column_name, r.constraint_name;

\echo '--- the first rejected rows'
SELECT l.table_name, r.line_number, r.raw_row, r.reason
FROM ferry_rejects r JOIN ferry_loads l USING (load_id)
WHERE load_id IN (:first_load, :load_id, :last_load)
ORDER BY load_id, r.row_number LIMIT :rejects;

-- Loads the CSV and Avro files of a folder of the server, each into the table that its name tells, such as departments.csv,
-- jobs.csv and hired_employees.csv, and reports what was loaded, what was not, and why. All or nothing: a file that cannot be
-- loaded leaves the database as it was. Bad rows are no error: they are kept in the view ferry_rejects. A second time, files
-- that have not changed are not loaded again.
--
--   psql -v dir=/path [-v rejects=10] -f sql/migrate.sql
--
-- dir      the folder, as the server sees it; default: the folder that psql was started in
-- rejects  how many of the rejected rows to show
--
-- An error ends it, with exit status 3.

\set ON_ERROR_STOP on
\pset footer off
\if :{?dir} \else
  \set dir `pwd`
\endif
\if :{?rejects} \else
  \set rejects 10
\endif

-- what is missing or wrong ends the script
SELECT format('DO $do$ BEGIN RAISE EXCEPTION %L USING HINT = %L; END $do$', problem, hint)
FROM (VALUES (NOT :'rejects' ~ '^[0-9]{1,18}$',
              'variable "rejects" must be a whole number', 'Say it as -v rejects=10.')) c(is_so, problem, hint)
WHERE is_so LIMIT 1
\gexec

BEGIN;
SET LOCAL client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_ferry_hiring CASCADE;

SELECT to_regclass('departments') IS NULL AND to_regclass('jobs') IS NULL AND to_regclass('hired_employees') IS NULL AS no_tables
\gset
\if :no_tables
  SELECT create_hiring_tables() \gset
\endif

DROP TABLE IF EXISTS pg_temp.migrated;
CREATE TEMP TABLE migrated AS SELECT * FROM load_folder(:'dir', settle_seconds => 0);
DO $$
DECLARE
    failed CONSTANT text := (SELECT string_agg(path || ': ' || reason, E'\n') FROM migrated WHERE status = 'failed');
BEGIN
    IF failed IS NOT NULL OR NOT EXISTS (SELECT FROM migrated WHERE load_id IS NOT NULL) THEN
        RAISE EXCEPTION 'folder could not be loaded' USING DETAIL = coalesce(failed, 'It has no file for a table.');
    END IF;
END $$;
COMMIT;

\echo
\echo '--- loads (view ferry_loads)'
SELECT load_id, table_name, rows_read, rows_loaded, rows_rejected, source
FROM ferry_loads WHERE load_id IN (SELECT load_id FROM migrated) ORDER BY load_id;

\echo '--- why rows were rejected (view ferry_rejects)'
SELECT l.table_name, r.sqlstate, r.column_name, r.constraint_name, count(*) AS rows
FROM ferry_rejects r JOIN ferry_loads l USING (load_id)
WHERE load_id IN (SELECT load_id FROM migrated)
GROUP BY l.table_name, r.sqlstate, r.column_name, r.constraint_name ORDER BY rows DESC, r.sqlstate, r.column_name, r.constraint_name;

\echo '--- the first rejected rows'
SELECT l.table_name, r.line_number, r.raw_row, r.reason
FROM ferry_rejects r JOIN ferry_loads l USING (load_id)
WHERE load_id IN (SELECT load_id FROM migrated)
ORDER BY load_id, r.row_number LIMIT :rejects;

SELECT format('%s files loaded, %s unchanged, %s skipped: %s rows loaded, %s rejected',
              count(*) FILTER (WHERE status IN ('loaded', 'continued')), count(*) FILTER (WHERE status = 'unchanged'),
              count(*) FILTER (WHERE status = 'skipped'), sum(rows_loaded), sum(rows_rejected)) AS summary
FROM migrated
\gset
\echo :summary

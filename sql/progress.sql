-- Shows again and again what runs now: loads, exports, imports, backups, restores and COPY, with how much is done and how long
-- it takes still. Ctrl-C ends it.
--
--   psql -d ferry [-v every=1] -f sql/progress.sql
--
-- every  seconds from one look to the next

\set ON_ERROR_STOP on
\pset footer off
\if :{?every} \else
  \set every 1
\endif

-- what is missing or wrong ends the script
SELECT format('DO $do$ BEGIN RAISE EXCEPTION %L USING HINT = %L; END $do$', problem, hint)
FROM (VALUES (to_regclass('ferry_progress') IS NULL,
              'view ferry_progress is not in the search_path', 'Run CREATE EXTENSION pg_ferry, or SET search_path to its schema, too.'),
             (NOT (:'every' ~ '^[0-9]{0,6}([.][0-9]{1,3})?$' AND :'every' ~ '[1-9]'),
              'variable "every" must be a number of seconds', 'Say it as -v every=0.5.')) c(is_so, problem, hint)
WHERE is_so LIMIT 1
\gexec

SELECT pid, operation, table_name, source, percent, bar, rows, rows_per_second, eta FROM ferry_progress ORDER BY pid
\watch :every

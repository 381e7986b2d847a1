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

SELECT pid, operation, table_name, source, percent, bar, rows, rows_per_second, eta FROM ferry_progress ORDER BY pid
\watch :every

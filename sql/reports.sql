-- The two reports on the hires of a year (UTC).
--
--   psql [-v year=2021] [-v rows=10] -f sql/reports.sql
--
-- year  default: 2021
-- rows  how many rows of each report to show; default: all

\set ON_ERROR_STOP on
\if :{?year} \else
  \set year 2021
\endif
\if :{?rows} \else
  \set rows NULL
\endif

\echo '--- hires of' :year 'by department, job and quarter'
SELECT * FROM hires_by_quarter(:year) LIMIT :rows;

\echo '--- departments that hired more in' :year 'than the mean of all'
SELECT * FROM departments_above_mean(:year) LIMIT :rows;

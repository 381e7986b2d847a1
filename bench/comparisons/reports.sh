# shellcheck shell=bash disable=SC2034,SC2154  # see bench/measure.sh
# The reports of pg_ferry_hiring beside the bare aggregation of the rows that they read, with parallel workers.

reports_comparisons=(reports.hiring)

compare_reports.hiring() {
    about '10 million employees of three years'
    local of_year="FROM hired_employees WHERE datetime >= '2021-01-01Z' AND datetime < '2022-01-01Z'"
    query <<SQL
CREATE EXTENSION pg_ferry_hiring;
SELECT FROM create_hiring_tables('scenario') \g /dev/null
INSERT INTO departments SELECT * FROM public.departments;
INSERT INTO jobs SELECT * FROM public.jobs;
SET session_replication_role = replica;
INSERT INTO hired_employees SELECT g, 'Name ' || g, timestamptz '2020-01-01Z' + (g::bigint * 7919 % 94608000) * interval '1 second',
    1 + (g::bigint * 7919) % 12, 1 + (g::bigint * 104729) % 180 FROM generate_series(1, $rows * 10) g;
VACUUM ANALYZE hired_employees;
SQL
    sql hires_by_quarter '' 'SELECT * FROM hires_by_quarter(2021);'
    sql 'count by department and job' '' "SELECT department_id, job_id, count(*) $of_year GROUP BY 1, 2;"
    sql departments_above_mean '' 'SELECT * FROM departments_above_mean(2021);'
    sql 'count by department' '' "SELECT department_id, count(*) $of_year GROUP BY 1;"
    faster hires_by_quarter 'count by department and job' 1.5
    faster departments_above_mean 'count by department' 1.5
    race
    query -c 'DROP EXTENSION pg_ferry_hiring'
}

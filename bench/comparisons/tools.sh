# shellcheck shell=bash disable=SC2034,SC2154  # see bench/measure.sh
# One job by many tools: a CSV file, one row in a hundred of which is bad, in five ways, into a table with a primary key, two foreign
# keys and a CHECK. What became of the rows is found out here, from the table and from what the tool said, against what is known of the
# file; see judge_rows.

tools_comparisons=(tools.job)

# What a careful person writes: COPY into a table of text, each rule as SQL, bad rows with their reason in a table of their own.
# $1: an expression that says whether text hired_at is a time
staging_sql() {
    cat <<SQL
BEGIN;
CREATE TEMP TABLE staging (line bigint GENERATED ALWAYS AS IDENTITY, id text, name text, hired_at text, department_id text, job_id text) ON COMMIT DROP;
COPY staging (id, name, hired_at, department_id, job_id) FROM '$scratch/staff.csv' (FORMAT csv);
CREATE TEMP TABLE checked ON COMMIT DROP AS
    SELECT *, CASE WHEN reason IS NULL THEN row_number() OVER (PARTITION BY id, reason IS NULL ORDER BY line) END AS occurrence
    FROM (SELECT s.*,
            CASE WHEN s.id IS NULL OR s.name IS NULL OR s.hired_at IS NULL OR s.department_id IS NULL OR s.job_id IS NULL THEN 'a value is missing'
                 WHEN s.id !~ '^\d{1,9}\$' OR s.department_id !~ '^\d{1,9}\$' OR s.job_id !~ '^\d{1,9}\$' THEN 'not a number'
                 WHEN NOT $1 THEN 'not a time'
                 WHEN s.hired_at::timestamptz < '2000-01-01Z' THEN 'too early'
                 WHEN d.id IS NULL THEN 'no such department'
                 WHEN j.id IS NULL THEN 'no such job' END AS reason
        FROM staging s LEFT JOIN departments d ON d.id::text = s.department_id LEFT JOIN jobs j ON j.id::text = s.job_id) r;
CREATE TABLE bad AS SELECT line, coalesce(reason, 'the key is taken') AS reason, id, name, hired_at, department_id, job_id FROM checked
    WHERE reason IS NOT NULL OR occurrence > 1;
INSERT INTO staff SELECT id::int, name, hired_at::timestamptz, department_id::int, job_id::int FROM checked WHERE occurrence = 1;
COMMIT;
SQL
}

# Before 16 only a cast tells whether text is a time, and a cast that fails must be caught.
is_time_sql="CREATE FUNCTION is_time(value text) RETURNS boolean LANGUAGE plpgsql STABLE AS
    'BEGIN PERFORM value::timestamptz; RETURN true; EXCEPTION WHEN data_exception THEN RETURN false; END'"

# what is known of the file: a row for each of its lines, and why it is bad
known_file() {
    query <<SQL
CREATE TABLE staff (id int PRIMARY KEY, name text NOT NULL, hired_at timestamptz NOT NULL CHECK (hired_at >= '2000-01-01Z'),
    department_id int NOT NULL REFERENCES departments, job_id int NOT NULL REFERENCES jobs);
CREATE TABLE known AS SELECT g AS line, CASE WHEN bad = 'duplicate key' THEN g - 50 ELSE g END AS id,
        CASE WHEN bad IS DISTINCT FROM 'NOT NULL' THEN 'Given Family ' || g END AS name,
        CASE bad WHEN 'type' THEN '2021-02-30T02:48:42Z' WHEN 'CHECK' THEN '1921-11-07T02:48:42Z' ELSE '2021-11-07T02:48:42Z' END AS hired_at,
        CASE WHEN bad = 'missing parent' THEN 99 ELSE 1 + (g::bigint * 7919) % 12 END AS department_id, 1 + (g::bigint * 104729) % 183 AS job_id, bad
    FROM generate_series(1, $rows) g,
         LATERAL (SELECT CASE WHEN g % 100 = 0 THEN (ARRAY['type', 'NOT NULL', 'duplicate key', 'missing parent', 'CHECK'])[1 + g / 100 % 5] END AS bad) b;
COPY (SELECT id, name, hired_at, department_id, job_id FROM known ORDER BY line) TO '$scratch/staff.csv' (FORMAT csv);
COPY (SELECT id, name, hired_at, department_id, job_id FROM known WHERE bad IS NULL ORDER BY line) TO '$scratch/clean.csv' (FORMAT csv);
SQL
}

good_alone='COPY of the good rows alone'

# judge_rows WAY STATUS: the first time, what became of the good rows and of the bad ones, and which lines the tool's report names,
# goes into $work/outcomes.csv. A row in the table is told by its name, in which the number of its line is.
judge_rows() {
    local report=$scratch/out_lines
    case $1 in
        pg_ferry | "$good_alone") [ "$2" = 0 ] || { say "$comparison: $1 ended with status $2" "$(cat "$work/errors")" >&2; failed=1; } ;;
    esac
    if [ "$1" = "$good_alone" ] || grep -qF "\"$1\"" "$work/outcomes.csv"; then return 0; fi
    case $1 in
        pg_ferry) query -c "SELECT 'line ' || line_number || ': ' || reason FROM ferry_rejects WHERE load_id = (SELECT max(load_id) FROM ferry_loads)" ;;
        'staging and SQL') query -c "SELECT 'line ' || line || ': ' || reason FROM bad" ;;
        *) cat "$work/said" "$work/errors" && find "$scratch" -name 'out*.log' -type f -exec cat {} + ;;
    esac | grep -aoE '\b(line|Input Record) [0-9]+' | sed 's/.* //' | sort -nu >"$report" || true
    query <<SQL | while IFS='|' read -r good bad loaded_good loaded_bad named_bad named_good kinds_loaded; do
CREATE TEMP TABLE named (line bigint);
\copy named FROM '$report'
WITH loaded AS (SELECT k.bad IS NULL AND (s.id, s.hired_at, s.department_id, s.job_id) = (k.id, k.good_time, k.department_id, k.job_id) AS good, k.bad
        FROM staff s LEFT JOIN (SELECT *, CASE WHEN bad IS NULL THEN hired_at::timestamptz END AS good_time FROM known) k
        ON k.line = substring(s.name FROM '\d+\$')::int),
    said AS (SELECT k.bad FROM named n LEFT JOIN known k USING (line))
SELECT (SELECT count(*) FROM known WHERE bad IS NULL), (SELECT count(*) FROM known WHERE bad IS NOT NULL),
    (SELECT count(*) FROM loaded WHERE good), (SELECT count(*) FROM loaded WHERE good IS NOT TRUE),
    (SELECT count(*) FROM said WHERE bad IS NOT NULL), (SELECT count(*) FROM said WHERE bad IS NULL),
    (SELECT string_agg(DISTINCT bad, ', ') FROM loaded WHERE good IS NOT TRUE);
SQL
        csv_row "$comparison" "$1" "$2" "$good" "$bad" "$loaded_good" "$loaded_bad" "$named_bad" "$named_good" "$kinds_loaded" >>"$work/outcomes.csv"
    done
}

# missing WAY WHY: a tool that is not here
missing() { csv_row "$comparison" "$1" "$2" >>"$work/outcomes.csv"; }

compare_tools.job() {
    local psql="psql -Xq -v ON_ERROR_STOP=1" empty='TRUNCATE staff; DROP TABLE IF EXISTS bad' is_time="pg_input_is_valid(s.hired_at, 'timestamptz')"
    local columns='id, name, hired_at, department_id, job_id'
    local loader="LOAD CSV FROM '$scratch/staff.csv' ($columns)
  INTO postgresql://$PGUSER@unix:$PGHOST:$PGPORT/$PGDATABASE?tablename=scenario.staff ($columns)
  WITH fields terminated by ',', fields optionally enclosed by '\"'"
    about 'a million rows, 1% bad, PK + 2 FK + CHECK'
    known_file
    touch "$work/outcomes.csv"
    program pg_ferry "$empty" "$psql -c \"SELECT load_csv('scenario.staff', '$scratch/staff.csv')\""
    program COPY "$empty" "$psql -c \"COPY scenario.staff FROM '$scratch/staff.csv' (FORMAT csv)\""
    if [ "$(server_major)" -ge 17 ]; then
        program 'COPY, ON_ERROR ignore' "$empty" "$psql -c \"COPY scenario.staff FROM '$scratch/staff.csv' (FORMAT csv, ON_ERROR ignore, LOG_VERBOSITY verbose)\""
    else
        missing 'COPY, ON_ERROR ignore' 'needs PostgreSQL 17'
    fi
    if query -c 'CREATE EXTENSION pg_bulkload' 2>"$work/bulkload.log"; then
        say "INPUT = $scratch/staff.csv" 'OUTPUT = scenario.staff' 'TYPE = CSV' 'CHECK_CONSTRAINTS = YES' 'PARSE_ERRORS = -1' 'DUPLICATE_ERRORS = -1' \
            'ON_DUPLICATE_KEEP = OLD' "LOGFILE = $scratch/out_bulk.log" "PARSE_BADFILE = $scratch/out_bad" "DUPLICATE_BADFILE = $scratch/out_duplicate" >"$work/bulkload"
        program pg_bulkload "$empty" "pg_bulkload -d $PGDATABASE $work/bulkload"
    else
        missing pg_bulkload 'is not installed here'
    fi
    say "$loader;" >"$work/pgloader"
    say "$loader, disable triggers;" >"$work/pgloader_triggers"
    program pgloader "$empty" "pgloader --root-dir $scratch/out_pgloader --logfile $scratch/out_pgloader.log $work/pgloader"
    program 'pgloader, disable triggers' "$empty" "pgloader --root-dir $scratch/out_pgloader --logfile $scratch/out_pgloader.log $work/pgloader_triggers"
    if [ "$(server_major)" -lt 16 ]; then
        query -c "$is_time_sql"
        is_time='is_time(s.hired_at)'
    fi
    { say 'SET search_path = scenario, public;' && staging_sql "$is_time"; } >"$work/staging.sql"
    program 'staging and SQL' "$empty" "$psql -f $work/staging.sql"
    program 'Python, a savepoint a row' "$empty" "python3 $work/programs/python_rows.py $scratch/staff.csv $scratch/out_python.log rows"
    program 'Python, 100 rows a statement' "$empty" "python3 $work/programs/python_rows.py $scratch/staff.csv $scratch/out_python.log batches"
    program "$good_alone" "$empty" "$psql -c \"COPY scenario.staff FROM '$scratch/clean.csv' (FORMAT csv)\""
    faster pg_ferry "$good_alone"
    judge=judge_rows
    race
    query -c 'DROP EXTENSION IF EXISTS pg_bulkload'
}

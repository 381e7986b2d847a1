# shellcheck shell=bash disable=SC2034,SC2154  # bench/run and lib.sh set the variables
# Sourced by bench/run: the server that is measured, and the one way to measure. A comparison, a function compare_GROUP.NAME, makes its
# data in the schema scenario and in $scratch, says what it is about, names its ways by sql and program, and has them take turns by race:
#
#   about TITLE                        for the page
#   sql WAY RESET STATEMENT...         one transaction of a session, its commit included; RESET are statements to be run before it
#   program WAY RESET COMMAND          a command of bash
#   faster OURS OTHER [GOAL]           OURS may take so much of the time of OTHER
#   faster_than_all OURS GOAL OTHER... the same of the fastest, as_fast_as_part OURS GOAL OTHER... of the slowest of several
#   grows WAY SMALL FACTOR GOAL        WAY, which does FACTOR times the work of SMALL, may take so many times FACTOR the time of it
#   in_memory WAY MEGABYTES            WAY may take so much memory
#   race [ROUNDS]                      the ways in turn, in rounds, so many at most
#
# What is measured goes into $work/measurements.csv, what is to be made of it into $work/comparisons.csv; see page.py.

query() { as_server env PGOPTIONS='-c client_min_messages=warning -c search_path=scenario,public' psql -XqAt -v ON_ERROR_STOP=1 "$@"; }

# restart_server [SETTING...]: with these in postgresql.auto.conf
restart_server() {
    local setting
    for setting; do query -c "ALTER SYSTEM SET $setting"; done
    as_server pg_ctl -s -w -D "$work/data" restart >>"$work/restart.log"
}

settings=("shared_buffers = '1GB'" "max_wal_size = '16GB'" "min_wal_size = '2GB'" "autovacuum = off"
    "max_locks_per_transaction = 1024" "session_preload_libraries = 'pg_ferry'")

# measured_server: production's fsync and wal_level; the tables that most comparisons need.
measured_server() {
    start_server -c fsync=on
    restart_server "${settings[@]}"
    # segments of the log that are used again; a new one would be filled with zeros first
    query -c "SELECT count(pg_logical_emit_message(false, 'segments', repeat('x', 1 << 20))) FROM generate_series(1, $((rows / 500 + 4)))" \
        -c CHECKPOINT >"$work/segments.log"
    query <<SQL
CREATE EXTENSION pg_ferry;
CREATE TABLE departments (id int PRIMARY KEY, department text NOT NULL);
CREATE TABLE jobs (id int PRIMARY KEY, job text NOT NULL);
INSERT INTO departments SELECT g, 'Department ' || g FROM generate_series(1, 12) g;
INSERT INTO jobs SELECT g, 'Job ' || g FROM generate_series(1, 183) g;
CREATE TABLE hired (id int PRIMARY KEY, name text NOT NULL, datetime timestamptz NOT NULL,
    department_id int NOT NULL REFERENCES departments, job_id int NOT NULL REFERENCES jobs);
CREATE TABLE keyed (LIKE hired, PRIMARY KEY (id));
ANALYZE departments, jobs;
SQL
}

# --- what is compared

way_names=() way_kinds=() way_resets=()
session='' # statements that each session of sql runs first, not measured
judge=     # a function that is told of each measurement, WAY STATUS; without one, a way that fails is reported and left out
failed=0

add_way() {
    local file=$work/ways/${#way_names[@]}
    way_names+=("$2") way_kinds+=("$1") way_resets+=("$3")
    printf '%s\n' "${@:4}" >"$file"
}
sql() { add_way sql "$@"; }
program() { add_way program "$@"; }

# csv_row VALUE...: prints them as a line of CSV
csv_row() {
    local value row=
    for value; do row+=",\"${value//\"/\"\"}\""; done
    say "${row#,}"
}

title=
about() { title=$1; }
# compared RULE OURS GOAL FACTOR OTHER...
compared() {
    local IFS='|'
    csv_row "$comparison" "$title" "$1" "$2" "$3" "$4" "${*:5}" >>"$work/comparisons.csv"
}
faster() { compared fastest "$1" "${3:-}" 1 "$2"; }
faster_than_all() { compared fastest "$1" "$2" 1 "${@:3}"; }
as_fast_as_part() { compared slowest "$1" "$2" 1 "${@:3}"; }
grows() { compared fastest "$1" "$4" "$3" "$2"; }
in_memory() { compared memory "$1" "$2" 1 ''; }

# --- how it is measured

# warm: what is measured next finds memory and files as on a server that has run for a while, each way alike. A virtual machine that
# returns free memory and the pages of files to its host has them again then; else what is measured would pay for that, each way
# another price. So the files that are loaded are read, and the segments that the log goes to next; and the system gives out half a
# kilobyte for each row and takes it back.
warm() {
    find "$files" "$scratch" -type f -exec cat {} + >/dev/null
    query >"$work/warmed" <<'SQL'
SELECT sum(length(pg_read_binary_file('pg_wal/' || name)))
    FROM (SELECT name FROM pg_ls_waldir() WHERE name >= pg_walfile_name(pg_current_wal_lsn()) ORDER BY name LIMIT 48) AS next;
SQL
    head -c $((rows * 512)) /dev/zero >"$work/warm"
    rm "$work/warm"
}

# The statements of a way between two looks at the clock, at the processor's time of the backend, which is its own without its workers,
# and at its memory before.
session_of() {
    cat <<'SQL'
SELECT split_part(pg_read_file('/proc/self/schedstat'), ' ', 1) AS cpu, clock_timestamp() AS start,
    substring(pg_read_file('/proc/self/status') FROM 'RssAnon:\s*(\d+)') AS kb \gset
\o /dev/null
BEGIN;
SQL
    cat "$1"
    cat <<'SQL'
COMMIT;
\o
SELECT 'seconds=' || extract(epoch FROM clock_timestamp() - :'start') || E'\nprocessor_seconds='
    || (split_part(pg_read_file('/proc/self/schedstat'), ' ', 1)::numeric - :cpu) / 1e9 || E'\nstart_kb=' || :kb;
SQL
}

# measure INDEX ROUND: one measurement of a way, recorded. Memory is what the server's side and the programs have at most beyond what the
# session had before the clock started. A program that prints rows_per_second=N is measured by that.
measure() {
    local status=0 postmaster name=${way_names[$1]} seconds server_kb programs_kb processor_seconds='' start_kb=0 rows_per_second=''
    postmaster=$(head -n 1 "$work/data/postmaster.pid")
    if [ "${way_kinds[$1]}" = sql ]; then
        { say "$session" && session_of "$work/ways/$1"; } >"$work/session.sql"
        as_server python3 "$work/programs/watch.py" "$work/watched" "$postmaster" env PGOPTIONS='-c client_min_messages=warning -c search_path=scenario,public' \
            psql -XqAt -v ON_ERROR_STOP=1 -f "$work/session.sql" >"$work/said" 2>"$work/errors" &
    else
        as_server python3 "$work/programs/watch.py" "$work/watched" "$postmaster" bash "$work/ways/$1" >"$work/said" 2>"$work/errors" &
    fi
    wait $! || status=$? # so that a signal ends the bench at once
    if [ "$status" != 0 ] && [ -z "$judge" ]; then
        say "$comparison: $name ended with status $status" "$(cat "$work/errors")" >&2
        failed=1 last_seconds=$long_seconds
        return
    fi
    # shellcheck disable=SC1090,SC1091  # names and numbers
    . "$work/watched"
    last_seconds=${seconds%.*}
    if [ "${way_kinds[$1]}" = sql ]; then
        programs_kb=0
        # shellcheck disable=SC1090,SC1091
        . "$work/said"
    elif rows_per_second=$(sed -n 's/^rows_per_second=//p' "$work/said") && [ -n "$rows_per_second" ]; then
        seconds=$(awk -v r="$rows_per_second" 'BEGIN {printf "%.6f", 1e6 / r}')
        programs_kb=0 # the requests are made beforehand
    fi
    csv_row "$comparison" "$name" "$2" "$seconds" "$processor_seconds" \
        "$(awk -v s="$server_kb" -v b="$start_kb" -v p="$programs_kb" 'BEGIN {m = s + p - b; printf "%.1f", (m > 0 ? m : 0) / 1024}')" >>"$work/measurements.csv"
    [ -z "$judge" ] || "$judge" "$name" "$status"
}

# race [MOST]: the ways in turn, in $least_rounds; in more, up to $most_rounds or MOST, as long as the comparison has taken less than
# $enough_seconds. A way that takes $long_seconds has one turn only.
long_seconds=15
race() {
    local round index started=$SECONDS last_seconds=0
    local -A over=()
    for ((round = 1; round <= ${1:-most_rounds}; round++)); do
        [ "$round" -le "$least_rounds" ] || [ $((SECONDS - started)) -lt "$enough_seconds" ] || break
        for index in "${!way_names[@]}"; do
            [ -z "${over[$index]:-}" ] || continue
            rm -rf "${scratch:?}"/out*
            query -c "${way_resets[$index]}" -c CHECKPOINT
            warm
            measure "$index" "$round"
            [ "$last_seconds" -lt "$long_seconds" ] || over[$index]=1
        done
    done
    way_names=() way_kinds=() way_resets=()
    session='' judge=
}

# compare COMPARISON: from a clean table on
compare() {
    local started=$SECONDS
    comparison=$1
    query -c 'CREATE SCHEMA scenario'
    "compare_$1"
    query -c 'DROP SCHEMA scenario CASCADE' -c 'TRUNCATE hired, keyed'
    find "$scratch" -mindepth 1 -delete
    say "$comparison: $((SECONDS - started)) s"
}

# facts: what the page says of the machine, the versions and the settings, as CSV
facts() {
    local package bulkload
    bulkload=$(query -c "SELECT ', pg_bulkload ' || default_version FROM pg_available_extensions WHERE name = 'pg_bulkload'")
    csv_row Date "$(date -u +%F)"
    csv_row Machine "$(nproc) processors ($(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1)), $(awk '/^MemTotal/ {printf "%.0f", $2 / 1048576}' /proc/meminfo) GB of memory"
    csv_row System "$(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release), Linux $(uname -r), $(uname -m)"
    csv_row PostgreSQL "$("$pg_config" --version | cut -d ' ' -f 2-), $(query -c "SELECT string_agg(name || ' = ' || current_setting(name), ', ') FROM unnest('{fsync,wal_level}'::text[]) AS name"), $(printf '%s, ' "${settings[@]}" | sed "s/, \$//; s/'//g")"
    csv_row pg_ferry "$(query -c 'SELECT pg_ferry_version()'), $(g++ --version | head -n 1)"
    csv_row 'Other tools' "$(for package in python3 python3-psycopg2 python3-avro libavro-dev zstd pgloader; do
        dpkg-query -W -f '${Package} ${Version}, ' "$package" 2>/dev/null || true
    done | sed 's/, $//')$bulkload"
    csv_row Rounds "$least_rounds to $most_rounds"
    if [ "$rows" != 1000000 ]; then csv_row Rows "$(sed ':a; s/\B[0-9]\{3\}\>/,&/; ta' <<<"$rows") instead of each million"; fi
}

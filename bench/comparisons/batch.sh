# shellcheck shell=bash disable=SC2034,SC2154  # see bench/measure.sh
# insert_rows beside the other ways that an application has to insert rows: all prepared, a commit for each request; see batch.cpp.
# The seconds are those of a million rows.

batch_comparisons=(batch.1000 batch.100 batch.10 batch.1)

# requests ROWS GOAL [CONNECTIONS [WORD]]
requests() {
    local way
    about "$1 ${4:-rows} a request${3:+, $3 connections}"
    quietly "$work/batch.log" g++ -std=c++20 -O2 -I"$include" "$repo/bench/programs/batch.cpp" -o "$work/batch" -lpq -pthread
    for way in insert_rows jsonb_to_recordset VALUES unnest; do
        program "$way" 'TRUNCATE hired' "'$work/batch' 'host=$PGHOST port=$PGPORT user=$PGUSER dbname=$PGDATABASE' $way $1 ${3:-1} $batch_milliseconds"
    done
    faster_than_all insert_rows "$2" jsonb_to_recordset VALUES unnest
    race
}

compare_batch.1000() { requests 1000 0.167; }
compare_batch.100() { requests 100 0.333; }
compare_batch.10() { requests 10 0.833; }
compare_batch.1() { requests 1 1.18 '' row; }
compare_batch.two_connections() { requests 1000 '' 2; }

# shellcheck shell=bash disable=SC2154  # lib.sh sets the variables
# Sourced by the benchmarks, which define query() and have a server (scripts/lib.sh).

# whole_number WHAT VALUE: VALUE, an argument of the benchmark, must be one.
whole_number() { [[ $2 =~ ^[1-9][0-9]*$ ]] || fail "$1 must be a whole number above 0, not \"$2\"; see $0 --help"; }

# known_scenarios SCENARIO...: each must be one of the benchmark's.
known_scenarios() {
    local scenario
    for scenario; do grep -q "^scenario_${scenario%:*}()" "$0" || fail "there is no scenario \"$scenario\"; see $0 --help"; done
}

# What is measured finds memory and files as on a server that has run for a while, each way alike. A virtual machine that returns
# free memory and the pages of files to its host has them again then; else what is measured next would pay for that, each way
# another price.

# fill_log: has segments of the log that are used again. A new one would be filled with zeros first.
fill_log() {
    query -c "SELECT count(pg_logical_emit_message(false, 'segments', repeat('x', 1 << 20))) FROM generate_series(1, 2000)" -c CHECKPOINT \
        >"$work/segments.log"
}

# warm: reads the files that are loaded, and the segments that the log goes to next; has the system give out a gigabyte of memory and
# take it back.
warm() {
    find "$work" "$work/data" -maxdepth 1 \( -name '*.csv' -o -name '*.avro' \) -exec cat {} + >/dev/null
    query >"$work/warmed" <<'SQL'
SELECT sum(length(pg_read_binary_file('pg_wal/' || name)))
    FROM (SELECT name FROM pg_ls_waldir() WHERE name >= pg_walfile_name(pg_current_wal_lsn()) ORDER BY name LIMIT 48) AS next;
SQL
    head -c 1G /dev/zero >"$work/warm"
    rm "$work/warm"
}

# measure: runs the statements of its input in one session, and prints two numbers: milliseconds of the processor, which are the
# backend's own without its workers, and of the clock. What is in $before is run first and not counted.
measure() {
    {
        printf '%s\n' "${before:-}"
        printf "SELECT split_part(pg_read_file('/proc/self/schedstat'), ' ', 1) AS cpu, clock_timestamp() AS start \\\\gset\n"
        cat
        printf "SELECT (split_part(pg_read_file('/proc/self/schedstat'), ' ', 1)::numeric - :cpu) / 1e6, extract(epoch FROM clock_timestamp() - :'start') * 1000;\n"
    } | query -F ' ' | tail -n 1
}

median() { sort -n | awk '{v[NR] = $1} END {printf "%.0f\n", NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2}'; }

# shellcheck shell=bash disable=SC2154  # lib.sh sets the variables
# How time and memory grow with rows, for the benchmarks, which define query() and have a server (scripts/lib.sh).

# grow LABEL ROWS SQL: the peak is the most that some hundred looks a second see of the memory that is the backend's own, above the
# first one. (VmHWM would not do: shared memory that is touched later counts, too.)
grow() {
    local status now start=0 peak=0
    query <<SQL >"$work/grown" &
SELECT '/proc/' || pg_backend_pid() || '/status';
SELECT FROM pg_sleep(0.5);
SELECT split_part(pg_read_file('/proc/self/schedstat'), ' ', 1) AS cpu, clock_timestamp() AS start \gset
\o /dev/null
$3
\o
SELECT extract(epoch FROM clock_timestamp() - :'start') * 1000, (split_part(pg_read_file('/proc/self/schedstat'), ' ', 1)::numeric - :cpu) / 1e6;
SQL
    until status=$(head -n 1 "$work/grown") && [ -n "$status" ] || ! kill -0 $! 2>/dev/null; do sleep 0.01; done
    while now=$(awk '/^RssAnon/ {print $2}' "$status" 2>/dev/null) && [ -n "$now" ]; do
        [ "$start" -gt 0 ] || start=$now
        [ "$now" -le "$peak" ] || peak=$now
        sleep 0.005
    done
    wait
    tail -n 1 "$work/grown" | awk -F '|' -v l="$1" -v n="$2" -v m=$((peak - start)) \
        '{printf "growth: %s, %d rows, %.0f ms [%.0f], %.3f microseconds a row [%.3f], peak memory %.1f MB above start\n", l, n, $1, $2, $1 * 1000 / n, $2 * 1000 / n, m / 1024}'
}

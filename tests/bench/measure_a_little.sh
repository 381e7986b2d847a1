#!/usr/bin/env bash
# measure_a_little.sh BUILD PG_CONFIG: bench/run measures a few rows, writes its page, and leaves nothing behind. Run by ctest; prints
# what is wrong and fails.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd -P)
[ -x "$("$2" --bindir)/initdb" ] || { echo 'there is no server to measure'; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
mkdir "$folder/page" "$folder/temporary"
export TMPDIR=$folder/temporary PG_CONFIG=$2 FERRY_BUILT=$1 FERRY_BENCH_ROWS=2000 FERRY_BENCH_OUT=$folder/page
failures=0
report() { echo "$1"; failures=1; }

"$root/bench/run" --quick kinds.parted >"$folder/log" 2>&1 </dev/null || { cat "$folder/log"; report 'bench/run failed'; }
measured=$folder/page/performance/measurements.csv
for variant in load_csv '"COPY, same table"'; do
    grep -qE "^kinds\.parted,$variant,1,[0-9.]+,[0-9.]+,[0-9.]+\$" "$measured" || report "$variant was not measured"
done
grep -qE '^kinds\.parted,.*,load_csv,"COPY, same table",.*,0\.15,(met|missed)$' "$folder/page/performance/summary.csv" || report 'the summary has no ratio'
grep -qF '![' "$folder/page/performance.md" || report 'the page has no chart'
[ -s "$folder/page/performance/kinds.svg" ] || report 'there is no chart'
[ -z "$(ls -A "$TMPDIR")" ] || report "left behind: $(ls "$TMPDIR")"
! pgrep -f "$TMPDIR" >/dev/null || report "still running: $(pgrep -af "$TMPDIR")"
exit $failures

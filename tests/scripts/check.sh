#!/usr/bin/env bash
# What the scripts answer to a call for help, and to what they do not know: at once, with nothing installed or built. Run by ctest;
# prints what is wrong and fails.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd -P)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/programs"
for program in sudo apt-get debootstrap cmake make g++ pg_config initdb; do
    # shellcheck disable=SC2016  # for that shell to expand
    printf '#!/bin/sh\necho "$0 $*" >>%s/started\nexit 1\n' "$folder" >"$folder/programs/$program"
    chmod +x "$folder/programs/$program"
done
failures=0

# answers STATUS PATTERN SCRIPT ARGUMENT...
answers() {
    local status=0 answer
    answer=$(PATH=$folder/programs:$PATH "$root/$3" "${@:4}" 2>&1 </dev/null) || status=$?
    if [ "$status" != "$1" ] || ! grep -qE "$2" <<<"$answer" || [ -e "$folder/started" ]; then
        printf '%s: status %s, %s\n%s\n' "${*:3}" "$status" "$answer" "$(cat "$folder/started" 2>/dev/null)"
        rm -f "$folder/started"
        failures=1
    fi
}

answers 0 '^scripts/test \[PART\.\.\.\]: ' scripts/test --help
answers 0 '^  isolation  ' scripts/test -h
answers 0 '^scripts/test ' scripts/test regress --help
answers 1 '^test: there is no part "regres"; see .*/scripts/test --help$' scripts/test unit regres
answers 1 '^test: there is no part ""' scripts/test ''
answers 0 '^  isolation  ' .ci/run --help
answers 1 '^test: there is no option "--fast"' .ci/run --fast
answers 1 '^demo: there is no argument "quickly"' scripts/demo quickly
answers 2 '^usage: sample_data FOLDER$' scripts/sample_data
answers 1 '^matrix: "buzz" is no suite' scripts/matrix trixie buzz
answers 1 '^matrix: there is no program "/nowhere/pg_config"' scripts/matrix /nowhere/pg_config
answers 1 '^matrix: there is no part "regres"; see .*/scripts/test --help$' scripts/matrix trixie -- unit regres
answers 1 '^run: there is no comparison "quick"; see .*/bench/run --help$' bench/run --quick load quick
answers 1 '^run: there is no comparison "load.quick"' bench/run load.quick
FERRY_BENCH_ROWS=many answers 1 '^run: FERRY_BENCH_ROWS and FERRY_BENCH_ROUNDS must be whole numbers above 0, not "many"$' bench/run
FERRY_BENCH_ROWS=99 answers 1 '^run: FERRY_BENCH_ROWS must be at least 100$' bench/run
FERRY_BENCH_ROUNDS=0 answers 1 '^run: FERRY_BENCH_ROWS and' bench/run load
for comparison in $(sed -nE 's/^([a-z0-9]+_comparisons)=.*/\1/p; s/^compare_([a-z]+)\..*/\1/p' "$root"/bench/comparisons/*.sh | sort -u); do
    answers 0 "^  ${comparison%_comparisons}  " bench/run --help
done
for part in $(sed -nE 's/^part_([a-z]+)\(\).*/\1/p' "$root/scripts/test"); do
    answers 0 "^  $part  " scripts/test --help
done
# every program for people
for script in "$root"/scripts/* "$root"/bench/*; do
    [ -x "$script" ] && [ ! -d "$script" ] || continue
    name=${script#"$root"/}
    answers 0 "^${name}[ :]" "$name" --help
    answers 1 "^${name#*/}: there is no option \"--fast\"; see .*/$name --help$" "$name" --fast
done
if command -v shellcheck >/dev/null; then
    mapfile -t scripts < <(cd "$root" && grep -lE '^#!.*\b(ba)?sh$|^# shellcheck shell=' -r scripts bench tests .ci debian)
    (cd "$root" && shellcheck -x -S warning "${scripts[@]}") || failures=1
else
    echo 'shellcheck is not here: what it would say is not known'
fi
exit $failures

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
answers 1 '^demo: there is no argument "quickly"' scripts/demo quickly
answers 2 '^usage: sample_data FOLDER$' scripts/sample_data
answers 1 '^matrix: "buzz" is no suite' scripts/matrix trixie buzz
answers 1 '^matrix: there is no program "/nowhere/pg_config"' scripts/matrix /nowhere/pg_config
answers 1 '^matrix: there is no part "regres"; see .*/scripts/test --help$' scripts/matrix trixie -- unit regres
answers 1 '^load: ROWS must be a whole number above 0, not "many"; see .*/bench/load --help$' bench/load many
answers 1 '^load: ROUNDS must be' bench/load 1000 0
answers 1 '^load: there is no scenario "quick:5"; see .*/bench/load --help$' bench/load 1000 1 ascending:5 quick:5
answers 1 '^avro: there is no scenario "quick"' bench/avro 10 1 narrow quick
answers 1 '^batch: ROWS must be' bench/batch 1000 1 1 100 few
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
    mapfile -t scripts < <(cd "$root" && grep -lE '^#!.*\b(ba)?sh$|^# shellcheck shell=' -r scripts bench tests/scripts tests/style .ci debian)
    (cd "$root" && shellcheck -x -S warning "${scripts[@]}") || failures=1
else
    echo 'shellcheck is not here: what it would say is not known'
fi
exit $failures

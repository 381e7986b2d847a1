#!/usr/bin/env bash
# What scripts/test and scripts/demo answer to a call for help, and to what they do not know: at once, with nothing installed or
# built. Run by ctest; prints what is wrong and fails.
set -u
scripts=$(cd "$(dirname "$0")/../../scripts" && pwd -P)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/programs"
for program in sudo apt-get cmake make pg_config initdb; do
    # shellcheck disable=SC2016  # for that shell to expand
    printf '#!/bin/sh\necho "$0 $*" >>%s/started\nexit 1\n' "$folder" >"$folder/programs/$program"
    chmod +x "$folder/programs/$program"
done
failures=0

# answers STATUS PATTERN SCRIPT ARGUMENT...
answers() {
    local status=0 answer
    answer=$(PATH=$folder/programs:$PATH "$scripts/$3" "${@:4}" 2>&1 </dev/null) || status=$?
    if [ "$status" != "$1" ] || ! grep -qE "$2" <<<"$answer" || [ -e "$folder/started" ]; then
        printf '%s: status %s, %s\n%s\n' "${*:3}" "$status" "$answer" "$(cat "$folder/started" 2>/dev/null)"
        rm -f "$folder/started"
        failures=1
    fi
}

answers 0 '^scripts/test \[PART\.\.\.\]: ' test --help
answers 0 '^  isolation  ' test -h
answers 0 '^scripts/test ' test regress --help
answers 0 '^scripts/demo: ' demo --help
answers 1 '^test: there is no option "--fast"; see .*/scripts/test --help$' test regress --fast
answers 1 '^test: there is no part "regres"; see .*/scripts/test --help$' test unit regres
answers 1 '^test: there is no part ""' test ''
answers 1 '^demo: there is no option "--fast"; see .*/scripts/demo --help$' demo --fast
answers 1 '^demo: ' demo quickly
for part in $(sed -nE 's/^part_([a-z]+)\(\).*/\1/p' "$scripts/test"); do
    answers 0 "^  $part  " test --help
done
exit $failures

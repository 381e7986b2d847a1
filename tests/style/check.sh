#!/usr/bin/env bash
# Rules of the house that a machine can check. Run by ctest; prints what breaks one and fails.
set -u
cd "$(dirname "$0")/../.." || exit 1
failures=0
report() {
    [ -z "$2" ] && return
    printf '%s:\n%s\n' "$1" "$2"
    failures=1
}

# what each folder of src may include beside itself: folders with all that is below them, or, with a dot behind, without
may_include() {
    local core='base codec avro text remote'
    case $1 in
        base) echo '' ;;
        codec | text | remote) echo base ;;
        avro) echo 'base codec' ;;
        pg) echo base ;;
        pg/store) echo 'base remote pg.' ;;
        pg/io) echo 'base codec remote pg. pg/store' ;;
        pg/table) echo 'base pg.' ;;
        map/types) echo "$core pg" ;;
        map/read | map/write) echo "$core pg map/types" ;;
        export) echo "$core pg map" ;;
        load/record) echo "$core pg map" ;;
        load/table) echo "$core pg map settings.hpp load/record" ;;
        load/source) echo "$core pg map settings.hpp load/record" ;;
        load/log | load/write) echo "$core pg map settings.hpp load/record load/table" ;;
        load) echo "$core pg map settings.hpp load/record load/source load/table load/log load/write" ;;
        load/functions) echo "$core pg map settings.hpp load" ;;
        copy) echo "$core pg map export load settings.hpp" ;;
        query) echo "$core pg map settings.hpp" ;;
        backup) echo "$core pg map export settings.hpp" ;;
        backup/restore | backup/compare) echo "$core pg map settings.hpp backup." ;;
    esac
}
# may_include_folder FROM FOLDER: whether a file of folder FROM may include one of FOLDER
may_include_folder() {
    local allowed
    [ "$1" = "$2" ] && return 0
    for allowed in $(may_include "$1"); do
        case $2/ in "${allowed%.}"/) return 0 ;; "$allowed"/*) return 0 ;; esac
    done
    return 1
}
while IFS= read -r folder; do
    folder=${folder#src/}
    report "src/$folder includes what it may not" "$(grep -noE '#include "[a-z_]+[/.][a-z_0-9/.]+"' "src/$folder"/*.?pp /dev/null 2>/dev/null | while IFS= read -r line; do
        target=${line#*\"}
        target=${target%\"}
        case $target in
            */*.hpp) from=${target%/*} ;;
            # the server's own headers have an ending of .h
            *.h) case $folder in base | codec | avro | text | remote) from=server ;; *) continue ;; esac ;;
            *) from=$target ;;
        esac
        may_include_folder "$folder" "$from" || printf '%s\n' "$line"
    done)"
done < <(find src -mindepth 1 -type d | sort)

report 'src/copy includes more of load than the one header for it' "$(grep -rn '#include "load/' src/copy | grep -v '"load/load_stream.hpp"')"
report 'a switch on the server version outside of src/pg/compat.hpp' "$(grep -rnE 'PG_VERSION_NUM' src --include='*.?pp' | grep -v '^src/pg/compat.hpp:')"
# a comment and what it belongs to are a block between empty lines
report 'a switch on the server version that does not say when it can go' "$(awk -v RS= '
    match($0, /PG_VERSION_NUM (>=|<) [0-9]+/) && /\/\/\// {
        newest = 0
        for (rest = $0; match(rest, /PG_VERSION_NUM (>=|<) [0-9]+/); rest = substr(rest, RSTART + RLENGTH)) {
            split(substr(rest, RSTART, RLENGTH), words, " ")
            if (words[3] > newest) newest = words[3]
        }
        goes = "Goes with " int(newest / 10000) - 1 "."
        if (!index($0, goes)) print FILENAME ": no \"" goes "\" above: " $0
    }' src/pg/compat.hpp)"
report 'a test with a module of tests/ that the Makefile does not leave out of installcheck' "$(comm -12 \
    <(grep -l 'ferry_[a-z]*_test' tests/regress/sql/*.sql | sed 's#.*/\(.*\)\.sql#\1#' | sort) \
    <(make -s -f Makefile -E 'listed:; @printf "%s\n" $(REGRESS)' listed 2>/dev/null | sort))"
report 'files of more than 400 lines' "$(find src tests -name '*.?pp' -exec wc -l {} + | awk '$2 != "total" && $1 > 400')"
report 'lines of more than 130 characters' "$(grep -rnE '^.{131,}' src --include='*.?pp' | cut -c1-120)"
report 'open ends' "$(grep -rnwE 'TODO|FIXME|XXX|HACK' src sql scripts extension control --include='*')"
report 'objects with constructors at namespace scope or naked new' "$(grep -rnE '(^|[^_[:alnum:]])new [A-Z(]' src --include='*.?pp' | grep -vE '///|//|"' )"
report 'a header of others included behind the server' "$(find src tests -name '*.?pp' -exec awk \
    'FNR == 1 { behind = 0 } /^#include "pg\/server.hpp"/ { behind = 1 } behind && /^#include </ { print FILENAME ": " $0 }' {} +)"
report 'a server header included elsewhere than below pg/server.hpp' "$(grep -rn '#include "postgres.h"' src | grep -v '^src/pg/server.hpp:')"
report 'pg/server.hpp within a block of others' "$(find src tests -name '*.?pp' -exec awk \
    'FNR == 1 { before = "" } /^#include "pg\/server.hpp"/ && before != "" { print FILENAME ": " before } { before = $0 }' {} +)"

# Every version of clang-format has its own opinion of some lines; this one's is asked.
formatter=$(command -v clang-format-14 || command -v clang-format)
if [ -n "$formatter" ] && "$formatter" --version | grep -q 'version 14\.'; then
    report 'files that clang-format would change' "$(find src tests bench -name '*.?pp' -exec "$formatter" --dry-run {} + 2>&1 | grep warning)"
else
    echo 'clang-format 14 is not here: what it would change is not known'
fi

# every regression test is in the schedule, every function has a comment
for test in tests/regress/sql/*.sql; do
    name=$(basename "$test" .sql)
    grep -qwE "^test:.*$name" tests/regress/schedule || report 'a regression test that no schedule runs' "$name"
done
for test in tests/isolation/specs/*.spec; do
    name=$(basename "$test" .spec)
    grep -qwE "^test:.*$name" tests/isolation/schedule || report 'an isolation test that no schedule runs' "$name"
done
for sql in extension/*.sql; do
    for name in $(sed -nE 's/^CREATE (OR REPLACE )?FUNCTION (@extschema@\.)?([a-z_]+).*/\3/p' "$sql"); do
        grep -qE "^COMMENT ON FUNCTION (@extschema@\.)?$name\(" "$sql" || report 'a function without a comment' "$sql: $name"
    done
done
exit $failures

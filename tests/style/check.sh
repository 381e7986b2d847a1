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

# which folders of src each folder may include, beside itself
may_include() {
    case $1 in
        base) echo '' ;;
        avro | text | pg) echo base ;;
        map) echo 'base avro text pg' ;;
        load) echo 'base avro text pg map settings.hpp' ;;
        copy) echo 'base avro text pg map load settings.hpp' ;;
        query | backup) echo 'base avro text pg map settings.hpp' ;;
    esac
}
for folder in src/*/; do
    folder=$(basename "$folder")
    allowed=" $folder $(may_include "$folder") "
    report "src/$folder includes what it may not" "$(grep -rnoE '#include "[a-z_]+[/.][a-z_/.]+"' "src/$folder" | while IFS= read -r line; do
        target=${line#*\"}
        target=${target%\"}
        case $target in */*.hpp) from=${target%%/*} ;; *) from=$target ;; esac
        # the server's own headers have an ending of .h
        case $target in *.h) [ "$folder" != base ] && [ "$folder" != avro ] && [ "$folder" != text ] && continue ;; esac
        case $allowed in *" $from "*) ;; *) printf '%s\n' "$line" ;; esac
    done)"
done

report 'src/copy includes more of load than the one header for it' "$(grep -rn '#include "load/' src/copy | grep -v '"load/load_stream.hpp"')"
report 'a switch on the server version outside of src/pg/compat.hpp' "$(grep -rnE 'PG_VERSION_NUM' src --include='*.?pp' | grep -v '^src/pg/compat.hpp:')"
# one list of short pieces that belong nowhere else may be longer
report 'files of more than 400 lines' "$(find src tests -name '*.?pp' ! -path src/pg/compat.hpp -exec wc -l {} + | awk '$2 != "total" && $1 > 400')"
report 'lines of more than 130 characters' "$(grep -rnE '^.{131,}' src --include='*.?pp' | cut -c1-120)"
report 'open ends' "$(grep -rnwE 'TODO|FIXME|XXX|HACK' src sql scripts extension control --include='*')"
report 'objects with constructors at namespace scope or naked new' "$(grep -rnE '(^|[^_[:alnum:]])new [A-Z(]' src --include='*.?pp' | grep -vE '///|//|"' )"
report 'a header of others included behind the server' "$(find src tests -name '*.?pp' -exec awk \
    'FNR == 1 { behind = 0 } /^#include "pg\/server.hpp"/ { behind = 1 } behind && /^#include </ { print FILENAME ": " $0 }' {} +)"
report 'a server header included elsewhere than below pg/server.hpp' "$(grep -rn '#include "postgres.h"' src | grep -v '^src/pg/server.hpp:')"

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

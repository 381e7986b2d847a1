#!/usr/bin/env bash
# Whether all places that have the version of pg_ferry say the same, and whether they agree on its being released. Run by ctest; prints
# what does not agree and fails.
set -u
cd "$(dirname "$0")/../.." || exit 1
failures=0

# is WHAT FOUND EXPECTED
is() {
    [ "$2" = "$3" ] && return
    printf '%s: "%s" instead of "%s"\n' "$1" "$2" "$3"
    failures=1
}

version=$(sed -nE 's/^project\(pg_ferry VERSION ([0-9.]+) .*/\1/p' CMakeLists.txt)
is 'version in CMakeLists.txt' "$(grep -cE '^[0-9]+\.[0-9]+\.[0-9]+$' <<<"$version")" 1
extension=${version%.*}
heading=$(grep -m 1 '^## ' CHANGELOG.md)
case $heading in
    "## $version (unreleased)") released=no ;;
    "## $version ("[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]')') released=yes ;;
    *) is 'heading of CHANGELOG.md' "$heading" "## $version (unreleased, or its day)" ;;
esac

for name in pg_ferry pg_ferry_hiring; do
    is "default_version of $name" "$(sed -nE "s/^default_version = '(.*)'/\1/p" "control/$name.control")" "$extension"
    [ -e "extension/$name--$extension.sql" ] || is 'install script' none "extension/$name--$extension.sql"
done
is 'version in src/pg/library_version.cpp' "$(sed -nE 's/.*kLibraryVersion = "(.*)";/\1/p' src/pg/library_version.cpp)" "$extension"
is 'version in debian/changelog' "$(sed -nE '1s/^pg-ferry \((.*)-[0-9]+\) .*/\1/p' debian/changelog)" "$version"
if [ "${released:-}" = yes ]; then
    is 'README.md on the state' "$(grep -cE 'has not been released|may still change' README.md)" 0
    is 'distribution in debian/changelog' "$(sed -nE '1s/.*\) (UNRELEASED);.*/\1/p' debian/changelog)" ''
else
    is 'README.md on the state' "$(grep -cxF "pg_ferry $version has not been released yet: what it keeps in a database may still change." README.md)" 1
    is 'distribution in debian/changelog' "$(sed -nE '1s/.*\) (.*);.*/\1/p' debian/changelog)" UNRELEASED
fi

python3 - "$version" "${released:-}" <<'PYTHON' || failures=1
"""What the specification of PGXN's META.json asks for, and what has to agree with the rest."""
import json
import os
import re
import sys

version, released = sys.argv[1:]
meta = json.load(open("META.json"))
problems = []
for key in ("name", "abstract", "version", "maintainer", "license", "provides", "meta-spec"):
    if not meta.get(key):
        problems.append(f"no {key}")
if meta["release_status"] != ("stable" if released == "yes" else "testing"):
    problems.append(f"release_status {meta['release_status']}")
if meta["meta-spec"].get("version") != "1.0.0":
    problems.append("another version of the specification")
if meta["license"] not in ("postgresql", "mit", "bsd", "apache_2_0"):
    problems.append("license is no word of the specification")
for name, requires in (("META.json", meta), *meta["provides"].items()):
    if requires["version"] != version:
        problems.append(f"{name} is version {requires['version']}")
if set(meta["provides"]) != {file.removesuffix(".control") for file in os.listdir("control")}:
    problems.append("provides other extensions than control/")
for name, provided in meta["provides"].items():
    for key in ("file", "docfile"):
        if not os.path.exists(provided[key]):
            problems.append(f"{key} of {name}: {provided[key]} is not there")
    with open(f"control/{name}.control") as control:
        if f"comment = '{provided['abstract']}'\n" not in control:
            problems.append(f"abstract of {name} differs from the comment of its control file")
for tag in meta["tags"]:
    if not 0 < len(tag) < 256 or re.search(r"[\s/\\]", tag):
        problems.append(f"tag {tag}")
oldest = re.search(r"PG_VERSION_NUM < (\d+)0000", open("src/pg/compat.hpp").read())[1]
if meta["prereqs"]["runtime"]["requires"]["PostgreSQL"] != f"{oldest}.0.0":
    problems.append(f"requires another PostgreSQL than {oldest}.0.0")
if f"PostgreSQL {oldest} to " not in open("README.md").read():
    problems.append(f"README.md does not support PostgreSQL {oldest}")
print("".join(f"META.json: {problem}\n" for problem in problems), end="")
sys.exit(bool(problems))
PYTHON
exit $failures

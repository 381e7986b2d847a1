#!/usr/bin/env bash
# installed_files.sh BUILD PG_CONFIG: whether CMake and the Makefile for PGXS install the same files. The module is not built once more:
# for make, empty objects stand for it. Run by ctest; prints what differs and fails.
set -eu
repo=$(cd "$(dirname "$0")/../.." && pwd -P)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/objects"
DESTDIR=$folder/cmake cmake --install "$1" >/dev/null
(cd "$repo/src" && find . -type d -exec mkdir -p "$folder/objects/src/{}" \;)
# make takes no blanks in paths
ln -s "$repo" "$folder/repo"
make=(make -s -C "$folder/objects" -f "$folder/repo/Makefile" "PG_CONFIG=$2")
# what is made is touched instead
"${make[@]}" --touch all >/dev/null
"${make[@]}" install DESTDIR="$folder/pgxs" >/dev/null
# modules by name only, all else with its contents
list() { (cd "$folder/$1" && find . -name '*.so' && find . -type f ! -name '*.so' -exec cksum {} +) | sort -k 3; }
list cmake >"$folder/cmake.list"
list pgxs >"$folder/pgxs.list"
grep -q '/pg_ferry.so$' "$folder/cmake.list" && grep -q '/pg_ferry_hiring.control$' "$folder/cmake.list" || { cat "$folder/cmake.list"; exit 1; }
diff "$folder/cmake.list" "$folder/pgxs.list"

# shellcheck shell=bash disable=SC2034,SC2154  # see bench/measure.sh
# load_csv beside COPY: one row in a hundred is bad, COPY reads the clean ones. The log of the rejects is written, too.

load_comparisons=(load.ascending load.random load.new load.parents load.text load.checked load.logical load.duplicates load.compressed)

fewer=$((rows / 5)) # where that is enough to see

# sample NAME ROWS PERCENT ORDER: $files/NAME.csv with so many rows that have no department, and NAME_clean.csv without those
sample() {
    local every=$((100 / $3))
    local select="SELECT g, 'Given Family ' || g, '2021-11-07T02:48:42Z', %s, 1 + (g::bigint * 104729) %% 183 FROM generate_series(1, $2) g"
    [ ! -e "$files/$1.csv" ] || return 0
    # shellcheck disable=SC2059  # a format of this script
    query <<SQL
COPY ($(printf "$select" "CASE WHEN g % $every <> 0 THEN 1 + (g::bigint * 7919) % 12 END") ORDER BY $4) TO '$files/$1.csv' (FORMAT csv);
COPY ($(printf "$select" '1 + (g::bigint * 7919) % 12') WHERE g % $every <> 0 ORDER BY $4) TO '$files/$1_clean.csv' (FORMAT csv);
SQL
}

load() { say "SELECT load_csv('$1', '$2.csv'${3:+, $3});"; }
copy() { say "COPY $1 FROM '$2.csv' (FORMAT csv);"; }

# beside_copy TABLE FILE GOAL: load_csv of the file with bad rows, COPY of the clean ones
beside_copy() {
    sql load_csv "TRUNCATE $1" "$(load "$1" "$2")"
    sql 'COPY, same table' "TRUNCATE $1" "$(copy "$1" "$2_clean")"
    faster load_csv 'COPY, same table' "$3"
}

# beside_copy_into_keys FILE GOAL: COPY into a table with the primary key and nothing else
beside_copy_into_keys() {
    sql 'COPY, primary key only' 'TRUNCATE keyed' "$(copy keyed "$1_clean")"
    faster load_csv 'COPY, primary key only' "${2:-}"
}

compare_load.ascending() {
    about 'PK + 2 FK, keys ascending'
    sample ascending "$rows" 1 g
    quietly "$work/floor.log" g++ -std=c++20 -O2 -fPIC -shared -w -isystem "$include_server" "$repo/bench/programs/floor.cpp" \
        -o "$work/floor.so"
    query -c 'CREATE TABLE ready (LIKE hired)' -c "$(copy ready "$files/ascending_clean")" -c 'VACUUM ready' \
        -c "CREATE FUNCTION floor_insert(regclass, regclass) RETURNS bigint AS '$work/floor.so' LANGUAGE C"
    beside_copy hired "$files/ascending" 0.10
    beside_copy_into_keys "$files/ascending" 0.75
    sql 'ready tuples, primary key only' 'TRUNCATE keyed' "SELECT floor_insert('ready', 'keyed');"
    faster load_csv 'ready tuples, primary key only'
    race
}

compare_load.random() {
    about 'PK + 2 FK, keys in random order'
    sample random "$rows" 1 'md5(g::text)'
    beside_copy hired "$files/random" 0.20
    beside_copy_into_keys "$files/random" 1.0
    race
}

compare_load.new() {
    about 'PK + 2 FK, the table emptied in the transaction'
    sample ascending "$rows" 1 g
    sql load_csv '' 'TRUNCATE hired;' "$(load hired "$files/ascending")"
    beside_copy_into_keys "$files/ascending"
    race
}

compare_load.parents() {
    about '500,000 parents of each of two keys, in random order'
    local parents=$((rows / 2))
    local pick="1 + (hashint4(%s)::bigint + 2147483648) %% $parents"
    # shellcheck disable=SC2059  # a format of this script
    query <<SQL
CREATE TABLE people (id int PRIMARY KEY, name text);
CREATE TABLE places (id int PRIMARY KEY, name text);
INSERT INTO people SELECT g, 'person ' || g FROM generate_series(1, $parents) g;
INSERT INTO places SELECT g, 'place ' || g FROM generate_series(1, $parents) g;
CREATE TABLE visits (id int PRIMARY KEY, person int REFERENCES people, place int REFERENCES places);
VACUUM ANALYZE people, places;
COPY (SELECT g, $(printf "$pick" g), CASE WHEN g % 100 = 0 THEN 0 ELSE $(printf "$pick" -g) END FROM generate_series(1, $rows) g) TO '$scratch/visits.csv' (FORMAT csv);
COPY (SELECT g, $(printf "$pick" g), $(printf "$pick" -g) FROM generate_series(1, $rows) g WHERE g % 100 <> 0) TO '$scratch/visits_clean.csv' (FORMAT csv);
SQL
    beside_copy visits "$scratch/visits" 0.65
    race
}

compare_load.text() {
    about 'the primary key an ascending text'
    query <<SQL
CREATE TABLE coded (code text COLLATE "C" PRIMARY KEY, department_id int NOT NULL REFERENCES departments, job_id int NOT NULL REFERENCES jobs);
COPY (SELECT 'code-' || lpad(g::text, 9, '0'), CASE WHEN g % 100 <> 0 THEN 1 + g % 12 END, 1 + g % 183 FROM generate_series(1, $fewer) g) TO '$scratch/coded.csv' (FORMAT csv);
COPY (SELECT 'code-' || lpad(g::text, 9, '0'), 1 + g % 12, 1 + g % 183 FROM generate_series(1, $fewer) g WHERE g % 100 <> 0) TO '$scratch/coded_clean.csv' (FORMAT csv);
SQL
    beside_copy coded "$scratch/coded" 0.12
    race
}

compare_load.checked() {
    about 'a domain and two CHECKs'
    sample fewer "$fewer" 1 g
    query <<SQL
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TABLE checked (id positive PRIMARY KEY, name text NOT NULL CHECK (name <> ''), datetime timestamptz NOT NULL CHECK (datetime > '2000-01-01Z'),
    department_id int NOT NULL REFERENCES departments, job_id int NOT NULL REFERENCES jobs);
SQL
    beside_copy checked "$files/fewer" 0.12
    race
}

compare_load.logical() {
    about 'wal_level = logical'
    sample fewer "$fewer" 1 g
    restart_server 'wal_level = logical'
    beside_copy hired "$files/fewer" 0.12
    race
    restart_server 'wal_level = replica'
}

compare_load.duplicates() {
    about 'every row is in the table already'
    sample fewer "$fewer" 1 g
    query -c 'TRUNCATE hired, keyed' -c "$(copy keyed "$files/fewer_clean")" -c 'VACUUM ANALYZE keyed'
    sql load_csv '' "$(load keyed "$files/fewer_clean")"
    sql 'load_csv, on_conflict skip' '' "$(load keyed "$files/fewer_clean" "on_conflict => 'skip'")"
    sql 'staging, ON CONFLICT DO NOTHING' '' 'CREATE TEMP TABLE staging (LIKE keyed) ON COMMIT DROP;' "$(copy staging "$files/fewer_clean")" \
        'INSERT INTO keyed SELECT * FROM staging ON CONFLICT DO NOTHING;'
    faster load_csv 'staging, ON CONFLICT DO NOTHING' 2
    faster 'load_csv, on_conflict skip' 'staging, ON CONFLICT DO NOTHING'
    race
}

compare_load.compressed() {
    about 'from a compressed file'
    local program
    sample ascending "$rows" 1 g
    sql 'plain file' 'TRUNCATE hired' "$(load hired "$files/ascending")"
    for program in gzip zstd; do
        as_server bash -c "$program -qc '$files/ascending.csv' >'$scratch/ascending.$program'"
        sql "$program" 'TRUNCATE hired' "SELECT load_csv('hired', '$scratch/ascending.$program');"
    done
    faster gzip 'plain file' 1.30
    faster zstd 'plain file' 1.10
    race
}

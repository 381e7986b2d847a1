# shellcheck shell=bash disable=SC2034,SC2154  # see bench/measure.sh
# load_csv beside COPY into tables of many kinds: kinds.NAME with one row in a hundred bad, kinds10.NAME with ten and half of the rows. A
# goal of the second is 1.3 times that of the first.

kinds_names=(parted deferrable clock defaults before after composite tree strings exclusion upsert)
kinds_comparisons=("${kinds_names[@]/#/kinds.}" kinds.foreign)
kinds10_comparisons=("${kinds_names[@]/#/kinds10.}")

columns='id int NOT NULL, name text NOT NULL, datetime timestamptz NOT NULL, department_id int NOT NULL REFERENCES departments, job_id int NOT NULL REFERENCES jobs'

# kind TITLE GOAL TABLE [FILE [COLUMNS [EMPTIED]]]: load_csv of the file with bad rows and COPY of the clean ones, into these columns of
# the table. Tables EMPTIED are emptied before, else that table is.
kind() {
    local file=${4:-$files/kinds_$percent} columns=${5:-} emptied="TRUNCATE ${6:-$3}" goal=$2
    sample "kinds_$percent" "$fewer" "$percent" g
    [ "$percent" = 1 ] || goal=$(awk -v g="$2" 'BEGIN {printf "%.3f", 1.3 * g}')
    about "$1"
    sql load_csv "$emptied" "$(load "$3" "$file" "${columns:+columns => '{$columns}'}")"
    sql 'COPY, same table' "$emptied" "$(copy "$3${columns:+ ($columns)}" "${file}_clean")"
    faster load_csv 'COPY, same table' "$goal"
    race
}

# files_of NAME ROWS SELECT: $scratch/NAME.csv and NAME_clean.csv of a SELECT of g, in which BAD says whether the row is bad
files_of() {
    local every=$((100 / percent))
    query <<SQL
COPY (${3//BAD/g % $every = 0} FROM generate_series(1, $2) g) TO '$scratch/$1.csv' (FORMAT csv);
COPY (${3//BAD/false} FROM generate_series(1, $2) g WHERE g % $every <> 0) TO '$scratch/$1_clean.csv' (FORMAT csv);
SQL
}

kind_parted() {
    query <<SQL
CREATE TABLE parted (id int, name text NOT NULL, datetime timestamptz NOT NULL, department_id int NOT NULL REFERENCES departments,
    job_id int NOT NULL REFERENCES jobs, PRIMARY KEY (id, datetime)) PARTITION BY RANGE (datetime);
SELECT format('CREATE TABLE parted_%s PARTITION OF parted FOR VALUES FROM (%L) TO (%L)', n, month, month + interval '1 month')
    FROM generate_series(0, 24) n, LATERAL (SELECT timestamptz '2021-01-01Z' + n * interval '1 month' AS month) m \gexec
SQL
    files_of parted "$fewer" "SELECT g, 'Given Family ' || g, timestamptz '2021-01-01Z' + g * (interval '760 days' / $fewer), CASE WHEN NOT BAD THEN 1 + g % 12 END, 1 + g % 183"
    kind 'partitioned by month, 25 leaves' 0.15 parted "$scratch/parted"
}

kind_leaves() {
    query <<SQL
CREATE TABLE leaves ($columns, PRIMARY KEY (id)) PARTITION BY HASH (id);
SELECT format('CREATE TABLE leaf_%s PARTITION OF leaves FOR VALUES WITH (MODULUS 1000, REMAINDER %1\$s)', n) FROM generate_series(0, 999) n \gexec
SQL
    kind 'partitioned by hash, 1,000 leaves' '' leaves
}

kind_deferrable() {
    query -c "CREATE TABLE deferring ($columns, PRIMARY KEY (id) DEFERRABLE INITIALLY DEFERRED)"
    kind 'a deferrable primary key' 0.15 deferring
}

kind_clock() {
    query -c "CREATE TABLE clock ($columns, PRIMARY KEY (id), CHECK (datetime < now()))"
    kind 'CHECK (datetime < now())' 0.15 clock
}

kind_defaults() {
    query -c "CREATE TABLE defaults ($columns, PRIMARY KEY (id), token uuid DEFAULT gen_random_uuid(), loaded_at timestamptz DEFAULT clock_timestamp())"
    kind 'defaults gen_random_uuid() and clock_timestamp()' 0.20 defaults '' 'id, name, datetime, department_id, job_id'
}

kind_before() {
    query <<SQL
CREATE TABLE touched ($columns, PRIMARY KEY (id), touched_at timestamptz);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.touched_at := now(); RETURN NEW; END';
CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON touched FOR EACH ROW EXECUTE FUNCTION touch();
SQL
    kind 'a BEFORE ROW trigger that sets a column' 0.30 touched '' 'id, name, datetime, department_id, job_id'
}

kind_after() {
    query <<SQL
CREATE TABLE audited ($columns, PRIMARY KEY (id));
CREATE TABLE audit (id int, kind text, written_at timestamptz);
CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO audit VALUES (NEW.id, TG_OP, now()); RETURN NULL; END';
CREATE TRIGGER audit AFTER INSERT OR UPDATE ON audited FOR EACH ROW EXECUTE FUNCTION audit();
SQL
    kind 'an AFTER ROW trigger that writes an audit row' 0.45 audited '' '' 'audited, audit'
}

# with a quarter of the rows: the index alone takes most of the time, of COPY too
kind_exclusion() {
    query -c "CREATE TABLE booked (period int4range NOT NULL, department_id int NOT NULL REFERENCES departments, job_id int NOT NULL REFERENCES jobs,
        EXCLUDE USING gist (period WITH &&))"
    files_of booked $((fewer / 4)) 'SELECT int4range(10 * g, 10 * g + 7), CASE WHEN NOT BAD THEN 1 + g % 12 END, 1 + g % 183'
    kind 'a GiST index that excludes overlapping ranges' 0.90 booked "$scratch/booked"
}

kind_composite() {
    query <<SQL
CREATE TABLE posts (department_id int, job_id int, PRIMARY KEY (department_id, job_id));
INSERT INTO posts SELECT d, j FROM generate_series(1, 12) d, generate_series(1, 183) j;
ANALYZE posts;
CREATE TABLE composite (id int PRIMARY KEY, name text NOT NULL, datetime timestamptz NOT NULL, department_id int NOT NULL,
    job_id int NOT NULL REFERENCES jobs, FOREIGN KEY (department_id, job_id) REFERENCES posts);
SQL
    kind 'a foreign key of two columns' 0.28 composite
}

# bad are none that others refer to
kind_tree() {
    query -c 'CREATE TABLE tree (id int PRIMARY KEY, parent int REFERENCES tree, job_id int NOT NULL REFERENCES jobs)'
    local every=$((100 / percent))
    local lost="g % $every = $every - 1 AND 12 * g > $fewer" select="SELECT g, CASE WHEN g > 12 THEN g / 12 END"
    query <<SQL
COPY ($select, CASE WHEN NOT ($lost) THEN 1 + g % 183 END FROM generate_series(1, $fewer) g) TO '$scratch/tree.csv' (FORMAT csv);
COPY ($select, 1 + g % 183 FROM generate_series(1, $fewer) g WHERE NOT ($lost)) TO '$scratch/tree_clean.csv' (FORMAT csv);
SQL
    kind 'rows that refer to others of the table, parents first' 0.28 tree "$scratch/tree"
}

kind_strings() {
    query <<SQL
CREATE TABLE countries (code char(2) PRIMARY KEY);
INSERT INTO countries SELECT chr(65 + g / 26) || chr(65 + g % 26) FROM generate_series(0, 199) g;
ANALYZE countries;
CREATE TABLE strings (code varchar(20) PRIMARY KEY, day date NOT NULL, amount numeric(12, 2) NOT NULL, name varchar(40) NOT NULL,
    country char(2) NOT NULL REFERENCES countries, UNIQUE (day, amount, name));
SQL
    files_of strings "$fewer" "SELECT 'code-' || lpad(g::text, 9, '0'), date '2021-01-01' + g % 700, g / 100.0, 'name ' || g,
        CASE WHEN NOT BAD THEN chr(65 + g % 200 / 26) || chr(65 + g % 200 % 26) END"
    kind 'varchar key, char(2) foreign key, UNIQUE (date, numeric, varchar)' 0.60 strings "$scratch/strings"
}

kind_upsert() {
    local goal=0.50 refill="TRUNCATE hired; SET session_replication_role = replica;
        INSERT INTO hired SELECT g, 'before', '2020-01-01Z', 1, 1 FROM generate_series(2, $fewer, 2) g"
    [ "$percent" = 1 ] || goal=0.65
    about 'half of the rows are there and are replaced'
    sample "kinds_$percent" "$fewer" "$percent" g
    sql load_csv "$refill" "$(load hired "$files/kinds_$percent" "on_conflict => 'update'")"
    sql 'staging, ON CONFLICT DO UPDATE' "$refill" 'CREATE TEMP TABLE staging (LIKE hired) ON COMMIT DROP;' "$(copy staging "$files/kinds_${percent}_clean")" \
        'INSERT INTO hired SELECT * FROM staging ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name, datetime = EXCLUDED.datetime,
    department_id = EXCLUDED.department_id, job_id = EXCLUDED.job_id;'
    faster load_csv 'staging, ON CONFLICT DO UPDATE' "$goal"
    race
}

# with half of the rows: COPY sends each by itself
kind_foreign() {
    local far fewer=$((fewer / 2))
    query -c 'CREATE EXTENSION postgres_fdw' -c 'CREATE TABLE far (id int, name text, datetime timestamptz, department_id int, job_id int)
        PARTITION BY HASH (id)'
    for far in 0 1; do
        query -c "CREATE DATABASE far_$far"
        query -d "far_$far" -c 'CREATE TABLE near (id int PRIMARY KEY, name text NOT NULL, datetime timestamptz NOT NULL, department_id int NOT NULL,
            job_id int NOT NULL)'
        query <<SQL
CREATE SERVER far_$far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$PGHOST', port '$PGPORT', dbname 'far_$far', batch_size '1000');
CREATE USER MAPPING FOR CURRENT_USER SERVER far_$far;
CREATE FOREIGN TABLE far_$far PARTITION OF far FOR VALUES WITH (MODULUS 2, REMAINDER $far) SERVER far_$far OPTIONS (schema_name 'public', table_name 'near');
SQL
    done
    sample far "$fewer" 1 g
    about 'foreign tables of two databases, partitioned by hash'
    sql 'load_csv, clean rows' 'TRUNCATE far' "$(load far "$files/far_clean")"
    sql load_csv 'TRUNCATE far' "$(load far "$files/far")"
    sql 'COPY, same table' 'TRUNCATE far' "$(copy far "$files/far_clean")"
    faster 'load_csv, clean rows' 'COPY, same table' 0.25
    faster load_csv 'COPY, same table' 0.60
    race
    query -c 'DROP EXTENSION postgres_fdw CASCADE' -c 'DROP DATABASE far_0 WITH (FORCE)' -c 'DROP DATABASE far_1 WITH (FORCE)'
}

kind_view() {
    query -c 'CREATE VIEW shown AS SELECT * FROM hired'
    sample kinds_1 "$fewer" 1 g
    about 'an updatable view'
    sql load_csv 'TRUNCATE hired' "$(load shown "$files/kinds_1")"
    sql 'COPY, its table' 'TRUNCATE hired' "$(copy hired "$files/kinds_1_clean")"
    faster load_csv 'COPY, its table'
    race
}

# A table whose rows an extension, tests/engine, puts into another one with the same keys; COPY goes there without it.
kind_engine() {
    local shards keys='PRIMARY KEY (id), FOREIGN KEY (department_id) REFERENCES departments, FOREIGN KEY (job_id) REFERENCES jobs'
    sample kinds_1 "$fewer" 1 g
    about 'a table whose rows another extension keeps'
    query -c 'CREATE SCHEMA engine' -c "CREATE FUNCTION engine.changed(regclass) RETURNS void STRICT AS '\$libdir/ferry_engine_test', 'engine_changed' LANGUAGE C" \
        -c "CREATE TABLE spread (LIKE hired, $keys)"
    shards=$(query -c "SELECT 'engine.shards_' || 'spread'::regclass::oid")
    query -c "CREATE TABLE $shards (LIKE spread INCLUDING ALL, ${keys#*, })"
    sql load_csv "TRUNCATE $shards" "SELECT engine.changed('spread');" "$(load spread "$files/kinds_1")"
    sql 'staging and INSERT' "TRUNCATE $shards" "SELECT engine.changed('spread');" 'CREATE TEMP TABLE staging (LIKE spread) ON COMMIT DROP;' \
        "$(copy staging "$files/kinds_1_clean")" 'INSERT INTO spread SELECT * FROM staging;'
    sql 'COPY, ordinary table' "TRUNCATE $shards" "$(copy "$shards" "$files/kinds_1_clean")"
    faster load_csv 'staging and INSERT'
    faster load_csv 'COPY, ordinary table'
    race
    query -c 'DROP SCHEMA engine CASCADE'
}

for name in "${kinds_names[@]}" foreign leaves view engine; do eval "compare_kinds.$name() { percent=1; kind_$name; }"; done
for name in "${kinds_names[@]}"; do eval "compare_kinds10.$name() { percent=10; local fewer=$((fewer / 2)); kind_$name; }"; done

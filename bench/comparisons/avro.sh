# shellcheck shell=bash disable=SC2034,SC2154  # see bench/measure.sh
# Exports and imports of Avro files, backups and restores, beside what else there is. Each writes a fresh file.

export_comparisons=(export.narrow export.wide export.parallel export.peers)
import_comparisons=(import.keys)
backup_comparisons=(backup.backup backup.restore)

# One process, so that the time of the backend's processor is all that there is.
alone='SET max_parallel_workers_per_gather = 0; SET max_parallel_maintenance_workers = 0;'

# narrow_table NAME ROWS
narrow_table() {
    query <<SQL
CREATE TABLE $1 (id int NOT NULL, name text NOT NULL, datetime timestamptz NOT NULL, department_id int NOT NULL, job_id int NOT NULL);
INSERT INTO $1 SELECT g, 'Given' || g % 9973 || ' Family' || g % 7919, timestamptz '2021-01-01Z' + (g::bigint * 7919 % 31536000) * interval '1 second',
    1 + (g::bigint * 7919) % 12, 1 + (g::bigint * 104729) % 183 FROM generate_series(1, $2) g;
VACUUM ANALYZE $1;
SQL
}

# wide_table: 20 columns of 10 types, a few NULLs
wide_table() {
    query <<SQL
CREATE TABLE wide (id int8 NOT NULL, i1 int4 NOT NULL, i2 int4, i3 int2 NOT NULL, b1 boolean NOT NULL, b2 boolean, f1 float8 NOT NULL, f2 float4,
    d1 date NOT NULL, t1 timestamptz NOT NULL, t2 timestamp, n1 numeric(12,2) NOT NULL, n2 numeric(18,4), u1 uuid NOT NULL, s1 text NOT NULL,
    s2 text, s3 varchar(40) NOT NULL, s4 text NOT NULL, i4 int8 NOT NULL, i5 int8);
INSERT INTO wide SELECT g, g * 7919 % 1000003, CASE WHEN g % 10 <> 0 THEN g * 31 % 5003 END, g % 1000, g % 2 = 0, CASE WHEN g % 7 <> 0 THEN g % 3 = 0 END,
    g * 0.37, CASE WHEN g % 9 <> 0 THEN g * 0.11 END, date '2000-01-01' + (g % 9000)::int, timestamptz '2021-01-01Z' + g * interval '1.37 seconds',
    CASE WHEN g % 5 <> 0 THEN timestamp '1990-01-01' + g * interval '1 minute' END, (g * 7919 % 100000007) / 100.0,
    CASE WHEN g % 4 <> 0 THEN g * 1.2345 END, md5(g::text)::uuid, 'name ' || g, CASE WHEN g % 6 <> 0 THEN 'city ' || g % 997 END, 'street ' || g * 31 % 99991,
    'note ' || g % 13 || ' of the order with the number ' || g * 17, g * 1000003, CASE WHEN g % 8 <> 0 THEN -g END
    FROM generate_series(1, $rows::bigint) g;
VACUUM ANALYZE wide;
SQL
}

to_avro() { say "COPY $1 TO '${3:-$scratch/out.avro}' (FORMAT avro, CODEC '$2'${4:-});"; }
to_binary() { say "COPY $1 TO '$scratch/out.bin' (FORMAT binary);"; }

# exports TABLE GOAL_NONE GOAL_ZSTANDARD GOAL_ZSTD GOAL_DEFLATE
exports() {
    session=$alone
    sql 'codec none' '' "$(to_avro "$1" none)"
    sql 'codec zstandard' '' "$(to_avro "$1" zstandard)"
    sql 'codec deflate' '' "$(to_avro "$1" deflate)"
    sql 'COPY BINARY' '' "$(to_binary "$1")"
    sql 'COPY to zstd -1' '' "COPY $1 TO PROGRAM 'zstd -q -1 -o $scratch/out.zst' (FORMAT binary);"
    program 'pg_dump -Fc' '' "pg_dump -Fc -t scenario.$1 -f '$scratch/out.dump'"
    faster 'codec none' 'COPY BINARY' "$2"
    faster 'codec zstandard' 'COPY BINARY' "$3"
    faster 'codec zstandard' 'COPY to zstd -1' "$4"
    faster 'codec deflate' 'pg_dump -Fc' "$5"
    race
}

compare_export.narrow() {
    about '5 million rows of 5 columns'
    narrow_table narrow $((rows * 5))
    exports narrow 0.30 0.60 0.50 0.40
}

compare_export.wide() {
    about '1 million rows of 20 columns'
    wide_table
    exports wide 0.50 0.75 0.55 0.45
}

compare_export.parallel() {
    about '20 columns, by parallel workers'
    wide_table
    sql 'codec zstandard' '' "$(to_avro wide zstandard)"
    sql 'COPY BINARY' '' "$(to_binary wide)"
    faster 'codec zstandard' 'COPY BINARY' 0.40
    race
}

compare_export.peers() {
    about '200,000 rows of 5 columns'
    narrow_table sample $((rows / 5))
    quietly "$work/peers.log" g++ -std=c++20 -O2 -w -I"$include" "$repo/bench/programs/generic_avro.cpp" -o "$work/generic_avro" -lpq -lavro
    sql 'codec none' '' "$(to_avro sample none)"
    program 'libavro, generic API' '' "$work/generic_avro scenario.sample $scratch/out.avro"
    program 'python3-avro' '' "python3 $work/programs/python_export.py scenario.sample $scratch/out.avro"
    faster 'codec none' 'libavro, generic API'
    faster 'codec none' 'python3-avro'
    race
}

compare_export.blocks() {
    about 'by the size of a block'
    local table size
    narrow_table narrow $((rows * 5))
    wide_table
    session=$alone
    for table in narrow wide; do
        sql "$table, COPY BINARY" '' "$(to_binary $table)"
        for size in 65536 131072 262144 524288 1048576; do
            sql "$table, $size bytes" '' "$(to_avro $table zstandard '' ", BLOCK_BYTES $size")"
            faster "$table, $size bytes" "$table, COPY BINARY"
        done
    done
    race
}

# hired_table: a million rows in a table source, and in hired, with its primary key and two foreign keys
hired_table() {
    narrow_table source "$rows"
    query <<SQL
SET session_replication_role = replica;
INSERT INTO hired TABLE source;
VACUUM ANALYZE hired;
SQL
}

compare_import.keys() {
    about 'a million rows, PK + 2 FK, from a zstandard file'
    hired_table
    query -c "$(to_avro source zstandard "$scratch/in.avro")" -c "COPY source TO '$scratch/in.csv' (FORMAT csv)"
    sql 'Avro import' 'TRUNCATE hired' "COPY hired FROM '$scratch/in.avro' (FORMAT avro);"
    sql 'COPY csv, primary key only' 'TRUNCATE keyed' "COPY keyed FROM '$scratch/in.csv' (FORMAT csv);"
    sql 'COPY csv, same table' 'TRUNCATE hired' "COPY hired FROM '$scratch/in.csv' (FORMAT csv);"
    faster 'Avro import' 'COPY csv, primary key only' 0.75
    faster 'Avro import' 'COPY csv, same table'
    race
}

compare_backup.backup() {
    about 'a million rows, PK + 2 FK'
    hired_table
    session=$alone
    sql backup_table '' "SELECT * FROM backup_table('hired', '$scratch/out_backups');"
    sql 'COPY of such a file, SHA-256' '' "COPY hired TO '$scratch/out.avro' (FORMAT avro, PROFILE lossless, CODEC zstandard);
SELECT sha256(pg_read_binary_file('$scratch/out.avro'));"
    faster backup_table 'COPY of such a file, SHA-256' 1.1
    race
}

compare_backup.restore() {
    about 'a million rows, PK + 2 FK, into the emptied table'
    local file
    hired_table
    file=$(query -c "SELECT path FROM backup_table('hired', '$scratch/backups')")
    session=$alone
    sql restore_table 'TRUNCATE hired' "SELECT * FROM restore_table('hired', directory => '$scratch/backups');"
    sql 'COPY of its file' 'TRUNCATE hired' "COPY hired FROM '$file' (FORMAT avro);"
    faster restore_table 'COPY of its file' 1.1
    race
}

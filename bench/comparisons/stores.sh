# shellcheck shell=bash disable=SC2034,SC2154  # see bench/measure.sh
# Loads from a store on this machine and exports into it, beside the transfer of the same bytes alone and the same work with a file. The
# store is that of the tests, one process in Python, see tests/store/store.py.

stores_comparisons=(stores.load stores.export)

stop_store() { if [ -d "$work/store" ]; then as_server "$work/store.py" stop "$work/store" || true; fi; }

# with_store: starts it once, and says by its status whether there is one to be had
with_store() {
    local facts endpoint status=0
    if [ ! -e "$work/signed" ]; then
        facts=$(as_server "$work/store.py" start "$work/store" 2>"$work/store.log") || status=$?
        if [ $status != 0 ]; then
            rm -rf "$work/store"
            [ $status = 77 ] || { cat "$work/store.log" >&2; failed=1; }
            say "$comparison: skipped, there is no store of objects here"
            return 1
        fi
        fact() { sed -n "s/^FERRY_STORE_$1=//p" <<<"$facts"; }
        endpoint=$(fact ENDPOINT)
        # signed: a request, signed by curl
        printf '%s\n' '#!/bin/bash' "path=\$1; shift; exec curl -sS -f --aws-sigv4 'aws:amz:$(fact REGION):s3' -u '$(fact ACCESS_KEY_ID):$(fact SECRET_ACCESS_KEY)' \\" \
            "    -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' -o /dev/null \"\$@\" '$endpoint'\"\$path\"" >"$work/signed"
        query <<SQL
CREATE SERVER store FOREIGN DATA WRAPPER ferry_store OPTIONS (scope 's3://ferry', endpoint '$endpoint', writable 'true');
CREATE USER MAPPING FOR PUBLIC SERVER store OPTIONS (access_key_id '$(fact ACCESS_KEY_ID)', secret_access_key '$(fact SECRET_ACCESS_KEY)');
SQL
    fi
    query <<SQL
CREATE TABLE numbers AS SELECT g AS id, 'Name ' || md5(g::text) AS name, '2021-01-01'::timestamptz + g * interval '1 minute' AS at, g % 100 AS kind
    FROM generate_series(1, $rows) g;
ANALYZE numbers;
CREATE TABLE target (id int PRIMARY KEY, name text NOT NULL, at timestamptz NOT NULL, kind int NOT NULL);
SQL
}

compare_stores.load() {
    about 'load_csv of s3://'
    with_store || return 0
    query -c "COPY numbers TO '$scratch/numbers.csv' (FORMAT csv)"
    as_server bash "$work/signed" /ferry/numbers.csv -T "$scratch/numbers.csv"
    sql 'load from the store' 'TRUNCATE target' "$(load target s3://ferry/numbers)"
    sql 'load from a file' 'TRUNCATE target' "$(load target "$scratch/numbers")"
    program 'transfer alone' '' "bash '$work/signed' /ferry/numbers.csv"
    as_fast_as_part 'load from the store' 1.1 'load from a file' 'transfer alone'
    race
}

compare_stores.export() {
    about 'COPY to s3://'
    with_store || return 0
    query -c "$(to_avro numbers zstandard "$scratch/numbers.avro")"
    session=$alone
    sql 'export to the store' '' "$(to_avro numbers zstandard s3://ferry/out.avro)"
    sql 'export to a file' '' "$(to_avro numbers zstandard)"
    program 'transfer alone' '' "bash '$work/signed' /ferry/put.avro -T '$scratch/numbers.avro'"
    as_fast_as_part 'export to the store' 1.1 'export to a file' 'transfer alone'
    race
}

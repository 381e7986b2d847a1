# shellcheck shell=bash disable=SC2034,SC2154  # see bench/measure.sh
# Time and memory of a hundred times the rows, from 0.1 to 10 million, in one round.

growth_comparisons=(growth.load growth.export growth.backup)

# grown LABEL WHAT RESET STATEMENT: a way for each size, @ROWS in the statements being its rows
grown() {
    local label=$1 count
    for count in $((rows / 10)) "$rows" $((rows * 10)); do sql "$label, $count rows" "${2//@ROWS/$count}" "${3//@ROWS/$count}"; done
    grows "$label, $((rows * 10)) rows" "$label, $((rows / 10)) rows" 100 1.3
    in_memory "$label, $((rows * 10)) rows" 16
}

compare_growth.load() {
    about 'load_csv, 1% bad'
    local count
    for count in $((rows / 10)) "$rows" $((rows * 10)); do sample "grown_$count" "$count" 1 g; done
    grown load_csv 'TRUNCATE hired' "$(load hired "$files/grown_@ROWS")"
    race 1
    rm -f "$files"/grown_*
}

# sources: a table of each size
sources() {
    local count
    for count in $((rows / 10)) "$rows" $((rows * 10)); do narrow_table "source_$count" "$count"; done
}

compare_growth.export() {
    about 'COPY to Avro'
    local codec
    sources
    session=$alone
    for codec in none zstandard deflate; do grown "codec $codec" '' "$(to_avro source_@ROWS $codec)"; done
    race 1
}

compare_growth.backup() {
    about 'backup_table and restore_table'
    local count
    sources
    for count in $((rows / 10)) "$rows" $((rows * 10)); do
        query -c "CREATE TABLE restored_$count (LIKE source_$count, PRIMARY KEY (id), FOREIGN KEY (department_id) REFERENCES departments,
            FOREIGN KEY (job_id) REFERENCES jobs)" -c 'SET session_replication_role = replica' -c "INSERT INTO restored_$count TABLE source_$count" \
            -c "SELECT * FROM backup_table('restored_$count', '$scratch/backups')" >"$work/backed_up"
    done
    session=$alone
    grown backup_table '' "SELECT * FROM backup_table('source_@ROWS', '$scratch/out_backups');"
    grown restore_table 'TRUNCATE restored_@ROWS' "SELECT * FROM restore_table('restored_@ROWS', directory => '$scratch/backups');"
    race 1
}

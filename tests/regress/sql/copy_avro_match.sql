-- Which field of a file is which column of a table, and what its values become: COPY FROM with MATCH name and MATCH position. The
-- files are put together here byte by byte, as the specification of Avro says.
\getenv build_dir PG_ABS_BUILDDIR
SET client_min_messages = warning;
LOAD 'pg_ferry';
CREATE EXTENSION pg_ferry;
CREATE SCHEMA copy_match;
SET search_path = copy_match, public;
\set file :build_dir '/copy_match.avro'
\set cat 'cat ' :file

-- An int or a long: zigzag, then seven bits a byte. A string. A block of 64-bit float bytes comes as a literal.
CREATE FUNCTION l(n bigint) RETURNS bytea LANGUAGE sql AS $$
    WITH RECURSIVE digits (rest, out) AS (
        SELECT CASE WHEN n < 0 THEN -2 * n::numeric - 1 ELSE 2 * n::numeric END, ''::bytea
        UNION ALL
        SELECT div(rest, 128), out || set_byte('\x00', 0, (rest % 128)::int + CASE WHEN rest >= 128 THEN 128 ELSE 0 END)
        FROM digits WHERE rest > 0 OR out = '')
    SELECT out FROM digits WHERE out <> '' ORDER BY length(out) DESC LIMIT 1 $$;
CREATE FUNCTION s(t text) RETURNS bytea LANGUAGE sql AS $$ SELECT l(length(convert_to(t, 'UTF8'))) || convert_to(t, 'UTF8') $$;
-- Writes the file: a schema's fields, a number of records, their bytes.
CREATE FUNCTION write_file(path text, fields text, count int, payload bytea) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    sync bytea := '\x000102030405060708090a0b0c0d0e0f';
    large oid := lo_from_bytea(0, '\x4f626a0102' || s('avro.schema') || s(format('{"type": "record", "name": "r", "fields": [%s]}', fields)) || '\x00'
        || sync || l(count) || l(length(payload)) || payload || sync);
BEGIN
    PERFORM lo_export(large, path), lo_unlink(large);
END $$;

-- by name: an alias, another case, a promotion of int and of float, a field too many, a column too few
CREATE TABLE goods (id bigint PRIMARY KEY, name text NOT NULL, note text DEFAULT 'none', price float8, "Exact" text, counted numeric DEFAULT 7);
SELECT write_file(:'file', '{"name": "old_id", "aliases": ["id"], "type": "int"}, {"name": "NAME", "type": "string"},
    {"name": "extra", "type": {"type": "map", "values": "long"}}, {"name": "price", "type": "float"}, {"name": "Exact", "type": ["string", "null"]}', 2,
    l(1) || s('one') || l(1) || s('k') || l(5) || l(0) || '\x0000003f' || l(0) || s('x')
    || l(-2147483648) || s('two') || l(0) || '\x0000807f' || l(1));
COPY goods FROM :'file' WITH (FORMAT avro);
SELECT * FROM goods ORDER BY id DESC;
-- the exact name comes before the other case, whatever the order
CREATE TABLE cases (id int, "ID" int);
SELECT write_file(:'file', '{"name": "ID", "type": "int"}, {"name": "id", "type": "int"}', 1, l(1) || l(2));
COPY cases FROM :'file' WITH (FORMAT avro);
TABLE cases;
CREATE TABLE lower_case (id int);
\set SHOW_CONTEXT never
SELECT write_file(:'file', '{"name": "ID", "type": "int"}, {"name": "Id", "type": "int"}', 1, l(1) || l(2));
COPY lower_case FROM PROGRAM :'cat' WITH (FORMAT avro);
-- by position names do not count, and fewer fields leave columns to their defaults
TRUNCATE goods;
SELECT write_file(:'file', '{"name": "name", "type": "long"}, {"name": "id", "type": {"type": "enum", "name": "e", "symbols": ["a", "b"]}}', 1, l(9223372036854775807) || l(1));
COPY goods FROM :'file' WITH (FORMAT avro, MATCH position);
SELECT * FROM goods;
COPY goods FROM :'file' WITH (FORMAT avro);
TRUNCATE goods;
COPY goods (counted, name) FROM :'file' WITH (FORMAT avro, MATCH position);
COPY goods (counted, name, id) FROM :'file' WITH (FORMAT avro, MATCH position);
COPY goods (id) FROM :'file' WITH (FORMAT avro, MATCH position);
SELECT write_file(:'file', '{"name": "a", "type": "int"}', 2, l(1) || l(2));
COPY goods (id) FROM :'file' WITH (FORMAT avro, MATCH position);
SELECT count(*) FROM goods;
-- what the statement names must be there; what no column is called like must not be all
COPY goods (id, note) FROM :'file' WITH (FORMAT avro);
COPY goods FROM :'file' WITH (FORMAT avro);

-- types that do not fit: before the first row, though there is none; every field of its own
CREATE TABLE typed (a int, b date, c boolean, d uuid, e int[], f bytea, g timestamptz, h interval, i inet);
CREATE FUNCTION refusal(path text, field text, type text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE message text; detail text; hint text;
BEGIN
    PERFORM write_file(path, format('{"name": "%s", "type": %s}', field, type), 0, '');
    EXECUTE format('COPY typed FROM %L WITH (FORMAT avro, ON_ERROR reject)', path);
    RETURN 'fits';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(E'\n    ', SQLSTATE || ' ' || message, nullif(detail, ''), hint);
END $$;
SELECT refusal(:'file', field, type) FROM (VALUES
    ('a', '"double"'), ('a', '"boolean"'), ('a', '"bytes"'), ('a', '{"type": "int", "logicalType": "date"}'), ('a', '["null", "int", "float"]'),
    ('b', '"int"'), ('b', '{"type": "long", "logicalType": "timestamp-micros"}'), ('c', '"int"'), ('d', '{"type": "fixed", "name": "f", "size": 15}'),
    ('e', '{"type": "map", "values": "int"}'), ('e', '{"type": "array", "items": "boolean"}'), ('f', '"long"'), ('g', '"long"'),
    ('g', '{"type": "int", "logicalType": "date"}'), ('h', '{"type": "fixed", "name": "f", "size": 12}'), ('i', '"bytes"'),
    ('i', '{"type": "record", "name": "q", "fields": []}')) v (field, type);
-- and some that do
SELECT field, type, refusal(:'file', field, type) FROM (VALUES ('a', '"long"'), ('a', '"string"'), ('a', '"null"'), ('a', '["null", "int", "long", "string"]'),
    ('a', '{"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 0}'), ('b', '"string"'), ('c', '["boolean", "string"]'), ('d', '{"type": "fixed", "name": "f", "size": 16}'),
    ('e', '{"type": "array", "items": {"type": "array", "items": "long"}}'), ('f', '{"type": "fixed", "name": "f", "size": 3}'),
    ('h', '{"type": "fixed", "name": "f", "size": 12, "logicalType": "duration"}'), ('a', '{"type": "int", "logicalType": "furlongs"}')) v (field, type);

-- values that a type that fits cannot hold: the first is an error with its place, or each a reject
SELECT write_file(:'file', '{"name": "a", "type": "long"}, {"name": "c", "type": ["boolean", "string"]}', 4,
    l(1) || l(0) || '\x01' || l(2147483648) || l(0) || '\x00' || l(2) || l(1) || s('maybe') || l(3) || l(1) || s('off'));
\set SHOW_CONTEXT always
COPY typed FROM PROGRAM :'cat' WITH (FORMAT avro);
COPY typed FROM PROGRAM :'cat' WITH (FORMAT avro, ON_ERROR reject);
SELECT a, c FROM typed;
SELECT row_number, sqlstate, column_name, raw_row, reason FROM ferry_rejects ORDER BY 1;

\! rm -f "$PG_ABS_BUILDDIR"/copy_match.avro
DROP SCHEMA copy_match CASCADE;
DROP EXTENSION pg_ferry;

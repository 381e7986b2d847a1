-- What read_avro reads and refuses. The files are put together here byte by byte, as the specification of Avro says.
SET client_min_messages = warning;
CREATE DATABASE regression_avro ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0;
\c regression_avro
SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
CREATE EXTENSION pg_ferry;

-- An int or a long: zigzag, then seven bits a byte.
CREATE FUNCTION l(n numeric) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
    rest numeric := CASE WHEN n < 0 THEN -2 * n - 1 ELSE 2 * n END;
    out bytea := '';
BEGIN
    WHILE rest >= 128 LOOP
        out := out || set_byte('\x00', 0, (rest % 128)::int + 128);
        rest := div(rest, 128);
    END LOOP;
    RETURN out || set_byte('\x00', 0, rest::int);
END $$;
-- A string or bytes.
CREATE FUNCTION s(t bytea) RETURNS bytea LANGUAGE sql AS $$ SELECT l(length(t)) || t $$;
CREATE FUNCTION s(t text) RETURNS bytea LANGUAGE sql AS $$ SELECT s(convert_to(t, 'UTF8')) $$;

-- Writes a file of one block and returns its path.
CREATE FUNCTION avro_file(schema text, count bigint, payload bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    path text := current_setting('data_directory') || '/read_avro_test.avro';
    sync bytea := '\x000102030405060708090a0b0c0d0e0f';
    large oid;
BEGIN
    large := lo_from_bytea(0, '\x4f626a01' || l(1) || s('avro.schema') || s(schema) || l(0) || sync || l(count) || s(payload) || sync);
    PERFORM lo_export(large, path), lo_unlink(large);
    RETURN path;
END $$;

-- The first value of a file of one field as a value of that type, or the error.
CREATE FUNCTION value_of(type text, schema text, payload bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text; state text; message text; detail text; hint text; context text;
    path text := avro_file(format('{"type": "record", "name": "r", "fields": [{"name": "v", "type": %s}]}', schema), 1, payload);
BEGIN
    EXECUTE format('SELECT v::text FROM read_avro(%L) AS t(v %s)', path, type) INTO result;
    RETURN result;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT,
        context = PG_EXCEPTION_CONTEXT;
    RETURN replace(concat_ws(E'\n  ', state || ' ' || message, nullif(detail, ''), nullif(hint, ''), substring(context FROM 'file "[^\n]*')), path, 'PATH');
END $$;

-- The shapes of the lossless profile
\set interval '{"type": "record", "name": "interval", "fields": [{"name": "months", "type": "int"}, {"name": "days", "type": "int"}, {"name": "micros", "type": "long"}]}'
SELECT value_of('interval', :'interval', l(14) || l(-3) || l(4500000));
SELECT value_of('interval day to second(0)', :'interval', l(0) || l(1) || l(4500000));
\set timetz '{"type": "record", "name": "timetz", "fields": [{"name": "micros", "type": "long"}, {"name": "zone_seconds", "type": "int"}]}'
-- the zone is in seconds west of UTC, as the server has it
SELECT value_of('timetz', :'timetz', l(86399000001) || l(19800));
SELECT value_of('timetz', :'timetz', l(0) || l(57600));
SELECT value_of('timetz', :'timetz', l(86400000001) || l(0));
\set range '{"type": "record", "name": "range", "fields": [{"name": "lower", "type": ["null", "int"]}, {"name": "upper", "type": ["null", "int"]}, {"name": "flags", "type": "int"}]}'
-- empty 1, lower bound inclusive 2, upper 4, without lower bound 8, without upper 16
SELECT value_of('int4range', :'range', l(1) || l(3) || l(1) || l(7) || l(6));
SELECT value_of('int4range', :'range', l(0) || l(1) || l(7) || l(8));
SELECT value_of('int4range', :'range', l(0) || l(0) || l(24));
SELECT value_of('int4range', :'range', l(0) || l(0) || l(1));
SELECT value_of('int4range', :'range', l(1) || l(7) || l(1) || l(3) || l(2));
SELECT value_of('int4range', :'range', l(0) || l(0) || l(2));
SELECT value_of('int4range', :'range', l(0) || l(0) || l(32));
SELECT value_of('int8range', :'range', l(1) || l(3) || l(1) || l(7) || l(2));
SELECT value_of('tsrange', :'range', '');
SELECT value_of('int4multirange', format('{"type": "array", "items": %s}', :'range'),
                l(2) || l(1) || l(5) || l(1) || l(9) || l(2) || l(1) || l(1) || l(1) || l(5) || l(2) || l(0));
\set odd '["null", {"type": "array", "items": ["null", "int"]}, {"type": "record", "name": "a", "fields": [{"name": "dims", "type": {"type": "array", "items": "int"}}, {"name": "lower_bounds", "type": {"type": "array", "items": "int"}}, {"name": "items", "type": {"type": "array", "items": ["null", "int"]}}]}]'
SELECT value_of('int[]', :'odd', l(2) || l(2) || l(2) || l(1) || l(0) || l(2) || l(0) || l(-1) || l(0) || l(2) || l(1) || l(7) || l(0) || l(0));
SELECT value_of('int[]', :'odd', l(1) || l(1) || l(1) || l(5) || l(0));
SELECT value_of('int[]', :'odd', l(0));
SELECT value_of('int[]', :'odd', l(2) || l(1) || l(3) || l(0) || l(1) || l(1) || l(0) || l(1) || l(1) || l(7) || l(0));
SELECT value_of('int[]', :'odd', l(2) || l(1) || l(3) || l(0) || l(0) || l(0));
SELECT value_of('int[]', :'odd', l(2) || l(0) || l(0) || l(0));
SELECT value_of('int[]', :'odd', l(2) || l(1) || l(-1) || l(0) || l(1) || l(1) || l(0) || l(0));
SELECT value_of('int[]', :'odd', l(2) || l(1) || l(1) || l(0) || l(1) || l(2147483647) || l(0) || l(1) || l(0) || l(0));
SELECT value_of('numeric(5,2)', '[{"type": "bytes", "logicalType": "decimal", "precision": 5, "scale": 2}, "string"]', l(0) || s('\x04d2'::bytea)),
       value_of('numeric(5,2)', '[{"type": "bytes", "logicalType": "decimal", "precision": 5, "scale": 2}, "string"]', l(1) || s('NaN')),
       value_of('numeric', '[{"type": "bytes", "logicalType": "decimal", "precision": 5, "scale": 2}, "string"]', l(1) || s('-Infinity'));
SELECT value_of('date', '{"type": "int", "logicalType": "date", "pg.infinity": [-2147483648, 2147483647]}', l(2147483647)),
       value_of('timestamp', '{"type": "long", "logicalType": "local-timestamp-micros", "pg.infinity": [-1, 1]}', l(-9223372036854775808));
SELECT value_of('date', '{"type": "int", "logicalType": "date"}', l(2147483647));
SELECT value_of('timestamp', '{"type": "long", "logicalType": "local-timestamp-micros"}', l(-9223372036854775808));
SELECT value_of('text', '["string", "bytes"]', l(1) || s('\x616263'::bytea)), value_of('inet', '["string", "bytes"]', l(1) || s(convert_to('10.1.2.3', 'UTF8')));

-- Strings become any type; what a type would cut or round does not fit it
SELECT value_of('inet', '"string"', s('10.0.0.1/8')), value_of('bit(3)', '"string"', s('101')), value_of('int[]', '"string"', s('[0:1]={1,2}')),
       value_of('int4range', '"string"', s('[1,3]')), value_of('numeric(3,1)', '"string"', s('1.50')), value_of('money', '"string"', s('1.5'));
SELECT value_of('bit(3)', '"string"', s('10'));
SELECT value_of('numeric(3,1)', '"string"', s('1.55'));
SELECT value_of('timestamp(0)', '"string"', s('2021-01-01 00:00:00.5'));
SELECT value_of('name', '"string"', s(repeat('x', 64)));
SELECT value_of('text', '"string"', s('\xff'::bytea));
SELECT value_of('text', '"string"', s('\x6100'::bytea));
SELECT value_of('text', '"bytes"', s('\x6100'::bytea));
SELECT value_of('jsonb', '"string"', s('{"a": 1')), value_of('jsonb', '"string"', s('{"a": 1}')), value_of('json', '"string"', s('{"a" :  1}'));
SELECT value_of('jsonb', '["int", "string"]', l(1) || s('{"a": 1}')), value_of('jsonb', '["int", {"type": "string", "sqlType": "JSON"}]', l(1) || s('{"a": 1}'));
SELECT value_of('inet', '"bytes"', s('\x61'::bytea));
CREATE DOMAIN positive AS integer NOT NULL CHECK (VALUE > 0);
SELECT value_of('positive', '["null", "long"]', l(1) || l(5));
SELECT value_of('positive', '["null", "long"]', l(1) || l(-5));
SELECT value_of('positive', '["null", "long"]', l(0));
SELECT value_of('positive[]', '{"type": "array", "items": "long"}', l(2) || l(5) || l(0) || l(0));
CREATE TYPE mood AS ENUM ('sad', 'ok');
SELECT value_of('mood', '{"type": "enum", "name": "e", "symbols": ["ok", "glad"]}', l(0));
SELECT value_of('mood', '{"type": "enum", "name": "e", "symbols": ["ok", "glad"]}', l(1));
SELECT value_of('mood', '"string"', s('sad'));

-- Types that do not fit are told before the first row, with the part that does not
CREATE TYPE pair AS (a int, b date[]);
SELECT value_of('pair', '{"type": "record", "name": "p", "fields": [{"name": "b", "type": {"type": "array", "items": {"type": "int", "logicalType": "date"}}}]}', l(1) || l(0) || l(0));
SELECT value_of('pair', '{"type": "record", "name": "p", "fields": [{"name": "b", "type": {"type": "array", "items": "int"}}]}', '');
SELECT value_of('pair', '{"type": "record", "name": "p", "fields": [{"name": "x", "type": "int"}]}', '');
SELECT value_of('integer', '["null", "int", {"type": "map", "values": "int"}]', '');
SELECT value_of('int[]', repeat('{"type": "array", "items": ', 7) || '"int"' || repeat('}', 7), '');

-- Hostile counts and lengths
SELECT value_of('text', '"string"', l(-1));
SELECT value_of('text', '"string"', l(9223372036854775807));
SELECT value_of('int[]', '{"type": "array", "items": "int"}', l(1000000000000));
SELECT value_of('text[]', '{"type": "array", "items": "null"}', l(1000000000000));
SELECT value_of('jsonb', '{"type": "array", "items": "null"}', l(1000000000000));
SELECT value_of('jsonb', '{"type": "record", "name": "n", "fields": [{"name": "n", "type": ["null", "n"]}]}', decode(repeat('02', 1000), 'hex') || '\x00');
SELECT value_of('numeric', '{"type": "bytes", "logicalType": "decimal", "precision": 5}', l(0));
SELECT value_of('numeric', '{"type": "bytes", "logicalType": "decimal", "precision": 200000}', l(60000) || decode(repeat('7f', 60000), 'hex'));
SELECT value_of('integer', '"int"', l(5) || '\x00');

-- The facts of a file
SELECT avro_file(format('{"type": "array", "items": "%s"}', 'int'), 2, l(1) || l(7) || l(0) || l(0)) AS path \gset
SELECT avro_file_schema(:'path');
SELECT key, convert_from(value, 'UTF8') AS value FROM avro_file_metadata(:'path');
SELECT * FROM avro_file_blocks(:'path');
SELECT * FROM read_avro(NULL::int[], :'path');
SELECT read_avro(NULL::int[], :'path') LIMIT 1;
-- a cursor reads on after the rollback of the subtransaction that opened the file
BEGIN;
DECLARE c CURSOR FOR SELECT read_avro(NULL::jsonb, :'path');
SAVEPOINT s;
FETCH 1 FROM c;
ROLLBACK TO s;
FETCH ALL FROM c;
COMMIT;

-- What is refused
\set VERBOSITY terse
SELECT read_avro(:'path');
SELECT * FROM read_avro(:'path') AS t(a int, b int);
SELECT * FROM read_avro(NULL::int, NULL);
SELECT avro_file_schema(NULL);
SELECT avro_file_schema('relative.avro');
SELECT avro_file_schema('/a/../b.avro');
SELECT avro_file_schema('/nonexistent/file.avro');
SELECT avro_file_blocks('/');
CREATE ROLE regress_avro_user;
SET ROLE regress_avro_user;
SELECT avro_file_schema(:'path');
SELECT * FROM avro_file_metadata(:'path');
SELECT * FROM avro_file_blocks(:'path');
SELECT * FROM read_avro(:'path') AS t(v int[]);
SELECT read_avro(NULL::int[], :'path');
SET pg_ferry.max_block_bytes = '1GB';
RESET ROLE;
DROP ROLE regress_avro_user;

\c postgres
DROP DATABASE regression_avro;

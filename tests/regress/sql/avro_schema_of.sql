-- The Avro schemas of tables, in both profiles.
-- Expected schemas are worked out from docs/types.md; tests/tap/write_avro_types.pl has python3-avro read values by them.
SET client_min_messages = warning;
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA schema_test;
SET search_path = schema_test;
CREATE EXTENSION pg_ferry SCHEMA schema_test;
CREATE FUNCTION shown(target regclass, profile text = 'interop') RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(field #>> '{}', E'\n') FROM (
        SELECT jsonb_build_object('record', s ->> 'name', 'doc', s ->> 'doc') FROM avro_schema_of(target, profile) s
        UNION ALL
        SELECT field::jsonb FROM avro_schema_of(target, profile) s, json_array_elements(s -> 'fields') field) x (field) $$;

-- every line of the table of types
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TYPE odd_mood AS ENUM ('so so', 'ok');
CREATE DOMAIN amount AS numeric(10,2) CHECK (VALUE >= 0);
CREATE DOMAIN grid AS integer[][];
CREATE TYPE address AS (street text, "zip code" varchar(5));
CREATE TABLE every_type (
    a_boolean boolean, a_smallint smallint, an_integer integer NOT NULL, a_bigint bigint NOT NULL, an_oid oid, a_real real, a_double double precision,
    decimal_102 numeric(10,2) NOT NULL, decimal_38 numeric(38), decimal_negative numeric(3,-2), decimal_small numeric(2,5), digits numeric, digits_39 numeric(39,1),
    a_date date NOT NULL, a_timestamp timestamp NOT NULL, a_timestamptz timestamptz(3), a_time time, a_timetz timetz, an_interval interval,
    a_uuid uuid, a_json json, a_jsonb jsonb, a_bytea bytea, a_text text, a_varchar varchar(20), a_char char(3), a_name name,
    an_array integer[] NOT NULL, two_dimensions text[][], a_grid grid, addresses address[], an_address address, a_mood mood, moods mood[], an_odd_mood odd_mood,
    a_range int4range, another_range int4range, a_multirange int4multirange, a_domain amount, an_inet inet, a_bit bit(3), a_money money,
    generated integer GENERATED ALWAYS AS (an_integer * 2) STORED
);
COMMENT ON TABLE every_type IS 'every "type"';
COMMENT ON COLUMN every_type.a_mood IS 'how it is';
SELECT shown('every_type');
SELECT shown('every_type', 'lossless');

-- names that Avro does not allow, or that are the same when it does
CREATE SCHEMA "Schéma 1";
CREATE TYPE "Schéma 1"."a type" AS (x integer);
CREATE TYPE "Schéma 1"."a-type" AS (y integer);
CREATE TABLE "Schéma 1"."string" (
    "a b" integer, a_b integer, "a-b" integer, "1st" integer, "é" integer, "e""q" integer,
    "one" "Schéma 1"."a type", two "Schéma 1"."a-type", three "Schéma 1"."a type", bytes bytea);
SELECT shown('"Schéma 1"."string"');

-- the array types of numeric(3,1)[] and numeric(5,2)[] are the same, their elements are not
CREATE TABLE numbers (a numeric(3,1)[], b numeric(5,2)[], c numeric(3,1)[]);
SELECT shown('numbers', 'lossless');

-- what else has rows; what has none; what there is not
CREATE VIEW a_view AS SELECT 1 AS one, an_address FROM every_type;
SELECT shown('a_view');
CREATE TABLE no_columns ();
SELECT avro_schema_of('no_columns');
SELECT shown('address');
CREATE SEQUENCE numbers_of;
SELECT avro_schema_of('numbers_of');
SELECT avro_schema_of('every_type', 'other');
SELECT avro_schema_of(NULL);
SELECT avro_schema_of('every_type', NULL);
SELECT avro_schema_of(0);

-- it is no secret: the catalogs show it to everybody, and so does this
CREATE ROLE regress_schema_reader;
GRANT USAGE ON SCHEMA schema_test TO regress_schema_reader;
SET ROLE regress_schema_reader;
SELECT avro_schema_of('no_columns');
RESET ROLE;
REVOKE USAGE ON SCHEMA schema_test FROM regress_schema_reader;
DROP ROLE regress_schema_reader;

-- nothing of a session shows
SELECT md5(avro_schema_of('every_type', 'lossless')::text) AS before \gset
SET search_path = pg_catalog;
SET quote_all_identifiers = on;
SELECT md5(schema_test.avro_schema_of('schema_test.every_type', 'lossless')::text) = :'before' AS is_same;
RESET quote_all_identifiers;
SET client_min_messages = error;
DROP SCHEMA schema_test, "Schéma 1" CASCADE;

-- Backups of several tables and of a schema: which tables they hold, and what they refuse.
-- The oracle is what the catalogs and count(*) say.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE DATABASE regression_backup_tables ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0;
\c regression_backup_tables
SET client_min_messages = warning;
CREATE SCHEMA ferry;
CREATE EXTENSION pg_ferry SCHEMA ferry;
CREATE SCHEMA shop;
SET search_path = shop, ferry;

-- The SQLSTATE, message, detail, hint and context of a statement, with the names of backups and their paths taken out.
CREATE FUNCTION ferry.outcome_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    state text; message text; detail text; hint text; context text;
BEGIN
    EXECUTE statement;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
        hint = PG_EXCEPTION_HINT, context = PG_EXCEPTION_CONTEXT;
    RETURN regexp_replace(concat_ws(E'\n  ', state || ' ' || message, nullif(detail, ''), nullif(hint, ''),
                                    (regexp_match(context, 'backup of [^\n]*'))[1]),
                          '/\S+/|\d{8}T[0-9.]+Z-[0-9a-f]{8}|OID \d+', '...', 'g');
END $$;

CREATE TABLE parts (id integer PRIMARY KEY, name text NOT NULL, price numeric(10,2) CHECK (price > 0));
INSERT INTO parts SELECT g, 'part ' || g, g FROM generate_series(1, 1000) g;
CREATE TABLE orders (id serial PRIMARY KEY, part integer REFERENCES parts ON DELETE CASCADE, day date NOT NULL DEFAULT '2021-01-01');
CREATE INDEX by_day ON orders (day DESC) WHERE part > 0;
INSERT INTO orders (part) SELECT g FROM generate_series(1, 500) g;
CREATE TABLE measures (day date NOT NULL, value integer) PARTITION BY RANGE (day);
CREATE TABLE measures_2021 PARTITION OF measures FOR VALUES FROM ('2021-01-01') TO ('2022-01-01') PARTITION BY LIST (value);
CREATE TABLE measures_2021_rest PARTITION OF measures_2021 DEFAULT;
INSERT INTO measures VALUES ('2021-01-01', 1), ('2021-02-01', 2);
CREATE TABLE mother (id integer, name text COLLATE "C" DEFAULT 'x''y');
CREATE TABLE "Odd ""daughter"" é" () INHERITS (mother);
INSERT INTO mother VALUES (1); INSERT INTO "Odd ""daughter"" é" VALUES (2), (3);
CREATE UNLOGGED TABLE quick (a integer, twice integer GENERATED ALWAYS AS (a * 2) STORED, n integer GENERATED ALWAYS AS IDENTITY);
CREATE VIEW a_view AS TABLE parts;
CREATE MATERIALIZED VIEW a_matview AS TABLE parts;
CREATE SCHEMA elsewhere;
CREATE TABLE elsewhere.measures_2022 PARTITION OF measures FOR VALUES FROM ('2022-01-01') TO ('2023-01-01');
INSERT INTO measures VALUES ('2022-01-01', 3);

-- One backup, in the order that was asked for; a table that is named twice is there once, a partition by its own name too.
SELECT table_name, rows, bytes > 0 AS has_bytes, length(sha256), elapsed_ms >= 0 AND elapsed_ms::text !~ '\.\d{4}' AS took_time,
       backup_id = first_value(backup_id) OVER () AS same_backup, regexp_replace(path, '.*/', '') AS file
FROM backup_tables('{orders,parts,orders,measures,measures_2021}');
-- A schema: every table once, partitions with their parent.
SELECT table_name, rows FROM backup_schema('shop');
-- a partition whose parent is in another schema
SELECT table_name, rows FROM backup_schema('elsewhere');
-- none of the extension's own tables
SELECT outcome_of($$ SELECT backup_schema('ferry') $$);
CREATE SCHEMA empty;
SELECT outcome_of($$ SELECT backup_schema('empty') $$);
SELECT outcome_of($$ SELECT backup_schema('pg_catalog') $$);
SELECT outcome_of($$ SELECT backup_schema('pg_toast') $$);
SELECT outcome_of($$ SELECT backup_schema(1) $$);
SELECT outcome_of($$ SELECT backup_schema(NULL) $$);
SELECT outcome_of($$ SELECT backup_tables(NULL) $$);
SELECT outcome_of($$ SELECT backup_tables('{}') $$);
SELECT outcome_of($$ SELECT backup_tables('{parts,NULL}') $$);
SELECT outcome_of($$ SELECT backup_tables('{parts,a_view}') $$);
SELECT outcome_of($$ SELECT backup_tables('{parts,a_matview}') $$);
SELECT outcome_of($$ SELECT backup_tables('{parts,pg_class}') $$);
SELECT outcome_of($$ SELECT backup_tables('{parts,1}') $$);
SELECT outcome_of($$ SELECT backup_table(1) $$);
CREATE TEMP TABLE a_temp (a integer);
SELECT outcome_of($$ SELECT backup_tables('{parts,a_temp}') $$);
SELECT outcome_of($$ SELECT backup_tables('{parts}', 'relative') $$);
BEGIN; UPDATE parts SET name = 'pending'; SELECT outcome_of($$ SELECT backup_tables('{parts}') $$); ROLLBACK;
BEGIN READ ONLY; SELECT rows FROM backup_tables('{parts}'); ROLLBACK;
-- tables made in a transaction that goes on
BEGIN; CREATE TABLE made (a integer); SELECT outcome_of($$ SELECT backup_schema('shop') $$); ROLLBACK;

-- What a partition can have against it: nobody reads it.
CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing;
CREATE FOREIGN TABLE measures_far PARTITION OF measures FOR VALUES FROM ('2030-01-01') TO ('2031-01-01') SERVER nowhere;
SELECT outcome_of($$ SELECT backup_schema('shop') $$);
DROP FOREIGN TABLE measures_far;

-- A value that cannot be written names table and column; nothing is left of the backup.
CREATE TYPE mood AS ENUM ('fine', 'gone');
CREATE TABLE moods (id integer, feeling mood);
INSERT INTO moods VALUES (1, 'fine'), (2, 'gone');
CREATE FUNCTION ferry.folders() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM pg_ls_dir('pg_ferry_backups'); END;
SELECT folders() AS folders \gset
DELETE FROM pg_enum WHERE enumlabel = 'gone';
SELECT outcome_of($$ SELECT backup_tables('{parts,moods}') $$);
SELECT folders() - :folders AS folders_left;
DROP TABLE moods;

-- The definition that the manifest shows.
SELECT path AS parts_path FROM backup_schema('shop') LIMIT 1 \gset
SELECT e->>'definition' FROM json_array_elements(
    pg_read_file(regexp_replace(:'parts_path', '[^/]*$', 'manifest.json'))::json->'tables') e;

-- Rights: all tables of the schema, or the backup fails and names the one.
CREATE ROLE regress_backup_reader;
GRANT USAGE ON SCHEMA ferry TO regress_backup_reader;
SET ROLE regress_backup_reader;
SELECT outcome_of($$ SELECT backup_tables('{1}') $$);
SELECT outcome_of(format($$ SELECT backup_schema(%L) $$, (SELECT oid FROM pg_namespace WHERE nspname = 'shop')));
RESET ROLE; GRANT EXECUTE ON FUNCTION backup_tables, backup_schema TO regress_backup_reader; SET ROLE regress_backup_reader;
SELECT outcome_of(format($$ SELECT backup_schema(%L) $$, (SELECT oid FROM pg_namespace WHERE nspname = 'shop')));
RESET ROLE; GRANT USAGE ON SCHEMA shop TO regress_backup_reader; SET ROLE regress_backup_reader;
SELECT outcome_of($$ SELECT backup_schema('shop') $$);
RESET ROLE; GRANT SELECT ON ALL TABLES IN SCHEMA shop TO regress_backup_reader; SET ROLE regress_backup_reader;
SELECT count(*) FROM backup_schema('shop');
SELECT outcome_of($$ SELECT backup_schema('shop', '/tmp/x') $$);
RESET ROLE;
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
SET ROLE regress_backup_reader;
SELECT outcome_of($$ SELECT backup_schema('shop') $$);
SELECT outcome_of($$ SELECT backup_tables('{parts,orders}') $$);
RESET ROLE;

SET client_min_messages = error;
DROP OWNED BY regress_backup_reader;
DROP ROLE regress_backup_reader;
\c regression
DROP DATABASE regression_backup_tables;

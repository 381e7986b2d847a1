-- Types that are not the server's own: whatever their input functions call an error of XX000 is a value that is wrong, also inside
-- of domains, arrays, composites and ranges. Damage, a cancel and a lack of resources end the load as ever.
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
LOAD 'pg_ferry';
\getenv builddir PG_ABS_BUILDDIR
CREATE TYPE strict;
CREATE FUNCTION strict_in(cstring) RETURNS strict IMMUTABLE STRICT AS '$libdir/ferry_boundary_test' LANGUAGE C;
CREATE FUNCTION strict_out(strict) RETURNS cstring IMMUTABLE STRICT AS '$libdir/ferry_boundary_test' LANGUAGE C;
CREATE TYPE strict (INPUT = strict_in, OUTPUT = strict_out, LIKE = text);
CREATE CAST (strict AS text) WITHOUT FUNCTION;
CREATE CAST (text AS strict) WITHOUT FUNCTION;
CREATE FUNCTION same(strict, strict) RETURNS int IMMUTABLE STRICT LANGUAGE sql AS 'SELECT bttextcmp($1::text, $2::text)';
CREATE FUNCTION is_less(strict, strict) RETURNS boolean IMMUTABLE STRICT LANGUAGE sql AS 'SELECT $1::text < $2::text';
CREATE FUNCTION is_at_most(strict, strict) RETURNS boolean IMMUTABLE STRICT LANGUAGE sql AS 'SELECT $1::text <= $2::text';
CREATE FUNCTION is_equal(strict, strict) RETURNS boolean IMMUTABLE STRICT LANGUAGE sql AS 'SELECT $1::text = $2::text';
CREATE FUNCTION is_at_least(strict, strict) RETURNS boolean IMMUTABLE STRICT LANGUAGE sql AS 'SELECT $1::text >= $2::text';
CREATE FUNCTION is_more(strict, strict) RETURNS boolean IMMUTABLE STRICT LANGUAGE sql AS 'SELECT $1::text > $2::text';
CREATE OPERATOR < (LEFTARG = strict, RIGHTARG = strict, FUNCTION = is_less);
CREATE OPERATOR <= (LEFTARG = strict, RIGHTARG = strict, FUNCTION = is_at_most);
CREATE OPERATOR = (LEFTARG = strict, RIGHTARG = strict, FUNCTION = is_equal);
CREATE OPERATOR >= (LEFTARG = strict, RIGHTARG = strict, FUNCTION = is_at_least);
CREATE OPERATOR > (LEFTARG = strict, RIGHTARG = strict, FUNCTION = is_more);
CREATE OPERATOR CLASS strict_ops DEFAULT FOR TYPE strict USING btree
    AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 same(strict, strict);
CREATE DOMAIN strict_domain AS strict;
CREATE TYPE strict_pair AS (n int, s strict_domain);
CREATE DOMAIN strict_pairs AS strict_pair[];
CREATE TYPE strict_range AS RANGE (SUBTYPE = strict);
CREATE TYPE plain_pair AS (n int, s text);
-- one table is loaded in bulk, the other row by row
CREATE TABLE goods (id int PRIMARY KEY, s strict, d strict_domain, a strict[], p strict_pair, ps strict_pairs, r strict_range, m strict_multirange);
CREATE TABLE watched (LIKE goods INCLUDING ALL);
CREATE FUNCTION pass() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER pass BEFORE INSERT ON watched FOR EACH ROW EXECUTE FUNCTION pass();
CREATE VIEW last_rejects AS
    SELECT row_number AS row, sqlstate, column_name, reason FROM ferry_rejects
    WHERE load_id = (SELECT max(load_id) FROM ferry_loads) ORDER BY row_number;
CREATE FUNCTION write_file(name text, content text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('COPY (SELECT %L) TO PROGRAM %L', content, format('sed ''s/\\n/\n/g'' > %L', name));
    RETURN name;
END $$;
\set file :builddir '/load_foreign_types.csv'
SELECT length(write_file(:'file', E'1,good,,,,,,\n2,!XX000,,,,,,\n3,,!XX000,,,,,\n4,,,"{a,!XX000}",,,,\n5,,,,"(1,!XX000)",,,\n6,,,,,"{""(1,!XX000)""}",,\n7,,,,,,"[!XX000,b]",\n8,,,,,,,"{[!XX000,b]}"\n9,ok,ok,"{ok}","(1,ok)","{""(1,ok)""}","[a,b]","{[a,b]}"')) > 0 AS written;
SELECT rows_loaded, rows_rejected FROM load_csv('goods', :'file');
TABLE last_rejects;
SELECT rows_loaded, rows_rejected FROM load_csv('watched', :'file');
TABLE last_rejects;
SELECT count(*) FROM (TABLE goods EXCEPT TABLE watched) d;
TRUNCATE goods, watched;
COPY goods (id, s, p) FROM STDIN WITH (ON_ERROR reject);
1	!XX000	\N
2	good	(1,!XX000)
3	good	(1,good)
\.
TABLE last_rejects;

-- JSON
SELECT table_name, rows_loaded, rejects FROM insert_rows('goods', '[{"id": 11, "s": "!XX000"}, {"id": 12, "a": ["!XX000"]},
    {"id": 13, "p": {"n": 1, "s": "!XX000"}}, {"id": 14, "ps": [{"n": 1, "s": "!XX000"}]}, {"id": 15, "s": "good", "a": ["good"]}]');
SELECT table_name, rows_loaded, rejects FROM insert_rows('watched', '[{"id": 11, "s": "!XX000"}, {"id": 15, "s": "good"}]');

-- Avro
CREATE TABLE texts (id int, s text, a text[], p plain_pair);
INSERT INTO texts VALUES (21, '!XX000', NULL, NULL), (22, NULL, '{!XX000}', NULL), (23, NULL, NULL, (1, '!XX000')), (24, 'good', '{good}', (1, 'good'));
\set avro :builddir '/load_foreign_types.avro'
COPY texts TO :'avro' WITH (FORMAT avro);
COPY goods (id, s, a, p) FROM :'avro' WITH (FORMAT avro, ON_ERROR reject);
TABLE last_rejects;
SELECT id, s, a, p FROM goods ORDER BY id;

-- what is never a reject, wherever it comes from
\set VERBOSITY terse
COPY goods (id, s) FROM PROGRAM 'echo "31,!XX001"' WITH (FORMAT csv, ON_ERROR reject);
COPY goods (id, s) FROM PROGRAM 'echo "31,!XX002"' WITH (FORMAT csv, ON_ERROR reject);
COPY goods (id, s) FROM PROGRAM 'echo "31,!57014"' WITH (FORMAT csv, ON_ERROR reject);
COPY goods (id, s) FROM PROGRAM 'echo "31,!53100"' WITH (FORMAT csv, ON_ERROR reject);
COPY goods (id, s) FROM PROGRAM 'echo "31,!58030"' WITH (FORMAT csv, ON_ERROR reject);
SELECT insert_rows('goods', '[{"id": 31, "s": "!XX001"}]');
-- and XX000 is none outside of such a value: in a value of the server's types, a default, a CHECK, a trigger
CREATE FUNCTION break(text) RETURNS boolean IMMUTABLE LANGUAGE sql AS $$ SELECT textin(strict_out(strict_in('!XX000'))) IS NOT NULL $$;
CREATE FUNCTION break_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'broken' USING ERRCODE = 'XX000'; END $$;
CREATE DOMAIN breaking AS text CHECK (break(VALUE));
CREATE TABLE with_domain (id int, b breaking);
CREATE TABLE with_default (id int, s strict, b boolean DEFAULT break('default'));
CREATE TABLE with_check (id int, s strict, CHECK (break(s::text)));
CREATE TABLE with_trigger (id int, s strict);
CREATE TRIGGER break_row BEFORE INSERT ON with_trigger FOR EACH ROW EXECUTE FUNCTION break_row();
COPY with_domain FROM PROGRAM 'echo 1,x' WITH (FORMAT csv, ON_ERROR reject);
COPY with_default (id, s) FROM PROGRAM 'echo 1,x' WITH (FORMAT csv, ON_ERROR reject);
COPY with_check FROM PROGRAM 'echo 1,x' WITH (FORMAT csv, ON_ERROR reject);
COPY with_trigger FROM PROGRAM 'echo 1,x' WITH (FORMAT csv, ON_ERROR reject);
\set VERBOSITY default
DROP EXTENSION pg_ferry CASCADE;
DROP TABLE goods, watched, texts, with_domain, with_default, with_check, with_trigger;
DROP DOMAIN breaking, strict_pairs;
DROP TYPE strict_range, strict_pair, plain_pair;
DROP FUNCTION break, break_row, pass, write_file;
DROP TYPE strict CASCADE;

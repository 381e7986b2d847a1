-- expressions: columns of a load that are computed from the fields of the file, as INSERT ... SELECT would from a table of texts
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
RESET client_min_messages;
\getenv builddir PG_ABS_BUILDDIR
\set made :builddir '/results/expressions.csv'
\set titled :builddir '/results/expressions_header.csv'
CREATE VIEW last_rejects AS
    SELECT row_number AS row, line_number AS line, sqlstate, column_name, reason FROM ferry_rejects
    WHERE load_id = (SELECT max(load_id) FROM ferry_loads) AND resolved_at IS NULL ORDER BY row_number;

-- without a header: f1, f2, ...; a column with an expression keeps its place among the fields
CREATE TABLE sales (id int PRIMARY KEY, amount numeric(8,2), sold date, origin text, whole text);
CREATE TABLE raw (f1 text, f2 text, f3 text, f4 text, f5 text);
COPY (VALUES ('1', '1.234,50', '31/12/2021', 'x', 'a'), ('2', '7', '01/02/2021', NULL, ''), ('3', '0,005', '29/02/2020', 'y', 'b'),
             ('4', 'seven', '01/01/2021', 'z', 'c'), ('5', '1,5', '31/04/2021', 'z', 'c'), ('x', '1,5', '30/04/2021', 'z', 'c'))
TO :'made' WITH (FORMAT csv);
COPY raw FROM :'made' WITH (FORMAT csv);
CREATE TABLE expected (LIKE sales);
INSERT INTO expected SELECT f1::int, replace(replace(f2, '.', ''), ',', '.')::numeric(8,2), to_date(f3, 'DD/MM/YYYY'), :'made',
                            f4 || '-' || f5 FROM raw WHERE f1 IN ('1', '2', '3');
SELECT load_id AS first_load, rows_read, rows_loaded, rows_rejected, rows_skipped FROM load_csv('sales', :'made', expressions => jsonb_build_object(
    'amount', 'replace(replace(f2, ''.'', ''''), '','', ''.'')', 'sold', 'to_date(f3, ''DD/MM/YYYY'')',
    'origin', 'ferry_source()', 'whole', 'f4 || ''-'' || f5')) \gset
SELECT :rows_read AS rows_read, :rows_loaded AS rows_loaded, :rows_rejected AS rows_rejected;
SELECT id, amount, sold, right(origin, 15) AS origin, whole FROM sales ORDER BY id;
(TABLE sales EXCEPT TABLE expected) UNION ALL (TABLE expected EXCEPT TABLE sales);
TABLE last_rejects;
SELECT options - 'path' AS options FROM ferry_loads WHERE load_id = :first_load;
-- a reload computes by the load's expressions, the path included
ALTER TABLE sales ALTER id TYPE text;
SELECT rows_read, rows_loaded, rows_rejected FROM reload_rejects(:first_load);
SELECT id, amount, sold, origin = :'made' AS is_origin, whole FROM sales WHERE id = 'x';
TABLE last_rejects;
SELECT ferry_source() IS NULL AS none_elsewhere;

-- a field may be split, and several fields of a file with more of them than the table has columns be joined
CREATE TABLE people (given text, family text, born date, at timestamptz DEFAULT 'epoch');
COPY (VALUES ('Ada Lovelace', '1815', '12', '10'), ('Cher', '1946', '5', '20')) TO :'made' WITH (FORMAT csv);
SELECT rows_loaded, rows_rejected FROM load_csv('people', :'made', '{given}', expressions =>
    '{"given": "split_part(f1, '' '', 1)", "family": "nullif(split_part(f1, '' '', 2), '''')", "born": "make_date(f2::int, f3::int, f4::int)"}');
SELECT given, family, born, extract(epoch FROM at)::int AS at FROM people ORDER BY given;

-- with a header: by its names, as SQL writes them or in quotes, and f1, f2, ...; names for expressions alone need be no columns
CREATE TABLE orders (id int, paid numeric, code varchar(3), day date DEFAULT '2000-01-01');
COPY (VALUES ('1', '10 %', 'abc', 'q'), ('2', '2.5 %', 'abcd', 'q'), ('3', NULL, 'ab', 'q')) TO :'made' WITH (FORMAT csv);
\! (echo 'id,Paid Part,code,"a b"'; cat $PG_ABS_BUILDDIR/results/expressions.csv) > $PG_ABS_BUILDDIR/results/expressions_header.csv
SELECT rows_loaded, rows_rejected FROM load_csv('orders', :'titled', '{id}', header => true, expressions =>
    '{"paid": "rtrim(paid_part, '' %'')::numeric / 100", "code": "upper(f3)"}');
TABLE orders;
TABLE last_rejects;
TRUNCATE orders;
SELECT rows_loaded, rows_rejected FROM load_csv('orders', :'titled', header => true, expressions =>
    '{"paid": "CASE WHEN \"Paid Part\" IS NULL THEN 0 ELSE replace(\"Paid Part\", '' %'', '''')::numeric END", "day": "replace(\"a b\", ''q'', ''2021-02-0'' || ID)"}');
TABLE orders;
SELECT row, sqlstate, column_name, reason FROM last_rejects;
ALTER TABLE orders ALTER code TYPE text;
SELECT rows_read, rows_loaded, rows_rejected FROM reload_rejects((SELECT max(load_id) FROM ferry_loads));
SELECT * FROM orders WHERE id = 2;
SELECT rows_loaded, rows_rejected FROM load_csv('orders', :'titled', header => true, expressions =>
    '{"paid": "1", "day": "f4 IS NOT NULL"}');

DROP TABLE orders;
CREATE TABLE orders (id int, paid numeric, code varchar(3), day date DEFAULT '2000-01-01');

-- the same as COPY options; HEADER passes over a line whose names expressions know
TRUNCATE orders;
COPY orders (id) FROM :'titled' WITH (FORMAT csv, HEADER, ON_ERROR reject, EXPRESSIONS '{"paid": "rtrim(\"Paid Part\", '' %'')", "code": "left(code, 2) || left(\"a b\", 1)"}');
TABLE orders;
COPY orders (id, paid, code, day) FROM :'titled' WITH (FORMAT csv, HEADER, ON_ERROR reject, EXPRESSIONS '{"day": "current_date", "paid": "f1", "code": "nope"}');
COPY orders FROM STDIN WITH (ON_ERROR reject, EXPRESSIONS '{"day": "f4::date + 1", "code": "coalesce(ferry_source(), ''-'')"}') WHERE day > '2021-01-01';
4	40	q	2021-03-01
5	50	q	2020-03-01
6	60	q	2021-02-30
\.
SELECT * FROM orders WHERE id > 3;
TABLE last_rejects;
SELECT rows_read, rows_loaded, rows_rejected FROM reload_rejects((SELECT max(load_id) FROM ferry_loads));
SELECT load_id AS skipped_load FROM ferry_loads ORDER BY load_id DESC OFFSET 1 LIMIT 1 \gset
TRUNCATE orders;
COPY orders (id) FROM :'titled' WITH (FORMAT csv, HEADER, ON_ERROR reject, EXPRESSIONS '{"paid": "rtrim(\"Paid Part\", '' %'')", "code": "left(code, 2) || \"a b\" || f1 || f1"}');
SELECT count(*) FROM orders;
ALTER TABLE orders ALTER code TYPE text;
SELECT rows_read, rows_loaded, rows_rejected FROM reload_rejects((SELECT max(load_id) FROM ferry_loads));
TABLE orders;

-- HEADER match has the names of the columns that take a field; FORCE_NULL is for their fields, too
TRUNCATE orders;
COPY orders (id, code) FROM STDIN WITH (FORMAT csv, HEADER match, ON_ERROR reject, FORCE_NULL (code), EXPRESSIONS '{"code": "coalesce(code, ''none'')", "paid": "id || ''.5''"}');
id,code
1,""
2,x
\.
TABLE orders;

-- types: assignment as in INSERT, a text is read as a field is; domains, arrays, json
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TABLE typed (a smallint, b positive, c text[], d jsonb, e char(3), f timestamptz, g positive);
COPY (VALUES ('7', 'x;y', '1'), ('-7', '', '2'), ('70000', 'z', '-1'), ('8', 'z', '-1')) TO :'made' WITH (FORMAT csv);
SELECT rows_loaded, rows_rejected FROM load_csv('typed', :'made', '{a,c,g}', expressions =>
    '{"a": "f1::bigint", "b": "f1::int", "c": "string_to_array(f2, '';'')", "d": "''{\"n\": '' || f1 || ''}''", "e": "f1::numeric", "f": "to_timestamp(f1::float8)", "g": "f3"}');
SELECT a, b, c, d, e, f AT TIME ZONE 'UTC' AS f, g FROM typed;
TABLE last_rejects;

-- an error before the first row, which names the column
SELECT load_csv('sales', :'made', expressions => '{"amount": "f2 +"}');
SELECT load_csv('sales', :'made', expressions => '{"amount": "f2, f3"}');
SELECT load_csv('sales', :'made', expressions => '{"amount": "f2; DROP TABLE sales"}');
SELECT load_csv('sales', :'made', expressions => '{"amount": "f2) FROM pg_authid; SELECT (1"}');
SELECT load_csv('sales', :'made', expressions => '{"amount": "1 FROM pg_authid"}');
SELECT load_csv('sales', :'made', expressions => '{"amount": "1 AS x"}');
SELECT load_csv('sales', :'made', expressions => '{"amount": "*"}');
SELECT load_csv('sales', :'made', expressions => '{"amount": ""}');
SELECT load_csv('sales', :'made', expressions => '{"amount": "(SELECT f1)"}');
SELECT load_csv('sales', :'made', expressions => '{"amount": "(SELECT 1)"}');
SELECT load_csv('sales', :'made', expressions => '{"amount": "f1 IN (SELECT rolname FROM pg_authid)"}');
SELECT load_csv('sales', :'made', expressions => '{"amount": "count(f1)"}');
SELECT load_csv('sales', :'made', expressions => '{"amount": "count(*) OVER ()"}');
SELECT load_csv('sales', :'made', expressions => '{"amount": "generate_series(1, 2)"}');
SELECT load_csv('sales', :'made', expressions => '{"amount": "$1"}');
SELECT load_csv('sales', :'made', expressions => '{"amount": "DEFAULT"}');
SELECT load_csv('sales', :'made', expressions => '{"amount": "amount"}');
SELECT load_csv('sales', :'made', expressions => '{"amount": "sales.f1"}');
SELECT load_csv('sales', :'made', expressions => '{"amount": "f0 || f01"}');
SELECT load_csv('sales', :'made', expressions => '{"amount": "f1::nothing_of_the_kind"}');
SELECT load_csv('sales', :'made', expressions => '{"amount": "now()"}');
SELECT load_csv('sales', :'made', expressions => '{"sold": "''yesterdays''"}');
SELECT load_csv('sales', :'made', expressions => '{"amount": "1 / 0"}');
SELECT load_csv('sales', :'made', expressions => '{"nothing": "f1"}');
SELECT load_csv('sales', :'made', expressions => '{"amount": 1}');
SELECT load_csv('sales', :'made', expressions => '["f1"]');
SELECT load_csv('orders', :'titled', header => true, expressions => '{"day": "missing"}');
SELECT load_csv('orders', :'titled', header => true, expressions => '{"day": "f5"}');
\! (echo 'id,day,day,code'; cat $PG_ABS_BUILDDIR/results/expressions.csv) > $PG_ABS_BUILDDIR/results/expressions_header.csv
COPY orders (id) FROM :'titled' WITH (FORMAT csv, HEADER, ON_ERROR reject, EXPRESSIONS '{"code": "day"}');
COPY sales FROM :'made' WITH (FORMAT csv, EXPRESSIONS '{}');
COPY sales FROM :'made' WITH (FORMAT csv, ON_ERROR reject, EXPRESSIONS 'f1');
SELECT max(load_id) > 0 AS only_others FROM ferry_loads WHERE load_id > :skipped_load;

-- functions: an error of theirs rejects the row; whether they may look at tables decides how rows go in, as with defaults
CREATE TABLE counted (n int, before bigint);
CREATE FUNCTION rows_before(n text) RETURNS bigint LANGUAGE plpgsql AS
    $$BEGIN IF n = '3' THEN RAISE EXCEPTION 'three' USING ERRCODE = 'UE003'; END IF; RETURN (SELECT count(*) FROM counted); END$$;
CREATE FUNCTION broken(n text) RETURNS int LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'no disk' USING ERRCODE = '53100'; END$$;
COPY (SELECT n FROM generate_series(1, 5) n) TO :'made' WITH (FORMAT csv);
SELECT rows_loaded, rows_rejected FROM load_csv('counted', :'made', '{n}', expressions => '{"before": "rows_before(f1)"}');
TABLE counted;
TABLE last_rejects;
SELECT load_csv('counted', :'made', '{n}', expressions => '{"before": "broken(f1)"}');
SELECT rows_loaded, rows_rejected FROM load_csv('counted', :'made', '{n}', expressions => '{"before": "broken(f1)"}', dry_run => true);
SELECT rows_read, rows_loaded, rows_rejected FROM load_csv('counted', :'made', '{n}', expressions => '{"before": "100 / (f1::int - 3)"}', dry_run => true);
TABLE last_rejects;
SELECT count(*) FROM counted;
-- many rows, random() among them, against INSERT ... SELECT
CREATE TABLE bulk (id int PRIMARY KEY, v text NOT NULL, r float8);
COPY (SELECT n, md5(n::text), n % 7 FROM generate_series(1, 5000) n) TO :'made' WITH (FORMAT csv);
SELECT rows_loaded, rows_rejected FROM load_csv('bulk', :'made', expressions => '{"v": "CASE WHEN f3 <> ''0'' THEN reverse(f2) END", "r": "random()"}');
SELECT count(*), count(*) FILTER (WHERE v = reverse(md5(id::text))) AS right, count(DISTINCT r) > 4000 AS random FROM bulk;
SELECT sqlstate, column_name, count(*), min(row) FROM last_rejects GROUP BY 1, 2;

-- rows that take the place of others, partitions, triggers
CREATE TABLE parts (id int PRIMARY KEY, v text, seen int DEFAULT 0) PARTITION BY RANGE (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (1) TO (3000);
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (3000) TO (9000);
INSERT INTO parts SELECT n, 'old', 1 FROM generate_series(1, 5000, 2) n;
SELECT rows_loaded, rows_rejected, rows_skipped FROM load_csv('parts', :'made', '{id,v}', on_conflict => 'update',
    expressions => '{"v": "left(f2, 5) || f3"}');
SELECT v = left(md5(id::text), 5) || id % 7 AS right, seen, count(*) FROM parts GROUP BY 1, 2 ORDER BY 2;
CREATE TABLE triggered (id int, v text, w text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.w := NEW.w || ''!''; RETURN NEW; END';
CREATE TRIGGER note BEFORE INSERT ON triggered FOR EACH ROW EXECUTE FUNCTION note();
SELECT rows_loaded, rows_rejected FROM load_csv('triggered', :'made', expressions => '{"w": "(f1::int / (f3::int - 3))::text"}');
SELECT count(*), count(*) FILTER (WHERE w = (id / (id % 7 - 3))::text || '!') AS right FROM triggered;
SELECT sqlstate, column_name, reason, count(*) FROM last_rejects GROUP BY 1, 2, 3;

-- the user's rights, never more: of functions, and of who reloads
CREATE FUNCTION secret() RETURNS int LANGUAGE sql AS 'SELECT 1';
REVOKE EXECUTE ON FUNCTION secret FROM PUBLIC;
CREATE ROLE regress_loader IN ROLE pg_read_server_files;
GRANT INSERT (n) ON counted TO regress_loader;
SET ROLE regress_loader;
SELECT load_csv('counted', :'made', '{n}', expressions => '{"n": "secret()"}');
SELECT load_csv('counted', :'made', '{n}', expressions => '{"before": "1"}');
COPY (SELECT n FROM (VALUES ('1'), ('a')) v(n)) TO STDOUT;
RESET ROLE;
COPY (VALUES ('1'), ('a')) TO :'made' WITH (FORMAT csv);
SET ROLE regress_loader;
CREATE FUNCTION pg_temp.who(t text) RETURNS int LANGUAGE plpgsql AS $$BEGIN RAISE NOTICE 'as %', current_user; RETURN t::int; END$$;
SELECT load_id AS loader_load, rows_loaded, rows_rejected FROM load_csv('counted', :'made', '{n}', expressions => '{"n": "pg_temp.who(f1)"}') \gset
RESET ROLE;
SELECT reload_rejects(:loader_load);
SELECT correct_reject(:loader_load, 2, '/etc/hostname');
SET ROLE regress_loader;
SELECT rows_loaded, rows_rejected FROM reload_rejects(:loader_load);
RESET ROLE;
-- COPY needs no right to the schema of the extension
CREATE SCHEMA shared;
CREATE TABLE shared.numbers (n int, of text);
GRANT USAGE ON SCHEMA shared TO regress_loader;
GRANT INSERT ON shared.numbers TO regress_loader;
REVOKE USAGE ON SCHEMA public FROM PUBLIC;
SET ROLE regress_loader;
COPY shared.numbers (n) FROM STDIN WITH (ON_ERROR reject, EXPRESSIONS '{"of": "f1 || ''!''"}');
1
\.
COPY shared.numbers (n) FROM STDIN WITH (ON_ERROR reject, EXPRESSIONS '{"of": "public.ferry_source()"}');
\.
RESET ROLE;
GRANT USAGE ON SCHEMA public TO PUBLIC;
TABLE shared.numbers;
DROP TABLE shared.numbers;
DROP SCHEMA shared;
REVOKE INSERT (n) ON counted FROM regress_loader;
DROP FUNCTION pg_temp.who, secret, broken, rows_before, note CASCADE;
DROP ROLE regress_loader;
DROP TABLE sales, raw, expected, people, orders, typed, counted, bulk, parts, triggered;
DROP DOMAIN positive;
DROP EXTENSION pg_ferry CASCADE;

-- Tables whose rules, keys or types bring a load in bulk into danger: the outcome is that of one row after the other.
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
CREATE EXTENSION amcheck;
RESET client_min_messages;
\getenv builddir PG_ABS_BUILDDIR
\set file :builddir '/results/safely.csv'
CREATE VIEW reasons AS
    SELECT sqlstate, constraint_name, count(*) FROM ferry_rejects
    WHERE load_id = (SELECT max(load_id) FROM ferry_loads) GROUP BY 1, 2 ORDER BY 1, 2;

-- a key of text whose rows have a generated column, and parents that are missing
CREATE TABLE text_parents (id text PRIMARY KEY);
INSERT INTO text_parents SELECT 'k' || g FROM generate_series(0, 3000) g WHERE g % 5 <> 2;
CREATE TABLE generated (a int, c text REFERENCES text_parents, g bigint GENERATED ALWAYS AS (a * 2) STORED);
COPY (SELECT g, 'k' || g FROM generate_series(0, 4000) g) TO :'file' (FORMAT csv);
SELECT rows_loaded, rows_rejected FROM load_csv('generated', :'file', columns => '{a,c}');
SELECT count(*), sum(g) = 2 * sum(a) AS doubled FROM generated;

-- a new table whose keys do not ascend, in a file of several megabytes
CREATE TABLE unordered (id int PRIMARY KEY, t text);
COPY (SELECT CASE WHEN g IN (9, 7000) THEN NULL WHEN g = 50000 THEN 60 ELSE g END, 'name' || g FROM generate_series(1, 200000) g) TO :'file' (FORMAT csv);
BEGIN;
TRUNCATE unordered;
SELECT rows_loaded, rows_rejected FROM load_csv('unordered', :'file');
COMMIT;
SELECT * FROM reasons;
SELECT bt_index_check('unordered_pkey', true);

-- a trigger of the statement writes into it first
CREATE TABLE seeded (id int PRIMARY KEY, t text);
CREATE FUNCTION seed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF pg_trigger_depth() = 1 THEN INSERT INTO seeded VALUES (5, 'seed'); END IF; RETURN NULL; END $$;
CREATE TRIGGER seed BEFORE INSERT ON seeded EXECUTE FUNCTION seed();
COPY (SELECT g, repeat('x', 20) FROM generate_series(1, 60000) g) TO :'file' (FORMAT csv);
BEGIN;
TRUNCATE seeded;
SELECT rows_loaded, rows_rejected FROM load_csv('seeded', :'file');
COMMIT;
SELECT bt_index_check('seeded_pkey', true);

-- an expression that fails when it is prepared fails for every row, and those beside it are not forgotten
CREATE TABLE unprepared (a int, CHECK (a > 0), CHECK (a > 1 / 0));
SELECT rows_loaded, rows_rejected FROM insert_rows('unprepared', '[{"a": 1}, {"a": 2}, {"a": -5}, {"a": 3}]');
SELECT * FROM reasons;
CREATE FUNCTION fickle(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE TABLE computed (a int, b int GENERATED ALWAYS AS (a * 2) STORED, c int GENERATED ALWAYS AS (a + fickle(0)) STORED, d int GENERATED ALWAYS AS (a * 3) STORED);
CREATE OR REPLACE FUNCTION fickle(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1 / $1';
SELECT rows_loaded, rows_rejected FROM insert_rows('computed', '[{"a": 1}, {"a": 2}, {"a": 3}]');
SELECT * FROM reasons;

-- operator classes of users: equal keys of different bytes, comparisons that raise
CREATE FUNCTION ci_lt(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT lower($1) COLLATE "C" < lower($2)';
CREATE FUNCTION ci_le(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT lower($1) COLLATE "C" <= lower($2)';
CREATE FUNCTION ci_eq(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT lower($1) COLLATE "C" = lower($2)';
CREATE FUNCTION ci_ge(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT lower($1) COLLATE "C" >= lower($2)';
CREATE FUNCTION ci_gt(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT lower($1) COLLATE "C" > lower($2)';
CREATE FUNCTION ci_cmp(text, text) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF 'raise' IN ($1, $2) THEN RAISE EXCEPTION 'cannot compare' USING ERRCODE = '22023'; END IF;
    RETURN CASE WHEN lower($1) COLLATE "C" < lower($2) THEN -1 WHEN lower($1) COLLATE "C" > lower($2) THEN 1 ELSE 0 END;
END $$;
CREATE OPERATOR <# (FUNCTION = ci_lt, LEFTARG = text, RIGHTARG = text);
CREATE OPERATOR <=# (FUNCTION = ci_le, LEFTARG = text, RIGHTARG = text);
CREATE OPERATOR =# (FUNCTION = ci_eq, LEFTARG = text, RIGHTARG = text);
CREATE OPERATOR >=# (FUNCTION = ci_ge, LEFTARG = text, RIGHTARG = text);
CREATE OPERATOR ># (FUNCTION = ci_gt, LEFTARG = text, RIGHTARG = text);
CREATE OPERATOR CLASS ci_ops FOR TYPE text USING btree AS
    OPERATOR 1 <#, OPERATOR 2 <=#, OPERATOR 3 =#, OPERATOR 4 >=#, OPERATOR 5 >#, FUNCTION 1 ci_cmp(text, text);
CREATE TABLE caseless (name text COLLATE "C", n int);
CREATE UNIQUE INDEX ON caseless (name ci_ops);
SELECT rows_loaded, rows_rejected FROM insert_rows('caseless', '[{"name": "b", "n": 1}, {"name": "B", "n": 2}, {"name": "a", "n": 3}, {"name": "A", "n": 4}]');
SELECT * FROM caseless ORDER BY n;
CREATE TABLE compared (name text COLLATE "C");
CREATE INDEX ON compared (name ci_ops);
SELECT rows_loaded, rows_rejected FROM insert_rows('compared', '[{"name": "x"}, {"name": "raise"}, {"name": "y"}]');
SELECT * FROM reasons;

-- input functions that speak of syntax
CREATE TABLE spoken (a int, v tsvector, q tsquery, p jsonpath, c regclass);
COPY (VALUES (1, '''unclosed', NULL, NULL, NULL), (2, 'fine', 'a & b', '$.a', 'pg_class'), (3, NULL, 'a &', NULL, NULL), (4, NULL, NULL, '$.', NULL), (5, NULL, NULL, NULL, 'no_such_table'))
    TO :'file' (FORMAT csv);
SELECT rows_loaded, rows_rejected FROM load_csv('spoken', :'file');
SELECT row_number, sqlstate, column_name FROM ferry_rejects WHERE load_id = (SELECT max(load_id) FROM ferry_loads) ORDER BY 1;

-- a default that is not needed is not asked for its rights, nor whether it can be computed
CREATE FUNCTION secret() RETURNS int LANGUAGE sql AS 'SELECT 1';
REVOKE EXECUTE ON FUNCTION secret() FROM PUBLIC;
CREATE TABLE defaulted (a int DEFAULT secret(), b int DEFAULT 1 / 0);
CREATE ROLE regress_filler;
GRANT INSERT ON defaulted TO regress_filler;
GRANT pg_read_server_files TO regress_filler;
COPY (VALUES (1, 2)) TO :'file' (FORMAT csv);
SET ROLE regress_filler;
SELECT rows_loaded FROM load_csv('defaulted', :'file');
RESET ROLE;
COPY (VALUES (1)) TO :'file' (FORMAT csv);
SET ROLE regress_filler;
SELECT rows_loaded FROM load_csv('defaulted', :'file', columns => '{b}');
RESET ROLE;
SELECT rows_loaded, rejects -> 0 ->> 'sqlstate' AS sqlstate FROM insert_rows('defaulted', '[{"a": 7}, {"a": 8, "b": 9}]');

-- what looks at the table sees the rows before: a STABLE default, a range over a domain with a rule
CREATE TABLE counting (a int);
CREATE FUNCTION rows_before() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM counting';
ALTER TABLE counting ADD n bigint DEFAULT rows_before();
SELECT rows_loaded FROM insert_rows('counting', '[{"a": 1}, {"a": 2}, {"a": 3}]');
SELECT * FROM counting ORDER BY a;
CREATE TABLE ranged (a int);
CREATE FUNCTION exceeds_rows(int) RETURNS boolean LANGUAGE sql AS 'SELECT $1 > count(*) FROM ranged';
CREATE DOMAIN growing AS int CHECK (exceeds_rows(VALUE));
CREATE TYPE growing_range AS RANGE (subtype = growing);
ALTER TABLE ranged ADD r growing_range;
SELECT rows_loaded, rows_rejected FROM insert_rows('ranged', '[{"a": 1, "r": "[3,9)"}, {"a": 2, "r": "[3,9)"}, {"a": 3, "r": "[3,9)"}, {"a": 4, "r": "[3,9)"}, {"a": 5, "r": "[3,9)"}]');

-- an error that ends a load tells where
CREATE FUNCTION ends() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.a = 3 THEN RAISE EXCEPTION 'no more' USING ERRCODE = '53100'; END IF; RETURN NEW; END $$;
CREATE TABLE ended (a int);
CREATE TRIGGER ends BEFORE INSERT ON ended FOR EACH ROW EXECUTE FUNCTION ends();
COPY (VALUES (1), (2), (3), (4)) TO :'file' (FORMAT csv);
SELECT load_csv('ended', :'file');
SELECT insert_rows('ended', '[{"a": 1}, {"a": 3}]');

-- rights that roles have by default are no rights to the log
DROP VIEW reasons;
DROP EXTENSION pg_ferry;
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO regress_filler, PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO regress_filler;
ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO regress_filler;
CREATE EXTENSION pg_ferry;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM regress_filler, PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON SEQUENCES FROM regress_filler;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM regress_filler;
SELECT c.relname, g.grantee::regrole, g.privilege_type FROM pg_class c, aclexplode(c.relacl) g WHERE c.relname LIKE 'ferry%' AND g.grantee <> c.relowner ORDER BY 1, 2, 3;
SELECT p.proname, g.grantee::regrole FROM pg_proc p, aclexplode(p.proacl) g WHERE p.proname ~ '^(backup|restore|verify|list|prune)_' AND g.grantee <> p.proowner;

DROP EXTENSION pg_ferry, amcheck;
DROP TABLE generated, text_parents, unordered, seeded, unprepared, computed, caseless, compared, spoken, defaulted, counting, ranged, ended;
DROP TYPE growing_range;
DROP DOMAIN growing;
DROP OPERATOR CLASS ci_ops USING btree;
DROP OPERATOR FAMILY IF EXISTS ci_ops USING btree;
DROP OPERATOR <# (text, text), <=# (text, text), =# (text, text), >=# (text, text), ># (text, text);
DROP FUNCTION seed, fickle, ci_lt, ci_le, ci_eq, ci_ge, ci_gt, ci_cmp, secret, rows_before, exceeds_rows, ends;
REVOKE pg_read_server_files FROM regress_filler;
DROP ROLE regress_filler;

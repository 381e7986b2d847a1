-- What has changed since a backup. The oracle is the backup restored into a table beside, and a FULL JOIN of the two on the key
-- that compares the columns as text.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE DATABASE regression_compare ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0;
\c regression_compare
SET client_min_messages = warning;
CREATE SCHEMA compare_test;
SET search_path = compare_test;
CREATE EXTENSION pg_ferry SCHEMA compare_test;

-- The SQLSTATE, message, detail and hint of a statement, with the identifiers of backups and the paths taken out.
CREATE FUNCTION outcome_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    state text; message text; detail text; hint text;
BEGIN
    EXECUTE statement;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN regexp_replace(concat_ws(E'\n  ', state || ' ' || message, nullif(detail, ''), nullif(hint, '')),
                          '/\S+/|\d{8}T[0-9.]+Z-[0-9a-f]{8}', '...', 'g');
END $$;

-- Differences of two tables with the same columns, by SQL alone.
CREATE FUNCTION by_join(today regclass, past regclass, key_columns name[]) RETURNS TABLE (change text, key jsonb, columns text[]) LANGUAGE plpgsql AS $$
DECLARE
    on_key text := (SELECT string_agg(format('n.%1$I = b.%1$I', k), ' AND ') FROM unnest(key_columns) k);
    pairs text := (SELECT string_agg(format('%1$L, coalesce(n.%1$I, b.%1$I)', k), ', ') FROM unnest(key_columns) k);
    lists text := (SELECT string_agg(format('CASE WHEN n.%1$I::text COLLATE "C" IS DISTINCT FROM b.%1$I::text COLLATE "C" THEN %1$L END', attname), ', ' ORDER BY attnum)
                   FROM pg_attribute WHERE attrelid = today AND attnum > 0 AND NOT attisdropped);
BEGIN
    RETURN QUERY EXECUTE format($q$
        SELECT * FROM (SELECT CASE WHEN n.tableoid IS NULL THEN 'removed' WHEN b.tableoid IS NULL THEN 'added' ELSE 'changed' END AS change,
               jsonb_build_object(%1$s) AS key,
               CASE WHEN n.tableoid IS NOT NULL AND b.tableoid IS NOT NULL THEN array_remove(ARRAY[%2$s]::text[], NULL) END AS columns
        FROM (SELECT tableoid, * FROM %3$s) n FULL JOIN (SELECT tableoid, * FROM %4$s) b ON %5$s) d WHERE d.columns IS NULL OR d.columns <> '{}'$q$,
        pairs, lists, today, past, on_key);
END $$;

-- How far the two answers are apart, and how many differences there are.
CREATE FUNCTION check_against(today regclass, past regclass, key_columns name[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    DROP TABLE IF EXISTS ours, theirs;
    CREATE TEMP TABLE ours AS SELECT * FROM compare_backup(today);
    CREATE TEMP TABLE theirs AS SELECT * FROM by_join(today, past, key_columns);
    SELECT format('%s removed, %s added, %s changed, %s wrong', count(*) FILTER (WHERE o.change = 'removed'), count(*) FILTER (WHERE o.change = 'added'),
        count(*) FILTER (WHERE o.change = 'changed'), (SELECT count(*) FROM ((TABLE ours EXCEPT ALL TABLE theirs) UNION ALL (TABLE theirs EXCEPT ALL TABLE ours)) x))
        INTO answer FROM ours o;
    RETURN answer;
END $$;

CREATE TABLE jobs (id integer PRIMARY KEY, job text NOT NULL, salary numeric(10, 2), at timestamptz DEFAULT '2021-01-01', notes text[],
    shout text GENERATED ALWAYS AS (upper(job)) STORED);
INSERT INTO jobs SELECT g, 'job ' || g, g, '2021-01-01', ARRAY['a', NULL, 'note ' || g] FROM generate_series(1, 10) g;
SELECT table_name, rows FROM backup_table('jobs');
SELECT * FROM compare_backup('jobs');
UPDATE jobs SET salary = 1000, notes[2] = 'b' WHERE id = 3;
UPDATE jobs SET job = 'Job 4' WHERE id = 4;
UPDATE jobs SET job = job WHERE id = 5;
UPDATE jobs SET salary = NULL, notes = NULL WHERE id = 6;
DELETE FROM jobs WHERE id IN (1, 7, 10);
INSERT INTO jobs VALUES (0, 'new'), (7, 'another'), (12, 'last');
SELECT * FROM compare_backup('jobs');
CREATE TABLE jobs_then (LIKE jobs INCLUDING ALL);
SELECT rows_restored FROM restore_table('jobs', into_table => 'jobs_then');
SELECT check_against('jobs', 'jobs_then', '{id}');
SELECT change, count(*) FROM compare_backup('jobs', (SELECT max(backup_id) FROM list_backups())) GROUP BY change ORDER BY change;
-- when all of it is gone, and when all of it is new
BEGIN;
TRUNCATE jobs;
SELECT change, count(*), min((key->>'id')::integer) FROM compare_backup('jobs') GROUP BY change;
ROLLBACK;
-- a restore takes the differences back
SELECT rows_restored FROM restore_table('jobs');
SELECT count(*) FROM compare_backup('jobs');

-- What is a difference: the value that is stored, whatever the type says of equality.
CREATE TABLE things (id integer PRIMARY KEY, n numeric, t text COLLATE "C", f float8, j jsonb, s json, c char(4), b bytea, i interval, r float4[]);
INSERT INTO things SELECT g, '1.0', 'a', 0, '{"a": 1, "b": 2}', '{"a": 1}', 'x', '\x00', '1 month', '{1,NULL}' FROM generate_series(1, 12) g;
INSERT INTO things VALUES (13, 'NaN', '', 'NaN', '{}', '{}', '', '', '0', '{NaN}');
SELECT table_name, rows FROM backup_table('things');
UPDATE things SET n = '1.00' WHERE id = 1;
UPDATE things SET f = '-0' WHERE id = 2;
UPDATE things SET j = '{"b": 2, "a": 1}' WHERE id = 3;
UPDATE things SET j = '{"a": 1.0, "b": 2}' WHERE id = 4;
UPDATE things SET s = '{"a":1}' WHERE id = 5;
UPDATE things SET i = '30 days' WHERE id = 6;
UPDATE things SET t = 'a ' WHERE id = 7;
UPDATE things SET c = 'x ' WHERE id = 8;
UPDATE things SET b = '' WHERE id = 9;
UPDATE things SET n = NULL, t = NULL WHERE id = 10;
UPDATE things SET r[3] = 0, r[2] = NULL WHERE id = 11;
UPDATE things SET r = '[0:1]={1,NULL}' WHERE id = 12;
UPDATE things SET n = 'NaN'::numeric, f = 'Infinity'::float8 - 'Infinity', r = ARRAY['Infinity'::float4 - 'Infinity'] WHERE id = 13;
SELECT * FROM compare_backup('things');
-- an array with a list of its nulls and none in it is the same array
UPDATE things SET r = '{1,2}';
SELECT table_name, rows FROM backup_table('things');
UPDATE things SET r = array_remove(array_cat(r, '{NULL}'), NULL);
UPDATE things SET r[2] = NULL;
UPDATE things SET r[2] = 2;
SELECT * FROM compare_backup('things');

-- Keys of several columns and of other types, in their order; names that need quotes.
CREATE TABLE keyed (v text, "Key B" numeric, k_a text COLLATE "C", at timestamptz, PRIMARY KEY (k_a, "Key B", at));
INSERT INTO keyed SELECT 'v', n, k, '2021-01-01 00:00+00' FROM generate_series(1.0, 3.0) n, unnest('{a,B,"x y"}'::text[]) k;
SELECT table_name, rows FROM backup_table('keyed');
SELECT count(*) FROM compare_backup('keyed');
SET TimeZone = 'UTC';
UPDATE keyed SET v = 'w' WHERE "Key B" = 2;
UPDATE keyed SET "Key B" = 3.00 WHERE "Key B" = 3.0 AND k_a = 'a';
DELETE FROM keyed WHERE k_a = 'B' AND "Key B" = 1;
INSERT INTO keyed VALUES ('v', 'NaN', 'B', '2021-01-01'), ('v', 5, '', 'infinity');
SELECT * FROM compare_backup('keyed');
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE TYPE mood AS ENUM ('low', 'high');
CREATE TABLE odd_keys (a positive, b mood, c uuid, d date, e varchar(5), f bytea, g int4range, PRIMARY KEY (a, b, c, d, e, f, g));
INSERT INTO odd_keys SELECT n, 'high', md5(n::text)::uuid, '2021-01-01', 'x' || n, '\x01', int4range(n, n + 1) FROM generate_series(1, 3) n;
SELECT table_name, rows FROM backup_table('odd_keys');
UPDATE odd_keys SET b = 'low' WHERE a = 2;
SELECT * FROM compare_backup('odd_keys');

-- Many rows, in an order of their own, wide ones among them, partitioned and not; in little memory.
CREATE TABLE many (id bigint PRIMARY KEY, name text, padding text);
INSERT INTO many SELECT (g * 7919) % 50000, 'name ' || g, CASE WHEN g % 1000 = 0 THEN repeat(md5(g::text), 1000) END FROM generate_series(1, 50000) g;
CREATE TABLE parted (id bigint PRIMARY KEY, name text, padding text) PARTITION BY HASH (id);
CREATE TABLE parted_0 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO parted SELECT * FROM many;
SELECT table_name, rows FROM backup_tables('{many,parted}');
SELECT count(*) FROM compare_backup('many');
SELECT count(*) FROM compare_backup('parted');
CREATE PROCEDURE spoil(target regclass) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('DELETE FROM %s WHERE id %% 11 = 0', target);
    EXECUTE format('UPDATE %s SET name = upper(name) WHERE id %% 13 = 0', target);
    EXECUTE format('UPDATE %s SET padding = padding || ''!'', name = name || ''?'' WHERE padding IS NOT NULL', target);
    EXECUTE format('INSERT INTO %s SELECT g, ''new'' FROM generate_series(-5, -1) g', target);
END $$;
CALL spoil('many'); CALL spoil('parted');
CREATE TABLE many_then (LIKE many INCLUDING ALL);
SELECT rows_restored FROM restore_table('many', into_table => 'many_then');
SET work_mem = '64kB';
SELECT check_against('many', 'many_then', '{id}');
SELECT check_against('parted', 'many_then', '{id}');
SET enable_indexscan = off;
SELECT check_against('many', 'many_then', '{id}');
RESET enable_indexscan; RESET work_mem;
-- children by inheritance are tables of their own
CREATE TABLE mother (id integer PRIMARY KEY);
CREATE TABLE child () INHERITS (mother);
INSERT INTO mother VALUES (1); INSERT INTO child VALUES (2);
SELECT table_name, rows FROM backup_table('mother');
SELECT * FROM compare_backup('mother');

-- A table that has changed: the columns that both have are compared.
SET client_min_messages = notice;
CREATE TABLE shapes (id integer PRIMARY KEY, gone text, name varchar(10), n integer, what text, old_name text, size numeric(4, 2), price bigint);
INSERT INTO shapes VALUES (1, 'g', 'one', 1, 'x', 'o', 1, 1), (2, 'g', 'two', 2, 'x', 'o', 2, 2);
SET client_min_messages = warning;
SELECT table_name, rows FROM backup_table('shapes');
SET client_min_messages = notice;
ALTER TABLE shapes DROP gone, ADD extra integer NOT NULL DEFAULT 5, ADD "Extra 2" text, ALTER name TYPE text, ALTER n TYPE bigint,
    ALTER what TYPE point USING '(1,2)', ALTER id TYPE bigint, ALTER size TYPE numeric(8, 4), ALTER price TYPE integer;
ALTER TABLE shapes RENAME old_name TO new_name;
SELECT * FROM compare_backup('shapes');
UPDATE shapes SET n = 10000000000, extra = 6 WHERE id = 2;
SELECT * FROM compare_backup('shapes');
ALTER TABLE shapes DROP CONSTRAINT shapes_pkey, ADD PRIMARY KEY (extra);
SELECT outcome_of($$ SELECT compare_backup('shapes') $$);
ALTER TABLE shapes DROP CONSTRAINT shapes_pkey;
SELECT outcome_of($$ SELECT compare_backup('shapes') $$);
CREATE TYPE price AS (amount numeric, currency text);
CREATE TABLE priced (id integer PRIMARY KEY, p price);
INSERT INTO priced VALUES (1, '(1,EUR)'), (2, '(2,EUR)');
SET client_min_messages = warning;
SELECT table_name, rows FROM backup_table('priced');
SET client_min_messages = notice;
ALTER TYPE price DROP ATTRIBUTE currency, ADD ATTRIBUTE unit text;
UPDATE priced SET p.unit = 'piece' WHERE id = 2;
SELECT * FROM compare_backup('priced');
SET client_min_messages = warning;
-- a key that came later: of rows with the same key one stands beside that of today, and the others are gone
CREATE TABLE doubled (id integer, v text);
INSERT INTO doubled VALUES (1, 'a'), (1, 'a'), (NULL, 'n'), (2, 'b');
SELECT table_name, rows FROM backup_table('doubled');
DELETE FROM doubled WHERE id IS NULL OR ctid = '(0,2)';
ALTER TABLE doubled ADD PRIMARY KEY (id);
SELECT * FROM compare_backup('doubled');
-- a value that the column does not take any more
CREATE TABLE narrow (id integer PRIMARY KEY, n varchar(10));
INSERT INTO narrow VALUES (1, 'long');
SELECT table_name, rows FROM backup_table('narrow');
UPDATE narrow SET n = 'l';
ALTER TABLE narrow ALTER n TYPE varchar(3);
SELECT outcome_of($$ SELECT compare_backup('narrow') $$);

-- What cannot be compared.
CREATE VIEW looking AS TABLE jobs;
CREATE TABLE never (id integer PRIMARY KEY);
SELECT outcome_of($$ SELECT compare_backup('looking') $$);
SELECT outcome_of($$ SELECT compare_backup('never') $$);
SELECT outcome_of($$ SELECT compare_backup('pg_class') $$);
SELECT outcome_of($$ SELECT compare_backup(NULL) $$);
SELECT outcome_of($$ SELECT compare_backup(999999::regclass) $$);
SELECT outcome_of($$ SELECT compare_backup('jobs', 'no') $$);
SELECT outcome_of($$ SELECT compare_backup('jobs', '20000101T000000.000000Z-00000000') $$);
-- in a read-only transaction, and as the transaction's snapshot shows the table
BEGIN READ ONLY;
SELECT count(*) FROM compare_backup('jobs');
ROLLBACK;

-- Who may: SELECT on all columns, and no policies that hide rows.
CREATE ROLE regress_compare_reader; CREATE ROLE regress_compare_none;
GRANT USAGE ON SCHEMA compare_test TO regress_compare_reader, regress_compare_none;
SET ROLE regress_compare_reader;
SELECT outcome_of($$ SELECT compare_backup('jobs') $$);
RESET ROLE;
GRANT EXECUTE ON FUNCTION compare_backup TO regress_compare_reader, regress_compare_none;
GRANT SELECT (id, job, salary, at, notes) ON jobs TO regress_compare_reader;
SET ROLE regress_compare_reader;
SELECT outcome_of($$ SELECT compare_backup('jobs') $$);
RESET ROLE;
GRANT SELECT (shout) ON jobs TO regress_compare_reader;
SET ROLE regress_compare_reader;
SELECT outcome_of($$ SELECT compare_backup('jobs') $$);
SELECT outcome_of($$ SELECT compare_backup('jobs', directory => '/nowhere') $$);
RESET ROLE;
ALTER TABLE jobs ENABLE ROW LEVEL SECURITY;
SET ROLE regress_compare_reader;
SELECT outcome_of($$ SELECT compare_backup('jobs') $$);
RESET ROLE;
ALTER TABLE jobs DISABLE ROW LEVEL SECURITY;
-- No function of the table's owner is called, as none is by a SELECT: no cast of a key to json, no CHECK of a domain.
CREATE FUNCTION is_low(integer) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
    IF current_setting('compare_test.is_quiet') = 'on' THEN RETURN true; END IF;
    RAISE 'a function of the owner was called';
END $$;
CREATE DOMAIN low AS integer CHECK (is_low(VALUE));
CREATE TYPE grade AS ENUM ('a', 'b');
CREATE TYPE spot AS (g grade, n integer);
CREATE TABLE graded (g grade, s spot, gs grade[], ns integer[], l low, ls low[], PRIMARY KEY (g, s, gs, ns));
SET compare_test.is_quiet = 'on';
INSERT INTO graded VALUES ('a', '(b,1)', '{a,b}', '{1,2}', 1, '{1}'), ('b', '(a,2)', '{}', '{}', 1, '{1,2}');
SELECT table_name, rows FROM backup_table('graded');
UPDATE graded SET l = 2, ls = '{3}' WHERE g = 'a';
DELETE FROM graded WHERE g = 'b';
CREATE FUNCTION as_json(grade) RETURNS json LANGUAGE sql AS $$ SELECT to_json(is_low(1)) $$;
CREATE CAST (grade AS json) WITH FUNCTION as_json(grade);
SET compare_test.is_quiet = 'off';
SELECT * FROM compare_backup('graded');
-- An order that has changed since the index of the key was built, as that of a collation does with the system's libraries.
CREATE TYPE turning AS (v integer);
CREATE FUNCTION turning_cmp(turning, turning) RETURNS integer LANGUAGE sql AS $$ SELECT btint4cmp(($1).v, ($2).v)
    * CASE current_setting('compare_test.is_down', true) WHEN 'on' THEN -1 ELSE 1 END $$;
CREATE FUNCTION turning_lt(turning, turning) RETURNS boolean LANGUAGE sql AS $$ SELECT compare_test.turning_cmp($1, $2) < 0 $$;
CREATE FUNCTION turning_le(turning, turning) RETURNS boolean LANGUAGE sql AS $$ SELECT compare_test.turning_cmp($1, $2) <= 0 $$;
CREATE FUNCTION turning_eq(turning, turning) RETURNS boolean LANGUAGE sql AS $$ SELECT ($1).v = ($2).v $$;
CREATE FUNCTION turning_ge(turning, turning) RETURNS boolean LANGUAGE sql AS $$ SELECT compare_test.turning_cmp($1, $2) >= 0 $$;
CREATE FUNCTION turning_gt(turning, turning) RETURNS boolean LANGUAGE sql AS $$ SELECT compare_test.turning_cmp($1, $2) > 0 $$;
CREATE OPERATOR < (LEFTARG = turning, RIGHTARG = turning, FUNCTION = turning_lt);
CREATE OPERATOR <= (LEFTARG = turning, RIGHTARG = turning, FUNCTION = turning_le);
CREATE OPERATOR = (LEFTARG = turning, RIGHTARG = turning, FUNCTION = turning_eq);
CREATE OPERATOR >= (LEFTARG = turning, RIGHTARG = turning, FUNCTION = turning_ge);
CREATE OPERATOR > (LEFTARG = turning, RIGHTARG = turning, FUNCTION = turning_gt);
CREATE OPERATOR CLASS turning_ops DEFAULT FOR TYPE turning USING btree
    AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 turning_cmp(turning, turning);
CREATE TABLE turned (k turning PRIMARY KEY);
INSERT INTO turned SELECT ROW(g)::turning FROM generate_series(1, 3) g;
SELECT table_name, rows FROM backup_table('turned');
SET enable_seqscan = off; SET enable_sort = off;
SELECT * FROM compare_backup('turned');
SET compare_test.is_down = 'on';
SELECT outcome_of($$ SELECT * FROM compare_backup('turned') $$);
REINDEX TABLE turned;
DELETE FROM turned WHERE (k).v = 2;
INSERT INTO turned VALUES ('(4)');
SELECT * FROM compare_backup('turned');
RESET enable_seqscan; RESET enable_sort;
-- the backup of another table of that name
ALTER TABLE jobs RENAME TO jobs_before;
CREATE TABLE jobs (id integer PRIMARY KEY);
GRANT SELECT ON jobs TO regress_compare_reader;
SET ROLE regress_compare_reader;
SELECT outcome_of($$ SELECT compare_backup('jobs') $$);
RESET ROLE;

\c regression
DROP DATABASE regression_compare;
DROP ROLE regress_compare_reader, regress_compare_none;

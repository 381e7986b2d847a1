-- What a backup holds, what a restore brings back, and what both refuse.
-- The oracle is a copy of the table made by CREATE TABLE AS, compared as text.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE DATABASE regression_backup ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0;
\c regression_backup
SET client_min_messages = warning;
CREATE SCHEMA backup_test;
SET search_path = backup_test;
CREATE EXTENSION pg_ferry SCHEMA backup_test;

-- Rows that one of two tables has and the other has not, as text.
CREATE FUNCTION differences(a regclass, b regclass) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('(SELECT ''- '' || x::text FROM (SELECT t::text FROM %1$s t EXCEPT ALL SELECT t::text FROM %2$s t) x)
        UNION ALL (SELECT ''+ '' || x::text FROM (SELECT t::text FROM %2$s t EXCEPT ALL SELECT t::text FROM %1$s t) x) LIMIT 4', a, b);
END $$;

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

-- Every type, with the values at its edges.
CREATE TABLE every_type (
    id integer PRIMARY KEY,
    dropped text,
    b boolean, i2 smallint, i4 integer, i8 bigint, f4 real, f8 double precision,
    n numeric, n5 numeric(5), n102 numeric(10,2), n38 numeric(38,10), n39 numeric(39), nneg numeric(3,-2), nsmall numeric(2,5),
    t text, v varchar(5), d date, ts timestamp, ts0 timestamp(0), tz timestamptz, u uuid, j json, jb jsonb, by bytea,
    twice integer GENERATED ALWAYS AS (id * 2) STORED, forty_two integer GENERATED ALWAYS AS (42) STORED,
    "a b" text, "a_b" text, "Käse" text, "1st" text
);
INSERT INTO every_type (id, dropped) VALUES (0, 'gone');
ALTER TABLE every_type DROP COLUMN dropped;
ALTER TABLE every_type ADD COLUMN added_later text NOT NULL DEFAULT 'filled in';
INSERT INTO every_type VALUES
    (1, true, 32767, 2147483647, 9223372036854775807, 'NaN', 'NaN',
     'NaN', 'NaN', 'NaN', 'NaN', 'NaN', 'NaN', 'NaN',
     '', '', 'infinity', 'infinity', 'infinity', 'infinity', '00000000-0000-0000-0000-000000000000', '{}', '{}', ''),
    (2, false, -32768, -2147483648, -9223372036854775808, '-0', '-0',
     '-Infinity', 99999, 99999999.99, 9999999999999999999999999999.9999999999, 999999999999999999999999999999999999999, 99900, 0.00099,
     'é漢😀', 'é漢😀ab', '-infinity', '-infinity', '-infinity', '-infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff', '{"a" :  1, "a": 2}', '{"a": 1, "b": [null, "é"]}', '\x00ff'),
    (3, NULL, 0, 0, 0, 'Infinity', '-Infinity',
     'Infinity', -99999, -99999999.99, -9999999999999999999999999999.9999999999, -1, -99900, -0.00099,
     E'a\tb\nc\\"', 'abcde', '4714-11-24 BC', '4714-11-24 00:00:00 BC', '4714-11-24 00:00:00 BC', '4714-11-24 00:00:00+00 BC', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', ' [1,2] ', '1e3', decode(repeat('ab', 5000), 'hex')),
    (4, NULL, 1, 1, 1, 1.1754944e-38, 2.2250738585072014e-308,
     1.500, 0, 0.01, 0.0000000001, 0, 100, 0.00001,
     repeat('long ', 20000), NULL, '5874897-12-31', '294276-12-31 23:59:59.999999', '294276-12-31 23:59:59', '294276-12-31 23:59:59.999999+00', NULL, 'null', 'null', NULL),
    (5, NULL, -1, -1, -1, 3.4028235e38, 1.7976931348623157e308,
     -0.00000000000000000000000000000000000000000000000001, 1, -0.01, -0.0000000001, 10, -100, -0.00001,
     'x', NULL, '1969-12-31', '1969-12-31 23:59:59.999999', '294247-01-10 04:00:54', '1970-01-01 00:00:00+00', NULL, NULL, NULL, NULL),
    (6, NULL, 64, 8192, 1::bigint << 34, 0.1, 0.1,
     1e100, 12345, 12345.67, 1234567890.0123456789, 5, 500, 0.0005,
     NULL, NULL, '2000-01-01', '294247-01-10 04:00:54.775806', NULL, '294247-01-10 04:00:54.775807+00', NULL, NULL, NULL, NULL);
UPDATE every_type SET "a b" = 'space', a_b = 'underscore', "Käse" = 'umlaut', "1st" = 'digit' WHERE id = 1;
INSERT INTO every_type (id) VALUES (7);
CREATE TABLE every_type_copy AS TABLE every_type;
SELECT table_name, rows, bytes > 0 AS has_bytes, length(sha256), elapsed_ms >= 0 AND elapsed_ms::text !~ '\.\d{4}' AS took_time FROM backup_table('every_type');
UPDATE every_type SET t = 'changed', n = 1, i8 = 5;
DELETE FROM every_type WHERE id IN (0, 3);
SELECT table_name, rows_restored, rows_removed FROM restore_table('every_type');
SELECT differences('every_type', 'every_type_copy');
SELECT count(*) FROM every_type;
-- the same by key, which a TRUNCATE trigger makes necessary, in another session's settings
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'trigger % fired', TG_NAME; END $$;
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON every_type EXECUTE FUNCTION refuse();
UPDATE every_type SET t = 'changed', n = 1, i8 = 5 WHERE id <> 6;
DELETE FROM every_type WHERE id IN (0, 3);
INSERT INTO every_type (id) VALUES (100), (101);
SET DateStyle = 'SQL, DMY'; SET TimeZone = 'America/Bogota'; SET extra_float_digits = -10;
SELECT table_name, rows_restored, rows_removed FROM restore_table('every_type');
SELECT differences('every_type', 'every_type_copy');
RESET DateStyle; RESET TimeZone; RESET extra_float_digits;
SELECT differences('every_type', 'every_type_copy');
SELECT bool_and(forty_two = 42 AND twice = id * 2) FROM every_type;

-- A row that is the same stays where it is: no new version, and so the same ctid.
CREATE TABLE places AS SELECT id, ctid AS place, xmin AS version FROM every_type;
SELECT rows_restored, rows_removed FROM restore_table('every_type');
SELECT count(*) FROM every_type e JOIN places p USING (id) WHERE e.ctid = p.place AND e.xmin = p.version;

-- By key: unique values that swap, new rows, removed rows, all at once.
CREATE TABLE parts (id integer PRIMARY KEY, code text UNIQUE, rank integer UNIQUE DEFERRABLE INITIALLY DEFERRED, note text);
INSERT INTO parts SELECT g, 'code ' || g, g, 'note' FROM generate_series(1, 3000) g;
CREATE TABLE uses (part integer REFERENCES parts, amount integer);
INSERT INTO uses SELECT g, g FROM generate_series(1, 1000) g;
CREATE TABLE parts_copy AS TABLE parts;
SELECT rows FROM backup_table('parts');
UPDATE parts SET code = 'free ' || id;
UPDATE parts SET code = 'code ' || (id % 3000 + 1), rank = 3001 - id WHERE id > 0;
DELETE FROM parts WHERE id BETWEEN 1500 AND 1999;
INSERT INTO parts SELECT g, 'code ' || (g - 1500 + 2), g, NULL FROM generate_series(3001, 3400) g WHERE g - 1500 + 2 BETWEEN 1501 AND 2000;
SELECT rows_restored, rows_removed FROM restore_table('parts');
SELECT differences('parts', 'parts_copy');
SELECT count(*) FROM uses;

-- Rows to remove that are referenced stop the restore, whatever ON DELETE says; nothing has changed then.
CREATE TABLE parents (id integer PRIMARY KEY, name text);
CREATE TABLE children (id integer PRIMARY KEY, parent integer);
INSERT INTO parents VALUES (1, 'one');
SELECT rows FROM backup_table('parents');
INSERT INTO parents VALUES (2, 'two'), (3, 'three');
INSERT INTO children VALUES (1, 2);
UPDATE parents SET name = 'changed' WHERE id = 1;
DO $$
DECLARE action text;
BEGIN
    FOREACH action IN ARRAY ARRAY['NO ACTION', 'RESTRICT', 'CASCADE', 'SET NULL', 'SET DEFAULT',
                                  'NO ACTION DEFERRABLE INITIALLY DEFERRED', 'CASCADE DEFERRABLE INITIALLY DEFERRED'] LOOP
        EXECUTE 'ALTER TABLE children ADD CONSTRAINT parent_key FOREIGN KEY (parent) REFERENCES parents ON UPDATE CASCADE ON DELETE ' || action;
        RAISE WARNING '%: %', action, outcome_of('SELECT restore_table(''parents'')');
        ALTER TABLE children DROP CONSTRAINT parent_key;
    END LOOP;
END $$;
TABLE parents ORDER BY id;
TABLE children;
-- with a row that is referenced and stays, the restore changes it in place
ALTER TABLE children ADD CONSTRAINT parent_key FOREIGN KEY (parent) REFERENCES parents ON DELETE CASCADE;
UPDATE children SET parent = 1;
SELECT rows_restored, rows_removed FROM restore_table('parents');
TABLE parents ORDER BY id;
TABLE children;

-- A key that is referenced and is not the primary key: its values move between rows.
CREATE TABLE coded (id integer PRIMARY KEY, code text UNIQUE);
CREATE TABLE coded_uses (code text REFERENCES coded (code) ON UPDATE CASCADE ON DELETE CASCADE);
INSERT INTO coded VALUES (1, 'a'), (2, 'b');
SELECT rows FROM backup_table('coded');
INSERT INTO coded_uses VALUES ('a'), ('b');
ALTER TABLE coded_uses DROP CONSTRAINT coded_uses_code_fkey;
UPDATE coded SET code = id; UPDATE coded SET code = CASE id WHEN 1 THEN 'b' ELSE 'a' END;
ALTER TABLE coded_uses ADD FOREIGN KEY (code) REFERENCES coded (code) ON UPDATE CASCADE ON DELETE CASCADE;
SELECT rows_restored, rows_removed FROM restore_table('coded');
TABLE coded ORDER BY id;
TABLE coded_uses ORDER BY code;

-- A foreign key of the table itself is checked.
SELECT rows FROM backup_table('uses');
ALTER TABLE uses DROP CONSTRAINT uses_part_fkey;
DELETE FROM parts WHERE id = 7;
DELETE FROM uses WHERE part = 7;
ALTER TABLE uses ADD FOREIGN KEY (part) REFERENCES parts;
SELECT outcome_of($$ SELECT restore_table('uses') $$);
SELECT count(*) FROM uses;
SELECT rows_restored, rows_removed FROM restore_table('parts');
SELECT rows_restored, rows_removed FROM restore_table('uses');

-- A table that references itself, children before parents in the file.
CREATE TABLE tree (id integer PRIMARY KEY, parent integer REFERENCES tree ON DELETE CASCADE, name text);
INSERT INTO tree SELECT g, NULL, 'n' || g FROM generate_series(1, 2500) g;
UPDATE tree SET parent = 2501 - id WHERE id < 2500;
CREATE TABLE tree_copy AS TABLE tree;
SELECT rows FROM backup_table('tree');
TRUNCATE tree;
SELECT rows_restored, rows_removed FROM restore_table('tree');
SELECT differences('tree', 'tree_copy');
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON tree EXECUTE FUNCTION refuse();
INSERT INTO tree VALUES (3000, 5, 'new'), (3001, 3000, 'newer');
DELETE FROM tree WHERE id = 2400;
SELECT rows_restored, rows_removed FROM restore_table('tree');
SELECT differences('tree', 'tree_copy');

-- User triggers do not fire, whichever way the table is restored.
CREATE TABLE quiet (id integer PRIMARY KEY, name text, CHECK (name <> 'never'));
INSERT INTO quiet VALUES (1, 'one'), (2, 'two'), (3, 'three');
SELECT rows FROM backup_table('quiet');
DELETE FROM quiet WHERE id = 1;
UPDATE quiet SET name = 'changed' WHERE id = 2;
INSERT INTO quiet VALUES (4, 'four');
CREATE TRIGGER t1 BEFORE INSERT OR UPDATE OR DELETE ON quiet FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TRIGGER t2 AFTER INSERT OR UPDATE OR DELETE ON quiet FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TRIGGER t3 BEFORE INSERT OR UPDATE OR DELETE ON quiet EXECUTE FUNCTION refuse();
CREATE TRIGGER t4 AFTER INSERT OR UPDATE OR DELETE ON quiet EXECUTE FUNCTION refuse();
CREATE CONSTRAINT TRIGGER t5 AFTER INSERT OR UPDATE OR DELETE ON quiet DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse();
BEGIN;
SELECT rows_restored, rows_removed FROM restore_table('quiet');
TABLE quiet ORDER BY id;
SET CONSTRAINTS ALL IMMEDIATE;
ROLLBACK;
CREATE TRIGGER t6 BEFORE TRUNCATE ON quiet EXECUTE FUNCTION refuse();
SELECT rows_restored, rows_removed FROM restore_table('quiet');
TABLE quiet ORDER BY id;

-- No key at all: the rows are removed, then inserted.
CREATE TABLE keyless (a integer, b text);
INSERT INTO keyless VALUES (1, 'x'), (1, 'x'), (NULL, NULL);
SELECT rows FROM backup_table('keyless');
INSERT INTO keyless VALUES (2, 'y');
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON keyless EXECUTE FUNCTION refuse();
SELECT rows_restored, rows_removed FROM restore_table('keyless');
TABLE keyless ORDER BY a;
-- with a key that the backup's rows do not fit
DROP TRIGGER no_truncate ON keyless;
DELETE FROM keyless; ALTER TABLE keyless ADD PRIMARY KEY (a);
SELECT outcome_of($$ SELECT restore_table('keyless') $$);
SELECT count(*) FROM keyless;
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON keyless EXECUTE FUNCTION refuse();
INSERT INTO keyless VALUES (1, 'x'), (2, 'y');
SELECT outcome_of($$ DELETE FROM keyless WHERE a = 1; SELECT restore_table('keyless') $$);
ALTER TABLE keyless DROP CONSTRAINT keyless_pkey, ALTER a DROP NOT NULL, ADD UNIQUE (a);
CREATE TABLE keyless_uses (a integer REFERENCES keyless (a));
SELECT outcome_of($$ SELECT restore_table('keyless') $$);
SELECT outcome_of($$ UPDATE keyless SET b = 'changed'; SELECT restore_table('keyless') $$);
TABLE keyless ORDER BY a;

-- Sequences: exactly where they were; a rollback takes that back; append only moves them forward.
CREATE TABLE counted (id serial PRIMARY KEY, other integer GENERATED BY DEFAULT AS IDENTITY (INCREMENT -5));
INSERT INTO counted SELECT FROM generate_series(1, 10);
SELECT rows FROM backup_table('counted');
INSERT INTO counted SELECT FROM generate_series(1, 10);
BEGIN;
SELECT rows_restored, rows_removed FROM restore_table('counted');
ROLLBACK;
SELECT last_value, is_called FROM counted_id_seq;
SELECT last_value, is_called FROM counted_other_seq;
SELECT rows_restored, rows_removed FROM restore_table('counted');
SELECT last_value, is_called FROM counted_id_seq;
INSERT INTO counted DEFAULT VALUES RETURNING id, other;
TRUNCATE counted;
SELECT setval('counted_id_seq', 4, false), setval('counted_other_seq', -1000);
SELECT rows_restored, rows_removed FROM restore_table('counted', mode => 'append');
SELECT last_value, is_called FROM counted_id_seq;
SELECT last_value, is_called FROM counted_other_seq;

-- Modes append and upsert.
SELECT outcome_of($$ SELECT restore_table('counted', mode => 'append') $$);
UPDATE counted SET other = 0;
DELETE FROM counted WHERE id = 3;
INSERT INTO counted VALUES (50, 50);
SELECT rows_restored, rows_removed FROM restore_table('counted', mode => 'upsert');
TABLE counted ORDER BY id;
UPDATE every_type SET t = 'changed', i8 = 5;
SELECT rows_restored, rows_removed FROM restore_table('every_type', mode => 'upsert');
SELECT differences('every_type', 'every_type_copy');

-- Partitioned tables, whose partitions have their columns in another order.
CREATE TABLE measures (day date NOT NULL, value integer, PRIMARY KEY (day, value)) PARTITION BY RANGE (day);
CREATE TABLE measures_2021 (gone text, value integer NOT NULL, day date NOT NULL);
ALTER TABLE measures_2021 DROP COLUMN gone;
ALTER TABLE measures ATTACH PARTITION measures_2021 FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
CREATE TABLE measures_2022 PARTITION OF measures FOR VALUES FROM ('2022-01-01') TO ('2023-01-01') PARTITION BY RANGE (value);
CREATE TABLE measures_2022_low PARTITION OF measures_2022 FOR VALUES FROM (MINVALUE) TO (10);
INSERT INTO measures SELECT date '2021-12-25' + g, g FROM generate_series(0, 9) g;
CREATE TABLE measures_copy AS TABLE measures;
SELECT rows FROM backup_table('measures');
DELETE FROM measures WHERE value < 4;
INSERT INTO measures VALUES ('2021-05-05', 5);
SELECT rows_restored, rows_removed FROM restore_table('measures');
SELECT differences('measures', 'measures_copy');
CREATE TABLE measure_notes (day date, value integer, FOREIGN KEY (day, value) REFERENCES measures);
SELECT rows_restored, rows_removed FROM restore_table('measures');
SELECT rows_restored, rows_removed FROM restore_table('measures', mode => 'upsert');
-- of an inheritance parent only its own rows
CREATE TABLE mother (id integer PRIMARY KEY);
CREATE TABLE daughter () INHERITS (mother);
INSERT INTO mother VALUES (1); INSERT INTO daughter VALUES (2);
SELECT rows FROM backup_table('mother');
DELETE FROM ONLY mother;
SELECT rows_restored, rows_removed FROM restore_table('mother');
SELECT tableoid::regclass, id FROM mother ORDER BY id;

-- Which backup is taken: the newest that has the table, or the one that is named.
CREATE TABLE versions (id integer PRIMARY KEY, v text);
INSERT INTO versions VALUES (1, 'old');
SELECT backup_id AS old FROM backup_table('versions') \gset
UPDATE versions SET v = 'new';
SELECT rows FROM backup_table('versions');
SELECT rows FROM backup_table('quiet');
DELETE FROM versions;
SELECT rows_restored FROM restore_table('versions');
TABLE versions;
SELECT rows_restored FROM restore_table('backup_test.versions', :'old');
TABLE versions;
SELECT outcome_of($$ SELECT restore_table('versions', '20200101T000000.000000Z-00000000') $$);
SELECT outcome_of($$ SELECT restore_table('versions', '../x') $$);
SELECT outcome_of(format($$ SELECT restore_table('quiet', %L) $$, :'old'));

-- A table that has another rule by now.
SELECT outcome_of($$ ALTER TABLE versions ADD CHECK (v <> 'new'); SELECT restore_table('versions') $$);

-- What cannot be backed up or restored.
CREATE VIEW a_view AS SELECT 1 AS a;
CREATE MATERIALIZED VIEW a_matview AS SELECT 1 AS a;
CREATE TEMP TABLE a_temp (a integer);
SELECT name, outcome_of(format('SELECT backup_table(%L)', name))
FROM unnest(ARRAY['a_view', 'a_matview', 'a_temp', 'pg_class', 'counted_id_seq', 'quiet_pkey']) name;
SELECT outcome_of('SELECT backup_table(NULL)');
SELECT outcome_of('SELECT restore_table(NULL)');
SELECT name, outcome_of(format('SELECT restore_table(%L)', name))
FROM unnest(ARRAY['a_view', 'a_temp', 'pg_class', 'missing', 'a.b.c.d']) name;
SELECT outcome_of($$ SELECT restore_table('quiet', mode => 'merge') $$);
SELECT outcome_of($$ SELECT backup_table('quiet', 'relative') $$);
SELECT outcome_of($$ SELECT backup_table('quiet', '/tmp/../tmp') $$);
SELECT outcome_of($$ SELECT restore_table('quiet', directory => '/nowhere/at/all') $$);
-- a transaction that has written; one that may not write
SELECT outcome_of($$ INSERT INTO quiet VALUES (77, 'x') $$);
ALTER TABLE quiet DISABLE TRIGGER USER;
BEGIN; UPDATE quiet SET name = 'pending'; SELECT outcome_of($$ SELECT backup_table('quiet') $$); ROLLBACK;
BEGIN READ ONLY; SELECT rows FROM backup_table('quiet'); SELECT outcome_of($$ SELECT restore_table('quiet') $$); ROLLBACK;
-- a table that a cursor reads
BEGIN; DECLARE c CURSOR FOR TABLE quiet; FETCH c; SELECT outcome_of($$ SELECT restore_table('quiet') $$); ROLLBACK;

-- Rights.
CREATE ROLE regress_backup_user; CREATE ROLE regress_backup_other;
GRANT USAGE, CREATE ON SCHEMA backup_test TO regress_backup_user, regress_backup_other;
CREATE TABLE secret (id integer PRIMARY KEY, owner text);
INSERT INTO secret VALUES (1, 'regress_backup_user'), (2, 'someone');
SET ROLE regress_backup_user;
SELECT outcome_of($$ SELECT backup_table('secret') $$);
SELECT outcome_of($$ SELECT restore_table('secret') $$);
RESET ROLE;
GRANT EXECUTE ON FUNCTION backup_table, restore_table TO regress_backup_user;
SET ROLE regress_backup_user;
SELECT outcome_of($$ SELECT backup_table('secret') $$);
SELECT outcome_of($$ SELECT restore_table('secret') $$);
RESET ROLE; GRANT SELECT (id) ON secret TO regress_backup_user; SET ROLE regress_backup_user;
SELECT outcome_of($$ SELECT backup_table('secret') $$);
RESET ROLE; GRANT SELECT ON secret TO regress_backup_user; SET ROLE regress_backup_user;
SELECT outcome_of($$ SELECT backup_table('secret') $$);
SELECT outcome_of($$ SELECT restore_table('secret') $$);
SELECT outcome_of($$ SELECT backup_table('secret', '/tmp/x') $$);
CREATE TABLE own (id integer PRIMARY KEY); INSERT INTO own VALUES (1);
SELECT rows FROM backup_table('own');
DELETE FROM own;
SELECT outcome_of($$ SELECT restore_table('own', directory => '/tmp/x') $$);
SELECT rows_restored FROM restore_table('own');
-- a backup of another table of that name, which somebody else owned, is not for the owner of the name
RESET ROLE;
DROP TABLE own;
CREATE TABLE own (id integer PRIMARY KEY); INSERT INTO own VALUES (42);
ALTER TABLE own OWNER TO regress_backup_other;
SELECT rows FROM backup_table('own');
DROP TABLE own;
SET ROLE regress_backup_user;
CREATE TABLE own (id integer PRIMARY KEY);
SELECT outcome_of($$ SELECT restore_table('own') $$);
SELECT count(*) FROM own;
RESET ROLE;
-- but for a superuser, and for the owner that it had
SELECT rows_restored FROM restore_table('own');
-- row-level security
ALTER TABLE secret ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON secret USING (owner = current_user);
SELECT rows FROM backup_table('secret');
SET ROLE regress_backup_user;
SELECT outcome_of($$ SELECT backup_table('secret') $$);
SET row_security = off;
SELECT outcome_of($$ SELECT backup_table('secret') $$);
RESET row_security;
RESET ROLE;
-- which may be forced upon the owner, too
CREATE TABLE forced (id integer);
INSERT INTO forced VALUES (1);
ALTER TABLE forced OWNER TO regress_backup_user, ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
SET ROLE regress_backup_user;
SELECT outcome_of($$ SELECT backup_table('forced') $$);
RESET ROLE;

-- The default directory gives a notice, another one does not.
SET client_min_messages = notice;
SELECT rows FROM backup_table('quiet');
\set VERBOSITY default
SELECT rows FROM backup_table('quiet');

SET client_min_messages = error;
DROP SCHEMA backup_test CASCADE;
DROP OWNED BY regress_backup_user, regress_backup_other;
DROP ROLE regress_backup_user, regress_backup_other;
\c regression
DROP DATABASE regression_backup;

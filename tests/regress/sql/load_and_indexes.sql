-- What a load in bulk writes into indexes: at once or at the end, and what it takes back. Counts are by arithmetic.
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
CREATE EXTENSION amcheck;
RESET client_min_messages;
\getenv builddir PG_ABS_BUILDDIR
CREATE VIEW reasons AS
    SELECT sqlstate, constraint_name, count(*), count(DISTINCT row_number) AS rows FROM ferry_rejects
    WHERE load_id = (SELECT max(load_id) FROM ferry_loads) GROUP BY 1, 2 ORDER BY 1, 2;
-- every index of a table has an entry for every row
CREATE FUNCTION check_indexes(target regclass) RETURNS TABLE (index regclass) LANGUAGE sql AS
    'SELECT indexrelid::regclass FROM pg_index, bt_index_check(indexrelid, true) WHERE indrelid = target ORDER BY 1';

-- 60,000 rows in random order; every third key is in the table already, every fourth comes twice
\set file :builddir '/results/random.csv'
COPY (SELECT i, 'name' || i FROM (SELECT i FROM generate_series(1, 60000) i UNION ALL SELECT i FROM generate_series(4, 60000, 4) i) x
      ORDER BY md5(i::text || 'salt')) TO :'file' (FORMAT csv);
CREATE TABLE one_key (id int PRIMARY KEY, name text);
CREATE INDEX ON one_key (name);
INSERT INTO one_key SELECT i, 'old' FROM generate_series(3, 60000, 3) i;
SELECT rows_read, rows_loaded, rows_rejected, rows_skipped FROM load_csv('one_key', :'file');
SELECT * FROM reasons;
SELECT count(*), count(*) FILTER (WHERE name = 'old') AS old, count(DISTINCT id) AS ids FROM one_key;
SELECT * FROM check_indexes('one_key');
-- of each reject the key is there
SELECT count(*) FROM ferry_rejects WHERE split_part(raw_row, ',', 1)::int NOT IN (SELECT id FROM one_key) AND load_id = (SELECT max(load_id) FROM ferry_loads);
-- the same again: nothing but duplicates
SELECT rows_loaded, rows_rejected FROM load_csv('one_key', :'file');
SELECT rows_loaded, rows_skipped FROM load_csv('one_key', :'file', on_conflict => 'skip');
SELECT count(*) FROM one_key;
-- a few conflicts among many rows, with a foreign key: a row that breaks both is told of its key
CREATE TABLE parents (id int PRIMARY KEY);
INSERT INTO parents VALUES (0), (1);
CREATE TABLE few (id int PRIMARY KEY, parent int REFERENCES parents);
INSERT INTO few SELECT i, 0 FROM generate_series(1, 60000, 600) i;
\set file :builddir '/results/few.csv'
COPY (SELECT i, CASE WHEN i % 300 = 1 THEN 2 ELSE i % 2 END FROM generate_series(1, 60000) i ORDER BY md5(i::text)) TO :'file' (FORMAT csv);
SELECT rows_loaded, rows_rejected FROM load_csv('few', :'file');
SELECT * FROM reasons;
SELECT * FROM check_indexes('few');
DELETE FROM few WHERE id % 600 <> 1;
SELECT rows_loaded, rows_rejected, rows_skipped FROM load_csv('few', :'file', on_conflict => 'skip');
SELECT * FROM reasons;
-- two keys, one of them of text
\set file :builddir '/results/random.csv'
CREATE TABLE two_keys (id int UNIQUE, name text PRIMARY KEY);
INSERT INTO two_keys SELECT i, 'name' || i + 1 FROM generate_series(60003, 120000, 3) i;
INSERT INTO two_keys SELECT -i, 'name' || i FROM generate_series(3, 60000, 3) i;
SELECT rows_loaded, rows_rejected FROM load_csv('two_keys', :'file');
SELECT * FROM reasons;
SELECT * FROM check_indexes('two_keys');

-- a table that is nobody else's yet gets its indexes when the rows are in
\set file :builddir '/results/ascending.csv'
COPY (SELECT i, 'name' || i FROM generate_series(1, 100000) i) TO :'file' (FORMAT csv);
BEGIN;
CREATE TABLE fresh (id int PRIMARY KEY, name text NOT NULL);
CREATE INDEX fresh_name ON fresh (name);
SELECT pg_relation_filenode('fresh_name') AS before \gset
SELECT rows_loaded, rows_rejected FROM load_csv('fresh', :'file');
SELECT pg_relation_filenode('fresh_name') <> :before AS was_built;
SELECT * FROM check_indexes('fresh');
SELECT rows_loaded, rows_rejected FROM load_csv('fresh', :'file');
COMMIT;
SET enable_seqscan = off;
SELECT count(*) FROM fresh WHERE id BETWEEN 500 AND 599;
RESET enable_seqscan;
INSERT INTO fresh VALUES (7, 'taken');
-- in a rehearsal, and in a subtransaction that is rolled back
BEGIN;
TRUNCATE fresh;
SELECT rows_loaded, rows_rejected FROM load_csv('fresh', :'file', dry_run => true);
SAVEPOINT s;
SELECT rows_loaded, rows_rejected FROM load_csv('fresh', :'file');
ROLLBACK TO s;
SELECT rows_loaded, rows_rejected FROM load_csv('fresh', :'file');
COMMIT;
SELECT * FROM check_indexes('fresh');
SELECT count(*), sum(id) FROM fresh;
-- while somebody reads it
BEGIN;
TRUNCATE fresh;
DECLARE reader CURSOR FOR SELECT * FROM fresh ORDER BY id;
FETCH reader;
SELECT rows_loaded, rows_rejected FROM load_csv('fresh', :'file');
COMMIT;
SELECT * FROM check_indexes('fresh');
-- keys ascend, and then they do not: in a batch of many, by a key that comes again, by one that has to be decided row by row
\set file :builddir '/results/broken.csv'
COPY (SELECT i, 'name' || i FROM generate_series(1, 50000) i UNION ALL VALUES (70000, 'jump'), (50001, 'back'), (70000, 'again'), (50001, 'again')
      UNION ALL SELECT i, 'name' || i FROM generate_series(50002, 60000) i UNION ALL VALUES (1, 'first')) TO :'file' (FORMAT csv);
BEGIN;
TRUNCATE fresh;
SELECT rows_loaded, rows_rejected FROM load_csv('fresh', :'file');
COMMIT;
SELECT * FROM reasons;
SELECT * FROM check_indexes('fresh');
COPY (SELECT i, CASE i WHEN 40000 THEN repeat('long', 1000) ELSE 'name' || i END FROM generate_series(1, 60000) i
      UNION ALL VALUES (60000, 'again'), (39999, 'again')) TO :'file' (FORMAT csv);
BEGIN;
TRUNCATE fresh;
SELECT rows_loaded, rows_rejected FROM load_csv('fresh', :'file');
COMMIT;
SELECT * FROM reasons;
SELECT * FROM check_indexes('fresh');
-- an index that raises rejects its row all the same
\set file :builddir '/results/ascending.csv'
BEGIN;
CREATE TABLE fresh_raising (id int PRIMARY KEY, name text);
CREATE INDEX ON fresh_raising ((1 / (id - 50000)));
SELECT rows_loaded, rows_rejected FROM load_csv('fresh_raising', :'file');
COMMIT;
SELECT * FROM reasons;
SELECT count(*) FROM fresh_raising;
-- a temporary table, and one without any index
CREATE TEMP TABLE fresh_temp (id int PRIMARY KEY, name text);
BEGIN;
TRUNCATE fresh_temp;
SELECT rows_loaded, rows_rejected FROM load_csv('fresh_temp', :'file');
COMMIT;
SELECT * FROM check_indexes('fresh_temp');
BEGIN;
CREATE TABLE bare (id int, name text);
SELECT rows_loaded, rows_rejected FROM load_csv('bare', :'file');
COMMIT;
-- a default that the server keeps as an object may be changed neither by an index nor by a CHECK
\set file :builddir '/results/numbers.csv'
COPY (SELECT generate_series(1, 5)) TO :'file' (FORMAT csv);
CREATE SEQUENCE numbers;
CREATE FUNCTION made(number int) RETURNS int[] LANGUAGE plpgsql IMMUTABLE AS
    'DECLARE a int[] := ''{}''; BEGIN a[1] := number; a[2] := 7; RETURN a; END';
CREATE FUNCTION changed(a int[]) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
    'BEGIN a[1] := -1; a := a || a; RETURN cardinality(a); END';
CREATE TABLE objects (id int PRIMARY KEY, a int[] DEFAULT array_append('{1}', nextval('numbers')::int), b int[] DEFAULT made(nextval('numbers')::int));
CREATE INDEX ON objects ((array_append(a, 5)));
CREATE INDEX ON objects ((array_append(a, 6)));
CREATE INDEX ON objects (a);
CREATE INDEX ON objects (changed(b));
CREATE INDEX ON objects (b);
CREATE INDEX ON objects (id) WHERE cardinality(array_append(b, 1)) = 3;
SELECT rows_loaded, rows_rejected FROM load_csv('objects', :'file', columns => '{id}');
SELECT rows_loaded, rows_rejected FROM insert_rows('objects', '[{"id": 6}, {"id": 7}]');
SELECT * FROM check_indexes('objects');
SELECT * FROM objects ORDER BY id;
TRUNCATE objects;
ALTER TABLE objects ADD CHECK (cardinality(array_append(a, 5)) = 3), ADD CHECK (changed(b) = 4);
SELECT rows_loaded, rows_rejected FROM load_csv('objects', :'file', columns => '{id}');
SELECT * FROM check_indexes('objects');
SELECT id, cardinality(a), b[2] FROM objects ORDER BY id;

DROP VIEW reasons;
DROP FUNCTION check_indexes(regclass);
DROP TABLE one_key, few, parents, two_keys, fresh, fresh_raising, fresh_temp, bare, objects;
DROP SEQUENCE numbers;
DROP FUNCTION made(int), changed(int[]);
DROP EXTENSION amcheck;
DROP EXTENSION pg_ferry;

-- What a load in bulk must leave to be done row by row, or take back: the outcome is that of one row after the other.
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
RESET client_min_messages;
\getenv builddir PG_ABS_BUILDDIR
-- what became of the rows, and why
CREATE VIEW verdict AS
    SELECT r.row_number, r.sqlstate, r.column_name, r.constraint_name, r.reason
    FROM ferry_rejects r WHERE load_id = (SELECT max(load_id) FROM ferry_loads) ORDER BY row_number;

-- an index that raises: in one batch of several, in one batch, in a temporary table
\set file :builddir '/results/raising.csv'
COPY (SELECT i, CASE WHEN i = 500 THEN 0 ELSE i END FROM generate_series(1, 5000) i) TO :'file' (FORMAT csv);
CREATE TABLE raising (id serial PRIMARY KEY, x int);
CREATE INDEX ON raising ((100 / x));
SELECT rows_loaded, rows_rejected FROM load_csv('raising', :'file');
SELECT * FROM verdict;
SELECT count(*), sum(id) FROM raising;
TRUNCATE raising;
SELECT rows_loaded, keys, rejects -> 0 ->> 'sqlstate' AS sqlstate FROM insert_rows('raising', '[{"id": 5, "x": 0}, {"id": 5, "x": 1}, {"id": 6, "x": 1}, {"id": 9000, "x": 0}]');
SELECT * FROM raising ORDER BY id;
CREATE TEMP TABLE raising_temp (id int, x int);
CREATE INDEX ON raising_temp ((100 / x));
SELECT rows_loaded, rows_rejected FROM load_csv('raising_temp', :'file');
-- the sequence is past what is in the table, and not past what was rejected
CREATE TABLE numbered (id serial, x int);
CREATE INDEX ON numbered ((100 / x));
SELECT rows_loaded FROM insert_rows('numbered', '[{"id": 5000, "x": 0}, {"id": 70, "x": 1}]');
INSERT INTO numbered (x) VALUES (1) RETURNING id;

-- rows too large for certainty go row by row, and what they add is known afterwards
\set file :builddir '/results/large.csv'
COPY (SELECT i, 'c' || i, CASE WHEN i = 2 THEN repeat('x', 3000) ELSE 'p' END FROM generate_series(1, 1000) i
      UNION ALL VALUES (900, 'dup', 'p'), (2001, 'dup', 'p'), (2001, 'dup2', 'p')) TO :'file' (FORMAT csv);
CREATE TABLE large (id int PRIMARY KEY, code text UNIQUE, pad text);
SELECT rows_loaded, rows_rejected FROM load_csv('large', :'file');
SELECT * FROM verdict;
TRUNCATE large;
SELECT rows_loaded, rows_skipped FROM load_csv('large', :'file', on_conflict => 'skip');
SELECT count(*), max(id) FROM large;

-- a key that is too long for its index is one reject, also where the row is not
CREATE TABLE twice (id int, a text, b text);
CREATE INDEX ON twice (a, a, b);
CREATE TABLE wide (id int, a text PRIMARY KEY);
SELECT string_agg(md5(i::text), '') AS long FROM generate_series(1, 50) i \gset
SELECT string_agg(md5(i::text), '') AS longer FROM generate_series(1, 250) i \gset
SELECT rows_loaded, rejects -> 0 ->> 'sqlstate' AS sqlstate FROM insert_rows('twice', json_build_array(json_build_object('id', 1, 'a', 'x'), json_build_object('id', 2, 'a', :'long'), json_build_object('id', 3)));
SELECT rows_loaded, rejects -> 0 ->> 'sqlstate' AS sqlstate FROM insert_rows('wide', json_build_array(json_build_object('id', 1, 'a', 'x'), json_build_object('id', 2, 'a', :'longer'), json_build_object('id', 3, 'a', 'y')));

-- parents whose keys lie close together: some are missing, some were deleted and came again, some are beyond those asked for
CREATE FUNCTION check_parents(type text, index text, start bigint) RETURNS TABLE (loaded int, loaded_wrongly bigint, rejected int, rejected_wrongly bigint)
LANGUAGE plpgsql AS $$
DECLARE
  rejects jsonb;
BEGIN
  EXECUTE format('CREATE TABLE close_parents (id %s); CREATE TABLE close_children (id int PRIMARY KEY, parent %1$s)', type);
  EXECUTE format(index, 'close_parents');
  INSERT INTO close_parents SELECT start + i FROM generate_series(0, 99) i;
  DELETE FROM close_parents WHERE (id - start) % 7 = 3;
  UPDATE close_parents SET id = id WHERE (id - start) % 5 = 1;
  INSERT INTO close_parents SELECT start + i FROM generate_series(0, 99) i WHERE i % 21 = 3;
  ALTER TABLE close_children ADD FOREIGN KEY (parent) REFERENCES close_parents (id);
  SELECT r.rows_loaded, r.rows_rejected, r.rejects INTO loaded, rejected, rejects FROM insert_rows('close_children',
    (SELECT json_agg(json_build_object('id', i, 'parent', start + (i * 37 + 5) % 90)) FROM generate_series(0, 199) i WHERE (i * 37 + 5) % 90 % 4 <> 2)) r;
  SELECT count(*) INTO loaded_wrongly FROM close_children c WHERE NOT EXISTS (SELECT FROM close_parents p WHERE p.id = c.parent);
  SELECT count(*) INTO rejected_wrongly FROM jsonb_path_query(rejects, '$[*].detail') d
    JOIN close_parents p ON d #>> '{}' LIKE format('Key (parent)=(%s) is %%', p.id);
  RETURN NEXT;
  DROP TABLE close_children, close_parents;
END $$;
SELECT type, start, c.* FROM (VALUES ('smallint', -32768), ('smallint', 32668), ('int', -50), ('bigint', -9223372036854775808), ('bigint', 9223372036854775708)) v (type, start),
  (VALUES ('CREATE UNIQUE INDEX ON %I (id)'), ('CREATE UNIQUE INDEX ON %I (id DESC)')) i (index), check_parents(type, index, start) c;
DROP FUNCTION check_parents;
-- a parent whose key is stored compressed is found
CREATE TABLE compressed (k text PRIMARY KEY, filler text);
INSERT INTO compressed SELECT repeat('a', 1900), string_agg(md5(i::text), '') FROM generate_series(1, 30) i;
SELECT pg_column_size(k) < 100 AS is_compressed FROM compressed;
CREATE TABLE referring (id int, k text REFERENCES compressed);
SELECT rows_loaded FROM insert_rows('referring', json_build_array(json_build_object('id', 1, 'k', repeat('a', 1900)), json_build_object('id', 2, 'k', 'b')));

-- rules that look at the table see the rows before
CREATE TABLE counted (id int PRIMARY KEY);
CREATE FUNCTION room_left() RETURNS boolean LANGUAGE sql STABLE AS 'SELECT count(*) < 3 FROM counted';
ALTER TABLE counted ADD CHECK (room_left());
CREATE TABLE counted_by_domain (id int PRIMARY KEY);
CREATE FUNCTION room_left(int) RETURNS boolean LANGUAGE sql AS 'SELECT count(*) < 3 FROM counted_by_domain';
CREATE DOMAIN scarce AS int CHECK (room_left(VALUE));
CREATE DOMAIN very_scarce AS scarce;
ALTER TABLE counted_by_domain ADD v very_scarce;
SELECT rows_loaded, rows_rejected FROM insert_rows('counted', '[{"id": 1}, {"id": 2}, {"id": 3}, {"id": 4}, {"id": 5}]');
SELECT rows_loaded, rows_rejected FROM insert_rows('counted_by_domain', '[{"id": 1, "v": 1}, {"id": 2, "v": 1}, {"id": 3, "v": 1}, {"id": 4, "v": 1}]');

-- so do those of a domain that another one is over, or that a generated column, a default, a CHECK or a condition casts to
CREATE TABLE deep (id int);
CREATE FUNCTION room_in_deep(int) RETURNS boolean LANGUAGE sql AS 'SELECT count(*) < 3 FROM deep';
CREATE DOMAIN rare AS int CHECK (room_in_deep(VALUE));
CREATE DOMAIN rare_array AS rare[];
CREATE TYPE rare_pair AS (x rare);
CREATE DOMAIN rare_row AS rare_pair;
ALTER TABLE deep ADD v rare_array;
SELECT rows_loaded, rows_rejected FROM insert_rows('deep', '[{"v": [1]}, {"v": [2]}, {"v": [3]}, {"v": [4]}, {"v": []}]');
DELETE FROM deep;
ALTER TABLE deep DROP v, ADD v rare_row;
SELECT rows_loaded, rows_rejected FROM insert_rows('deep', '[{"v": {"x": 1}}, {"v": {"x": 2}}, {"v": {"x": 3}}, {"v": {"x": 4}}]');
DELETE FROM deep;
ALTER TABLE deep DROP v, ADD v rare GENERATED ALWAYS AS (id) STORED;
SELECT rows_loaded, rows_rejected FROM insert_rows('deep', '[{"id": 1}, {"id": 2}, {"id": 3}, {"id": 4}]');
DELETE FROM deep;
ALTER TABLE deep DROP v, ADD v int DEFAULT 7::rare;
SELECT rows_loaded, rows_rejected FROM insert_rows('deep', '[{"id": 1}, {"id": 2}, {"id": 3}, {"id": 4}]');
DELETE FROM deep;
ALTER TABLE deep DROP v, ADD CHECK (id::rare > 0);
SELECT rows_loaded, rows_rejected FROM insert_rows('deep', '[{"id": 1}, {"id": 2}, {"id": 3}, {"id": 4}]');
DELETE FROM deep;
ALTER TABLE deep DROP CONSTRAINT deep_id_check;
\set file :builddir '/results/rare.csv'
COPY (SELECT generate_series(1, 5)) TO :'file' (FORMAT csv);
SET client_min_messages = warning;
COPY deep FROM :'file' WITH (FORMAT csv, ON_ERROR reject) WHERE id::rare > 0;
RESET client_min_messages;
SELECT row_number, sqlstate, reason FROM verdict;

-- a deferrable key comes after the foreign key, as its trigger does, and does not count where triggers do not fire
CREATE TABLE parents (id int PRIMARY KEY);
CREATE TABLE late (id int UNIQUE DEFERRABLE, parent int REFERENCES parents);
SELECT rejects -> 0 ->> 'sqlstate' AS first, rejects -> 1 ->> 'sqlstate' AS second FROM insert_rows('late', '[{"id": 1}, {"id": 1, "parent": 7}, {"id": 1}]');
SET session_replication_role = replica;
SELECT rows_loaded FROM insert_rows('late', '[{"id": 1}, {"id": 2, "parent": 99}]');
RESET session_replication_role;

-- a foreign key whose trigger is disabled is not checked, one that is not validated is
CREATE TABLE orphans (id int, parent int REFERENCES parents, other int);
ALTER TABLE orphans ADD CONSTRAINT other_key FOREIGN KEY (other) REFERENCES parents NOT VALID;
SELECT rows_loaded FROM insert_rows('orphans', '[{"parent": 1}, {"other": 1}, {}]');
ALTER TABLE orphans DISABLE TRIGGER ALL;
SELECT rows_loaded FROM insert_rows('orphans', '[{"parent": 1}, {"other": 1}, {}]');

-- refused, for the log is not temporary
BEGIN READ ONLY;
SELECT insert_rows('raising_temp', '[{"id": 1, "x": 1}]');
ROLLBACK;

DROP VIEW verdict;
DROP TABLE raising, raising_temp, numbered, large, twice, wide, referring, compressed, counted, counted_by_domain, deep, late, orphans, parents;
DROP DOMAIN very_scarce, scarce, rare_array, rare_row;
DROP TYPE rare_pair;
DROP DOMAIN rare;
DROP FUNCTION room_left(), room_left(int), room_in_deep(int);
DROP EXTENSION pg_ferry;

-- Rows that look bad are tried in a subtransaction of their own: what their error breaks off in the middle is not gone on with.
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
RESET client_min_messages;
\getenv builddir PG_ABS_BUILDDIR
CREATE TABLE doubted_parents (id int PRIMARY KEY);
INSERT INTO doubted_parents VALUES (1);
-- functions in SQL, which the server does not inline
CREATE FUNCTION is_small(int) RETURNS bool LANGUAGE sql SET work_mem = '4MB' AS 'SELECT 100 / $1 > 10';
CREATE FUNCTION is_small_always(int) RETURNS bool LANGUAGE sql IMMUTABLE SET work_mem = '4MB' AS 'SELECT 100 / $1 > 10';
CREATE FUNCTION hundredth(int) RETURNS int LANGUAGE sql IMMUTABLE SET work_mem = '4MB' AS 'SELECT 100 / $1';
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TEMP TABLE doubted (id int, parent int, x int);
INSERT INTO doubted SELECT g, CASE WHEN g IN (13, 21) THEN 99 ELSE 1 END, CASE WHEN g IN (13, 22) THEN 0 WHEN g = 14 THEN 50 ELSE 3 END FROM generate_series(1, 30) g;
CREATE FUNCTION load_doubted(target regclass) RETURNS TABLE (loaded bigint, rejected text) LANGUAGE plpgsql AS $$
DECLARE load record;
BEGIN
  EXECUTE format('TRUNCATE %s', target);
  SELECT * INTO load FROM insert_rows(target, (SELECT json_agg(d ORDER BY id) FROM doubted d));
  EXECUTE format('SELECT count(*) FROM %s', target) INTO loaded;
  SELECT string_agg(concat(r ->> 'row', ' ', r ->> 'sqlstate'), ', ') INTO rejected FROM jsonb_array_elements(load.rejects) r;
  RETURN NEXT;
END $$;
CREATE TABLE checked (id int PRIMARY KEY, parent int REFERENCES doubted_parents, x int CHECK (is_small(x)));
SELECT * FROM load_doubted('checked');
CREATE TABLE checked_always (id int PRIMARY KEY, parent int REFERENCES doubted_parents, x int CHECK (is_small_always(x)));
CREATE TRIGGER keep BEFORE INSERT ON checked_always FOR EACH ROW EXECUTE FUNCTION keep();
SELECT * FROM load_doubted('checked_always');
CREATE TABLE generated (id int PRIMARY KEY, parent int REFERENCES doubted_parents, x int, part int GENERATED ALWAYS AS (hundredth(x)) STORED);
CREATE TRIGGER keep BEFORE INSERT ON generated FOR EACH ROW EXECUTE FUNCTION keep();
SELECT * FROM load_doubted('generated');
CREATE TABLE indexed (id int PRIMARY KEY, parent int REFERENCES doubted_parents, x int);
CREATE INDEX ON indexed (hundredth(x));
CREATE TRIGGER keep BEFORE INSERT ON indexed FOR EACH ROW EXECUTE FUNCTION keep();
SELECT * FROM load_doubted('indexed');
CREATE TABLE conditional (id int PRIMARY KEY, parent int REFERENCES doubted_parents, x int);
CREATE TRIGGER keep BEFORE INSERT ON conditional FOR EACH ROW WHEN (is_small(NEW.x)) EXECUTE FUNCTION keep();
SELECT * FROM load_doubted('conditional');
CREATE TABLE parted (id int PRIMARY KEY, parent int REFERENCES doubted_parents, x int CHECK (is_small(x))) PARTITION BY RANGE (id);
CREATE TABLE parted_low PARTITION OF parted FOR VALUES FROM (0) TO (20);
CREATE TABLE parted_high PARTITION OF parted DEFAULT;
CREATE TRIGGER keep BEFORE INSERT ON parted FOR EACH ROW EXECUTE FUNCTION keep();
SELECT * FROM load_doubted('parted');
-- a row that looks bad and takes the place of another is good when its trigger has made its parent
CREATE TABLE mended (id int PRIMARY KEY, parent int REFERENCES doubted_parents) PARTITION BY RANGE (id);
CREATE TABLE mended_all PARTITION OF mended DEFAULT;
CREATE FUNCTION mend() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO doubted_parents VALUES (NEW.parent) ON CONFLICT DO NOTHING; RETURN NEW; END $$;
CREATE TRIGGER mend BEFORE INSERT ON mended FOR EACH ROW EXECUTE FUNCTION mend();
\set file :builddir '/results/mended.csv'
COPY (SELECT g % 5, g FROM generate_series(1, 20) g) TO :'file' (FORMAT csv);
SELECT rows_loaded, rows_rejected FROM load_csv('mended', :'file', on_conflict => 'update');
SELECT * FROM mended ORDER BY id;
-- an index that keeps pages pinned from entry to entry, as BRIN does since 17, lets them go with each subtransaction
CREATE TABLE measured (id int PRIMARY KEY, parent int REFERENCES doubted_parents, x int);
CREATE INDEX ON measured USING brin (x);
CREATE FUNCTION measure() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.x % 7 = 0 THEN RAISE EXCEPTION 'no %', NEW.x; END IF; RETURN NEW; END $$;
CREATE TRIGGER measure BEFORE INSERT ON measured FOR EACH ROW EXECUTE FUNCTION measure();
\set file :builddir '/results/measured.csv'
COPY (SELECT g, CASE WHEN g % 10 = 0 THEN -1 ELSE (SELECT min(id) FROM doubted_parents) END, g FROM generate_series(1, 3000) g) TO :'file' (FORMAT csv);
SELECT rows_loaded, rows_rejected FROM load_csv('measured', :'file');
SELECT count(*) FROM measured WHERE x BETWEEN 0 AND 3000;
DROP TABLE measured;
DROP FUNCTION measure;
-- a key that a trigger has changed to one whose parent it has removed: the forecast of another row does not speak for it
CREATE TABLE kinds (id int PRIMARY KEY);
INSERT INTO kinds SELECT generate_series(1, 20);
CREATE TABLE things (id int PRIMARY KEY, kind int REFERENCES kinds);
CREATE FUNCTION move_thing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id = 5 THEN RAISE EXCEPTION 'number 5 is not wanted'; END IF;
  IF NEW.id = 1 THEN
    DELETE FROM kinds WHERE id = 12;
    NEW.kind := 12;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER move BEFORE INSERT ON things FOR EACH ROW EXECUTE FUNCTION move_thing();
\set file :builddir '/results/things.csv'
COPY (SELECT g, g FROM generate_series(1, 12) g) TO :'file' (FORMAT csv);
SELECT load_id AS id, rows_loaded, rows_rejected FROM load_csv('things', :'file') \gset
SELECT row_number, sqlstate, reason, detail FROM ferry_rejects WHERE load_id = :id ORDER BY row_number;
SELECT count(*) FILTER (WHERE kinds.id IS NULL) AS orphans, count(*) FROM things LEFT JOIN kinds ON kinds.id = things.kind;
DROP TABLE things, kinds;
DROP FUNCTION move_thing;
DROP TABLE checked, checked_always, generated, indexed, conditional, parted, mended, doubted_parents;
DROP FUNCTION load_doubted, is_small, is_small_always, hundredth, keep, mend;
DROP EXTENSION pg_ferry;

-- on_conflict "update" is INSERT ... ON CONFLICT (primary key) DO UPDATE, row after row: what it needs and what ends it
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
RESET client_min_messages;
\getenv builddir PG_ABS_BUILDDIR
\set file :builddir '/results/upsert.csv'

-- privileges on the columns that are loaded, and SELECT on the key
CREATE TABLE shelf (id int PRIMARY KEY, name text, secret text DEFAULT 'new');
INSERT INTO shelf VALUES (1, 'old', 'old');
COPY (VALUES (1, 'first'), (2, 'second')) TO :'file' (FORMAT csv);
CREATE ROLE regress_upserter;
GRANT pg_read_server_files TO regress_upserter;
GRANT INSERT (id, name), UPDATE (id, name), SELECT (id) ON shelf TO regress_upserter;
SET ROLE regress_upserter;
INSERT INTO shelf (id, name) VALUES (1, 'statement') ON CONFLICT (id) DO UPDATE SET id = excluded.id, name = excluded.name;
SELECT rows_loaded FROM load_csv('shelf', :'file', '{id, name}', on_conflict => 'update');
RESET ROLE;
GRANT SELECT (name) ON shelf TO regress_upserter;
REVOKE UPDATE (id) ON shelf FROM regress_upserter;
SET ROLE regress_upserter;
INSERT INTO shelf (id, name) VALUES (1, 'statement') ON CONFLICT (id) DO UPDATE SET id = excluded.id, name = excluded.name;
SELECT rows_loaded FROM load_csv('shelf', :'file', '{id, name}', on_conflict => 'update');
RESET ROLE;
GRANT UPDATE (id) ON shelf TO regress_upserter;
SET ROLE regress_upserter;
INSERT INTO shelf (id, name) VALUES (1, 'statement') ON CONFLICT (id) DO UPDATE SET id = excluded.id, name = excluded.name;
SELECT rows_loaded FROM load_csv('shelf', :'file', '{id, name}', on_conflict => 'update');
SELECT load_csv('shelf', :'file', '{id, secret}', on_conflict => 'update');
RESET ROLE;
SELECT * FROM shelf ORDER BY id;
DROP OWNED BY regress_upserter;
DROP ROLE regress_upserter;

-- the key
CREATE TABLE late_key (id int PRIMARY KEY DEFERRABLE, name text);
INSERT INTO late_key VALUES (1, 'statement') ON CONFLICT (id) DO UPDATE SET name = excluded.name;
SELECT load_csv('late_key', :'file', on_conflict => 'update');
COPY late_key FROM :'file' WITH (FORMAT csv, ON_ERROR reject, ON_CONFLICT update);
CREATE TABLE keyless (id int UNIQUE NOT NULL, name text);
SELECT load_csv('keyless', :'file', on_conflict => 'update');

-- what a trigger does that the statement cannot go on with ends the load
CREATE TABLE parted (id int, name text, PRIMARY KEY (id, name)) PARTITION BY LIST (name);
CREATE TABLE parted_first PARTITION OF parted FOR VALUES IN ('first');
CREATE TABLE parted_second PARTITION OF parted FOR VALUES IN ('second');
INSERT INTO parted VALUES (1, 'first');
CREATE FUNCTION move() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name := 'second'; RETURN NEW; END $$;
CREATE TRIGGER move BEFORE UPDATE ON parted FOR EACH ROW EXECUTE FUNCTION move();
INSERT INTO parted VALUES (1, 'first') ON CONFLICT (id, name) DO UPDATE SET id = excluded.id, name = excluded.name;
SELECT load_csv('parted', :'file', on_conflict => 'update');
DROP TRIGGER move ON parted;
CREATE TRIGGER move BEFORE INSERT ON parted FOR EACH ROW EXECUTE FUNCTION move();
INSERT INTO parted VALUES (1, 'first') ON CONFLICT (id, name) DO UPDATE SET id = excluded.id, name = excluded.name;
SELECT load_csv('parted', :'file', on_conflict => 'update');
DROP TRIGGER move ON parted;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE parted SET name = name WHERE id = NEW.id; RETURN NEW; END $$;
CREATE TRIGGER touch BEFORE UPDATE ON parted_first FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION touch();
INSERT INTO parted VALUES (1, 'first') ON CONFLICT (id, name) DO UPDATE SET id = excluded.id, name = excluded.name;
SELECT load_csv('parted', :'file', on_conflict => 'update');
DROP TRIGGER touch ON parted_first;
CREATE TRIGGER touch BEFORE INSERT ON parted_first FOR EACH ROW EXECUTE FUNCTION touch();
INSERT INTO parted VALUES (1, 'first') ON CONFLICT (id, name) DO UPDATE SET id = excluded.id, name = excluded.name;
SELECT load_csv('parted', :'file', on_conflict => 'update');
DROP TRIGGER touch ON parted_first;
SELECT rows_loaded FROM load_csv('parted', :'file', on_conflict => 'update');
SELECT * FROM parted ORDER BY id;

-- an equal key that looks different takes the place of the one that is there, and of those that refer to it
CREATE TABLE prices (price numeric PRIMARY KEY, name text);
CREATE TABLE tags (price numeric REFERENCES prices ON UPDATE CASCADE);
INSERT INTO prices VALUES (1, 'old');
INSERT INTO tags VALUES (1);
COPY (VALUES ('1.00', 'new')) TO :'file' (FORMAT csv);
SELECT rows_loaded FROM load_csv('prices', :'file', on_conflict => 'update');
SELECT * FROM prices JOIN tags USING (price);

-- one key a thousand times, in partitions that take turns
CREATE TABLE turns (id int, part int, count int, PRIMARY KEY (id, part)) PARTITION BY LIST (part);
CREATE TABLE turns_0 PARTITION OF turns FOR VALUES IN (0);
CREATE TABLE turns_1 (count int, gone int, part int NOT NULL, id int NOT NULL);
ALTER TABLE turns_1 DROP gone;
ALTER TABLE turns ATTACH PARTITION turns_1 FOR VALUES IN (1);
COPY (SELECT 1, g % 2, g FROM generate_series(1, 2001) g) TO :'file' (FORMAT csv);
SELECT rows_loaded FROM load_csv('turns', :'file', on_conflict => 'update');
SELECT * FROM turns ORDER BY part;

DROP TABLE shelf, late_key, keyless, parted, prices, tags, turns;
DROP FUNCTION move, touch;
DROP EXTENSION pg_ferry;

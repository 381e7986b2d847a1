-- rows that refer to rows of the same table are good if their parent is there at the end, whatever the order
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
RESET client_min_messages;
\getenv srcdir PG_ABS_SRCDIR
\getenv builddir PG_ABS_BUILDDIR
\set chain :builddir '/results/chain.csv'
\set tree :srcdir '/data/tree.csv'
CREATE VIEW last_rejects AS
    SELECT row_number AS row, sqlstate, constraint_name AS "constraint", raw_row, detail
    FROM ferry_rejects WHERE load_id = (SELECT max(load_id) FROM ferry_loads);

-- children before parents, circles, a row that is its own parent, orphans and all that depend on them, other faults
CREATE TABLE tree (id int PRIMARY KEY, parent int REFERENCES tree, name text CHECK (name <> 'wrong'));
SELECT rows_read, rows_loaded, rows_rejected, rows_skipped FROM load_csv('tree', :'tree');
SELECT * FROM tree ORDER BY id;
SELECT * FROM last_rejects ORDER BY row;
TRUNCATE tree;
SELECT rows_loaded, rows_rejected FROM load_csv('tree', :'tree', dry_run => true);
SELECT count(*) FROM tree;
SELECT count(*) FROM last_rejects;
SELECT load_csv('tree', :'tree', reject_limit => 7);
SELECT rows_loaded, rows_rejected FROM load_csv('tree', :'tree', reject_limit => 8);

SELECT rows_loaded, rows_rejected, rows_skipped FROM load_csv('tree', :'tree', on_conflict => 'skip');
SELECT rows_loaded, rows_rejected, rows_skipped FROM load_csv('tree', :'tree', on_conflict => 'skip');

-- a long chain from its end to its root, and one that has none
TRUNCATE tree;
COPY (SELECT g, nullif(g - 1, 0) FROM generate_series(20000, 1, -1) g) TO :'chain' (FORMAT csv);
SELECT rows_loaded, rows_rejected FROM load_csv('tree', :'chain', '{id,parent}');
SELECT count(*), sum(id - parent) FROM tree;
TRUNCATE tree;
COPY (SELECT g, g - 1 FROM generate_series(1, 5000) g ORDER BY md5(g::text)) TO :'chain' (FORMAT csv);
SELECT rows_loaded, rows_rejected FROM load_csv('tree', :'chain', '{id,parent}');
SELECT count(*) FROM tree;

-- answers of a batch are in the order of its rows
SELECT rows_loaded, rows_rejected, keys, jsonb_path_query_array(rejects, '$[*].row') AS rejects
FROM insert_rows('tree', '[{"id": 3, "parent": 2}, {"id": 9, "parent": 8}, {"id": 2, "parent": 1}, {"id": 2}, {"id": 1, "parent": 3}, {"id": 4, "name": "wrong"}, {"id": 5}]');
SELECT id, parent FROM tree ORDER BY id;
SELECT insert_rows('tree', '[{"id": 13, "parent": 12}, {"id": 12}, {"id": 19, "parent": 18}]', true);
SELECT keys FROM insert_rows('tree', '[{"id": 13, "parent": 12}, {"id": 12}]', true);

-- a row that is late for its key: the first one in the table has it; what an orphan held goes to who is left
TRUNCATE tree;
SELECT keys, jsonb_path_query_array(rejects, '$[*].sqlstate') AS rejects
FROM insert_rows('tree', '[{"id": 1, "parent": 2}, {"id": 1}, {"id": 2}]');
TRUNCATE tree;
SELECT keys, jsonb_path_query_array(rejects, '$[*].sqlstate') AS rejects
FROM insert_rows('tree', '[{"id": 5, "parent": 99}, {"id": 6, "parent": 5}, {"id": 5, "parent": 7, "name": "second"}, {"id": 7, "parent": 7}]');
SELECT * FROM tree ORDER BY id;

-- triggers see each row that stays once, and no other
CREATE TABLE seen (n int GENERATED ALWAYS AS IDENTITY, what text, rows bigint);
CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_LEVEL = 'ROW' THEN INSERT INTO seen (what) VALUES (TG_WHEN || ' ' || NEW.id);
    ELSE INSERT INTO seen (what, rows) SELECT string_agg(id::text, ' ' ORDER BY id), count(*) FROM new_rows; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER see_row AFTER INSERT ON tree FOR EACH ROW EXECUTE FUNCTION see();
CREATE TRIGGER see_rows AFTER INSERT ON tree REFERENCING NEW TABLE AS new_rows EXECUTE FUNCTION see();
TRUNCATE tree;
SELECT rows_loaded FROM load_csv('tree', :'tree');
SELECT what, rows FROM seen ORDER BY n;
DROP TRIGGER see_row ON tree;
DROP TRIGGER see_rows ON tree;

-- a trigger that updates the new row has its parent checked at once: such a row has to come behind its parent
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN UPDATE tree SET name = concat(name, ' touched') WHERE id = NEW.id; RETURN NULL; END $$;
CREATE TRIGGER touch AFTER INSERT ON tree FOR EACH ROW EXECUTE FUNCTION touch();
SELECT keys FROM insert_rows('tree', '[{"id": 24, "parent": 23}, {"id": 23, "parent": 22}, {"id": 22, "parent": 21}, {"id": 21}, {"id": 25, "parent": 20}]');
SELECT * FROM tree WHERE id > 20 ORDER BY id;
DROP TRIGGER touch ON tree;

-- replaced rows have parents, too
TRUNCATE tree;
INSERT INTO tree VALUES (1, NULL, 'old'), (2, 1, 'old');
SELECT rows_loaded, rows_rejected FROM load_csv('tree', :'tree', on_conflict => 'update');
SELECT * FROM tree ORDER BY id;

-- several columns, MATCH FULL, deferrable, two keys; the first of them that is broken is reported
CREATE TABLE wide_tree (a int, b text, pa int, pb text, boss int UNIQUE, chief int,
    PRIMARY KEY (a, b),
    CONSTRAINT parent FOREIGN KEY (pa, pb) REFERENCES wide_tree MATCH FULL DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT chief FOREIGN KEY (chief) REFERENCES wide_tree (boss));
SELECT keys, jsonb_path_query_array(rejects, '$[*].constraint') AS rejects FROM insert_rows('wide_tree', '[
    {"a": 1, "b": "x", "pa": 2, "pb": "y"}, {"a": 2, "b": "y", "pa": 1, "pb": "x", "chief": 7}, {"a": 3, "b": "x", "boss": 7, "chief": 7},
    {"a": 4, "b": "x", "pa": 1}, {"a": 5, "b": "x", "pa": 3, "pb": "x", "chief": 8}, {"a": 6, "b": "x", "pa": 5, "pb": "x"}]');
SELECT a, b FROM wide_tree ORDER BY a;

-- partitions, from the root and directly
CREATE TABLE parted_tree (id int PRIMARY KEY, parent int REFERENCES parted_tree) PARTITION BY RANGE (id);
CREATE TABLE parted_tree_low PARTITION OF parted_tree FOR VALUES FROM (0) TO (10);
CREATE TABLE parted_tree_high (gone int, parent int, id int NOT NULL);
ALTER TABLE parted_tree_high DROP gone;
ALTER TABLE parted_tree ATTACH PARTITION parted_tree_high FOR VALUES FROM (10) TO (20);
SELECT keys, jsonb_path_query_array(rejects, '$[*].sqlstate') AS rejects
FROM insert_rows('parted_tree', '[{"id": 1, "parent": 11}, {"id": 11, "parent": 2}, {"id": 2, "parent": 1}, {"id": 3, "parent": 13}, {"id": 13, "parent": 14}, {"id": 12}]');
SELECT keys, jsonb_path_query_array(rejects, '$[*].sqlstate') AS rejects
FROM insert_rows('parted_tree_high', '[{"id": 15, "parent": 16}, {"id": 16, "parent": 1}, {"id": 17, "parent": 9}, {"id": 9}]');
SELECT tableoid::regclass, * FROM parted_tree ORDER BY id;

-- parents are looked up with their owner's rights, and not by what the search_path calls equal
CREATE ROLE regress_planter;
GRANT INSERT ON wide_tree, parted_tree TO regress_planter;
CREATE SCHEMA evil;
CREATE FUNCTION evil.equal(int, int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'called as %', current_user; END $$;
CREATE OPERATOR evil.= (LEFTARG = int, RIGHTARG = int, FUNCTION = evil.equal);
GRANT USAGE ON SCHEMA evil TO regress_planter;
SET search_path = evil, pg_catalog, public;
SET ROLE regress_planter;
SELECT keys, rejects->0->>'detail' AS detail FROM insert_rows('wide_tree', '[{"a": 11, "b": "x", "pa": 12, "pb": "x"}, {"a": 12, "b": "x"}, {"a": 13, "b": "x", "pa": 14, "pb": "x"}]');
SELECT keys, rejects->0->>'detail' AS detail FROM insert_rows('parted_tree', '[{"id": 8, "parent": 18}, {"id": 18}, {"id": 19, "parent": 99}]');
RESET ROLE;
RESET search_path;

-- many rows with one key whose parent is missing, with chains and circles before and behind them: each hides the next one
TRUNCATE tree;
\set file :builddir '/results/hidden.csv'
COPY (SELECT 100, 101 UNION ALL VALUES (101, 102), (6, 5), (7, 6), (200, 201), (201, 200), (102, NULL)
      UNION ALL SELECT 5, 999 FROM generate_series(1, 60) UNION ALL VALUES (5, 100), (301, 302), (302, 301), (8, 5)) TO :'file' (FORMAT csv);
SELECT rows_read, rows_loaded, rows_rejected FROM load_csv('tree', :'file', '{id, parent}');
SELECT string_agg(concat(id, '<', parent), ' ' ORDER BY id) FROM tree;
SELECT sqlstate, count(*) FROM ferry_rejects WHERE load_id = (SELECT max(load_id) FROM ferry_loads) GROUP BY sqlstate ORDER BY sqlstate;
-- a circle with a row whose key an orphan had first, or has replaced
SELECT rows_loaded, keys FROM insert_rows('tree', '[{"id": 33, "parent": 99}, {"id": 33, "parent": 22}, {"id": 22, "parent": 33}]');
\set file :builddir '/results/replaced.csv'
COPY (VALUES (43, 42), (43, 99), (42, 43)) TO :'file' (FORMAT csv);
SELECT rows_loaded, rows_rejected FROM load_csv('tree', :'file', '{id, parent}', on_conflict => 'update');
SELECT id, parent FROM tree WHERE id IN (22, 33, 42, 43) ORDER BY id;
TRUNCATE tree;

-- a check that does not fire is none
ALTER TABLE tree DISABLE TRIGGER ALL;
SELECT rows_loaded FROM insert_rows('tree', '[{"id": 100, "parent": 101}]');

-- COPY finds a missing parent before a deferrable key that is taken: no row to skip
CREATE TABLE coded_tree (id int PRIMARY KEY, parent int REFERENCES coded_tree, code text UNIQUE DEFERRABLE);
SET client_min_messages = warning;
COPY coded_tree FROM STDIN WITH (FORMAT csv, ON_ERROR reject, ON_CONFLICT skip);
1,,a
2,99,a
3,1,a
\.
RESET client_min_messages;
SELECT * FROM coded_tree;
SELECT rows_loaded, rows_rejected, rows_skipped FROM ferry_loads ORDER BY load_id DESC LIMIT 1;
SELECT * FROM last_rejects;
DROP TABLE coded_tree;
DROP OPERATOR evil.= (int, int);
DROP FUNCTION evil.equal;
DROP SCHEMA evil;
DROP VIEW last_rejects;
DROP TABLE tree, wide_tree, parted_tree, seen;
DROP FUNCTION see, touch;
DROP ROLE regress_planter;
DROP EXTENSION pg_ferry;

-- Which batches are in the log: those with rejects, unless pg_ferry.log_batches says otherwise.
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
RESET client_min_messages;
CREATE TABLE parents (id int PRIMARY KEY);
CREATE TABLE items (id serial PRIMARY KEY, parent int REFERENCES parents, note text);
SELECT count(*) FROM insert_rows('parents', '[{"id": 1}]');
SHOW pg_ferry.log_batches;

-- by default a load without rejects leaves nothing, not even a number
SELECT rows_loaded, rows_rejected, load_id, keys FROM insert_rows('items', '[{"parent": 1}, {"note": "x"}]');
SELECT count(*) FROM ferry_loads;
-- of a request with several tables those with rejects are there
SELECT table_name, rows_loaded, rows_rejected, load_id IS NOT NULL AS is_logged
FROM insert_batch('{"parents": [{"id": 2}], "items": [{"parent": 2}, {"parent": 3}]}');
SELECT table_name, source, rows_read, rows_loaded, rows_rejected, options FROM ferry_loads ORDER BY load_id;
SELECT row_number, raw_row, sqlstate, column_name, constraint_name FROM ferry_rejects;

SET pg_ferry.log_batches = 'all';
SELECT rows_loaded, rows_rejected, load_id IS NOT NULL AS is_logged, keys FROM insert_rows('items', '[{"note": "y"}]');
SELECT rows_read, rows_loaded, rows_rejected FROM ferry_loads ORDER BY load_id;

SET pg_ferry.log_batches = 'off';
SELECT rows_loaded, rows_rejected, rejects->0->>'sqlstate' AS sqlstate, load_id, keys FROM insert_rows('items', '[{"parent": 9}, {"note": "z"}]');
SELECT count(*) FROM ferry_loads;
SELECT count(*) FROM ferry_rejects;
-- all or nothing: an error rolls the log back, too
SET pg_ferry.log_batches = 'all';
SELECT insert_rows('items', '[{"note": "a"}, {"parent": 9}]', all_or_nothing => true);
SELECT count(*) FROM ferry_loads;
SELECT count(*) FROM items;
SET pg_ferry.log_batches = 'some';
RESET pg_ferry.log_batches;

-- a reject that is found while rows wait for their parents
CREATE TABLE tree (id int PRIMARY KEY, parent int REFERENCES tree);
SELECT rows_loaded, rows_rejected, keys, rejects->0->>'row' AS reject FROM insert_rows('tree', '[{"id": 2, "parent": 1}, {"id": 3, "parent": 7}, {"id": 4, "parent": 3}, {"id": 1}]');
SELECT row_number, raw_row, sqlstate FROM ferry_rejects JOIN ferry_loads USING (load_id) WHERE table_name = 'tree' ORDER BY 1;
DROP TABLE items, parents, tree;
DROP EXTENSION pg_ferry;

-- statement triggers and transition tables see a load as one statement, and the rows that stay; replaced rows are updates
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
RESET client_min_messages;
\getenv builddir PG_ABS_BUILDDIR
\set many :builddir '/results/many.csv'
\set few :builddir '/results/few.csv'
COPY (SELECT g, g % 10 FROM generate_series(1, 3000) g) TO :'many' (FORMAT csv);
COPY (VALUES (1, 7), (2, 8), (3, 9), (4, -1), (3, 10), (3, 11)) TO :'few' (FORMAT csv);

CREATE TABLE fired (n int GENERATED ALWAYS AS IDENTITY, what text, old_values text, count bigint, sum bigint);
CREATE FUNCTION fire() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_NAME LIKE 'new%' THEN INSERT INTO fired (what, count, sum) SELECT concat_ws(' ', TG_NAME, TG_LEVEL, TG_OP), count(*), sum(id) FROM new_rows;
    ELSIF TG_NAME LIKE 'both%' THEN
        INSERT INTO fired (what, old_values, count, sum)
        SELECT concat_ws(' ', TG_NAME, TG_LEVEL, TG_OP), (SELECT string_agg(o.amount::text, ',' ORDER BY id, amount) FROM old_rows o), count(*), sum(amount) FROM new_rows;
    ELSE INSERT INTO fired (what) VALUES (concat_ws(' ', TG_NAME, TG_WHEN, TG_LEVEL, TG_OP)); END IF;
    RETURN NULL;
END $$;
-- gives what was fired, once
CREATE FUNCTION take_fired() RETURNS TABLE (what text, old_values text, count bigint, sum bigint) LANGUAGE sql AS
    $$ WITH gone AS (DELETE FROM fired RETURNING *) SELECT what, old_values, count, sum FROM gone ORDER BY n $$;

CREATE TABLE stock (id int PRIMARY KEY, amount int CHECK (amount > 0), other int);
CREATE TRIGGER before_insert BEFORE INSERT ON stock EXECUTE FUNCTION fire();
CREATE TRIGGER before_update BEFORE UPDATE ON stock EXECUTE FUNCTION fire();
CREATE TRIGGER before_update_of BEFORE UPDATE OF other ON stock EXECUTE FUNCTION fire();
CREATE TRIGGER after_insert AFTER INSERT ON stock EXECUTE FUNCTION fire();
CREATE TRIGGER after_update AFTER UPDATE OF amount ON stock EXECUTE FUNCTION fire();
CREATE TRIGGER new_inserted AFTER INSERT ON stock REFERENCING NEW TABLE AS new_rows EXECUTE FUNCTION fire();
CREATE TRIGGER both_updated AFTER UPDATE ON stock REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows EXECUTE FUNCTION fire();
SELECT rows_loaded, rows_rejected FROM load_csv('stock', :'many', '{id,amount}');
SELECT * FROM take_fired();
SELECT rows_loaded, rows_rejected FROM load_csv('stock', :'many', '{id,amount}', dry_run => true);
SELECT * FROM take_fired();

-- INSERT ... ON CONFLICT DO UPDATE is the model: the same triggers in the same order
TRUNCATE stock;
INSERT INTO stock VALUES (1, 100), (2, 200);
DELETE FROM fired;
INSERT INTO stock (id, amount) VALUES (1, 7), (2, 8), (3, 9) ON CONFLICT (id) DO UPDATE SET id = excluded.id, amount = excluded.amount;
SELECT * FROM take_fired();
TRUNCATE stock;
INSERT INTO stock VALUES (1, 100), (2, 200);
DELETE FROM fired;
SELECT rows_loaded, rows_rejected, rows_skipped FROM load_csv('stock', :'few', '{id,amount}', on_conflict => 'update');
SELECT * FROM take_fired();
-- the later one of two rows with the same key stays
SELECT id, amount FROM stock ORDER BY id;

-- a row that a BEFORE UPDATE trigger suppresses is skipped
CREATE FUNCTION suppress() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.amount = 8 THEN RETURN NULL; END IF; RETURN NEW; END $$;
CREATE TRIGGER suppress BEFORE UPDATE ON stock FOR EACH ROW EXECUTE FUNCTION suppress();
UPDATE stock SET amount = 50;
DELETE FROM fired;
SELECT rows_loaded, rows_rejected, rows_skipped FROM load_csv('stock', :'few', '{id,amount}', on_conflict => 'update');
SELECT what, old_values, count, sum FROM take_fired() WHERE count IS NOT NULL;
SELECT id, amount FROM stock ORDER BY id;

-- a transition table of a row trigger has its row, or the two versions of one that is replaced
CREATE TABLE single (id int PRIMARY KEY, amount int);
CREATE TRIGGER new_row AFTER INSERT ON single REFERENCING NEW TABLE AS new_rows FOR EACH ROW EXECUTE FUNCTION fire();
SELECT rows_loaded, rows_rejected FROM load_csv('single', :'few');
SELECT * FROM take_fired();
CREATE TRIGGER both_row AFTER UPDATE ON single REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH ROW EXECUTE FUNCTION fire();
SELECT rows_loaded, rows_rejected FROM load_csv('single', :'few', on_conflict => 'update');
SELECT * FROM take_fired();

-- rows of partitions are rows of the table
CREATE TABLE parted_stock (id int PRIMARY KEY, amount int) PARTITION BY RANGE (id);
CREATE TABLE parted_stock_low PARTITION OF parted_stock FOR VALUES FROM (0) TO (3);
CREATE TABLE parted_stock_high (amount int, gone int, id int NOT NULL);
ALTER TABLE parted_stock_high DROP gone;
ALTER TABLE parted_stock ATTACH PARTITION parted_stock_high FOR VALUES FROM (3) TO (10);
CREATE TRIGGER new_inserted AFTER INSERT ON parted_stock REFERENCING NEW TABLE AS new_rows EXECUTE FUNCTION fire();
CREATE TRIGGER both_updated AFTER UPDATE ON parted_stock REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows EXECUTE FUNCTION fire();
SELECT rows_loaded, rows_rejected FROM load_csv('parted_stock', :'few');
SELECT * FROM take_fired();
SELECT rows_loaded, rows_rejected FROM load_csv('parted_stock', :'few', on_conflict => 'update');
SELECT * FROM take_fired();

-- rows of views go where their queries say, or their triggers, which see them one by one
CREATE VIEW shown AS SELECT * FROM single;
SELECT rows_loaded, rows_rejected, rows_skipped FROM load_csv('shown', :'few');
CREATE TRIGGER instead INSTEAD OF INSERT ON shown FOR EACH ROW EXECUTE FUNCTION fire();
SELECT rows_loaded, rows_rejected, rows_skipped FROM load_csv('shown', :'few');

-- a trigger that loads into another table; one that loads into its own without end is one error, for the whole load
CREATE TABLE copies (id int PRIMARY KEY, amount int);
CREATE TABLE endless (id int, amount int);
CREATE FUNCTION copy_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM insert_rows(TG_ARGV[0]::regclass, json_build_array(json_build_object('id', NEW.id + TG_ARGV[1]::int, 'amount', NEW.amount)));
    RETURN NEW;
END $$;
CREATE TRIGGER copy_row BEFORE INSERT ON single FOR EACH ROW EXECUTE FUNCTION copy_row('copies', '0');
CREATE TRIGGER copy_row AFTER INSERT ON endless FOR EACH ROW EXECUTE FUNCTION copy_row('endless', '1');
TRUNCATE single;
SELECT rows_loaded, rows_rejected FROM load_csv('single', :'few');
SELECT count(*) FROM copies;
SELECT max(load_id) AS before FROM ferry_loads \gset
\set SHOW_CONTEXT never
SELECT load_csv('endless', :'few');
SELECT insert_rows('endless', '[{"id": 1}, {"id": 2}]');
SELECT rows_loaded FROM insert_rows('single', '[{"id": 100, "amount": 1}]');
CREATE OR REPLACE FUNCTION copy_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    EXECUTE format('COPY endless FROM %L WITH (FORMAT csv, ON_ERROR reject)', current_setting('ferry_test.few'));
    RETURN NULL;
END $$;
SET ferry_test.few = :'few';
COPY endless FROM :'few' WITH (FORMAT csv, ON_ERROR reject);
\set SHOW_CONTEXT errors
TABLE endless;
SELECT count(*) FROM ferry_loads WHERE load_id > :before;
-- without a load within the load it is the row's own matter, as in COPY
CREATE FUNCTION insert_again() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.id = 2 THEN INSERT INTO endless VALUES (2); END IF;
    RETURN NEW;
END $$;
DROP TRIGGER copy_row ON endless;
CREATE TRIGGER insert_again BEFORE INSERT ON endless FOR EACH ROW EXECUTE FUNCTION insert_again();
SELECT rows_loaded, rejects -> 0 ->> 'sqlstate' AS sqlstate FROM insert_rows('endless', '[{"id": 1}, {"id": 2}, {"id": 3}]');

DROP VIEW shown;
DROP TABLE endless, copies;
DROP FUNCTION insert_again;
DROP TABLE fired, stock, single, parted_stock;
DROP FUNCTION fire, take_fired, suppress, copy_row;
DROP EXTENSION pg_ferry;

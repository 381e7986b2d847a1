-- Loads into views, and into tables of which only INSERT statements know where the rows go: defaults, keys, columns, rights.
\getenv build_dir PG_ABS_BUILDDIR
\set csv :build_dir '/load_views.csv'
\set avro :build_dir '/load_views.avro'
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
LOAD 'pg_ferry';
CREATE TABLE goods (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL DEFAULT 'of the table', price numeric DEFAULT 9.5, secret text,
    shout text GENERATED ALWAYS AS (upper(name)) STORED, CONSTRAINT fair CHECK (price < 100));
CREATE VIEW cheap AS SELECT name, price, id AS number, shout FROM goods WHERE price < 50 WITH CHECK OPTION;
CREATE VIEW cheaper AS SELECT number AS n, name, price FROM cheap WHERE price < 20;
ALTER VIEW cheaper ALTER price SET DEFAULT 3;

-- keys are those of the table behind; defaults are the view's, else the table's; a value for an identity column is taken, as by COPY
SELECT rows_loaded, keys, jsonb_path_query_array(rejects, '$[*].sqlstate') FROM insert_rows('cheaper', '[{"name": "a"}, {"n": 77, "price": 30},
    {"price": 60}, {"price": 200}, {"name": null}, {"n": 77}, {}, {"nope": 1}]');
SELECT id, name, price, shout FROM goods ORDER BY id;
SELECT row_number, sqlstate, column_name, constraint_name, reason FROM ferry_rejects WHERE load_id = (SELECT max(load_id) FROM ferry_loads) ORDER BY row_number;
-- rejects once more, when the table has another rule
ALTER TABLE goods DROP CONSTRAINT fair;
CREATE OR REPLACE VIEW cheap AS SELECT name, price, id AS number, shout FROM goods WHERE price < 1000 WITH CHECK OPTION;
SELECT rows_loaded, rows_rejected FROM reload_rejects((SELECT max(load_id) FROM ferry_loads));
-- a view has no generated columns, but its table may
SELECT rows_loaded, rejects -> 0 ->> 'sqlstate' FROM insert_rows('cheap', '[{"shout": "X"}, {}]');
TRUNCATE goods;

-- COPY of every kind, the condition, dry_run, reject_limit, key that are taken
COPY cheaper (n, name, price) FROM STDIN WITH (FORMAT csv, ON_ERROR reject) WHERE name <> 'left out';
1,one,1
2,left out,1
1,again,1
x,no number,1
4,dear,5000
\.
SELECT sqlstate, column_name, constraint_name FROM ferry_rejects WHERE load_id = (SELECT max(load_id) FROM ferry_loads) ORDER BY row_number;
COPY (SELECT 1 AS n, 'new one' AS name, 2.5 AS price UNION ALL SELECT 5, 'five', 7) TO :'csv' WITH (FORMAT csv);
COPY (SELECT 1 AS n, 'new one' AS name, 2.5 AS price UNION ALL SELECT 5, 'five', 7) TO :'avro' WITH (FORMAT avro);
SELECT rows_loaded, rows_rejected, rows_skipped FROM load_csv('cheaper', :'csv', dry_run => true);
SELECT count(*) FROM goods;
SELECT load_csv('cheaper', :'csv', reject_limit => 0);
\set SHOW_CONTEXT never
COPY cheaper FROM :'avro' WITH (FORMAT avro);
COPY cheaper FROM :'avro' WITH (FORMAT avro, ON_ERROR reject, ON_CONFLICT skip);
SELECT rows_loaded, rows_rejected, rows_skipped FROM load_csv('cheaper', :'csv', on_conflict => 'update');
SELECT rows_loaded, keys FROM insert_rows('cheaper', '[{"n": 5, "price": 8}, {"n": 6}]', on_conflict => 'update');
SELECT id, name, price FROM goods ORDER BY id;
CREATE VIEW keyless AS SELECT name FROM goods;
SELECT load_csv('keyless', :'csv', on_conflict => 'update');
SET pg_ferry.on_error = reject;
COPY keyless FROM PROGRAM 'echo; echo x';
RESET pg_ferry.on_error;

-- rights are those of INSERT into the view, on columns too; behind it those of its owner
CREATE ROLE regress_viewer;
GRANT INSERT (n, name) ON cheaper TO regress_viewer;
SET ROLE regress_viewer;
SELECT rows_loaded, keys FROM insert_rows('cheaper', '[{"n": 20, "name": "theirs"}]');
SELECT rows_loaded FROM insert_rows('cheaper', '[{"n": 21, "price": 1}]');
SELECT rows_loaded FROM insert_rows('cheap', '[{"number": 21}]');
SELECT rows_loaded FROM insert_rows('goods', '[{"id": 21}]');
RESET ROLE;

-- deferrable constraints are immediate
ALTER TABLE goods ADD UNIQUE (name) DEFERRABLE INITIALLY DEFERRED;
SELECT rows_loaded, rejects -> 0 ->> 'constraint' FROM insert_rows('cheap', '[{"name": "u"}, {"name": "u"}]');

-- policies and a rule in the place of INSERT
CREATE TABLE watched (id int PRIMARY KEY, who text DEFAULT CURRENT_USER);
CREATE TABLE log (id int);
ALTER TABLE watched ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON watched USING (who = CURRENT_USER);
CREATE RULE note AS ON INSERT TO watched WHERE NEW.id > 100 DO INSTEAD INSERT INTO log VALUES (NEW.id);
GRANT ALL ON watched, log TO regress_viewer;
SET ROLE regress_viewer;
SELECT rows_loaded, rows_rejected FROM insert_rows('watched', '[{"id": 1}, {"id": 2, "who": "other"}, {"id": 101}, {"id": 1}]');
SELECT rows_loaded, rows_rejected FROM insert_rows('watched', '[{"id": 1, "who": "regress_viewer"}, {"id": 3}]', on_conflict => 'skip');
RESET ROLE;
SELECT * FROM watched ORDER BY id;
SELECT * FROM log;
-- Rules in the place of INSERT return nothing, unless they say what: nothing is asked of them then
CREATE TABLE ruled (id int PRIMARY KEY, n int);
CREATE VIEW by_rule AS SELECT * FROM ruled;
CREATE RULE put AS ON INSERT TO by_rule DO INSTEAD INSERT INTO ruled VALUES (NEW.id, NEW.n);
SELECT rows_loaded, rows_rejected, keys FROM insert_rows('by_rule', '[{"id": 1, "n": 1}, {"id": 1, "n": 2}, {"id": 2, "n": 2}]');
CREATE VIEW on_rule AS SELECT id, n FROM by_rule;
SELECT rows_loaded, rows_rejected, keys FROM insert_rows('on_rule', '[{"id": 3, "n": 1}]');
CREATE OR REPLACE RULE put AS ON INSERT TO by_rule DO INSTEAD INSERT INTO ruled VALUES (NEW.id * 10, NEW.n) RETURNING id, n;
SELECT rows_loaded, keys FROM insert_rows('by_rule', '[{"id": 4, "n": 1}]');
SELECT rows_loaded, keys FROM insert_rows('on_rule', '[{"id": 5, "n": 1}]');
CREATE RULE more AS ON INSERT TO ruled WHERE NEW.n > 7 DO INSTEAD NOTHING;
ALTER TABLE ruled DISABLE RULE more;
CREATE VIEW on_table AS SELECT id, n FROM ruled;
SELECT rows_loaded, keys FROM insert_rows('on_table', '[{"id": 6, "n": 6}, {"id": 7, "n": 8}]');
ALTER TABLE ruled ENABLE RULE more;
SELECT rows_loaded, keys FROM insert_rows('on_table', '[{"id": 8, "n": 7}, {"id": 9, "n": 8}]');
CREATE FUNCTION put() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO ruled VALUES (NEW.id, NEW.n); NEW.id := -NEW.id; RETURN NEW; END';
CREATE TRIGGER put INSTEAD OF INSERT ON on_table FOR EACH ROW EXECUTE FUNCTION put();
SELECT rows_loaded, keys FROM insert_rows('on_table', '[{"id": 10, "n": 1}]');
SELECT * FROM ruled ORDER BY id;
DROP TABLE ruled CASCADE;
DROP FUNCTION put();
DROP TABLE goods, watched, log CASCADE;
DROP ROLE regress_viewer;
DROP EXTENSION pg_ferry;

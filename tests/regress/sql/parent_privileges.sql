-- Rights that the owner of a parent needs for the server's check of a foreign key. The oracle is a plain INSERT: where it fails, loads of
-- every kind fail with the same words.
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
CREATE ROLE regress_parent_owner;
CREATE ROLE regress_parent_group;
CREATE SCHEMA kept;
GRANT USAGE, CREATE ON SCHEMA kept TO regress_parent_owner;
RESET client_min_messages;
\getenv builddir PG_ABS_BUILDDIR
\set file :builddir '/results/parents.csv'
SET ROLE regress_parent_owner;
CREATE TABLE kept.parents (id int PRIMARY KEY, note text);
INSERT INTO kept.parents SELECT generate_series(1, 700);
RESET ROLE;
CREATE TABLE children (id int PRIMARY KEY, parent int REFERENCES kept.parents);
COPY (SELECT g, g FROM generate_series(1, 600) g) TO :'file' (FORMAT csv);

-- What comes of the same rows by every way: few keys and many; in a session that has checked the key before.
CREATE FUNCTION outcome_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RAISE EXCEPTION USING MESSAGE = (SELECT count(*) FROM children) || ' rows', ERRCODE = 'FERRY';
EXCEPTION WHEN OTHERS THEN
    RETURN concat(SQLSTATE, ' ', SQLERRM);
END $$;
-- what its context says of the key
CREATE FUNCTION context_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE context text;
BEGIN
    EXECUTE statement;
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS context = PG_EXCEPTION_CONTEXT;
    RETURN substring(context FROM 'check of foreign key[^\n]*');
END $$;
CREATE TABLE restored (id int PRIMARY KEY, parent int REFERENCES kept.parents);
INSERT INTO restored VALUES (1, 1);
SET client_min_messages = warning;
SELECT count(*) FROM backup_table('restored', :'builddir' || '/results/parents_backup');
RESET client_min_messages;
CREATE VIEW ways AS SELECT * FROM (VALUES
    ('insert', 'INSERT INTO children VALUES (1, 1)'),
    ('insert_rows', $$SELECT insert_rows('children', '[{"id": 1, "parent": 1}]')$$),
    ('all or nothing', $$SELECT insert_rows('children', '[{"id": 1, "parent": 1}]', all_or_nothing => true)$$),
    ('ten rows', $$SELECT insert_rows('children', (SELECT json_agg(json_build_object('id', g, 'parent', g)) FROM generate_series(1, 10) g))$$),
    ('many rows', $$SELECT insert_rows('children', (SELECT json_agg(json_build_object('id', g, 'parent', g)) FROM generate_series(1, 600) g))$$),
    ('load_csv', format('SELECT load_csv(%L, %L)', 'children', current_setting('ferry_test.file'))),
    ('missing', $$SELECT insert_rows('children', '[{"id": 1, "parent": 9999}]')$$),
    ('null', $$SELECT insert_rows('children', '[{"id": 1, "parent": null}]')$$),
    ('restore', format('SELECT restore_table(%L, directory => %L, mode => %L)', 'restored', current_setting('ferry_test.backups'), 'upsert')))
    AS v (way, statement);
CREATE VIEW outcomes AS SELECT way, outcome_of(statement) AS outcome FROM ways;
SET ferry_test.file = :'file';
SELECT set_config('ferry_test.backups', :'builddir' || '/results/parents_backup', false) <> '' AS set;
SELECT * FROM outcomes;

-- the schema may not be used: nothing that was kept of the table counts
REVOKE USAGE ON SCHEMA kept FROM regress_parent_owner;
SELECT * FROM outcomes;
\c
SET ferry_test.file = :'file';
SELECT set_config('ferry_test.backups', :'builddir' || '/results/parents_backup', false) <> '' AS set;
SELECT * FROM outcomes;
-- the error names the key, its table and the role that lacks the right
SELECT way, context_of(statement) FROM ways WHERE way IN ('insert_rows', 'many rows', 'load_csv', 'restore');
-- by membership in a role: that can end without a word to the table or the schema
GRANT USAGE ON SCHEMA kept TO regress_parent_group;
GRANT regress_parent_group TO regress_parent_owner;
SELECT * FROM outcomes;
REVOKE regress_parent_group FROM regress_parent_owner;
SELECT * FROM outcomes WHERE way <> 'insert';
GRANT USAGE ON SCHEMA kept TO regress_parent_owner;

-- the owner has taken rights on the parent from itself
SET ROLE regress_parent_owner;
REVOKE SELECT ON kept.parents FROM regress_parent_owner;
RESET ROLE;
SELECT * FROM outcomes;
SELECT way, context_of(statement) FROM ways WHERE way IN ('insert_rows', 'many rows', 'load_csv', 'restore');
SET ROLE regress_parent_owner;
GRANT SELECT ON kept.parents TO regress_parent_owner;
REVOKE UPDATE ON kept.parents FROM regress_parent_owner;
RESET ROLE;
SELECT * FROM outcomes;
-- rights on columns are enough for the server
SET ROLE regress_parent_owner;
REVOKE SELECT ON kept.parents FROM regress_parent_owner;
GRANT SELECT (id), UPDATE (note) ON kept.parents TO regress_parent_owner;
RESET ROLE;
SELECT * FROM outcomes;

SET client_min_messages = warning;
DROP VIEW outcomes, ways;
DROP FUNCTION outcome_of, context_of;
DROP TABLE children, restored;
DROP SCHEMA kept CASCADE;
DROP ROLE regress_parent_owner, regress_parent_group;
DROP EXTENSION pg_ferry;

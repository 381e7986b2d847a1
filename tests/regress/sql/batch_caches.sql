-- What a session keeps of a table from call to call goes when the table or anything that it depends on changes.
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
CREATE ROLE regress_other;
RESET client_min_messages;
SET pg_ferry.log_batches = 'off';
CREATE FUNCTION batch(target regclass, items json, OUT loaded int, OUT causes jsonb, OUT keys jsonb) LANGUAGE sql AS $$
    SELECT rows_loaded, jsonb_path_query_array(rejects, '$[*].sqlstate'), keys FROM insert_rows(target, items) $$;
CREATE TABLE parents (id int PRIMARY KEY);
INSERT INTO parents SELECT generate_series(1, 9);
CREATE TABLE items (id int PRIMARY KEY, parent int REFERENCES parents, note text);
SELECT * FROM batch('items', '[{"id": 1, "parent": 1, "note": "a"}, {"id": 2, "parent": 99}]');

-- columns
ALTER TABLE items ADD extra int DEFAULT 7 CHECK (extra < 10);
SELECT * FROM batch('items', '[{"id": 2, "extra": 5}, {"id": 3}, {"id": 4, "extra": 11}]');
ALTER TABLE items DROP note, ADD note2 numeric(4,1);
SELECT * FROM batch('items', '[{"id": 4, "note2": 1.26}, {"id": 5, "note": "a"}]');
ALTER TABLE items ALTER note2 TYPE text;
SELECT * FROM batch('items', '[{"id": 5, "note2": "text"}]');
ALTER TABLE items RENAME note2 TO words;
SELECT * FROM batch('items', '[{"id": 6, "words": "w"}, {"id": 7, "note2": "w"}]');
UPDATE items SET words = 'w' || id;
ALTER TABLE items ALTER extra SET DEFAULT 3, ALTER words SET NOT NULL, DROP CONSTRAINT items_extra_check;
SELECT * FROM batch('items', '[{"id": 7, "words": "w"}, {"id": 8}, {"id": 9, "words": "x", "extra": 99}]');
ALTER TABLE items ALTER words DROP NOT NULL, ADD twice int GENERATED ALWAYS AS (extra * 2) STORED;
SELECT * FROM batch('items', '[{"id": 10, "extra": 4}, {"id": 11, "twice": 1}]');
SELECT * FROM items ORDER BY id;

-- keys
ALTER TABLE items DROP CONSTRAINT items_pkey;
SELECT * FROM batch('items', '[{"id": 10}]');
DELETE FROM items WHERE id = 10;
ALTER TABLE items ADD code int UNIQUE, ADD PRIMARY KEY (id, extra);
SELECT * FROM batch('items', '[{"id": 20, "extra": 1, "code": 1}, {"id": 20, "extra": 2, "code": 2}, {"id": 21, "extra": 1, "code": 2}]');
CREATE UNIQUE INDEX words_unique ON items (words) WHERE words <> 'x';
SELECT * FROM batch('items', '[{"id": 22, "words": "same"}, {"id": 23, "words": "same"}, {"id": 24, "words": "x"}]');

-- parents: their rows, names, columns, schema, owner and rights
SELECT * FROM batch('items', '[{"id": 30, "parent": 10}]');
INSERT INTO parents VALUES (10);
SELECT * FROM batch('items', '[{"id": 30, "parent": 10}]');
ALTER TABLE parents RENAME TO elders;
ALTER TABLE elders RENAME id TO number;
SELECT rows_loaded, rejects->0->>'detail' AS detail FROM insert_rows('items', '[{"id": 31, "parent": 2}, {"id": 32, "parent": 98}]');
CREATE SCHEMA archive;
ALTER TABLE elders SET SCHEMA archive;
SELECT * FROM batch('items', '[{"id": 33, "parent": 2}, {"id": 34, "parent": 98}]');
ALTER SCHEMA archive RENAME TO attic;
SELECT loaded FROM batch('items', (SELECT json_agg(json_build_object('id', g, 'parent', g - 1000)) FROM generate_series(1001, 1300) g));
ALTER TABLE attic.elders OWNER TO regress_other;
GRANT USAGE ON SCHEMA attic TO regress_other;
SELECT * FROM batch('items', '[{"id": 35, "parent": 3}, {"id": 36, "parent": 98}]');
-- the server asks with the rights of the parent's owner, whoever inserts; since 19 it does so without a query to show
\set SHOW_CONTEXT never
REVOKE SELECT ON attic.elders FROM regress_other;
SELECT * FROM batch('items', '[{"id": 37, "parent": 3}]');
INSERT INTO items (id, extra, parent) VALUES (37, 1, 3);
GRANT SELECT ON attic.elders TO regress_other;
REVOKE UPDATE ON attic.elders FROM regress_other;
SELECT * FROM batch('items', '[{"id": 37, "parent": 3}]');
\set SHOW_CONTEXT errors
GRANT ALL ON attic.elders TO regress_other;
SELECT * FROM batch('items', '[{"id": 37, "parent": 3}]');
ALTER TABLE items DROP CONSTRAINT items_parent_fkey;
SELECT * FROM batch('items', '[{"id": 38, "parent": 98}]');
CREATE TABLE others (id int PRIMARY KEY);
INSERT INTO others VALUES (98), (3);
ALTER TABLE items ADD FOREIGN KEY (parent) REFERENCES others NOT VALID;
SELECT * FROM batch('items', '[{"id": 39, "parent": 98}, {"id": 40, "parent": 1}]');
ALTER TABLE items DISABLE TRIGGER ALL;
SELECT * FROM batch('items', '[{"id": 40, "parent": 1}]');
ALTER TABLE items ENABLE TRIGGER ALL;
SET session_replication_role = replica;
SELECT * FROM batch('items', '[{"id": 41, "parent": 1}]');
RESET session_replication_role;
SELECT * FROM batch('items', '[{"id": 42, "parent": 1}]');

-- triggers, functions, types, sequences
CREATE FUNCTION upper_words() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.words := upper(NEW.words); RETURN NEW; END $$;
CREATE TRIGGER up BEFORE INSERT ON items FOR EACH ROW EXECUTE FUNCTION upper_words();
SELECT * FROM batch('items', '[{"id": 50, "words": "quiet"}]');
CREATE OR REPLACE FUNCTION upper_words() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.words := 'loud ' || NEW.words; RETURN NEW; END $$;
SELECT * FROM batch('items', '[{"id": 51, "words": "quiet"}]');
DROP TRIGGER up ON items;
SELECT * FROM batch('items', '[{"id": 52, "words": "plain"}]');
SELECT id, words FROM items WHERE id BETWEEN 50 AND 59 ORDER BY id;
CREATE DOMAIN small AS int CHECK (VALUE < 10);
CREATE FUNCTION next_number() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE TABLE typed (id serial PRIMARY KEY, n small, m int DEFAULT next_number(), seen bigint);
SELECT * FROM batch('typed', '[{"n": 5}, {"n": 50}]');
ALTER DOMAIN small DROP CONSTRAINT small_check;
SELECT * FROM batch('typed', '[{"n": 50}]');
ALTER DOMAIN small ADD CONSTRAINT odd CHECK (VALUE % 2 = 1) NOT VALID;
SELECT * FROM batch('typed', '[{"n": 50}]');
-- a default that counts rows has to see those before it
CREATE OR REPLACE FUNCTION next_number() RETURNS int LANGUAGE sql STABLE AS 'SELECT count(*)::int FROM typed';
SELECT * FROM batch('typed', '[{"n": 1}, {"n": 3}]');
SELECT n, m FROM typed ORDER BY id;
ALTER TABLE typed ALTER id DROP DEFAULT;
ALTER SEQUENCE typed_id_seq OWNED BY NONE;
SELECT * FROM batch('typed', '[{"id": 1000}]');
SELECT last_value < 1000 AS stayed FROM typed_id_seq;
ALTER SEQUENCE typed_id_seq OWNED BY typed.id;
SELECT * FROM batch('typed', '[{"id": 1001}]');
SELECT last_value FROM typed_id_seq;

-- another table by that name, a table that is truncated, one whose creation is rolled back
DROP TABLE typed;
CREATE TABLE typed (only_this int PRIMARY KEY);
SELECT * FROM batch('typed', '[{"only_this": 1}, {"n": 5}]');
TRUNCATE typed;
SELECT * FROM batch('typed', '[{"only_this": 1}]');
BEGIN;
ALTER TABLE typed ADD passing int NOT NULL DEFAULT 4;
SELECT * FROM batch('typed', '[{"only_this": 2, "passing": 5}]');
ROLLBACK;
SELECT * FROM batch('typed', '[{"only_this": 2}, {"only_this": 3, "passing": 5}]');
BEGIN;
SAVEPOINT s;
ALTER TABLE typed ADD passing int;
SELECT * FROM batch('typed', '[{"only_this": 4, "passing": 5}]');
ROLLBACK TO s;
SELECT * FROM batch('typed', '[{"only_this": 4}]');
COMMIT;

-- rights are never kept
GRANT INSERT ON typed TO regress_other;
GRANT USAGE ON SCHEMA public TO regress_other;
SET ROLE regress_other;
SELECT * FROM batch('typed', '[{"only_this": 5}]');
RESET ROLE;
REVOKE INSERT ON typed FROM regress_other;
SET ROLE regress_other;
SELECT * FROM batch('typed', '[{"only_this": 6}]');
RESET ROLE;

-- a call within a call, on the same table, which changes it on the way
CREATE TABLE outer_table (id int PRIMARY KEY, depth int);
CREATE FUNCTION post_more() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.depth > 0 THEN PERFORM insert_rows('outer_table', format('[{"id": %s, "depth": %s}, {"id": %s, "depth": 0}]', NEW.id * 10, NEW.depth - 1, NEW.id * 10 + 1)::json); END IF;
    COMMENT ON TABLE outer_table IS 'an invalidation';
    ALTER FUNCTION upper_words COST 50;
    RETURN NULL;
END $$;
CREATE TRIGGER more AFTER INSERT ON outer_table FOR EACH ROW EXECUTE FUNCTION post_more();
SELECT * FROM batch('outer_table', '[{"id": 1, "depth": 2}, {"id": 2, "depth": 1}]');
SELECT string_agg(id::text, ' ' ORDER BY id) FROM outer_table;

-- a plan kept with errors in between
CREATE FUNCTION many(calls int) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE total bigint := 0;
BEGIN
    FOR i IN 1..calls LOOP
        BEGIN
            total := total + (SELECT rows_loaded FROM insert_rows('typed', format('[{"only_this": %s}, {"only_this": %s}]', 10000 + i, 10000 + i - i % 2)::json, all_or_nothing => i % 3 = 0));
        EXCEPTION WHEN unique_violation THEN total := total + 1000000;
        END;
    END LOOP;
    RETURN total;
END $$;
SELECT many(12);
SELECT count(*) FROM typed WHERE only_this > 10000;
SET client_min_messages = warning;
DROP TABLE items, typed, others, attic.elders, outer_table;
DROP FUNCTION batch, upper_words, next_number, post_more, many;
DROP DOMAIN small;
DROP SCHEMA attic;
REVOKE USAGE ON SCHEMA public FROM regress_other;
DROP ROLE regress_other;
DROP EXTENSION pg_ferry;

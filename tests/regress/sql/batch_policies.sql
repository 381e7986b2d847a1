-- Batches into tables with row-level security: the rows that INSERT by the same user would take, one by one.
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
CREATE ROLE regress_tenant;
CREATE ROLE regress_owner;
RESET client_min_messages;
CREATE SCHEMA ours;
GRANT USAGE ON SCHEMA ours TO regress_tenant, regress_owner;
SET search_path = ours, public;
CREATE TABLE members (name text PRIMARY KEY, room text);
INSERT INTO members VALUES ('regress_tenant', 'a'), ('regress_tenant_too', 'b');
ALTER TABLE members ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON members FOR SELECT USING (name = current_user);
GRANT SELECT ON members TO regress_tenant;

-- what a row looks like after its trigger counts; policies ask other tables, with policies of their own, and the table itself
CREATE FUNCTION ours.lower_case() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.title := lower(NEW.title); RETURN NEW; END $$;
CREATE FUNCTION ours.make(suffix text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE notes_%1$s (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, room text, title text CHECK (title <> ''x''), part int DEFAULT 0, words int GENERATED ALWAYS AS (length(title)) STORED)', suffix);
    EXECUTE format('CREATE TRIGGER lower BEFORE INSERT ON notes_%1$s FOR EACH ROW EXECUTE FUNCTION lower_case()', suffix);
    EXECUTE format('ALTER TABLE notes_%1$s ENABLE ROW LEVEL SECURITY', suffix);
    EXECUTE format('CREATE POLICY rooms ON notes_%1$s FOR INSERT WITH CHECK (room IN (SELECT m.room FROM members m) OR title = ''open'')', suffix);
    EXECUTE format('CREATE POLICY short ON notes_%1$s AS RESTRICTIVE FOR INSERT WITH CHECK (words < 10 AND 10 / part IS NOT NULL OR part = 1)', suffix);
    EXECUTE format('CREATE POLICY few ON notes_%1$s AS RESTRICTIVE FOR INSERT WITH CHECK ((SELECT count(*) FROM notes_%1$s) < 3)', suffix);
    EXECUTE format('CREATE POLICY seen ON notes_%1$s FOR SELECT USING (true)', suffix);
    EXECUTE format('CREATE TABLE parts_%1$s (id int, room text, part int, PRIMARY KEY (id, part)) PARTITION BY LIST (part)', suffix);
    EXECUTE format('CREATE TABLE parts_%1$s_1 PARTITION OF parts_%1$s FOR VALUES IN (1)', suffix);
    EXECUTE format('CREATE TABLE parts_%1$s_2 (part int NOT NULL, junk int, room text, id int NOT NULL)', suffix);
    EXECUTE format('ALTER TABLE parts_%1$s_2 DROP junk', suffix);
    EXECUTE format('ALTER TABLE parts_%1$s ATTACH PARTITION parts_%1$s_2 FOR VALUES IN (2)', suffix);
    EXECUTE format('ALTER TABLE parts_%1$s ENABLE ROW LEVEL SECURITY', suffix);
    EXECUTE format('CREATE POLICY rooms ON parts_%1$s WITH CHECK (room IN (SELECT m.room FROM members m) AND id > 0)', suffix);
    EXECUTE format('GRANT SELECT, INSERT ON notes_%1$s, parts_%1$s TO regress_tenant', suffix);
END $$;
SELECT make('load'), make('insert');

-- the oracle
CREATE FUNCTION ours.insert_one_by_one(target regclass, items json) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    item json;
    number int := 0;
    rejects jsonb := '[]';
BEGIN
    FOR item IN SELECT json_array_elements(items) LOOP
        number := number + 1;
        BEGIN
            EXECUTE format('INSERT INTO %s (%s) SELECT %1$s.* FROM (SELECT %2$s FROM json_populate_record(NULL::%1$s, $1)) %1$s', target,
                           (SELECT string_agg(quote_ident(k), ', ') FROM json_object_keys(item) k)) USING item;
            SET CONSTRAINTS ALL IMMEDIATE;
        EXCEPTION WHEN OTHERS THEN rejects := rejects || jsonb_build_object('row', number, 'sqlstate', SQLSTATE, 'reason', replace(SQLERRM, '_insert', '_load'));
        END;
    END LOOP;
    RETURN rejects;
END $$;
CREATE VIEW ours.requests AS SELECT n, rows::json FROM (VALUES
    ('notes', '[{"id": 1, "room": "a", "title": "One", "part": 1}, {"id": 2, "room": "b", "title": "two", "part": 1}, {"id": 3, "room": "b", "title": "OPEN", "part": 2},
      {"id": 4, "room": "a", "title": "much too long", "part": 2}, {"id": 5, "room": "a", "title": "zero", "part": 0}, {"id": 1, "room": "a", "title": "again", "part": 1},
      {"id": 1, "room": "b", "title": "again", "part": 1}, {"id": 6, "room": "a", "title": "X", "part": 1}, {"id": 7, "room": null, "title": "none", "part": 1},
      {"id": 8, "room": "a", "title": "no part"}, {"id": 9, "room": "a", "title": "third", "part": 5}, {"id": 10, "room": "a", "title": "fourth", "part": 1}]'),
    ('parts', '[{"id": 1, "room": "a", "part": 1}, {"id": 2, "room": "a", "part": 2}, {"id": 3, "room": "b", "part": 2}, {"id": 4, "room": "b", "part": 1},
      {"id": 0, "room": "a", "part": 2}, {"id": 5, "room": "b", "part": 9}, {"id": 2, "room": "a", "part": 2}]')) v (n, rows);
GRANT SELECT ON requests TO regress_tenant, regress_owner;
SET ROLE regress_tenant;
SELECT n, rows_loaded, rows_rejected, keys FROM requests, insert_rows((n || '_load')::regclass, rows);
SELECT n, j.* FROM requests, LATERAL (SELECT insert_one_by_one((n || '_insert')::regclass, rows) AS rejects OFFSET 0) r,
    jsonb_to_recordset(rejects) AS j ("row" int, sqlstate text, reason text);
RESET ROLE;
SELECT table_name, row_number, sqlstate, column_name, reason FROM ferry_rejects JOIN ferry_loads USING (load_id) ORDER BY load_id, row_number;
SELECT count(*) FROM notes_load;
(TABLE notes_load EXCEPT TABLE notes_insert) UNION ALL (TABLE notes_insert EXCEPT TABLE notes_load);
SELECT count(*) FROM parts_load;
(TABLE parts_load EXCEPT TABLE parts_insert) UNION ALL (TABLE parts_insert EXCEPT TABLE parts_load);

-- an error of the request, where all or nothing is wanted
SET ROLE regress_tenant;
SELECT insert_rows('parts_load', '[{"id": 20, "room": "a", "part": 1}, {"id": 21, "room": "b", "part": 1}]', all_or_nothing => true);
-- several tables in one request, and without the protection that a policy is
SELECT table_name, rows_loaded, rows_rejected FROM insert_batch('{"parts_load": [{"id": 22, "room": "a", "part": 1}, {"id": 23, "room": "b", "part": 2}], "notes_load": [{"id": 24}]}');
SET row_security = off;
SELECT rows_loaded FROM insert_rows('parts_load', '[{"id": 25, "room": "a", "part": 1}]');
RESET row_security;
-- rights come first
RESET ROLE;
REVOKE INSERT ON parts_load FROM regress_tenant;
SET ROLE regress_tenant;
SELECT rows_loaded FROM insert_rows('parts_load', '[{"id": 26, "room": "a", "part": 1}]');
RESET ROLE;

-- no policy: nothing goes in; the owner, unless forced, and superusers are above it
CREATE TABLE silent (id int);
ALTER TABLE silent OWNER TO regress_owner;
ALTER TABLE silent ENABLE ROW LEVEL SECURITY;
GRANT INSERT ON silent TO regress_tenant;
SELECT rows_loaded, rows_rejected FROM insert_rows('silent', '[{"id": 1}, {"id": 2}]');
SET ROLE regress_tenant;
SELECT rows_loaded, rows_rejected FROM insert_rows('silent', '[{"id": 1}, {"id": 2}]');
SET ROLE regress_owner;
SELECT rows_loaded, rows_rejected FROM insert_rows('silent', '[{"id": 1}, {"id": 2}]');
ALTER TABLE silent FORCE ROW LEVEL SECURITY;
SELECT rows_loaded, rows_rejected FROM insert_rows('silent', '[{"id": 1}, {"id": 2}]');
-- a policy that is made between two calls counts in the second; what it rejected before can be loaded again
CREATE POLICY even ON silent FOR INSERT WITH CHECK (id % 2 = 0);
SELECT rows_loaded, rows_rejected FROM insert_rows('silent', '[{"id": 1}, {"id": 2}]');
RESET ROLE;
SET ROLE regress_tenant;
SELECT rows_loaded, rows_rejected FROM reload_rejects((SELECT max(load_id) FROM ferry_loads));
RESET ROLE;
-- rows that wait for their parents obey, too
CREATE TABLE tree (id int PRIMARY KEY, parent int REFERENCES tree, owner text);
ALTER TABLE tree ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON tree FOR INSERT WITH CHECK (owner = current_user);
GRANT INSERT ON tree TO regress_tenant;
SET ROLE regress_tenant;
SELECT rows_loaded, keys, jsonb_path_query_array(rejects, '$[*].sqlstate') FROM insert_rows('tree', '[{"id": 3, "parent": 2, "owner": "regress_tenant"},
    {"id": 2, "parent": 1, "owner": "regress_tenant"}, {"id": 1, "owner": "regress_tenant"}, {"id": 5, "parent": 4, "owner": "regress_tenant"}, {"id": 4, "owner": "other"}]');
RESET ROLE;
-- a rule in the place of INSERT
CREATE RULE nothing AS ON INSERT TO silent DO INSTEAD NOTHING;
SET ROLE regress_tenant;
SELECT rows_loaded FROM insert_rows('silent', '[{"id": 1}]');
RESET ROLE;
RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA ours CASCADE;
DROP ROLE regress_tenant;
DROP ROLE regress_owner;
DROP EXTENSION pg_ferry;

-- Foreign keys of a restored table to tables that are not restored with it. The oracle is a plain INSERT of the same rows.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE DATABASE regression_restore_keys ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0;
\c regression_restore_keys
SET client_min_messages = warning;
CREATE SCHEMA restore_test;
SET search_path = restore_test;
CREATE EXTENSION pg_ferry SCHEMA restore_test;

-- What comes of a statement: SQLSTATE, message, detail, table and constraint; how many rows child has then. Nothing is kept.
CREATE FUNCTION outcome_of(statement text, OUT outcome text, OUT place text) LANGUAGE plpgsql AS $$
DECLARE
    state text; message text; detail text; of_table text; of_constraint text; rows bigint;
BEGIN
    BEGIN
        EXECUTE statement;
        SELECT count(*) INTO rows FROM child;
        RAISE EXCEPTION USING MESSAGE = rows || ' rows', ERRCODE = 'FERRY';
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, place = PG_EXCEPTION_CONTEXT,
            of_table = TABLE_NAME, of_constraint = CONSTRAINT_NAME;
    END;
    outcome := concat_ws(' | ', state, message, nullif(detail, ''), nullif(of_table, ''), nullif(of_constraint, ''));
    place := substring(place FROM 'restore of .*, file ".*", (block \d+, record \d+)');
END $$;

-- Restores child beside an INSERT of the rows that its backup has, from rows_then.
CREATE PROCEDURE compare(what text, mode text = 'replace') LANGUAGE plpgsql AS $$
DECLARE
    restored record; inserted record; columns text; before text; after text; oracle text;
BEGIN
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO columns FROM pg_attribute
        WHERE attrelid = 'child'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '';
    SELECT md5(string_agg(t::text, ',' ORDER BY id)) INTO before FROM child t;
    oracle := format('INSERT INTO child (%1$s) SELECT %1$s FROM rows_then ORDER BY id', columns);
    oracle := CASE mode WHEN 'replace' THEN 'SET CONSTRAINTS ALL IMMEDIATE; TRUNCATE child; ' || oracle
                        ELSE oracle || format(' ON CONFLICT (id) DO UPDATE SET (%s) = ROW (%s)', columns, 'excluded.' || replace(columns, ', ', ', excluded.')) END;
    SELECT * INTO restored FROM outcome_of(format($q$ SELECT * FROM restore_table('child', mode => %L) $q$, mode));
    SELECT * INTO inserted FROM outcome_of(oracle);
    SELECT md5(string_agg(t::text, ',' ORDER BY id)) INTO after FROM child t;
    IF before IS DISTINCT FROM after THEN RAISE EXCEPTION 'the table has changed'; END IF;
    IF restored.outcome <> inserted.outcome THEN RAISE EXCEPTION E'%: restored: %\ninserted: %', what, restored.outcome, inserted.outcome; END IF;
    RAISE WARNING '%', concat_ws(' | ', what, restored.outcome, restored.place);
END $$;

-- Backs child up as it is, keeps its rows in rows_then, and makes it good again.
CREATE PROCEDURE keep_rows(good text) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM backup_table('child');
    DROP TABLE IF EXISTS rows_then;
    CREATE TABLE rows_then AS TABLE child;
    EXECUTE 'UPDATE child SET ' || good;
END $$;

-- Each type of key, in the first batch, a middle one and the last, by few parents and by many.
CREATE PROCEDURE break_one(type text, parents integer, place integer) LANGUAGE plpgsql AS $$
BEGIN
    DROP TABLE IF EXISTS child, parent;
    EXECUTE format('CREATE TABLE parent (id %s PRIMARY KEY)', type);
    EXECUTE format('CREATE TABLE child (id integer PRIMARY KEY, parent %s)', type);
    CREATE OR REPLACE FUNCTION key(n integer) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lpad(n::text, 8, ''0'')';
    IF type = 'uuid' THEN CREATE OR REPLACE FUNCTION key(n integer) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT md5(n::text)'; END IF;
    EXECUTE format('INSERT INTO parent SELECT key(g)::%s FROM generate_series(1, %s) g', type, parents);
    EXECUTE format('INSERT INTO child SELECT g, CASE WHEN g = %s THEN key(9999) WHEN g %% 7 > 0 THEN key(1 + g * 31 %% %s) END::%s FROM generate_series(1, 2500) g',
                   place, parents, type);
    COMMIT;
    CALL keep_rows(format('parent = NULL WHERE id = %s', place));
    ALTER TABLE child ADD CONSTRAINT child_parent FOREIGN KEY (parent) REFERENCES parent;
    CALL compare(format('%s of %s parents', type, parents));
END $$;
DO $$
DECLARE
    type text; parents integer; place integer;
BEGIN
    FOREACH type IN ARRAY '{smallint,integer,bigint,text,uuid,numeric,varchar(40)}'::text[] LOOP
        FOREACH parents IN ARRAY '{100,2000}'::integer[] LOOP
            FOREACH place IN ARRAY '{0,1,1250,2500}'::integer[] LOOP CALL break_one(type, parents, place); END LOOP;
        END LOOP;
    END LOOP;
END $$;

-- Several keys, of which some are for the server's own triggers: two columns, two types, a partitioned parent, a generated column.
DROP TABLE child, parent;
CREATE TABLE parent (id integer PRIMARY KEY, x integer, y integer, UNIQUE (x, y));
CREATE TABLE wide_parent (id bigint PRIMARY KEY);
CREATE TABLE parted (id integer PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (1000);
INSERT INTO parent SELECT g, g, g FROM generate_series(1, 20) g;
INSERT INTO wide_parent SELECT g FROM generate_series(1, 20) g;
INSERT INTO parted SELECT g FROM generate_series(1, 20) g;
CREATE TABLE child (id integer PRIMARY KEY, a integer, x integer, y integer, wide integer, part integer, twice integer GENERATED ALWAYS AS (a * 2) STORED,
                    b integer, self integer, code integer CONSTRAINT code_key UNIQUE DEFERRABLE INITIALLY DEFERRED);
CREATE PROCEDURE break_some(what text, wrong text) LANGUAGE plpgsql AS $$
BEGIN
    ALTER TABLE child DROP CONSTRAINT IF EXISTS a_key, DROP CONSTRAINT IF EXISTS b_key, DROP CONSTRAINT IF EXISTS pair_key, DROP CONSTRAINT IF EXISTS wide_key,
        DROP CONSTRAINT IF EXISTS parted_key, DROP CONSTRAINT IF EXISTS twice_key, DROP CONSTRAINT IF EXISTS self_key, DROP CONSTRAINT IF EXISTS code_key;
    TRUNCATE child;
    INSERT INTO child (id, a, x, y, wide, part, b, self, code)
        SELECT g, 1 + g % 10, 1 + g % 20, 1 + g % 20, 1 + g % 20, 1 + g % 20, 1 + g % 20, 2501 - g, g FROM generate_series(1, 2500) g;
    IF wrong <> '' THEN EXECUTE 'UPDATE child SET ' || wrong; END IF;
    CLUSTER child USING child_pkey; -- the backup has them in this order
    COMMIT;
    CALL keep_rows('a = NULL, x = NULL, wide = NULL, part = NULL, b = NULL, self = NULL, code = NULL');
    ALTER TABLE child ADD CONSTRAINT a_key FOREIGN KEY (a) REFERENCES parent, ADD CONSTRAINT b_key FOREIGN KEY (b) REFERENCES parent,
        ADD CONSTRAINT pair_key FOREIGN KEY (x, y) REFERENCES parent (x, y), ADD CONSTRAINT wide_key FOREIGN KEY (wide) REFERENCES wide_parent,
        ADD CONSTRAINT parted_key FOREIGN KEY (part) REFERENCES parted, ADD CONSTRAINT twice_key FOREIGN KEY (twice) REFERENCES parent,
        ADD CONSTRAINT self_key FOREIGN KEY (self) REFERENCES child,
        ADD CONSTRAINT code_key UNIQUE (code) DEFERRABLE INITIALLY DEFERRED;
    CALL compare(what);
END $$;
CALL break_some('none', '');
CALL break_some('one', 'a = 10 + 89 * (id % 2) WHERE id IN (1200, 1201)');
CALL break_some('another', 'b = 99 WHERE id = 2400');
CALL break_some('two of a row', 'b = 99, a = 99 WHERE id = 1700');
CALL break_some('two of a batch', 'b = CASE id WHEN 1600 THEN 99 ELSE b END, a = CASE id WHEN 1700 THEN 99 ELSE a END WHERE id IN (1600, 1700)');
CALL break_some('the pair, behind one', 'a = CASE id WHEN 1600 THEN 99 ELSE a END, x = CASE id WHEN 1700 THEN 9 ELSE x END WHERE id IN (1600, 1700)');
CALL break_some('the pair, before one', 'x = CASE id WHEN 1600 THEN 9 ELSE x END, a = CASE id WHEN 1700 THEN 99 ELSE a END WHERE id IN (1600, 1700)');
CALL break_some('the pair', 'x = 9 WHERE id = 1600');
CALL break_some('two types', 'wide = 99 WHERE id = 1600');
CALL break_some('a partitioned parent', 'part = 99 WHERE id = 1600');
CALL break_some('a generated column', 'a = 20 WHERE id = 1600');
CALL break_some('the table itself', 'self = 9999 WHERE id = 1600');
CALL break_some('a deferrable unique key', 'code = 5 WHERE id = 1600');

-- The same rows in the partitions of a table, which have their columns in another order, and on their way to replace others.
DROP TABLE child;
CREATE TABLE child (id integer, a integer, x integer, y integer, wide integer, part integer, twice integer GENERATED ALWAYS AS (a * 2) STORED,
                    b integer, self integer, code integer, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE child_odd (code integer, b integer, gone text, self integer, y integer, x integer, a integer, id integer NOT NULL,
                        part integer, wide integer, twice integer GENERATED ALWAYS AS (a * 2) STORED);
ALTER TABLE child_odd DROP gone;
ALTER TABLE child ATTACH PARTITION child_odd FOR VALUES FROM (1000) TO (2000);
CREATE TABLE child_others PARTITION OF child DEFAULT PARTITION BY RANGE (id);
CREATE TABLE child_first PARTITION OF child_others FOR VALUES FROM (0) TO (1000);
CREATE TABLE child_last PARTITION OF child_others FOR VALUES FROM (2000) TO (3000);
CREATE OR REPLACE PROCEDURE break_some(what text, wrong text) LANGUAGE plpgsql AS $$
BEGIN
    ALTER TABLE child DROP CONSTRAINT IF EXISTS a_key, DROP CONSTRAINT IF EXISTS b_key, DROP CONSTRAINT IF EXISTS pair_key, DROP CONSTRAINT IF EXISTS wide_key,
        DROP CONSTRAINT IF EXISTS twice_key;
    TRUNCATE child;
    INSERT INTO child (id, a, x, y, wide, b, code)
        SELECT g, 1 + g % 10, 1 + g % 20, 1 + g % 20, 1 + g % 20, 1 + g % 20, g FROM generate_series(1, 2500) g;
    IF wrong <> '' THEN EXECUTE 'UPDATE child SET ' || wrong; END IF;
    CLUSTER child_odd USING child_odd_pkey;
    CLUSTER child_last USING child_last_pkey;
    COMMIT;
    CALL keep_rows('a = NULL, x = NULL, wide = NULL, b = NULL, code = NULL');
    ALTER TABLE child ADD CONSTRAINT a_key FOREIGN KEY (a) REFERENCES parent, ADD CONSTRAINT b_key FOREIGN KEY (b) REFERENCES parent,
        ADD CONSTRAINT pair_key FOREIGN KEY (x, y) REFERENCES parent (x, y), ADD CONSTRAINT wide_key FOREIGN KEY (wide) REFERENCES wide_parent,
        ADD CONSTRAINT twice_key FOREIGN KEY (twice) REFERENCES parent;
    CALL compare(what);
    CALL compare(what || ', upsert', 'upsert');
    DELETE FROM child WHERE id % 3 = 0;
    CALL compare(what || ', upsert of more', 'upsert');
END $$;
CALL break_some('none', '');
CALL break_some('one', 'a = 99 WHERE id = 1234');
CALL break_some('another', 'b = 99 WHERE id = 2400');
CALL break_some('the pair', 'x = 9 WHERE id = 1600');
CALL break_some('a generated column', 'a = 20 WHERE id = 900');
-- of one partition, and of one that does not check
CALL break_some('one', 'a = 99 WHERE id = 1234');
ALTER TABLE child_odd DISABLE TRIGGER ALL;
CALL compare('a partition that does not check');
CALL compare('a partition that does not check, upsert', 'upsert');
ALTER TABLE child_odd ENABLE TRIGGER ALL;
ALTER TABLE ONLY child DISABLE TRIGGER ALL;
CALL compare('a table that does not check, but its partitions do');
ALTER TABLE ONLY child ENABLE TRIGGER ALL;

-- What is not checked by the table's own rules is not checked here.
DROP TABLE child, rows_then;
CREATE TABLE child (id integer PRIMARY KEY, parent integer);
INSERT INTO child SELECT g, CASE g WHEN 1500 THEN 99 ELSE 1 + g % 20 END FROM generate_series(1, 2000) g;
CALL keep_rows('parent = NULL');
ALTER TABLE child ADD CONSTRAINT child_parent FOREIGN KEY (parent) REFERENCES parent DEFERRABLE INITIALLY DEFERRED;
CALL compare('deferred');
ALTER TABLE child DISABLE TRIGGER ALL;
CALL compare('disabled');
ALTER TABLE child ENABLE TRIGGER ALL;
SET session_replication_role = replica;
CALL compare('as a replica');
DO $$ BEGIN
    EXECUTE (SELECT string_agg(format('ALTER TABLE child ENABLE REPLICA TRIGGER %I', tgname), '; ') FROM pg_trigger WHERE tgrelid = 'child'::regclass);
END $$;
CALL compare('as a replica, of triggers for it');
RESET session_replication_role;
CALL compare('of triggers for a replica');
DO $$ BEGIN
    EXECUTE (SELECT string_agg(format('ALTER TABLE child ENABLE ALWAYS TRIGGER %I', tgname), '; ') FROM pg_trigger WHERE tgrelid = 'child'::regclass);
END $$;
SET session_replication_role = replica;
CALL compare('as a replica, of triggers for everyone');
RESET session_replication_role;

-- The rights are those of the parent's owner; the key is shown to those who may see the row.
CREATE ROLE regress_restore_parent;
CREATE ROLE regress_restore_child;
GRANT ALL ON SCHEMA restore_test TO regress_restore_parent, regress_restore_child;
GRANT SELECT ON rows_then TO regress_restore_child;
GRANT EXECUTE ON FUNCTION restore_table TO regress_restore_child;
ALTER TABLE parent OWNER TO regress_restore_parent;
ALTER TABLE child OWNER TO regress_restore_child;
SET ROLE regress_restore_child;
CALL compare('of another owner');
RESET ROLE;
ALTER TABLE parent ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
SET ROLE regress_restore_child;
CALL compare('of a parent with policies');
RESET ROLE;
REVOKE ALL ON parent FROM regress_restore_parent;
SET ROLE regress_restore_child;
CALL compare('of an owner without rights');
RESET ROLE;
\c regression
DROP DATABASE regression_restore_keys;
DROP ROLE regress_restore_parent, regress_restore_child;

-- Objects of others in the search_path change nothing: neither when the extension is created nor when its functions run. Everything
-- here is called with a schema in front of pg_catalog that has operators, functions, types and tables which raise or mislead.
SET client_min_messages = warning;
SET pg_ferry.log_batches = 'all';
\getenv builddir PG_ABS_BUILDDIR
\set file :builddir '/results/hostile.csv'
CREATE SCHEMA hostile;
CREATE FUNCTION hostile.raise() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'hostile object called'; END $$;
DO $do$
DECLARE
    type text;
    other text;
    operator text;
    namesake record;
BEGIN
    -- operators of types that are alike
    FOREACH type IN ARRAY ARRAY['oid', 'regclass', 'name', 'text', 'varchar', 'smallint', 'integer', 'bigint', '"char"', 'boolean', 'timestamptz', 'jsonb'] LOOP
        FOREACH other IN ARRAY CASE WHEN type IN ('oid', 'regclass') THEN ARRAY['oid', 'regclass']
                                    WHEN type IN ('name', 'text', 'varchar') THEN ARRAY['name', 'text', 'varchar']
                                    WHEN type LIKE '%int%' THEN ARRAY['smallint', 'integer', 'bigint']
                                    ELSE ARRAY[type] END LOOP
            EXECUTE format('CREATE FUNCTION hostile.compare(%s, %s) RETURNS boolean LANGUAGE sql AS $$SELECT hostile.raise()$$', type, other);
            EXECUTE format('CREATE FUNCTION hostile.compute(%s, %s) RETURNS %1$s LANGUAGE plpgsql AS $$BEGIN RAISE ''hostile operator called''; END$$', type, other);
            FOREACH operator IN ARRAY ARRAY['=', '<>', '<', '>', '<=', '>=', '~', '~~', '||', '+', '-', '*'] LOOP
                EXECUTE format('CREATE OPERATOR hostile.%s (FUNCTION = hostile.%s, LEFTARG = %s, RIGHTARG = %s)', operator,
                               CASE WHEN operator IN ('||', '+', '-', '*') THEN 'compute' ELSE 'compare' END, type, other);
            END LOOP;
        END LOOP;
    END LOOP;
    -- namesakes of functions that the extension's SQL calls or could call
    FOR namesake IN
        SELECT proname, pg_get_function_identity_arguments(oid) AS arguments, pg_get_function_result(oid) AS result FROM pg_proc
        WHERE pronamespace = 'pg_catalog'::regnamespace
          AND proname IN ('now', 'pg_has_role', 'has_table_privilege', 'has_any_column_privilege', 'current_schemas', 'starts_with', 'format_type',
                          'pg_get_expr', 'pg_get_indexdef', 'pg_get_constraintdef', 'col_description', 'quote_ident', 'generate_series', 'nextval',
                          'pg_extension_config_dump', 'length', 'lower', 'texteq', 'int4eq', 'int8eq', 'nameeq', 'oideq', 'to_jsonb')
    LOOP
        EXECUTE format('CREATE FUNCTION hostile.%I(%s) RETURNS %s LANGUAGE plpgsql AS $$BEGIN RAISE ''hostile function called''; END$$',
                       namesake.proname, namesake.arguments, namesake.result);
    END LOOP;
    FOREACH other IN ARRAY ARRAY['ferry_load_log', 'ferry_reject_log', 'pg_class', 'pg_namespace', 'pg_attribute', 'pg_constraint', 'pg_index',
                                 'pg_type', 'pg_roles', 'pg_authid', 'pg_depend', 'pg_attrdef', 'parents'] LOOP
        EXECUTE format('CREATE TABLE hostile.%I (load_id bigint, oid oid, rolname name)', other);
    END LOOP;
END $do$;
CREATE DOMAIN hostile.text AS pg_catalog.text CHECK (hostile.raise());
CREATE DOMAIN hostile.regclass AS pg_catalog.regclass CHECK (hostile.raise());
CREATE DOMAIN hostile.timestamptz AS pg_catalog.timestamptz CHECK (hostile.raise());
CREATE SEQUENCE hostile.ferry_load_id_seq START 1000000;

-- created among them, and with them in front
CREATE SCHEMA ferry;
SET search_path = hostile, pg_catalog, ferry;
CREATE EXTENSION pg_ferry SCHEMA ferry;
DROP EXTENSION pg_ferry;
RESET search_path;
SELECT count(*) FROM pg_class WHERE relname IN ('ferry_load_log', 'ferry_loads') AND relnamespace <> 'hostile'::regnamespace;
CREATE SCHEMA mixed;
CREATE OPERATOR mixed.= (FUNCTION = hostile.compare, LEFTARG = pg_catalog.int2, RIGHTARG = pg_catalog.int4);
CREATE OPERATOR mixed.= (FUNCTION = hostile.compare, LEFTARG = pg_catalog.name, RIGHTARG = pg_catalog.text);
CREATE FUNCTION mixed.pg_has_role(pg_catalog.name, pg_catalog.text) RETURNS boolean LANGUAGE sql AS 'SELECT hostile.raise()';
CREATE EXTENSION pg_ferry SCHEMA mixed;
-- nothing that the extension's SQL names is theirs
SELECT DISTINCT pg_describe_object(d.classid, d.objid, 0) AS object, pg_describe_object(d.refclassid, d.refobjid, 0) AS depends_on
FROM pg_depend m JOIN pg_depend d ON d.classid = m.classid AND d.objid = m.objid
WHERE m.refclassid = 'pg_extension'::regclass AND m.deptype = 'e' AND m.classid = 'pg_proc'::regclass AND d.deptype = 'n'
  AND d.refclassid NOT IN ('pg_namespace'::regclass, 'pg_language'::regclass);

CREATE TABLE public.parents (id int PRIMARY KEY);
CREATE TABLE public.children (id serial PRIMARY KEY, name varchar(10) NOT NULL CHECK (length(name) > 0), parent int REFERENCES public.parents,
                              wide bigint DEFAULT 5 UNIQUE, doubled bigint GENERATED ALWAYS AS (wide * 2) STORED, moment timestamptz DEFAULT now());
INSERT INTO public.parents VALUES (1);
COPY (VALUES (1, 'a', 1, 10), (2, 'b', 2, 11), (3, '', 1, 12), (4, 'd', 1, 10)) TO :'file' (FORMAT csv);
RESET client_min_messages;
SET search_path = hostile, pg_catalog, mixed;
-- they are in effect
SELECT 1 = 1;
SELECT now();
SELECT 'x'::text;
SELECT rows_read, rows_loaded, rows_rejected FROM mixed.load_csv('public.children', :'file', '{id,name,parent,wide}');
SELECT rows_read, rows_loaded, rows_rejected FROM mixed.load_csv('public.children', :'file', '{id,name,parent,wide}', on_conflict => 'update');
SELECT rows_read, rows_loaded, rows_rejected FROM mixed.load_csv('public.children', :'file', '{id,name,parent,wide}', dry_run => true);
SELECT table_name, rows_loaded, rows_rejected FROM mixed.insert_rows('public.children', '[{"id": 7, "name": "g", "parent": 7}, {"id": 30, "name": "h", "wide": 99}]');
SELECT table_name, rows_loaded, rows_rejected FROM mixed.insert_batch('{"public.children": [{"id": 8, "name": "g", "parent": 8, "wide": 8}], "public.parents": [{"id": 7}, {"id": 8}]}');
INSERT INTO public.parents VALUES (2);
SELECT rows_read, rows_loaded, rows_rejected FROM mixed.reload_rejects(1);
SELECT rows_read, rows_loaded, rows_rejected FROM mixed.reload_rejects(4);
SELECT load_id, table_schema, table_name, rows_loaded, rows_rejected FROM mixed.ferry_loads ORDER BY load_id;
SELECT load_id, row_number, sqlstate, column_name, constraint_name, resolved_at IS NOT NULL AS resolved FROM mixed.ferry_rejects ORDER BY load_id, row_number;
SELECT table_name, position, column_name, nullable, default_value, key, references_column, checks FROM mixed.data_dictionary('public.children');
SELECT DISTINCT table_name FROM mixed.data_dictionary();
SET search_path = hostile, pg_catalog, mixed, public;
SELECT DISTINCT table_name FROM mixed.data_dictionary();
SELECT mixed.purge_loads('infinity');

-- the same as a user who may see some of it
RESET search_path;
CREATE ROLE regress_victim;
GRANT USAGE ON SCHEMA hostile, mixed TO regress_victim;
GRANT INSERT ON public.children TO regress_victim;
GRANT SELECT, UPDATE ON SEQUENCE public.children_id_seq TO regress_victim;
SET search_path = hostile, pg_catalog, mixed, public;
SET ROLE regress_victim;
SELECT rows_loaded, rows_rejected FROM mixed.insert_rows('public.children', '[{"id": 20, "name": "g", "wide": 20, "parent": 50}, {"id": 21, "name": "h", "wide": 21}]');
SELECT table_name, rows_rejected, loaded_by FROM mixed.ferry_loads;
SELECT row_number, sqlstate FROM mixed.ferry_rejects;
SELECT DISTINCT table_name FROM mixed.data_dictionary();
SELECT rows_loaded, rows_rejected FROM mixed.reload_rejects((SELECT load_id FROM mixed.ferry_rejects));
SELECT mixed.purge_loads('infinity');
RESET ROLE;

RESET search_path;
SET client_min_messages = warning;
DROP TABLE public.children, public.parents;
DROP EXTENSION pg_ferry;
DROP SCHEMA hostile, mixed, ferry CASCADE;
DROP ROLE regress_victim;

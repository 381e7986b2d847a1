-- on_conflict of insert_rows and insert_batch, and the types that their JSON may have.
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
RESET client_min_messages;
CREATE TABLE jobs (id int PRIMARY KEY, job text NOT NULL, wage int DEFAULT 7, code text UNIQUE);
INSERT INTO jobs VALUES (1, 'one', 1, 'a'), (2, 'two', 2, 'b'), (3, 'three', 3, 'c');
CREATE TABLE by_statement (LIKE jobs INCLUDING ALL);
INSERT INTO by_statement TABLE jobs;

-- reject is the default
SELECT rows_loaded, rows_rejected, keys FROM insert_rows('jobs', '[{"id": 1, "job": "x"}, {"id": 10, "job": "ten"}]');
-- skip: neither loaded nor rejected, and no key
SELECT rows_received, rows_loaded, rows_rejected, keys
FROM insert_rows('jobs', '[{"id": 1, "job": "x"}, {"id": 11, "job": "eleven"}, {"id": 12, "job": "y", "code": "a"}, {"id": 13}]', on_conflict => 'skip');
-- update: the columns that the row names, each row for itself; the others keep what they have, or take their default in a new row
SELECT rows_received, rows_loaded, rows_rejected, keys
FROM insert_rows('jobs', '[{"id": 1, "job": "uno"}, {"id": 2, "job": "dos", "wage": null}, {"id": 3, "job": "tres", "code": "a"},
                           {"id": 20, "job": "twenty"}, {"id": 3, "wage": 5, "job": "drei"}, {"wage": 9, "id": 1, "job": "eins"}, {"id": 2}]',
                 false, 'update');
INSERT INTO by_statement (id, job) VALUES (10, 'ten'), (11, 'eleven');
INSERT INTO by_statement (id, job) VALUES (1, 'uno') ON CONFLICT (id) DO UPDATE SET id = EXCLUDED.id, job = EXCLUDED.job;
INSERT INTO by_statement (id, job, wage) VALUES (2, 'dos', NULL) ON CONFLICT (id) DO UPDATE SET job = EXCLUDED.job, wage = EXCLUDED.wage;
INSERT INTO by_statement (id, job, code) VALUES (3, 'tres', 'a') ON CONFLICT (id) DO UPDATE SET job = EXCLUDED.job, code = EXCLUDED.code;
INSERT INTO by_statement (id, job) VALUES (20, 'twenty') ON CONFLICT (id) DO UPDATE SET id = EXCLUDED.id, job = EXCLUDED.job;
INSERT INTO by_statement (id, wage, job) VALUES (3, 5, 'drei') ON CONFLICT (id) DO UPDATE SET job = EXCLUDED.job, wage = EXCLUDED.wage;
INSERT INTO by_statement (id, wage, job) VALUES (1, 9, 'eins') ON CONFLICT (id) DO UPDATE SET job = EXCLUDED.job, wage = EXCLUDED.wage;
INSERT INTO by_statement (id) VALUES (2) ON CONFLICT (id) DO UPDATE SET id = EXCLUDED.id;
SELECT count(*) AS differences FROM (TABLE jobs EXCEPT TABLE by_statement UNION ALL (TABLE by_statement EXCEPT TABLE jobs)) d;
TABLE jobs ORDER BY id;
-- many rows, of which more would be asked beforehand
SELECT rows_loaded, rows_rejected FROM insert_rows('jobs', (SELECT json_agg(CASE WHEN i % 2 = 0 THEN json_build_object('id', i % 50, 'job', 'j' || i)
    ELSE json_build_object('id', i % 50, 'wage', i, 'job', 'odd') END) FROM generate_series(100, 999) i), on_conflict => 'update');
SELECT count(*), count(*) FILTER (WHERE job = 'odd') AS odd, max(wage) FROM jobs;
-- a key of several columns, a serial key; a table without a key
CREATE TABLE pairs (a int, b serial, t text, PRIMARY KEY (a, b));
SELECT keys FROM insert_rows('pairs', '[{"a": 1, "b": 1, "t": "x"}, {"a": 1, "b": 1, "t": "y"}, {"a": 2}]', on_conflict => 'update');
TABLE pairs ORDER BY a, b;
CREATE TABLE keyless (a int);
SELECT FROM insert_rows('keyless', '[{"a": 1}]', on_conflict => 'update');
SELECT FROM insert_rows('keyless', '[{"a": 1}]', on_conflict => 'replace');
SELECT FROM insert_rows('keyless', '[{"a": 1}]', on_conflict => NULL);
-- all tables of a batch; all or nothing does not mean rows that are left out
SELECT table_name, rows_received, rows_loaded, rows_rejected, keys
FROM insert_batch('{"jobs": [{"id": 1, "job": "x"}, {"id": 60, "job": "sixty"}], "pairs": [{"a": 1, "b": 1}]}', true, 'skip');
-- the log knows, and the reload does the same
SELECT load_id AS updating FROM insert_rows('jobs', '[{"id": 70}]', on_conflict => 'update') \gset
SELECT options FROM ferry_loads WHERE load_id = :updating;
INSERT INTO jobs VALUES (70, 'seventy', 70);
SELECT correct_reject(:updating, 1, '{"id": 70, "job": "mended"}');
SELECT rows_loaded, rows_rejected FROM reload_rejects(:updating);
SELECT * FROM jobs WHERE id = 70;

-- privileges of an update are those of the columns that a row names
CREATE ROLE regress_clerk;
GRANT INSERT, SELECT (id, job), UPDATE (id) ON jobs TO regress_clerk;
SET ROLE regress_clerk;
SELECT FROM insert_rows('jobs', '[{"id": 70, "job": "x"}]', on_conflict => 'update');
RESET ROLE;
GRANT UPDATE (job) ON jobs TO regress_clerk;
SET ROLE regress_clerk;
SELECT rows_loaded FROM insert_rows('jobs', '[{"id": 70, "job": "x"}]', on_conflict => 'update');
SELECT FROM insert_rows('jobs', '[{"id": 71, "job": "x", "wage": 1}]', on_conflict => 'update');
SELECT rows_loaded FROM insert_rows('jobs', '[{"id": 71, "job": "x", "wage": 1}]', on_conflict => 'skip');
RESET ROLE;
REVOKE SELECT (id) ON jobs FROM regress_clerk;
SET ROLE regress_clerk;
SELECT FROM insert_rows('jobs', '[{"job": "x"}]', on_conflict => 'update');
RESET ROLE;
-- which rows may be replaced, the policies for UPDATE have to say, and those for SELECT which may be seen
GRANT ALL ON jobs TO regress_clerk;
ALTER TABLE jobs ENABLE ROW LEVEL SECURITY;
CREATE POLICY all_of_them ON jobs FOR INSERT WITH CHECK (true);
SET ROLE regress_clerk;
SELECT rows_loaded, jsonb_path_query_array(rejects, '$[*].sqlstate') FROM insert_rows('jobs', '[{"id": 70, "job": "hidden"}]', on_conflict => 'update');
SELECT rows_loaded, rows_rejected FROM insert_rows('jobs', '[{"id": 70, "job": "hidden"}]', on_conflict => 'skip');
RESET ROLE;
ALTER TABLE jobs DISABLE ROW LEVEL SECURITY;

-- the JSON as json, jsonb, text and its kin, a literal, a parameter with and without a type
TRUNCATE jobs;
SELECT keys FROM insert_rows('jobs', '[{"id": 1, "job": "literal"}]');
SELECT keys FROM insert_rows('jobs', '[{"id": 2, "job": "json"}]'::json);
SELECT keys FROM insert_rows('jobs', '[{"id": 3, "job": "jsonb", "wage": 1e2}]'::jsonb);
SELECT keys FROM insert_rows('jobs', '[{"id": 4, "job": "text"}]'::text);
SELECT keys FROM insert_rows('jobs', '[{"id": 5, "job": "varchar"}]'::varchar);
SELECT keys FROM insert_rows(rows => '[{"id": 6, "job": "named"}]', target => 'jobs');
PREPARE untyped AS SELECT keys FROM insert_rows($1, $2, on_conflict => $3);
EXECUTE untyped('jobs', '[{"id": 7, "job": "parameter"}]', 'skip');
PREPARE typed(jsonb) AS SELECT keys FROM insert_batch($1);
EXECUTE typed('{"jobs": [{"id": 8, "job": "typed"}]}');
SELECT keys FROM insert_batch('{"jobs": [{"id": 9, "job": "literal"}]}');
SELECT keys FROM insert_batch('[{"jobs": [{"id": 10, "job": "json"}]}]'::json);
SELECT keys FROM insert_batch('[{"jobs": [{"id": 11, "job": "text"}]}]'::text);
PREPARE untyped_batch AS SELECT keys FROM insert_batch($1);
EXECUTE untyped_batch('{"jobs": [{"id": 12, "job": "parameter"}]}');
SELECT id, job, wage FROM jobs ORDER BY id;
-- text that is no JSON, with its place
SELECT keys FROM insert_rows('jobs', E'[{"id": 13,\n  "job": x}]');
EXECUTE untyped('jobs', '[{"id": 13', 'skip');
EXECUTE untyped_batch('');
SELECT keys FROM insert_rows('jobs', NULL::jsonb);
SELECT keys FROM insert_rows('jobs', '{"id": 1}'::jsonb);

DROP TABLE jobs, by_statement, pairs, keyless;
DROP ROLE regress_clerk;
DROP EXTENSION pg_ferry;

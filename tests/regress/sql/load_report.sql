-- load_report_page: well-formed, its figures are those of the log, the fields that rows were rejected for are marked, and what is
-- in the rows is text. How it looks is tested in tests/tap.
\set SHOW_CONTEXT never
SELECT setting !~ '--with-libxml' AS no_xml FROM pg_config WHERE name = 'CONFIGURE' \gset
\if :no_xml
\echo this server has no XML
\quit
\endif
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_ferry;
LOAD 'pg_ferry';
CREATE ROLE regress_report_loader;
CREATE ROLE regress_report_other;
CREATE SCHEMA report AUTHORIZATION regress_report_loader;
CREATE TABLE report.parents (id integer PRIMARY KEY);
INSERT INTO report.parents VALUES (1);
CREATE TABLE report.parts (id integer PRIMARY KEY, name text NOT NULL CHECK (name <> 'bad'), parent integer REFERENCES report.parents, note text);
ALTER TABLE report.parts OWNER TO regress_report_loader;
ALTER TABLE report.parents OWNER TO regress_report_loader;
SET search_path = report, public;

-- What an XML parser finds in the page
CREATE FUNCTION pg_temp.page(load_id bigint) RETURNS xml LANGUAGE sql AS $$ SELECT xmlparse(document load_report_page(load_id)) $$;
CREATE FUNCTION pg_temp.texts(path text, page xml) RETURNS text[] LANGUAGE sql AS $$
    SELECT array_agg(replace(replace(replace(t, '&lt;', '<'), '&gt;', '>'), '&amp;', '&') ORDER BY n)
    FROM unnest(xpath(path, page)) WITH ORDINALITY u(x, n),
        LATERAL (SELECT CASE WHEN x::text LIKE '<%' THEN (xpath('string(.)', x))[1] ELSE x END::text) s(t) $$;
-- Each shown row, with [] around what is marked
CREATE FUNCTION pg_temp.rows(page xml) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT (pg_temp.texts('/pre', xmlparse(content replace(replace(x::text, '</mark>', ']</mark>'), '<mark', '[<mark'))))[1]
    FROM unnest(xpath('//pre', page)) WITH ORDINALITY u(x, n) ORDER BY n $$;
CREATE FUNCTION pg_temp.last_load() RETURNS bigint LANGUAGE sql AS $$ SELECT max(load_id) FROM ferry_loads $$;

-- 47 rejects of five kinds, which the log counts, too
COPY parts FROM PROGRAM $$awk 'BEGIN { for (i = 1; i <= 20; i++) print i ",n" i ",1,x"; for (i = 1; i <= 20; i++) print i ",again,1,x"; for (i = 101; i <= 115; i++) print i ",\"two\nlines, \"\"quoted\"\"\"," i ",x"; for (i = 201; i <= 209; i++) print i ",bad,1,x"; print "301,,1,x"; print "x,n,1,x"; print "401,n"; }'$$
    (FORMAT csv, ON_ERROR reject);
SELECT pg_temp.texts('//dd', p) AS figures, (pg_temp.texts('//h1', p))[1] = 'Load ' || pg_temp.last_load() AS title, pg_temp.texts('//ul/li/p/span[2]', p) AS bars,
       pg_temp.texts('//rect/@width', p) AS widths
FROM pg_temp.page(pg_temp.last_load()) p;
SELECT count(*), sqlstate, column_name, constraint_name FROM ferry_rejects WHERE load_id = pg_temp.last_load() GROUP BY 2, 3, 4 ORDER BY min(row_number);
SELECT unnest(pg_temp.texts('//ul/li/p/span[1]', p)) AS labels FROM pg_temp.page(pg_temp.last_load()) p;
-- the first three of each
SELECT pg_temp.rows(pg_temp.page(pg_temp.last_load()));
SELECT unnest(pg_temp.texts('//section[3]/p', p)) AS how FROM (SELECT xmlparse(document regexp_replace(load_report_page(pg_temp.last_load()), '\(' || pg_temp.last_load() || '([,)])', '(N\1', 'g'))) x(p);
-- what was loaded since
INSERT INTO parents SELECT generate_series(101, 115);
SELECT rows_loaded FROM reload_rejects(pg_temp.last_load());
SELECT pg_temp.texts('//ul/li/p/span[2]', p) AS bars FROM pg_temp.page((SELECT max(load_id) FROM ferry_rejects)) p;

-- Every dialect, with a header in another order, escapes, and fields that are not there
TRUNCATE parts;
COPY parts (note, id, name, parent) FROM PROGRAM $$printf '%s\n' "'a\\;\\'b';x;n;1" '"c";1;n;77' ';2;n;' ';2;n;'$$ (FORMAT csv, DELIMITER ';', QUOTE '''', ESCAPE '\', ON_ERROR reject);
SELECT pg_temp.rows(pg_temp.page(pg_temp.last_load()));
COPY parts (note, id, name, parent) FROM PROGRAM $$printf '%s\t3\t\\N\t1\nb\\tc\t4\tbad\t1\n' 'a\\	b'$$ (FORMAT text, ON_ERROR reject);
SELECT pg_temp.rows(pg_temp.page(pg_temp.last_load()));
\set rows '[{"id": 11, "name": "n", "parent": 78}, {"note": "say \\"id\\": 1", "name": "n", "id" : "x"}, {"id": 12, "note": "no name"}]'
SELECT rows_rejected FROM insert_rows('parts', :'rows');
SELECT pg_temp.rows(pg_temp.page(pg_temp.last_load()));
-- A header that gave columns their fields; a dry run; Avro
\getenv builddir PG_ABS_BUILDDIR
\set file :builddir '/results/load_report.csv'
COPY (VALUES ('note', 'parent', 'name', 'id'), ('x', '79', 'n', '13'), ('x', '1', 'n', 'y')) TO :'file' (FORMAT csv);
SELECT rows_rejected FROM load_csv('parts', :'file', header => true, dry_run => true);
SELECT pg_temp.texts('//dt', p) AS figures, pg_temp.texts('//section[3]/p', p) AS how FROM pg_temp.page(pg_temp.last_load()) p;
SELECT pg_temp.rows(pg_temp.page(pg_temp.last_load()));
\set file :builddir '/results/load_report.avro'
COPY (SELECT 14 AS id, 'n' AS name, 80 AS parent) TO :'file' (FORMAT avro);
COPY parts FROM :'file' (FORMAT avro, ON_ERROR reject);
SELECT pg_temp.texts('//section[3]/p', p) AS how FROM pg_temp.page(pg_temp.last_load()) p;
SELECT pg_temp.rows(pg_temp.page(pg_temp.last_load()));
-- No reject; none that the log has
COPY parents FROM PROGRAM 'echo 1000' (FORMAT csv, ON_ERROR reject);
SELECT pg_temp.texts('//main//*[not(*)]', p) AS main FROM pg_temp.page(pg_temp.last_load()) p;
SET pg_ferry.max_log_bytes = '0';
SET client_min_messages = error;
COPY parents FROM PROGRAM 'echo 1000' (FORMAT csv, ON_ERROR reject);
SELECT (pg_temp.texts('//main//*[not(*)]', p))[1:2] AS main FROM pg_temp.page(pg_temp.last_load()) p;
RESET pg_ferry.max_log_bytes;
SET client_min_messages = warning;
-- Wide rows: what is around the field; a long field is cut
CREATE TABLE wide AS SELECT FROM generate_series(1, 0);
DO $$ BEGIN FOR i IN 1 .. 100 LOOP EXECUTE format('ALTER TABLE wide ADD c%s integer', i); END LOOP; END $$;
COPY wide FROM PROGRAM $$awk 'BEGIN { for (i = 1; i <= 100; i++) printf "%s%s", i == 50 ? "x" : i, i < 100 ? "," : "\n"; long = sprintf("%300s", ""); gsub(/ /, "9", long); for (i = 1; i <= 100; i++) printf "%s%s", i == 2 ? long : i, i < 100 ? "," : "\n" }'$$ (FORMAT csv, ON_ERROR reject);
SELECT pg_temp.rows(pg_temp.page(pg_temp.last_load()));
-- Of very many reasons the most frequent
COPY wide FROM PROGRAM $$awk 'BEGIN { for (r = 1; r <= 25; r++) for (i = 1; i <= 100; i++) printf "%s%s", i == r ? "x" : i, i < 100 ? "," : "\n" }'$$ (FORMAT csv, ON_ERROR reject);
SELECT cardinality(xpath('//rect', p)) AS bars, pg_temp.texts('//section[1]/p', p) AS note FROM pg_temp.page(pg_temp.last_load()) p;

-- Text is text: markup, quotes, controls, directions, bytes that are no text
CREATE TABLE "<b>""t" ("<i>'c" integer);
COPY "<b>""t" FROM PROGRAM $$printf '<script>alert("x")</script>\n]]> <!-- %%s &amp; & \047\n\342\200\256abc\001\033[31mred\302\205\n\377\376\n"never closed\n'$$ (FORMAT csv, ON_ERROR reject, ENCODING 'UTF8');
SELECT translate(pg_temp.rows(p), U&'\202E\FFFD', '^?') AS row FROM pg_temp.page(pg_temp.last_load()) p;
SELECT pg_temp.texts('//header/p/bdi[2]', p) FROM pg_temp.page(pg_temp.last_load()) p;
SELECT DISTINCT (xpath('name(/*)', x))[1]::text COLLATE "C" AS element FROM pg_temp.page(pg_temp.last_load()) p, unnest(xpath('//*', p)) x ORDER BY 1;
SELECT DISTINCT a[1] COLLATE "C" AS attribute FROM regexp_matches(load_report_page(pg_temp.last_load()), ' ([a-zA-Z0-9-]+)="', 'g') a ORDER BY 1;
SELECT load_report_page(pg_temp.last_load()) ~* '<script|<img|url\(|@import|https?:' AS foreign_matter;

-- Who sees it: who ran it, who owned the table, as in ferry_loads
SELECT load_report_page(NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT load_report_page(0);
\echo :LAST_ERROR_SQLSTATE
SELECT max(load_id) AS load_id FROM ferry_loads WHERE table_name = 'parts' \gset
SET ROLE regress_report_loader;
SELECT load_report_page(:load_id) LIKE '<!DOCTYPE html>%' AS is_page;
SET ROLE regress_report_other;
\set VERBOSITY sqlstate
SELECT load_report_page(:load_id);
\set VERBOSITY default
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM ferry_load_columns;
RESET ROLE;

\set VERBOSITY terse
SET client_min_messages = warning;
DROP SCHEMA report CASCADE;
DROP ROLE regress_report_loader, regress_report_other;

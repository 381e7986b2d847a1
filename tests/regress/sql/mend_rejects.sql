-- Rejects that can be mended: correct_reject() puts a text in the place of one, export_rejects() writes them as a file.
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
RESET client_min_messages;
\getenv builddir PG_ABS_BUILDDIR
\set made :builddir '/results/mend_made.csv'
\set out :builddir '/results/mend_out.csv'
CREATE VIEW unresolved AS
    SELECT row_number, raw_row, sqlstate, reason, hint, corrected_row, replace(corrected_by, session_user, 'superuser') AS corrected_by, corrected_at IS NOT NULL AS is_dated
    FROM ferry_rejects WHERE load_id = (SELECT max(load_id) FROM ferry_loads WHERE source !~ '^rejects') AND resolved_at IS NULL
    ORDER BY row_number;
CREATE FUNCTION write_file(path text, bytes bytea) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    large oid = lo_from_bytea(0, bytes);
BEGIN
    PERFORM lo_export(large, path), lo_unlink(large);
END $$;
CREATE VIEW out_bytes AS SELECT pg_read_binary_file(:'out') AS bytes;

SELECT ferry_last_load() IS NULL AS no_load_yet;

-- the hint of an error is kept
CREATE TABLE jobs (id int PRIMARY KEY, job text NOT NULL);
CREATE FUNCTION no_cooks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.job = 'Cook' THEN RAISE 'no cooks' USING HINT = 'Hire one yourself.', ERRCODE = '22000'; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER no_cooks BEFORE INSERT ON jobs FOR EACH ROW EXECUTE FUNCTION no_cooks();
\set lines :builddir '/results/mend_lines.csv'
SELECT write_file(:'lines', convert_to(E'id;job\r\n1;Lamp Trimmer\r\n1;"two\r\nlines"\r\nx;Baker\r\n4;Cook\r\n5;;\r\n', 'UTF8'));
SELECT rows_loaded, rows_rejected FROM load_csv('jobs', :'lines', header => true, delimiter => ';');
SELECT * FROM unresolved;
SELECT ferry_last_load() = (SELECT max(load_id) FROM ferry_loads) AS is_last;

-- the bytes as they came, below the header, with the line ends of the source
SELECT export_rejects(ferry_last_load(), :'out');
SELECT convert_from(bytes, 'UTF8') = E'id;job\r\n1;"two\r\nlines"\r\nx;Baker\r\n4;Cook\r\n5;;\r\n' AS as_they_came FROM out_bytes;
SELECT export_rejects(ferry_last_load(), :'out', format => 'csv');
SELECT replace(convert_from(bytes, 'UTF8'), E'\r', '') FROM out_bytes \g (format=unaligned tuples_only)

-- corrections: the last one counts, NULL takes it back, a line end behind it does no harm
SELECT correct_reject(ferry_last_load(), 2, '2;wrong');
SELECT correct_reject(ferry_last_load(), 2, E'2;"three\nlong\nlines"\n');
SELECT correct_reject(ferry_last_load(), 3, '1;Baker');
SELECT correct_reject(ferry_last_load(), 4, '4;Chef');
SELECT correct_reject(ferry_last_load(), 4, NULL);
SELECT * FROM unresolved;
SELECT load_id AS first_load FROM ferry_loads ORDER BY 1 LIMIT 1 \gset
SELECT rows_read, rows_loaded, rows_rejected FROM reload_rejects(:first_load);
TABLE jobs ORDER BY id;
-- still a reject, with the reason of its correction; what came has not changed, and is what is exported
SELECT * FROM unresolved;
SELECT export_rejects(:first_load, :'out');
SELECT convert_from(bytes, 'UTF8') = E'id;job\r\nx;Baker\r\n4;Cook\r\n5;;\r\n' AS as_they_came FROM out_bytes;

-- what is no correction
SELECT correct_reject(:first_load, 2, '9;x');
SELECT correct_reject(:first_load, 99, '9;x');
SELECT correct_reject(123456, 99, '9;x');
SELECT correct_reject(:first_load, 4, E'9;x\n10;y');
SELECT correct_reject(:first_load, 4, '9;"x');
SELECT correct_reject(NULL, 4, '9;x');
BEGIN READ ONLY;
-- a file can be written in it
SELECT export_rejects(:first_load, :'out');
SELECT correct_reject(:first_load, 4, '9;x');
ROLLBACK;

-- a reload that has nothing to do says so
SELECT rows_read FROM reload_rejects((SELECT max(load_id) FROM ferry_loads));
SELECT load_id AS good_load FROM load_csv('jobs', :'lines', header => true, delimiter => ';', on_conflict => 'skip') \gset
SELECT rows_rejected > 0 AS others FROM ferry_loads WHERE load_id = :good_load;

-- ferry_last_load: what was rolled back was not
BEGIN;
SELECT load_id = ferry_last_load() AS is_last, ferry_last_load() = :good_load + 1 AS is_next
FROM load_csv('jobs', :'lines', header => true, delimiter => ';');
SAVEPOINT a;
SELECT FROM load_csv('jobs', :'lines', header => true, delimiter => ';');
SAVEPOINT b;
SELECT FROM load_csv('jobs', :'lines', header => true, delimiter => ';');
RELEASE b;
SELECT ferry_last_load() - :good_load AS third;
ROLLBACK TO a;
SELECT ferry_last_load() - :good_load AS first;
ROLLBACK;
SELECT ferry_last_load() - :good_load AS none;
-- rejects alone make a batch a load
SELECT rows_loaded FROM insert_rows('jobs', '[{"id": 500, "job": "x"}]');
SELECT ferry_last_load() - :good_load AS none;

-- nobody writes through the view, whoever he is
UPDATE ferry_rejects SET reason = 'mine';
DELETE FROM ferry_rejects;

-- encodings: the file has the source's
\set made :builddir '/results/mend_latin1.csv'
COPY (VALUES ('x', 'é'), ('y', 'ü')) TO :'made' (ENCODING 'LATIN1', FORMAT csv);
SELECT load_id AS latin1 FROM load_csv('jobs', :'made', encoding => 'LATIN1') \gset
SELECT export_rejects(:latin1, :'out');
SELECT bytes = pg_read_binary_file(:'made') AS same FROM out_bytes;
\set made :builddir '/results/mend_utf16.csv'
-- x,a  y,U+1F6A8  z,half a pair
SELECT write_file(:'made', '\xfffe78002c0061000d000a0079002c003dd8a8de0d000a007a002c003dd80d000a00');
SELECT load_id AS utf16 FROM load_csv('jobs', :'made') \gset
SELECT row_number, raw_row, raw_bytes, sqlstate FROM ferry_rejects WHERE load_id = :utf16 ORDER BY 1;
SELECT export_rejects(:utf16, :'out');
SELECT bytes = pg_read_binary_file(:'made') AS same FROM out_bytes;
-- bytes that are no text are in a report as those of a bytea
SELECT export_rejects(:utf16, :'out', 'csv');
SELECT convert_from(bytes, 'UTF8') FROM out_bytes \g (format=unaligned tuples_only)
SELECT correct_reject(:utf16, 3, '30,z');
SELECT rows_loaded FROM reload_rejects(:utf16);

-- headers: names that need quotes; COPY that passes lines over; text
CREATE TABLE "odd ""names" ("a,b" int, "c ""d" int, e int);
\set made :builddir '/results/mend_names.csv'
SELECT write_file(:'made', convert_to(E'"a,b",other,"c ""d"\n1,2,x\n', 'UTF8'));
SELECT load_id AS named FROM load_csv('"odd ""names"', :'made', ARRAY['a,b', 'c "d'], header => true) \gset
SELECT export_rejects(:named, :'out');
SELECT bytes = pg_read_binary_file(:'made') AS same FROM out_bytes;
SELECT write_file(:'made', convert_to(E'h\r\n1\\\\\tx\r\n2\tx\r\n3\t3\r\n', 'UTF8'));
COPY "odd ""names" (e, "a,b") FROM :'made' WITH (ON_ERROR reject, HEADER);
SELECT export_rejects(ferry_last_load(), :'out');
SELECT convert_from(bytes, 'UTF8') = E'e\ta,b\r\n1\\\\\tx\r\n2\tx\r\n' AS as_they_came FROM out_bytes;

-- a record of which only the first bytes are there is in no file of the source
SET pg_ferry.max_record_bytes = '1kB';
COPY (VALUES (100, repeat('x', 2000)), (1, 'y')) TO :'made' (FORMAT csv);
SELECT load_id AS long_load FROM load_csv('jobs', :'made') \gset
SELECT export_rejects(:long_load, :'out');
SELECT convert_from(bytes, 'UTF8') FROM out_bytes;
SELECT export_rejects(:long_load, :'out', 'csv');
SELECT correct_reject(:long_load, 1, '100,' || repeat('x', 2000));
SELECT correct_reject(:long_load, 1, '100,short');
SELECT rows_loaded, rows_rejected FROM reload_rejects(:long_load);
RESET pg_ferry.max_record_bytes;

-- JSON: the row is an object, the file an array
SELECT load_id AS json_load FROM insert_rows('jobs', '[{"id": 1}, {"id": "ü", "job": "x"}, 7]') \gset
SELECT export_rejects(:json_load, :'out');
SELECT convert_from(bytes, 'UTF8') FROM out_bytes \g (format=unaligned tuples_only)
SELECT convert_from(bytes, 'UTF8')::jsonb = '[{"id": 1}, {"id": "ü", "job": "x"}, 7]' AS is_the_request FROM out_bytes;
SELECT correct_reject(:json_load, 1, '{"id": 1, "job": ');
SELECT correct_reject(:json_load, 1, '[1]');
SELECT correct_reject(:json_load, 1, '{"id": 1, "wage": 5}');
SELECT correct_reject(:json_load, 1, '{"id": 600, "job": "six"}');
SELECT correct_reject(:json_load, 3, '{"id": 700, "job": "seven"}');
SELECT rows_loaded, rows_rejected FROM reload_rejects(:json_load);

-- Avro, a dry run
COPY (SELECT 1 AS id, 'again' AS job) TO :'made' (FORMAT avro);
COPY jobs FROM :'made' (FORMAT avro, ON_ERROR reject);
SELECT export_rejects(ferry_last_load(), :'out');
SELECT export_rejects(ferry_last_load(), :'out', 'csv');
SELECT convert_from(bytes, 'UTF8') FROM out_bytes \g (format=unaligned tuples_only)
SELECT correct_reject(ferry_last_load(), 1, '{"id": 5, "job": "x"}');
SELECT load_id AS dry FROM load_csv('jobs', :'lines', header => true, delimiter => ';', dry_run => true) \gset
SELECT correct_reject(:dry, 1, '9;x');
SELECT export_rejects(:dry, :'out');

-- who may
SELECT export_rejects(:dry, 'relative');
SELECT export_rejects(:dry, :'out', 'xml');
SELECT export_rejects(999999, :'out');
CREATE ROLE regress_mend_owner;
CREATE ROLE regress_mend_runner IN ROLE pg_read_server_files;
CREATE ROLE regress_mend_other IN ROLE pg_write_server_files;
ALTER TABLE jobs OWNER TO regress_mend_owner;
GRANT INSERT ON jobs TO regress_mend_runner;
SET ROLE regress_mend_runner;
SELECT load_id AS theirs FROM load_csv('jobs', :'lines', header => true, delimiter => ';') \gset
SELECT export_rejects(:theirs, :'out');
SELECT correct_reject(:theirs, 2, '70;x');
SET ROLE regress_mend_other;
SELECT export_rejects(:theirs, :'out');
SELECT correct_reject(:theirs, 2, '70;x');
SET ROLE regress_mend_owner;
SELECT correct_reject(:theirs, 3, '71;x');
SELECT row_number, corrected_by FROM ferry_rejects WHERE load_id = :theirs AND corrected_row IS NOT NULL ORDER BY 1;
RESET ROLE;
-- whoever may not insert cannot let another one do it
REVOKE INSERT ON jobs FROM regress_mend_runner;
SET ROLE regress_mend_runner;
SELECT correct_reject(:theirs, 2, '72;x');
RESET ROLE;
GRANT INSERT (id) ON jobs TO regress_mend_runner;
SET ROLE regress_mend_runner;
SELECT load_id AS of_columns FROM insert_rows('jobs', '[{"id": 1}]') \gset
SELECT correct_reject(:of_columns, 1, '{"id": 80, "job": "not mine"}');
RESET ROLE;

-- lines that were passed over stand before the header of the export, too: the same call loads it
\set titled :builddir '/results/mend_titled.csv'
SELECT write_file(:'titled', convert_to(E'A title\n\n# note\nid;job\nx;Baker\n90;Page\n# note\ny;Cook\n', 'UTF8'));
SELECT rows_read, rows_rejected FROM load_csv('jobs', :'titled', header => true, delimiter => ';', skip_lines => 2, comment => '#');
SELECT export_rejects(ferry_last_load(), :'out');
SELECT rows_read, rows_rejected FROM load_csv('jobs', :'out', header => true, delimiter => ';', skip_lines => 2, comment => '#');
SELECT raw_row FROM ferry_rejects WHERE load_id = ferry_last_load() ORDER BY row_number;

DROP VIEW unresolved, out_bytes;
DROP TABLE jobs, "odd ""names";
DROP FUNCTION no_cooks, write_file;
DROP ROLE regress_mend_owner, regress_mend_runner, regress_mend_other;
DROP EXTENSION pg_ferry;

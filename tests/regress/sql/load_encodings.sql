-- UTF-16 and UTF-32, by their byte order mark or by name; byte order marks in files that were put together; the words that say
-- how a file is compressed.
\getenv builddir PG_ABS_BUILDDIR
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
LOAD 'pg_ferry';
CREATE TABLE people (id int PRIMARY KEY, name text);
CREATE VIEW last_rejects AS
    SELECT row_number AS row, line_number AS line, sqlstate, reason, raw_row, raw_bytes
    FROM ferry_rejects WHERE load_id = (SELECT max(load_id) FROM ferry_loads) ORDER BY row_number;
CREATE VIEW last_load AS
    SELECT source_bytes, options ->> 'encoding' AS encoding, options ->> 'compression' AS compression FROM ferry_loads ORDER BY load_id DESC LIMIT 1;
CREATE TABLE bytes (content bytea);
CREATE VIEW base64 AS SELECT translate(encode(content, 'base64'), E'\n', '') FROM bytes;
\set file :builddir '/load_encodings.csv'
\set write 'COPY (TABLE base64) TO PROGRAM ''base64 -d >' :file ''''
\set load 'TRUNCATE people; SELECT rows_read, rows_loaded, rows_rejected FROM load_csv(''people'', ' '''' :file '''' ', header => true'

-- a byte order mark tells, and a name that goes with it may say so too
INSERT INTO bytes SELECT convert_to(E'\uFEFFid,name\r\n1,Größe\r\n2,😀\r\nx,"a, ""b"""\r\n', 'UTF8');
CREATE PROCEDURE write_as(encoding text, file text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('COPY (TABLE base64) TO PROGRAM %L', 'base64 -d | iconv -f UTF-8 -t ' || encoding || ' >' || file);
END $$;
CALL write_as('UTF-16LE', :'file');
:load);
TABLE people;
TABLE last_rejects;
TABLE last_load;
:load, encoding => 'utf-16le');
CALL write_as('UTF-16BE', :'file');
:load);
TABLE last_load;
CALL write_as('UTF-32LE', :'file');
:load);
TABLE last_load;
CALL write_as('UTF-32BE', :'file');
:load);
TABLE people;
TABLE last_load;
-- the mark tells sniff_csv and create_table_from, too
SELECT encoding, column_names, column_types, records_sampled FROM sniff_csv(:'file');
CALL write_as('UTF-16LE', :'file');
SELECT encoding, replace(load_command, :'builddir', '') AS load_command FROM sniff_csv(:'file');
SELECT rows_read, rows_loaded, rows_rejected FROM create_table_from(:'file', 'made');
TABLE made;
TABLE last_load;
DROP TABLE made;
CALL write_as('UTF-32BE', :'file');
:load, encoding => 'UTF32LE');
:load, encoding => 'LATIN1');

-- without one the name has to be given
UPDATE bytes SET content = convert_to(E'id,name\n1,Größe\nx,😀', 'UTF8');
CALL write_as('UTF-16BE', :'file');
:load, encoding => 'UTF16BE');
TABLE people;
TABLE last_rejects;
:load, encoding => 'UTF-16');
:load, encoding => 'UTF17LE');

-- a reload knows the text of a reject
ALTER TABLE people ALTER id TYPE text;
SELECT rows_read, rows_loaded, rows_rejected FROM reload_rejects((SELECT max(load_id) FROM ferry_loads WHERE rows_rejected = 1));
TABLE people;
TRUNCATE people;
ALTER TABLE people ALTER id TYPE int USING id::int;

-- COPY: CSV and text, and core's own words for encodings that nobody knows
COPY people FROM :'file' WITH (FORMAT csv, HEADER, ON_ERROR reject, ENCODING 'UTF16BE');
TABLE people;
COPY people FROM :'file' WITH (FORMAT csv, HEADER, ON_ERROR reject, ENCODING 'UTF16BE', ENCODING 'UTF8');
COPY people FROM :'file' WITH (FORMAT csv, HEADER, ON_ERROR reject, ENCODING 'UTF17');
UPDATE bytes SET content = convert_to(E'\uFEFF3\tthree\n4\tvier \\U\\xc3\\xb6\n\\.\n5\tfive\n', 'UTF8');
CALL write_as('UTF-32BE', :'file');
COPY people FROM :'file' WITH (ON_ERROR reject);
TABLE people;

-- what is no character rejects its record: a low surrogate alone, a high one at the end of a line, half a character at the end
UPDATE bytes SET content = '\xfffe31002c0000dc0a0032002c0000d80a0033002c003dd800de0a0034002c0061000a003500';
UPDATE bytes SET content = substring(content FROM 1 FOR length(content) - 1);
:write;
TRUNCATE people;
SELECT rows_read, rows_loaded, rows_rejected FROM load_csv('people', :'file');
TABLE people;
TABLE last_rejects;
-- a zero character, and a number beyond the last character
UPDATE bytes SET content = '\x0000feff000000310000002c000000000000000a000000320000002c001100000000000a000000330000002c0010ffff';
:write;
TRUNCATE people;
SELECT rows_read, rows_loaded, rows_rejected FROM load_csv('people', :'file');
SELECT id, name = U&'\+10FFFF' FROM people;
TABLE last_rejects;

-- files of UTF-8 that were put together, each with its mark; elsewhere, and in another encoding, it is text
UPDATE bytes SET content = convert_to(E'\uFEFF1,one\n\uFEFF2,two\n\uFEFF\uFEFF3,\uFEFFthree\n\uFEFF', 'UTF8');
:write;
TRUNCATE people;
SELECT rows_read, rows_loaded, rows_rejected FROM load_csv('people', :'file');
SELECT id, length(name) FROM people;
TRUNCATE people;
SELECT rows_read, rows_loaded, rows_rejected FROM load_csv('people', :'file', encoding => 'LATIN1');
TABLE people;

-- how a file is compressed: by its first bytes, whatever its name; or not at all
UPDATE bytes SET content = convert_to(E'1,one\n', 'UTF8');
\set gzip 'COPY (TABLE base64) TO PROGRAM ''base64 -d | gzip -n >' :file ''''
:gzip;
TRUNCATE people;
SELECT rows_read, rows_loaded, rows_rejected FROM load_csv('people', :'file', compression => 'auto');
TABLE last_load;
SELECT rows_loaded FROM load_csv('people', :'file', compression => 'none');
TABLE last_load;
COPY people FROM :'file' WITH (FORMAT csv, ON_ERROR reject, COMPRESSION None);
TABLE last_load;
SELECT load_csv('people', :'file', compression => 'gzip');
SELECT load_csv('people', :'file', compression => NULL);
COPY people FROM :'file' WITH (FORMAT csv, ON_ERROR reject, COMPRESSION gzip);
COPY people FROM :'file' WITH (FORMAT csv, ON_ERROR reject, COMPRESSION auto, COMPRESSION none);
COPY people FROM PROGRAM 'true' WITH (FORMAT csv, COMPRESSION auto);
COPY people FROM STDIN WITH (FORMAT csv, ON_ERROR reject, COMPRESSION auto, ON_CONFLICT skip);
1,one
2,two
\.
TABLE people;
-- a file in UTF-16 that is compressed
UPDATE bytes SET content = '\xfffe33002c0061000a00';
:gzip;
SELECT rows_read, rows_loaded, rows_rejected FROM load_csv('people', :'file');
TABLE people;
SELECT encoding, compression FROM last_load;
SELECT encoding, compression FROM sniff_csv(:'file');
DROP EXTENSION pg_ferry CASCADE;
DROP VIEW base64;
DROP TABLE people, bytes;
DROP PROCEDURE write_as;

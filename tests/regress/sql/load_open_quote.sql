-- A quote that is never closed, and a record longer than the limit: one reject each, of which the first bytes are kept; a reload
-- never takes those for the whole. open_quote resume: the line is the reject, and what follows is read.
\getenv builddir PG_ABS_BUILDDIR
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
LOAD 'pg_ferry';
CREATE TABLE mails (id int PRIMARY KEY, sender text, body text);
CREATE VIEW last_rejects AS
    SELECT row_number AS row, line_number AS line, sqlstate, reason, detail, raw_row, resolved_at IS NOT NULL AS resolved
    FROM ferry_rejects WHERE load_id = (SELECT max(load_id) FROM ferry_loads WHERE source NOT LIKE 'rejects%') ORDER BY row_number;
CREATE TABLE lines (line text);
\set file :builddir '/load_open_quote.csv'
\set write 'COPY lines TO PROGRAM ''tr -d "\\\\n" | sed "s/;/\\n/g" >' :file ''''
INSERT INTO lines VALUES ('1,a,"short";2,b,"Dear all,;666,injected,by the text of a mail;bye');
:write;

-- COPY's answer, and a load's
COPY mails FROM :'file' WITH (FORMAT csv);
SELECT rows_read, rows_loaded, rows_rejected FROM load_csv('mails', :'file');
TABLE mails;
TABLE last_rejects;
SELECT options FROM ferry_loads ORDER BY load_id DESC LIMIT 1;
SELECT rows_read, rows_loaded, rows_rejected FROM reload_rejects((SELECT max(load_id) FROM ferry_loads));
TABLE last_rejects;
TRUNCATE mails;
SELECT rows_read, rows_loaded, rows_rejected FROM load_csv('mails', :'file', open_quote => 'resume');
TABLE mails;
TABLE last_rejects;
SELECT options FROM ferry_loads ORDER BY load_id DESC LIMIT 1;
SELECT rows_read, rows_loaded, rows_rejected FROM reload_rejects((SELECT max(load_id) FROM ferry_loads));
TRUNCATE mails;
SELECT rows_read, rows_loaded, rows_rejected FROM load_csv('mails', :'file', dry_run => true);
TABLE last_rejects;
SELECT load_csv('mails', :'file', reject_limit => 0);
TABLE mails;

-- COPY: from the client, a program, a file
\copy mails FROM PROGRAM 'printf "1,a,short\n2,b,\"Dear all,\n666,injected,text\n"' WITH (FORMAT csv, ON_ERROR reject)
TABLE mails;
SELECT row, line, sqlstate, left(reason, 29) AS reason, left(raw_row, 15) AS raw_row FROM last_rejects;
TRUNCATE mails;
COPY mails FROM PROGRAM 'printf "1,a,x\n2,b,it\"s\n3,c,z"' WITH (FORMAT csv, ON_ERROR reject, OPEN_QUOTE resume);
TABLE mails;
TABLE last_rejects;
TRUNCATE mails;
COPY mails FROM :'file' WITH (FORMAT csv, ON_ERROR reject, open_quote 'Reject', ESCAPE '\');
TABLE mails;
SELECT options FROM ferry_loads ORDER BY load_id DESC LIMIT 1;
TRUNCATE mails;

-- two stray quotes are one field to COPY, and to a load, whatever open_quote says; a quote that the file has not makes them data
TRUNCATE lines;
INSERT INTO lines VALUES ('1,3/4" bolt,x;2,b,y;3,5" nut,z;4,d,w');
:write;
COPY mails FROM :'file' WITH (FORMAT csv);
SELECT * FROM mails ORDER BY id;
CREATE TABLE as_copied AS TABLE mails;
TRUNCATE mails;
SELECT rows_read, rows_loaded, rows_rejected FROM load_csv('mails', :'file');
TABLE mails EXCEPT TABLE as_copied;
TRUNCATE mails;
SELECT rows_read, rows_loaded, rows_rejected FROM load_csv('mails', :'file', open_quote => 'resume');
TABLE mails EXCEPT TABLE as_copied;
TRUNCATE mails;
SELECT rows_read, rows_loaded, rows_rejected FROM load_csv('mails', :'file', quote => E'\x01');
SELECT * FROM mails ORDER BY id;
TRUNCATE mails;
DROP TABLE as_copied;
-- of a reject that takes in several lines the detail says so, whatever it is rejected for, and goes on to say so
TRUNCATE lines;
INSERT INTO lines VALUES ('1,a,x;2,3/4" bolt,x;3,b,y;4,5" nut;1,"two;lines",taken;x,"two;lines",no number;5,e,z');
:write;
SELECT rows_read, rows_loaded, rows_rejected FROM load_csv('mails', :'file');
TABLE last_rejects;
SELECT rows_loaded, rows_rejected FROM reload_rejects((SELECT max(load_id) FROM ferry_loads));
SELECT line, detail FROM last_rejects;
TRUNCATE mails;
COPY mails FROM PROGRAM 'printf "1\ta\\\\\nb\n2\tb\tx\n"' WITH (ON_ERROR reject);
TABLE last_rejects;
TRUNCATE mails;

-- in a header it would take all rows along
TRUNCATE lines;
INSERT INTO lines VALUES ('id,sender,"body;1,a,x;2,b,y;');
:write;
SELECT load_csv('mails', :'file', header => true);
COPY mails FROM :'file' WITH (FORMAT csv, HEADER, ON_ERROR reject);
COPY mails FROM :'file' WITH (FORMAT csv, HEADER match, ON_ERROR reject);
COPY mails FROM :'file' WITH (FORMAT csv, HEADER, ON_ERROR reject, OPEN_QUOTE resume);
SELECT load_csv('mails', :'file', header => true, open_quote => 'resume');
TABLE mails;
TRUNCATE mails;

-- longer than the limit: read on to the closing quote, or to the end of the line
SET pg_ferry.max_record_bytes = '1kB';
TRUNCATE lines;
INSERT INTO lines VALUES ('1,a,x;2,b,"' || repeat('line of a log;', 200) || '";3,c,z;4,' || repeat('d', 2000) || ',x;5,e,"' || repeat('é', 1000) || ';6,f,x');
:write;
SELECT rows_read, rows_loaded, rows_rejected FROM load_csv('mails', :'file');
TABLE mails;
SELECT row, line, sqlstate, reason, detail, left(raw_row, 20) AS raw_row, octet_length(raw_row) FROM last_rejects;
-- what was kept of these would be a row
TRUNCATE lines, mails;
INSERT INTO lines VALUES ('1,a,' || repeat('x', 2000) || '"" "never closed;2,b,y');
:write;
SELECT rows_read, rows_loaded, rows_rejected FROM load_csv('mails', :'file');
SELECT row, sqlstate, reason, detail, left(raw_row, 8) AS raw_row, octet_length(raw_row) FROM last_rejects;
RESET pg_ferry.max_record_bytes;
SELECT rows_read, rows_loaded, rows_rejected FROM reload_rejects((SELECT max(load_id) FROM ferry_loads));
SELECT rows_read, rows_loaded, rows_rejected FROM reload_rejects((SELECT max(load_id) FROM ferry_loads));
TABLE mails;
SELECT row, sqlstate, reason, detail, resolved FROM last_rejects;

-- words that are none
\set VERBOSITY terse
SELECT load_csv('mails', :'file', open_quote => 'Resume');
\set VERBOSITY default
COPY mails FROM PROGRAM 'true' WITH (FORMAT csv, ON_ERROR reject, OPEN_QUOTE no);
\set VERBOSITY terse
COPY mails FROM PROGRAM 'true' WITH (FORMAT csv, ON_ERROR reject, OPEN_QUOTE resume, OPEN_QUOTE reject);
COPY mails FROM PROGRAM 'true' WITH (ON_ERROR reject, OPEN_QUOTE reject);
-- and what is ours but lacks ON_ERROR reject
COPY mails FROM PROGRAM 'true' WITH (FORMAT csv, OPEN_QUOTE reject);
COPY mails FROM PROGRAM 'true' WITH (ON_CONFLICT skip);
DROP EXTENSION pg_ferry CASCADE;
DROP TABLE mails, lines;

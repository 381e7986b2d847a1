-- COPY ... FROM ... WITH (ON_ERROR reject): the statement of core with the engine and the log of load_csv.
\getenv srcdir PG_ABS_SRCDIR
\set dirty :srcdir '/data/dirty.csv'
\set empty :srcdir '/data/empty.csv'
SET client_min_messages = warning;
LOAD 'pg_ferry';
CREATE EXTENSION pg_ferry;
RESET client_min_messages;

CREATE TABLE goods (id int PRIMARY KEY, name text NOT NULL, price numeric DEFAULT 9.5, shout text GENERATED ALWAYS AS (upper(name)) STORED);
CREATE VIEW last_rejects AS
    SELECT row_number AS row, line_number AS line, sqlstate, column_name, raw_row, reason FROM ferry_rejects
    WHERE load_id = (SELECT max(load_id) FROM ferry_loads) ORDER BY row_number;
CREATE VIEW last_load AS
    SELECT source, rows_read, rows_loaded, rows_rejected, rows_skipped, options FROM ferry_loads ORDER BY load_id DESC LIMIT 1;

-- CSV and text from the client; \. ends both
COPY goods FROM STDIN WITH (FORMAT csv, ON_ERROR reject);
1,"a ""quoted""",1.5
2,,2
x,three,3
1,again,4
4,four
5,five,5
\.
COPY goods (name, id) FROM STDIN WITH (ON_ERROR reject);
six	6
\N	7
ei\x67ht\t\101	8
nine \
lines	9
bad\.marker	10
bad \xff byte	11
twelve	12	extra
\\N	13
\.
SELECT * FROM goods ORDER BY id;
SELECT * FROM last_rejects;
SELECT * FROM last_load;

-- what was kept of text can be loaded once the cause is mended
ALTER TABLE goods ALTER name DROP NOT NULL;
SELECT rows_read, rows_loaded, rows_rejected FROM reload_rejects((SELECT max(load_id) FROM ferry_loads));
SELECT id, name FROM goods WHERE name IS NULL;
DELETE FROM goods WHERE name IS NULL;
ALTER TABLE goods ALTER name SET NOT NULL;

-- a file: what is in the log is what load_csv would put there
TRUNCATE goods;
COPY goods (id, name) FROM :'dirty' WITH (FORMAT csv, ON_ERROR reject, REJECT_LIMIT 1000, ON_CONFLICT skip);
SELECT rows_read, rows_loaded, rows_rejected, rows_skipped, options FROM last_load;
CREATE TEMP TABLE by_copy AS SELECT * FROM last_rejects;
TRUNCATE goods;
SELECT rows_loaded FROM load_csv('goods', :'dirty', '{id,name}');
SELECT count(*) FROM (TABLE by_copy EXCEPT TABLE last_rejects) d;
SELECT count(*) FROM by_copy;
COPY goods FROM :'empty' WITH (FORMAT csv, ON_ERROR reject);

-- the words of options in any case
TRUNCATE goods;
COPY goods FROM STDIN WITH (FORMAT csv, on_error 'Reject', on_conflict UPDATE, reject_limit 0);
1,one,1
1,uno,1
\.
SELECT * FROM goods;

-- all options of the two formats
COPY goods FROM STDIN WITH (FORMAT csv, HEADER, DELIMITER ';', NULL 'NA', QUOTE '''', ESCAPE '\', FORCE_NULL (price), FORCE_NOT_NULL (name), ENCODING 'LATIN1', ON_ERROR reject);
what;ever;it says
20;'it\'s';NA
21;NA;'NA'
22;;x
\.
SELECT * FROM goods WHERE id >= 20 ORDER BY id;
SELECT * FROM last_rejects;
SELECT options FROM last_load;
COPY goods FROM STDIN WITH (HEADER match, DELIMITER '|', NULL '', ON_ERROR reject);
id|name|price
30|thirty|
31||1
\.
SELECT * FROM goods WHERE id >= 30 ORDER BY id;
SELECT row, line, sqlstate, raw_row FROM last_rejects;
SELECT options FROM last_load;
COPY goods FROM STDIN WITH (FORMAT csv, HEADER match, ON_ERROR reject);
id,price,name
\.
COPY goods (id, name) FROM STDIN WITH (FORMAT csv, HEADER match, ON_ERROR reject);
id,price,name
\.
COPY goods (id, name) FROM STDIN WITH (FORMAT csv, HEADER match, ON_ERROR reject, NULL 'name');
id,name
\.

-- WHERE: before triggers, after defaults; an error in it is the row's
TRUNCATE goods;
CREATE FUNCTION before_goods() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.id := NEW.id + 1000; RETURN NEW; END $$;
COPY goods (id, name) FROM STDIN WITH (FORMAT csv, ON_ERROR reject) WHERE 10 / id > 2 AND price = 9.5;
1,one
0,null
7,seven
3,
4,four
x,five
\.
SELECT * FROM last_rejects;
SELECT * FROM last_load;
CREATE TRIGGER before_goods BEFORE INSERT ON goods FOR EACH ROW EXECUTE FUNCTION before_goods();
COPY goods (id, name) FROM STDIN WITH (FORMAT csv, ON_ERROR reject) WHERE id < 10 AND tableoid = 'goods'::regclass;
1,one
10,ten
\.
DROP TRIGGER before_goods ON goods;
-- one that looks at the table sees the rows before
CREATE FUNCTION goods_count() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM goods';
COPY goods (id, name) FROM STDIN WITH (FORMAT csv, ON_ERROR reject) WHERE goods_count() < 5;
50,a
51,b
52,c
53,d
\.
SELECT * FROM goods ORDER BY id;
COPY goods (id, name) FROM PROGRAM 'true' WITH (ON_ERROR reject) WHERE shout = 'A';
COPY goods (id, name) FROM PROGRAM 'true' WITH (ON_ERROR reject) WHERE id;
COPY goods (id, name) FROM PROGRAM 'true' WITH (ON_ERROR reject) WHERE nothing = 1;

-- over the limit nothing is loaded, and the session goes on
COPY goods FROM STDIN WITH (FORMAT csv, ON_ERROR reject, REJECT_LIMIT 1);
60,sixty,1
x,y,1
y,z,1
61,more,1
\.
SELECT count(*) FROM goods WHERE id >= 60;

-- a program
COPY goods FROM PROGRAM 'printf "70,seventy,1\n71,,\n"' WITH (FORMAT csv, ON_ERROR reject);
SELECT source, rows_read, rows_loaded, rows_rejected FROM last_load;
COPY goods FROM PROGRAM 'echo 72,a,1; exit 3' WITH (FORMAT csv, ON_ERROR reject);
SELECT count(*) FROM goods WHERE id >= 72;

-- what is refused, and how
COPY goods FROM PROGRAM 'true' WITH (FORMAT csv, ON_ERROR reject, ON_ERROR reject);
COPY goods FROM PROGRAM 'true' WITH (ON_ERROR reject, REJECT_LIMIT 1, REJECT_LIMIT 2);
COPY goods FROM PROGRAM 'true' WITH (ON_ERROR reject, ON_CONFLICT skip, ON_CONFLICT skip);
COPY goods FROM PROGRAM 'true' WITH (ON_ERROR reject, FORMAT csv, FORMAT text);
COPY goods FROM PROGRAM 'true' WITH (ON_ERROR reject, colour 'red');
COPY goods FROM PROGRAM 'true' WITH (ON_ERROR reject, convert_selectively (id));
COPY goods FROM PROGRAM 'true' WITH (ON_ERROR reject, REJECT_LIMIT -1);
COPY goods FROM PROGRAM 'true' WITH (ON_ERROR reject, REJECT_LIMIT many);
COPY goods FROM PROGRAM 'true' WITH (ON_ERROR reject, ON_CONFLICT replace);
COPY goods FROM PROGRAM 'true' WITH (ON_ERROR reject, FORMAT xml);
COPY goods FROM PROGRAM 'true' WITH (ON_ERROR reject, FORMAT binary);
COPY goods FROM PROGRAM 'true' WITH (ON_ERROR reject, FREEZE);
\set VERBOSITY sqlstate
COPY goods FROM PROGRAM 'true' WITH (ON_ERROR reject, QUOTE '"');
COPY goods FROM PROGRAM 'true' WITH (ON_ERROR reject, DELIMITER 'ab');
\set VERBOSITY default
COPY goods FROM PROGRAM 'true' WITH (ON_ERROR reject, FORMAT csv, FORCE_NULL (nothing));
COPY goods (id) FROM PROGRAM 'true' WITH (ON_ERROR reject, FORMAT csv, FORCE_NULL (name));
COPY goods (id, shout) FROM PROGRAM 'true' WITH (ON_ERROR reject);
COPY goods (id, id) FROM PROGRAM 'true' WITH (ON_ERROR reject);
COPY goods TO STDOUT WITH (ON_ERROR reject);
COPY nothing FROM PROGRAM 'true' WITH (ON_ERROR reject);
COPY last_load FROM PROGRAM 'true' WITH (ON_ERROR reject);
CREATE SEQUENCE numbers;
COPY numbers FROM PROGRAM 'true' WITH (ON_ERROR reject);
CREATE MATERIALIZED VIEW kept AS SELECT 1 AS one;
COPY kept FROM PROGRAM 'true' WITH (ON_ERROR reject);
COPY goods FROM '/does/not/exist' WITH (ON_ERROR reject);
BEGIN READ ONLY;
COPY goods FROM PROGRAM 'true' WITH (ON_ERROR reject);
ROLLBACK;
-- what is not ours is core's
COPY goods FROM STDIN WITH (FORMAT csv);
x,y,z
\.
COPY (SELECT 1) TO STDOUT;

-- privileges: columns, files, programs, row-level security, and the columns of WHERE
CREATE ROLE copier;
GRANT INSERT (id, name), SELECT (id) ON goods TO copier;
SET ROLE copier;
COPY goods (id, name) FROM STDIN WITH (FORMAT csv, ON_ERROR reject) WHERE id > 0;
80,eighty
80,again
\.
\set VERBOSITY sqlstate
COPY goods (id, name) FROM :'dirty' WITH (FORMAT csv, ON_ERROR reject);
COPY goods (id, name) FROM PROGRAM 'true' WITH (FORMAT csv, ON_ERROR reject);
\set VERBOSITY default
SELECT row_number, sqlstate FROM ferry_rejects WHERE load_id = (SELECT max(load_id) FROM ferry_loads);
RESET ROLE;
GRANT pg_execute_server_program TO copier;
SET ROLE copier;
COPY goods FROM PROGRAM 'true' WITH (FORMAT csv, ON_ERROR reject);
COPY goods (id, name) FROM PROGRAM 'true' WITH (FORMAT csv, ON_ERROR reject);
COPY goods (id, name) FROM PROGRAM 'true' WITH (FORMAT csv, ON_ERROR reject) WHERE price > 0;
COPY goods (id, name) FROM PROGRAM 'true' WITH (FORMAT csv, ON_ERROR reject, ON_CONFLICT update);
RESET ROLE;
ALTER TABLE goods ENABLE ROW LEVEL SECURITY;
SET ROLE copier;
COPY goods (id, name) FROM PROGRAM 'true' WITH (FORMAT csv, ON_ERROR reject);
RESET ROLE;
ALTER TABLE goods DISABLE ROW LEVEL SECURITY;

-- in functions, as core's COPY
CREATE FUNCTION copy_in(statement text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
    EXECUTE statement;
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN n;
END $$;
SELECT copy_in($$COPY goods FROM PROGRAM 'echo 90,a,1; echo 90,b,1; echo 91,c,' WITH (FORMAT csv, ON_ERROR reject)$$);
SELECT copy_in($$COPY goods FROM STDIN WITH (FORMAT csv, ON_ERROR reject)$$);

-- the hint names the schema where the search_path does not have it
CREATE SCHEMA "Odd";
SET client_min_messages = warning;
DROP EXTENSION pg_ferry CASCADE;
COPY goods FROM PROGRAM 'echo 1' WITH (ON_ERROR reject);
CREATE EXTENSION pg_ferry SCHEMA "Odd";
RESET client_min_messages;
COPY goods FROM PROGRAM 'echo 1' WITH (ON_ERROR reject);
SET client_min_messages = warning;
DROP EXTENSION pg_ferry;
DROP TABLE goods;
DROP SEQUENCE numbers;
DROP MATERIALIZED VIEW kept;
DROP ROLE copier;
DROP SCHEMA "Odd";
DROP FUNCTION before_goods, goods_count, copy_in;

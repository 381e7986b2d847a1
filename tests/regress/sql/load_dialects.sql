-- Files as people have them: lines that are no records, blanks, several spellings of NULL, records of other lengths, quotes that
-- are none, headers that are nearly right. The same for load_csv and COPY, and kept for a reload.
\getenv builddir PG_ABS_BUILDDIR
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
LOAD 'pg_ferry';
RESET client_min_messages;
CREATE TABLE goods (id int PRIMARY KEY, name text, price numeric NOT NULL, "In Stock" int);
CREATE VIEW last_load AS SELECT options FROM ferry_loads ORDER BY load_id DESC LIMIT 1;
CREATE VIEW last_rejects AS
    SELECT row_number AS row, line_number AS line, sqlstate, column_name, raw_row, reason, detail
    FROM ferry_rejects WHERE load_id = (SELECT max(load_id) FROM ferry_loads) ORDER BY row_number;
\set file :builddir '/load_dialects.csv'
\set write '\\g (format=unaligned tuples_only=on) ' :file

-- everything at once
SELECT $$Goods of the port
"made 2021
# id and name, then
 ID ,"Name", PRICE ,,in-stock
1, "Lamp, red" , 1.50 ,x,3
# 2,"not, counted

2,	NA	,7,,-,,
3,Rope
 - ,Mast,oops,,1
4," Sail ",9,,2,7
5,"NA",n/a,,"-"$$ :write
SELECT rows_read, rows_loaded, rows_rejected FROM load_csv('goods', :'file', header => true, skip_lines => 2, comment => '#',
    null_strings => '{NA,n/a,-}', trim_blanks => true, ragged => true);
SELECT id, '[' || name || ']' AS name, price, "In Stock" FROM goods ORDER BY id;
TABLE last_rejects;
TABLE last_load;
ALTER TABLE goods ALTER price DROP NOT NULL;
SELECT rows_read, rows_loaded, rows_rejected FROM reload_rejects((SELECT max(load_id) FROM ferry_loads));
SELECT id, '[' || name || ']' AS name, price, "In Stock" FROM goods ORDER BY id;

-- the same by COPY, without a header that goes by name, in CSV and in text
TRUNCATE goods;
COPY goods FROM PROGRAM 'printf "title\\n-- x\\n1, \"a \" ,NA,\\n\\n2\\n3,b,1,2,,\\n"' WITH (FORMAT csv, ON_ERROR reject,
    SKIP_LINES 1, COMMENT '--', NULL_STRINGS ('NA', '-'), TRIM_BLANKS, RAGGED);
COPY goods FROM PROGRAM 'printf "title\\n-- x\\n4| a\\\\\\\\  |NA|\\\\N\\n\\n5\\n6|b|1|2||\\n"' WITH (DELIMITER '|', ON_ERROR reject,
    SKIP_LINES 1, COMMENT '--', NULL_STRINGS 'NA', TRIM_BLANKS true, RAGGED true);
SELECT id, '[' || name || ']' AS name, price, "In Stock" FROM goods ORDER BY id;
TABLE last_load;
-- a column that takes no null string takes none that is missing either
TRUNCATE goods;
COPY goods FROM PROGRAM 'printf "1,NA\\n2,,\\n3\\n4,\"NA\",-\\n"' WITH (FORMAT csv, ON_ERROR reject, RAGGED, NULL_STRINGS ('NA', '-'),
    FORCE_NOT_NULL (name), FORCE_NULL (price));
SELECT id, name, name IS NULL AS is_null, price FROM goods ORDER BY id;

-- a comment is compared in the encoding of the file
TRUNCATE goods;
COPY goods (id) FROM PROGRAM 'printf "\351t\351\n1\n\303\251t\n"' WITH (ENCODING 'LATIN1', COMMENT 'é', ON_ERROR reject);
SELECT id, (SELECT raw_row FROM last_rejects) FROM goods;

-- two stray quotes make one field of all that stands between them, and a NOTICE tells of it
TRUNCATE goods;
SELECT string_agg(n || CASE WHEN n IN (100, 900) THEN ',pipe 5",1' ELSE ',x,1' END, E'\n' ORDER BY n) FROM generate_series(1, 1000) n :write
SELECT rows_read, rows_loaded, rows_rejected FROM load_csv('goods', :'file', '{id,name,price}');
TRUNCATE goods;
SELECT rows_read, rows_loaded, rows_rejected FROM load_csv('goods', :'file', '{id,name,price}', quotes => 'strict');
TABLE last_rejects;
SELECT options -> 'quotes' AS quotes FROM last_load;
SELECT rows_read, rows_loaded, rows_rejected FROM reload_rejects((SELECT max(load_id) FROM ferry_loads));
TRUNCATE goods;
SELECT rows_read, rows_loaded, rows_rejected FROM load_csv('goods', :'file', '{id,name,price}', quotes => 'none');
SELECT id, name FROM goods WHERE name <> 'x' ORDER BY id;
-- a field of a hundred lines is nothing to tell of
TRUNCATE goods;
SELECT '1,"' || repeat(E'\n', 99) || '",1' :write
SELECT rows_loaded FROM load_csv('goods', :'file', '{id,name,price}');
SELECT '2,x"' || repeat(E'\n', 50) || '","' || repeat(E'\n', 60) || E'",1\n3,"' || repeat(E'\n', 100) || '",1' :write
SELECT rows_loaded, rows_rejected FROM load_csv('goods', :'file', '{id,name,price}');
SELECT E'4,"x\ny" z,1\n5, "a",1\n6,"a"\t,1\n7,"a""b",1' :write
SELECT rows_loaded, rows_rejected FROM load_csv('goods', :'file', '{id,name,price}', quotes => 'strict');
TABLE last_rejects;
SELECT rows_loaded, rows_rejected FROM load_csv('goods', :'file', '{id,name,price}', quotes => 'strict', trim_blanks => true, on_conflict => 'skip');
SELECT id, name FROM goods WHERE id > 4 ORDER BY id;

-- headers: names that are blank, doubled, nobody's
TRUNCATE goods;
SELECT E'id,,note,note,NAME, \n1,a,b,c,Lamp,d' :write
SELECT rows_loaded FROM load_csv('goods', :'file', header => true);
SELECT rows_loaded, rows_rejected FROM load_csv('goods', :'file', '{id,name}', header => true);
SELECT load_csv('goods', :'file', '{id,name}', header => true, header_match => 'exact');
ALTER TABLE goods ALTER price SET DEFAULT 0;
SELECT rows_loaded, rows_rejected FROM load_csv('goods', :'file', '{id,name}', header => true, on_conflict => 'update');
TABLE goods;
SELECT E'id,Name,NAME\n2,a,b' :write
SELECT load_csv('goods', :'file', header => true);
SELECT rows_loaded FROM load_csv('goods', :'file', '{id}', header => true);
SELECT E'id,name,NAME\n3,a,b' :write
SELECT load_csv('goods', :'file', header => true);
SELECT rows_loaded FROM load_csv('goods', :'file', '{id,name}', header => true);
SELECT E'id,id,name\n3,3,b' :write
SELECT load_csv('goods', :'file', header => true);
SELECT E' ,\n3,3' :write
SELECT load_csv('goods', :'file', header => true);
-- which of two columns a name is like nobody knows
CREATE TABLE twins (a_b text, "A B" text, ab text, "Größe" text, sixty_three_bytes_are_what_a_name_may_have_in_the_server_no_mor text, made text GENERATED ALWAYS AS (a_b) STORED);
SELECT E'A-B\nx' :write
SELECT load_csv('twins', :'file', header => true);
SELECT E'AB,A B,GRÖSSE\nx,y,z' :write
SELECT load_csv('twins', :'file', header => true);
SELECT E'ab,A B,größe,Sixty three bytes are what a name may have in the server no more than that\nx,y,z,u' :write
SELECT rows_loaded FROM load_csv('twins', :'file', header => true);
SELECT * FROM twins;
SELECT E'Made\nx' :write
SELECT load_csv('twins', :'file', header => true);
-- what a header may be in truth
SELECT E'id;name\n1;x' :write
SELECT load_csv('goods', :'file', header => true);
SELECT load_csv('goods', :'file', '{id}', header => true);
SELECT E'id\tname\n1\tx' :write
SELECT load_csv('goods', :'file', header => true);
SELECT E'ID\n1' :write
SELECT load_csv('goods', :'file', header => true, header_match => 'exact');
\set to_gzip 'gzip -n > ' :file
COPY (SELECT 'id,name') TO PROGRAM :'to_gzip';
SELECT load_csv('goods', :'file', header => true, compression => 'none');
SELECT load_csv('goods', :'file', header => true, compression => 'none', encoding => 'LATIN1');
\set to_utf16 'iconv -f UTF-8 -t UTF-16LE > ' :file
COPY (SELECT 'id,name') TO PROGRAM :'to_utf16';
SELECT load_csv('goods', :'file', header => true);
\set to_zip 'printf "PK\\003\\004\\024" > ' :file
COPY (SELECT '') TO PROGRAM :'to_zip';
SELECT load_csv('goods', :'file', header => true);
-- HEADER match of COPY wants the order of the columns, and their very names unless it is told otherwise
COPY goods (id, "In Stock") FROM PROGRAM 'printf "ID,in_stock\\n7,8\\n"' WITH (FORMAT csv, HEADER match, ON_ERROR reject);
COPY goods (id, "In Stock") FROM PROGRAM 'printf "ID,in_stock\\n7,8\\n"' WITH (FORMAT csv, HEADER match, HEADER_MATCH loose, ON_ERROR reject);
COPY goods (id, "In Stock") FROM PROGRAM 'printf "ID,name\\n7,8\\n"' WITH (FORMAT csv, HEADER match, HEADER_MATCH loose, ON_ERROR reject);
COPY goods (id, "In Stock") FROM PROGRAM 'printf "id;in_stock\\n7;8\\n"' WITH (FORMAT csv, HEADER match, HEADER_MATCH loose, ON_ERROR reject);
SELECT options - 'encoding' AS options FROM last_load;

-- wrong arguments
SELECT load_csv('goods', :'file', skip_lines => -1);
SELECT load_csv('goods', :'file', comment => '');
SELECT load_csv('goods', :'file', comment => E'a\n');
SELECT load_csv('goods', :'file', null_strings => '{NA,NULL}');
SELECT load_csv('goods', :'file', null_strings => '{"a,b"}');
SELECT load_csv('goods', :'file', null_strings => '{"\""}');
SELECT load_csv('goods', :'file', quotes => 'some');
SELECT load_csv('goods', :'file', header_match => 'Exact');
SELECT load_csv('goods', :'file', delimiter => '"');
SELECT load_csv('goods', :'file', trim_blanks => NULL);
COPY goods FROM PROGRAM 'true' WITH (ON_ERROR reject, SKIP_LINES -1);
COPY goods FROM PROGRAM 'true' WITH (ON_ERROR reject, SKIP_LINES x);
COPY goods FROM PROGRAM 'true' WITH (ON_ERROR reject, COMMENT '');
COPY goods FROM PROGRAM 'true' WITH (ON_ERROR reject, NULL_STRINGS ('a', E'b\tc'));
COPY goods FROM PROGRAM 'true' WITH (FORMAT csv, ON_ERROR reject, NULL_STRINGS ('a', 'b,c'));
COPY goods FROM PROGRAM 'true' WITH (ON_ERROR reject, TRIM_BLANKS perhaps);
COPY goods FROM PROGRAM 'true' WITH (ON_ERROR reject, RAGGED, RAGGED);
COPY goods FROM PROGRAM 'true' WITH (ON_ERROR reject, QUOTES strict);
COPY goods FROM PROGRAM 'true' WITH (FORMAT csv, ON_ERROR reject, QUOTES many);
COPY goods FROM PROGRAM 'true' WITH (FORMAT csv, ON_ERROR reject, HEADER, HEADER_MATCH loose);
COPY goods FROM PROGRAM 'true' WITH (FORMAT csv, ON_ERROR reject, HEADER match, HEADER_MATCH nearly);
COPY goods FROM PROGRAM 'true' WITH (FORMAT csv, COMMENT '#');
COPY goods FROM PROGRAM 'true' WITH (FORMAT csv, TRIM_BLANKS);

DROP VIEW last_load, last_rejects;
DROP TABLE goods, twins;
DROP EXTENSION pg_ferry;

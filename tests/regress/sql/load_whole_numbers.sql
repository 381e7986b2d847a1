-- Columns of integers take numbers that are whole, however they are written. What is none, or out of range, has the error of the
-- type.
\getenv builddir PG_ABS_BUILDDIR
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
LOAD 'pg_ferry';
\set file :builddir '/load_whole_numbers.csv'
CREATE DOMAIN small AS smallint CHECK (VALUE >= 0);
CREATE TABLE counts (n int, two smallint, eight bigint, small small, many int[]);
SELECT E'1.0,1e3,-0.0,7.0,{1}\n 2.50e1 ,-32768.0,9223372036854775807.0, 1E1 ,{2}\n1.5,,,,\n,1e5,,,\n1e400,,,,\n,,1e19,,\n,,,40000.0,\n,,,-1.0,\n,,,,{1.0}\n1.0.0,,,,\n+3.,.5e1,0e400,0.0,' \g (format=unaligned tuples_only=on) :file
SELECT rows_loaded, rows_rejected FROM load_csv('counts', :'file');
TABLE counts;
SELECT line_number AS line, sqlstate, column_name, reason FROM ferry_rejects WHERE load_id = (SELECT max(load_id) FROM ferry_loads) ORDER BY row_number;
COPY counts FROM PROGRAM 'printf "4.0\\n"' WITH (ON_ERROR reject, RAGGED);
SELECT count(*) FROM counts WHERE n = 4;
-- rows of a batch are typed: they do not
SELECT rejects -> 0 ->> 'reason' AS reason FROM insert_rows('counts', '[{"n": "1.0"}]');
-- and rejects of them are read so again
CREATE TABLE owners (id int PRIMARY KEY);
ALTER TABLE counts ADD FOREIGN KEY (n) REFERENCES owners NOT VALID;
COPY counts (n) FROM PROGRAM 'printf "9.0\n"' WITH (ON_ERROR reject);
INSERT INTO owners VALUES (9);
SELECT rows_loaded FROM reload_rejects((SELECT max(load_id) FROM ferry_loads));
-- row by row, too
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER keep BEFORE INSERT ON counts FOR EACH ROW EXECUTE FUNCTION keep();
COPY counts (n, small) FROM PROGRAM 'printf "9e0\t2.0\n1.5\t1\n"' WITH (ON_ERROR reject);
SELECT n, small FROM counts WHERE n = 9 ORDER BY small;
DROP TABLE counts, owners;
DROP FUNCTION keep;
DROP DOMAIN small;
DROP EXTENSION pg_ferry;

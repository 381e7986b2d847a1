-- COPY ... WITH (FORMAT avro), both ways. What was written is read back and compared with the rows that it was made of; other
-- programs read it in tests/tap and tests/interop.
\getenv build_dir PG_ABS_BUILDDIR
SET client_min_messages = warning;
LOAD 'pg_ferry';
CREATE EXTENSION pg_ferry;
CREATE SCHEMA copy_avro;
SET search_path = copy_avro, public;
RESET client_min_messages;
SET TimeZone = 'UTC';
\set SHOW_CONTEXT never
\set file :build_dir '/copy_avro.avro'
\set cat 'cat ' :file
\set other :build_dir '/copy_avro_other.avro'

CREATE TABLE goods (
    id int PRIMARY KEY, name text NOT NULL, price numeric(10,2), free numeric, made timestamptz, kind varchar(10) DEFAULT 'none',
    tags text[], shout text GENERATED ALWAYS AS (upper(name)) STORED);
INSERT INTO goods SELECT g, 'name ' || g, g / 7.0, g / 7.0, '2020-01-01 00:00:00.5Z'::timestamptz + g * interval '1 h', 'k' || g % 3, ARRAY['a', NULL, g::text]
    FROM generate_series(1, 5000) g;
INSERT INTO goods (id, name) VALUES (0, ''), (-1, E'\n"\\');
CREATE TABLE copied (LIKE goods INCLUDING ALL);
CREATE FUNCTION differences() RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM ((TABLE goods EXCEPT ALL TABLE copied) UNION ALL (TABLE copied EXCEPT ALL TABLE goods)) d $$;

-- there and back: every codec, both profiles, blocks of any size
COPY goods TO :'file' WITH (FORMAT avro);
COPY copied FROM :'file' WITH (FORMAT avro);
SELECT differences();
TRUNCATE copied;
COPY goods TO :'file' WITH (FORMAT avro, CODEC none, BLOCK_BYTES 1);
COPY copied FROM :'file' WITH (FORMAT avro, ON_ERROR reject);
SELECT differences();
TRUNCATE copied;
COPY goods TO :'file' WITH (FORMAT avro, CODEC 'NULL', PROFILE lossless);
COPY copied FROM :'file' WITH (FORMAT avro, MATCH position);
COPY goods (id, name, price, free, made, kind, tags) TO :'file' WITH (FORMAT avro, CODEC 'NULL', PROFILE lossless);
COPY copied FROM :'file' WITH (FORMAT avro, MATCH position);
SELECT differences();
TRUNCATE copied;
COPY goods TO :'file' WITH (FORMAT avro, CODEC snappy, BLOCK_BYTES 1000);
COPY copied FROM :'file' WITH (FORMAT avro);
SELECT differences();
TRUNCATE copied;
COPY goods TO :'file' WITH (FORMAT avro, CODEC zstandard, CODEC_LEVEL 3, PROFILE lossless, RECORD_NAME 'thing', NAMESPACE 'a.b');
COPY copied FROM :'file' WITH (FORMAT avro, ON_ERROR stop);
SELECT differences();
TRUNCATE copied;
COPY goods TO :'file' WITH (FORMAT avro, CODEC bzip2);
COPY copied FROM :'file' WITH (FORMAT avro);
SELECT differences();
TRUNCATE copied;
COPY goods TO :'file' WITH (FORMAT avro, CODEC xz, CODEC_LEVEL 0);
COPY copied FROM :'file' WITH (FORMAT avro);
SELECT differences();

-- columns, conditions, defaults; what a file has beyond the table is left out
TRUNCATE copied;
COPY goods (name, id) TO :'file' WITH (FORMAT avro);
COPY copied FROM :'file' WITH (FORMAT avro) WHERE id BETWEEN 3 AND 5;
SELECT * FROM copied ORDER BY id;
COPY copied (id, name, kind) FROM :'file' WITH (FORMAT avro);
TRUNCATE copied;
COPY copied (name, id) FROM :'file' WITH (FORMAT avro, MATCH position) WHERE id < 1;
SELECT id, name FROM copied ORDER BY id;
COPY goods (shout, id) TO :'file' WITH (FORMAT avro);
CREATE TABLE shouts (id bigint, shout text);
COPY shouts FROM :'file' WITH (FORMAT avro);
SELECT count(*), count(shout), sum(id) FROM shouts;
CREATE TABLE unlike (a int);
COPY unlike FROM :'file' WITH (FORMAT avro);
CREATE TABLE wrong (id date, shout text);
COPY wrong FROM :'file' WITH (FORMAT avro);

-- queries, views, partitions, children, nothing at all
COPY (SELECT id, kind FROM goods WHERE id < 3 ORDER BY id) TO :'file' WITH (FORMAT avro);
TRUNCATE shouts;
COPY shouts (id) FROM :'file' WITH (FORMAT avro);
TABLE shouts;
COPY (VALUES (7::bigint, 'x'), (8, NULL)) TO :'file' WITH (FORMAT avro);
COPY shouts FROM :'file' WITH (FORMAT avro, MATCH position);
COPY (DELETE FROM shouts WHERE id < 5 RETURNING shout, id * 2 AS id) TO :'file' WITH (FORMAT avro);
COPY shouts FROM :'file' WITH (FORMAT avro);
SELECT * FROM shouts ORDER BY id, shout;
CREATE VIEW few AS SELECT id, name FROM goods WHERE id < 3;
COPY few TO :'file' WITH (FORMAT avro);
TRUNCATE copied;
COPY copied FROM :'file' WITH (FORMAT avro);
SELECT id, name FROM copied ORDER BY id;
CREATE MATERIALIZED VIEW kept AS SELECT id, name FROM goods WHERE id < 2 WITH NO DATA;
COPY kept TO :'file' WITH (FORMAT avro);
REFRESH MATERIALIZED VIEW kept;
COPY kept (id) TO :'file' WITH (FORMAT avro);
CREATE TABLE parts (gone int, id int NOT NULL, t text) PARTITION BY LIST (t);
ALTER TABLE parts DROP gone;
CREATE TABLE part_a PARTITION OF parts FOR VALUES IN ('a');
CREATE TABLE part_b (t text, id int NOT NULL);
ALTER TABLE parts ATTACH PARTITION part_b FOR VALUES IN ('b');
INSERT INTO parts VALUES (1, 'a'), (2, 'b'), (3, 'a');
COPY parts TO :'file' WITH (FORMAT avro);
CREATE TABLE parts_copied (id int, t text);
COPY parts_copied FROM :'file' WITH (FORMAT avro);
SELECT * FROM parts_copied ORDER BY id;
TRUNCATE parts;
COPY parts FROM :'file' WITH (FORMAT avro);
SELECT tableoid::regclass, * FROM parts ORDER BY id;
CREATE TABLE family (id int);
CREATE TABLE child () INHERITS (family);
INSERT INTO family VALUES (1);
INSERT INTO child VALUES (2);
COPY family TO :'file' WITH (FORMAT avro);
TRUNCATE shouts;
COPY shouts FROM :'file' WITH (FORMAT avro);
TABLE shouts;
CREATE TABLE empty ();
INSERT INTO empty DEFAULT VALUES;
COPY empty TO :'file' WITH (FORMAT avro);
COPY (SELECT 1 AS id WHERE false) TO :'file' WITH (FORMAT avro);
COPY shouts FROM :'file' WITH (FORMAT avro);

-- what cannot be exported
CREATE SEQUENCE numbers;
COPY numbers TO :'file' WITH (FORMAT avro);
COPY goods (id, nothing) TO :'file' WITH (FORMAT avro);
COPY goods (id, id) TO :'file' WITH (FORMAT avro);
COPY (DELETE FROM shouts) TO :'file' WITH (FORMAT avro);
COPY (SELECT 1 INTO made) TO :'file' WITH (FORMAT avro);
CREATE RULE quiet AS ON DELETE TO shouts DO INSTEAD NOTHING;
COPY (DELETE FROM shouts) TO :'file' WITH (FORMAT avro);
CREATE OR REPLACE RULE quiet AS ON DELETE TO shouts DO ALSO SELECT 1;
COPY (DELETE FROM shouts RETURNING id) TO :'file' WITH (FORMAT avro);
DROP RULE quiet ON shouts;
BEGIN READ ONLY;
COPY goods TO :'other' WITH (FORMAT avro);
COPY (DELETE FROM shouts RETURNING id) TO :'file' WITH (FORMAT avro);
ROLLBACK;
BEGIN READ ONLY;
COPY copied FROM :'other' WITH (FORMAT avro);
ROLLBACK;

-- a failed export leaves the file as it was, and nothing beside it
COPY (SELECT 10 / (3 - g) FROM generate_series(1, 5) g) TO :'other' WITH (FORMAT avro, BLOCK_BYTES 1);
CREATE TABLE odd (id int, price numeric(5,2));
INSERT INTO odd VALUES (1, 1), (2, 'NaN');
COPY odd TO :'other' WITH (FORMAT avro);
COPY (TABLE odd) TO :'other' WITH (FORMAT avro);
-- 24:00:00, which others have no value for
CREATE TABLE hours (id int, opens time, closes time[]);
INSERT INTO hours VALUES (1, '00:00', '{23:59:59.999999}'), (2, '23:59:59.999999', '{12:00,24:00}'), (3, '24:00', NULL);
\set SHOW_CONTEXT errors
COPY hours TO :'other' WITH (FORMAT avro);
COPY (SELECT * FROM hours WHERE id = 3) TO :'other' WITH (FORMAT avro);
\set SHOW_CONTEXT never
COPY hours TO :'file' WITH (FORMAT avro, PROFILE lossless);
SELECT r.* FROM read_avro(NULL::hours, :'file') r;
SELECT opens FROM read_avro(:'file') AS r(opens text);
COPY odd TO :'other' WITH (FORMAT avro, RECORD_NAME 'not a name');
COPY odd TO :'other' WITH (FORMAT avro, PROFILE lossless, CODEC_LEVEL 99);
TRUNCATE copied;
COPY copied FROM :'other' WITH (FORMAT avro);
SELECT differences();
SELECT count(*) FROM pg_ls_dir(:'build_dir') name WHERE name LIKE 'copy_avro%tmp';

-- the first row that cannot be loaded is an error as COPY has it, or a reject
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TABLE owners (id int PRIMARY KEY);
INSERT INTO owners VALUES (1);
CREATE TABLE strict (id smallint PRIMARY KEY, owner int REFERENCES owners, amount positive, note varchar(3) NOT NULL CHECK (note <> 'bad'));
\set SHOW_CONTEXT always
COPY (SELECT * FROM (VALUES (1, 1, 1, 'ok'), (2, 1, 1, 'ok'), (99999, 1, 1, 'ok')) v (id, owner, amount, note)) TO :'file' WITH (FORMAT avro, BLOCK_BYTES 12);
COPY strict FROM PROGRAM :'cat' WITH (FORMAT avro);
COPY (SELECT 1 id, 1 owner, 0 amount, 'ok' note) TO :'file' WITH (FORMAT avro);
COPY strict FROM PROGRAM :'cat' WITH (FORMAT avro);
COPY (SELECT 1 id, 1 owner, 1 amount, 'long' note) TO :'file' WITH (FORMAT avro);
COPY strict FROM PROGRAM :'cat' WITH (FORMAT avro);
COPY (SELECT 1 id, 1 owner, 1 amount, NULL::text note) TO :'file' WITH (FORMAT avro);
COPY strict FROM PROGRAM :'cat' WITH (FORMAT avro);
COPY (SELECT 1 id, 2 owner, 1 amount, 'ok' note) TO :'file' WITH (FORMAT avro);
COPY strict FROM PROGRAM :'cat' WITH (FORMAT avro);
COPY (SELECT 1 id, 1 owner, 1 amount, 'bad' note) TO :'file' WITH (FORMAT avro);
COPY strict FROM PROGRAM :'cat' WITH (FORMAT avro);
SELECT count(*) FROM strict;
SELECT count(*) FROM ferry_loads WHERE table_name = 'strict';
SET client_min_messages = warning; -- without the numbers of loads
COPY (VALUES (1, 1, 1, 'ok'), (99999, 1, 1, 'ok'), (3, 2, 1, 'ok'), (4, 1, -1, 'ok'), (5, 1, 1, 'long'), (6, 1, 1, NULL),
    (1, 1, 1, 'ok'), (8, 1, 1, 'bad'), (9, NULL, NULL, 'é"')) TO :'file' WITH (FORMAT avro, BLOCK_BYTES 12);
COPY strict FROM PROGRAM :'cat' WITH (FORMAT avro, MATCH position, ON_ERROR reject) WHERE id <> 2;
TABLE strict;
SELECT row_number, line_number, sqlstate, column_name, constraint_name, raw_row, raw_bytes, reason FROM ferry_rejects
    WHERE load_id = (SELECT max(load_id) FROM ferry_loads) ORDER BY row_number;
SELECT rows_read, rows_loaded, rows_rejected, rows_skipped, options FROM ferry_loads WHERE load_id = (SELECT max(load_id) FROM ferry_loads);
SELECT * FROM reload_rejects((SELECT max(load_id) FROM ferry_loads));
COPY strict FROM PROGRAM :'cat' WITH (FORMAT avro, MATCH position, ON_ERROR reject, REJECT_LIMIT 2);
COPY strict FROM PROGRAM :'cat' WITH (FORMAT avro, MATCH position, ON_ERROR reject, ON_CONFLICT skip);
SELECT rows_read, rows_loaded, rows_rejected, rows_skipped FROM ferry_loads WHERE load_id = (SELECT max(load_id) FROM ferry_loads);
COPY (VALUES (1, 1, 7, 'new'), (2, 1, 7, 'new')) TO :'file' WITH (FORMAT avro);
COPY strict FROM PROGRAM :'cat' WITH (FORMAT avro, MATCH position, ON_CONFLICT update);
SELECT * FROM strict ORDER BY id;

RESET client_min_messages;

-- what a trigger says, hint and all
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'no %', NEW.id USING ERRCODE = 'P0099', DETAIL = 'A detail.', HINT = 'A hint.'; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON strict FOR EACH ROW WHEN (NEW.id = 11) EXECUTE FUNCTION refuse();
COPY (VALUES (10, 1, 7, 'new'), (11, 1, 7, 'new')) TO :'file' WITH (FORMAT avro);
COPY strict FROM PROGRAM :'cat' WITH (FORMAT avro, MATCH position);

-- a file that is damaged, or none, loads nothing, whatever ON_ERROR says
COPY strict FROM PROGRAM 'echo no Avro' WITH (FORMAT avro, ON_ERROR reject);
COPY strict FROM PROGRAM 'true' WITH (FORMAT avro);
-- that a program failed is told before what its output lacks
COPY strict FROM PROGRAM 'exit 3' WITH (FORMAT avro);
COPY strict FROM PROGRAM 'printf Obj; exit 4' WITH (FORMAT avro);
COPY strict FROM PROGRAM 'exit 5' WITH (FORMAT csv, HEADER match, ON_ERROR reject);
SELECT count(*) FROM strict;
COPY strict FROM '/nowhere/x.avro' WITH (FORMAT avro);

\set SHOW_CONTEXT never
-- options, before anything is touched
COPY goods TO '/nowhere/x.avro' WITH (FORMAT avro, CODEC lz4);
COPY goods TO '/nowhere/x.avro' WITH (FORMAT avro, CODEC ZST);
COPY goods TO '/nowhere/x.avro' WITH (FORMAT avro, CODEC 'gz');
COPY goods TO '/nowhere/x.avro' WITH (FORMAT avro, CODEC);
COPY goods TO '/nowhere/x.avro' WITH (FORMAT avro, CODEC none, CODEC none);
COPY goods TO '/nowhere/x.avro' WITH (FORMAT avro, FORMAT avro);
COPY goods TO '/nowhere/x.avro' WITH (FORMAT avro, FORMAT csv);
COPY goods TO '/nowhere/x.avro' WITH (FORMAT avro, CODEC none, CODEC_LEVEL 1);
COPY goods TO '/nowhere/x.avro' WITH (FORMAT avro, CODEC_LEVEL 13);
COPY goods TO '/nowhere/x.avro' WITH (FORMAT avro, CODEC_LEVEL high);
COPY goods TO '/nowhere/x.avro' WITH (FORMAT avro, PROFILE full);
COPY goods TO '/nowhere/x.avro' WITH (FORMAT avro, BLOCK_BYTES 0);
COPY goods TO '/nowhere/x.avro' WITH (FORMAT avro, BLOCK_BYTES 67108865);
COPY goods TO '/nowhere/x.avro' WITH (FORMAT avro, RECORD_NAME '1');
COPY goods TO '/nowhere/x.avro' WITH (FORMAT avro, NAMESPACE 'a..b');
COPY goods TO '/nowhere/x.avro' WITH (FORMAT avro, DELIMITER ';');
COPY goods TO '/nowhere/x.avro' WITH (FORMAT avro, HEADER);
COPY goods TO '/nowhere/x.avro' WITH (FORMAT avro, COLOUR 'red');
COPY goods TO '/nowhere/x.avro' WITH (FORMAT avro, MATCH name);
COPY goods TO '/nowhere/x.avro' WITH (FORMAT avro, ON_ERROR reject);
COPY goods FROM '/nowhere/x.avro' WITH (FORMAT avro, CODEC none);
COPY goods FROM '/nowhere/x.avro' WITH (FORMAT avro, MATCH size);
COPY goods FROM '/nowhere/x.avro' WITH (FORMAT avro, ON_ERROR later);
COPY goods FROM '/nowhere/x.avro' WITH (FORMAT avro, ON_CONFLICT ignore);
COPY goods FROM '/nowhere/x.avro' WITH (FORMAT avro, REJECT_LIMIT 3);
COPY goods FROM '/nowhere/x.avro' WITH (FORMAT avro, ON_ERROR reject, REJECT_LIMIT -1);
COPY goods FROM '/nowhere/x.avro' WITH (FORMAT avro, FREEZE);
COPY goods TO 'x.avro' WITH (FORMAT avro);
COPY goods TO '/tmp/../x.avro' WITH (FORMAT avro);
COPY goods TO '/tmp' WITH (FORMAT avro);
COPY goods TO '/nowhere/x.avro' WITH (FORMAT avro);
SET pg_ferry.codec = 'lz4';
SET pg_ferry.codec = 'lzma';
SET pg_ferry.codec = 'zstandard';
COPY goods TO '/nowhere/x.avro' WITH (FORMAT avro, CODEC_LEVEL 23);
RESET pg_ferry.codec;
COPY goods TO '/dev/null' WITH (FORMAT avro);

-- privileges, row-level security
CREATE ROLE copy_avro_user;
GRANT USAGE ON SCHEMA copy_avro TO copy_avro_user;
GRANT SELECT (id, name), INSERT (id) ON goods TO copy_avro_user;
GRANT pg_write_server_files, pg_read_server_files TO copy_avro_user;
SET ROLE copy_avro_user;
COPY goods TO :'file' WITH (FORMAT avro);
COPY goods (id, name) TO :'file' WITH (FORMAT avro);
COPY goods FROM :'file' WITH (FORMAT avro);
COPY goods (id) FROM :'file' WITH (FORMAT avro) WHERE shout IS NULL;
COPY few TO :'file' WITH (FORMAT avro);
RESET ROLE;
CREATE POLICY early ON goods TO copy_avro_user USING (id < 2);
ALTER TABLE goods ENABLE ROW LEVEL SECURITY;
SET ROLE copy_avro_user;
COPY goods (id, name) TO :'file' WITH (FORMAT avro);
COPY goods (id) FROM :'file' WITH (FORMAT avro);
SET row_security = off;
COPY goods (id, name) TO :'file' WITH (FORMAT avro);
RESET row_security;
RESET ROLE;
TRUNCATE copied;
COPY copied (id, name) FROM :'file' WITH (FORMAT avro);
SELECT id, name FROM copied ORDER BY id;

-- a block that is larger than a reader takes
COPY (SELECT repeat('long ', 1000) AS name) TO :'file' WITH (FORMAT avro);
SET pg_ferry.max_block_bytes = '2kB';
COPY copied (name) FROM :'file' WITH (FORMAT avro);
SELECT * FROM read_avro(NULL::copied, :'file');
RESET pg_ferry.max_block_bytes;

-- statements of the server's own pass
COPY (SELECT 1) TO STDOUT WITH (FORMAT csv);
COPY (SELECT 1) TO STDOUT WITH (FORMAT 'AVRO');

\! rm -f "$PG_ABS_BUILDDIR"/copy_avro.avro "$PG_ABS_BUILDDIR"/copy_avro_other.avro
SET client_min_messages = warning;
DROP SCHEMA copy_avro CASCADE;
DROP OWNED BY copy_avro_user;
DROP ROLE copy_avro_user;
DROP EXTENSION pg_ferry;

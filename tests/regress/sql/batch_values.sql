-- What JSON values become in columns of every kind. The oracle of what loads is the server's own jsonb_populate_record().
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
RESET client_min_messages;
CREATE TYPE point2 AS (x int, y numeric);
CREATE TYPE line2 AS (label text, ends point2[], meta jsonb);
CREATE DOMAIN tags AS text[] CHECK (cardinality(VALUE) < 4);
CREATE DOMAIN document AS jsonb;
CREATE TABLE everything (id int PRIMARY KEY, i8 int8, n numeric, f float8, b bool, t text, v varchar(5), d date, ts timestamptz, u uuid,
    j json, jb jsonb, doc document, ints int[], texts text[], docs jsonb[], labels tags, p point2, ps point2[], l line2, box_list box[], bytes bytea);
CREATE TABLE oracle (LIKE everything);

-- each of these rows loads, and is what the server makes of it
CREATE TABLE good (id int, row_text text);
INSERT INTO good (id, row_text) VALUES
    (1, '"i8": 9223372036854775807, "n": 123456789012345678901234567890.1234567890, "f": 0.1, "b": true'),
    (2, '"i8": -9223372036854775808, "n": 1e-20, "f": 1E+308, "b": false'),
    (3, '"i8": "12", "n": "NaN", "f": "Infinity", "b": "yes"'),
    (4, '"t": "a\"b\\c\/d\b\f\n\r\t\u00e9\ud83d\ude00", "v": "\u0041b"'),
    (5, '"t": 12.50, "v": true, "d": "2021-02-28", "ts": "2021-11-07T02:48:42Z", "u": "6f9619ff-8b86-d011-b42d-00c04fc964ff"'),
    (6, '"j": {"b": 1.50, "a": [null, "x"], "b": 2}, "jb": {"b": 1.50, "a": [null, "x"], "b": 2}, "doc": {"k": [1]}'),
    (7, '"j": "text \u00e9", "jb": "te\"xt", "doc": "x"'),
    (8, '"j": 1.50, "jb": 1e2, "doc": false'),
    (9, '"ints": [1, null, -3], "texts": ["a", "", null, "NULL", "x,y", "{q}", "\"", "\\", " s ", "\u00e9\n"], "labels": ["a", "b"]'),
    (10, '"ints": [], "texts": [], "docs": [], "ps": [], "box_list": []'),
    (11, '"ints": [[1, 2], [3, 4]], "texts": [[["a"]], [["b"]]]'),
    (12, '"ints": "{1,2}", "texts": "{a,b}", "p": "(1,2.50)"'),
    (13, '"docs": [{"a": [1, 2]}, "s", 2.50, null, true]'),
    (14, '"p": {"x": 1, "y": 2.50}, "ps": [{"y": 7}, {}, null, {"x": null, "y": "1e3"}]'),
    (15, '"l": {"label": "q\"(),\\ {}", "ends": [{"x": 1, "y": 2}, {"x": 3, "y": 4}], "meta": {"deep": [{"er": "\"\\"}]}}'),
    (16, '"l": {"ends": null, "meta": "just text"}, "p": {"x": 1, "x": 2}'),
    (17, '"box_list": ["(1,2),(3,4)", "(5,6),(7,8)"], "bytes": "\\x00ff"'),
    (18, '"t": "first", "i8": "no number", "t": "last", "i8": 5'),
    (19, '"t": "\u0009 tab", "v": "  ", "f": -0.5, "n": -0'),
    (20, '"t": null, "ints": null, "p": null, "j": null, "jb": null'),
    (21, '"docs": [{"a": 1}, [1, 2], [], "x", null, [[3]]]'),
    (22, '"docs": [ [{"a": 1}, [1, 2]], [[3], "y"] ]'),
    (23, '"docs": [null, [3, 4]]'),
    (24, '"docs": [[1, 2], [3, 4]]');
SELECT rows_loaded, rows_rejected, rejects FROM insert_rows('everything', (SELECT ('[' || string_agg(format('{"id": %s, %s}', id, row_text), ', ') || ']')::json FROM good));
INSERT INTO oracle SELECT r.* FROM good, jsonb_populate_record(NULL::everything, format('{"id": %s, %s}', id, row_text)::jsonb) r;
-- json keeps its text, which the oracle has lost
UPDATE oracle o SET j = format('{%s}', g.row_text)::json->'j' FROM good g WHERE g.id = o.id AND json_typeof(format('{%s}', g.row_text)::json->'j') <> 'null';
SELECT 'loaded' AS only_in, to_jsonb(e) FROM everything e WHERE e::text NOT IN (SELECT o::text FROM oracle o)
UNION ALL
SELECT 'expected', to_jsonb(o) FROM oracle o WHERE o::text NOT IN (SELECT e::text FROM everything e);
SELECT count(*) FROM everything;
SELECT j, jb FROM everything WHERE id = 6;

-- each of these is rejected, with its column
SELECT r."row", r.sqlstate, r."column", substring(r.reason from '^(?:expected|composite|row is|column|unsupported|number).*') AS reason FROM insert_rows('everything', '[
    {"id": 101, "i8": 9223372036854775808}, {"id": 102, "i8": 1.5}, {"id": 103, "f": 1e400}, {"id": 104, "b": 2}, {"id": 105, "i8": true},
    {"id": 106, "i8": [1]}, {"id": 107, "i8": {"a": 1}}, {"id": 108, "t": [1]}, {"id": 109, "v": {"a": 1}}, {"id": 110, "v": "abcdef"},
    {"id": 111, "ints": {"a": 1}}, {"id": 112, "ints": [1, "x"]}, {"id": 113, "ints": [[1], 2]}, {"id": 114, "ints": [[1, 2], [3]]}, {"id": 115, "ints": 5},
    {"id": 116, "ints": [[[[[[[1]]]]]]]}, {"id": 117, "p": [1, 2]}, {"id": 118, "p": {"z": 1}}, {"id": 119, "p": {"x": "one"}}, {"id": 120, "ps": [{"x": 1}, 5]},
    {"id": 121, "labels": ["a", "b", "c", "d"]}, {"id": 122, "texts": ["\ud800"]}, {"id": 123, "t": "\udc00"}, {"id": 124, "t": "\u0000"},
    {"id": 125, "jb": "\u0000"}, {"id": 126, "jb": {"a": "\ud800"}}, {"id": 127, "\ud800": 1}, {"id": 128, "T": 1}, {"id": null}, {"id": {}}, 7, [], null, "x",
    {"id": 135, "p": {"x": {"y": 1}}}, {"id": 136, "texts": [{"a": 1}]}, {"id": 137, "u": true}, {"id": 138, "d": "2021-02-30"}
]'), jsonb_to_recordset(rejects) AS r ("row" int, sqlstate text, "column" text, reason text, detail text) ORDER BY 1;
-- names with what is no text, and a value that its type's input function does not support
CREATE TABLE plain (id int PRIMARY KEY, gift text);
SELECT r."row", r.sqlstate, r."column", r.detail FROM insert_rows('plain', '[{"id": 1, "gift\u0000": "x"}, {"id\u0000": 2}, {"id": 3}]'), jsonb_to_recordset(rejects) AS r ("row" int, sqlstate text, "column" text, detail text);
SELECT r."row", r.sqlstate, r."column", r.detail FROM insert_rows('everything', '[{"id": 40, "p": {"x": 1, "\u0000": 2}}, {"id": 41, "p": {"x\ud800": 1}}]'), jsonb_to_recordset(rejects) AS r ("row" int, sqlstate text, "column" text, detail text);
ALTER TABLE plain ADD relation regclass;
SELECT r."row", r.sqlstate, r."column" FROM insert_rows('plain', '[{"id": 4, "relation": "plain"}, {"id": 5, "relation": "elsewhere.public.plain"}]'), jsonb_to_recordset(rejects) AS r ("row" int, sqlstate text, "column" text);
SELECT * FROM plain ORDER BY id;
DROP TABLE plain;
-- json takes any escape
SELECT rows_loaded FROM insert_rows('everything', '[{"id": 139, "j": "\ud800 \u0000"}]');
SELECT j FROM everything WHERE id = 139;

-- limits: of a row, of depth
SET pg_ferry.max_record_bytes = '1kB';
SELECT rows_loaded, rejects FROM insert_rows('everything', json_build_array(json_build_object('id', 201, 't', repeat('x', 900)), json_build_object('id', 202, 't', repeat('x', 1100))));
RESET pg_ferry.max_record_bytes;
SELECT rows_loaded, rows_rejected FROM insert_rows('everything', ('[{"id": 301, "j": ' || repeat('[', 500) || repeat(']', 500) || '}]')::json);
SELECT rows_loaded FROM insert_rows('everything', ('[{"id": 302, "j": ' || repeat('[', 100000) || repeat(']', 100000) || '}]')::json);
-- what is no JSON is no request: the server's own parser tells where
SELECT rows_loaded FROM insert_rows('everything', '[{"id": 303}, {"id": 304, "t": tru}]');
SELECT rows_loaded FROM insert_batch('{"everything": [{"id": 305}, {"id": 306}');
SELECT count(*) FROM everything WHERE id > 302;
-- where a key is absent the column is NULL if there is no default, and a domain may refuse that: as in INSERT, unlike in COPY
CREATE DOMAIN present AS text NOT NULL;
CREATE DOMAIN counted AS int CHECK (VALUE IS NOT NULL);
CREATE DOMAIN filled AS text NOT NULL DEFAULT 'd';
CREATE TABLE guarded (id int PRIMARY KEY, a present, b counted, c filled);
INSERT INTO guarded (id, b) VALUES (1, 1);
INSERT INTO guarded (id, a) VALUES (1, 'x');
SELECT rows_loaded, r."row", r.sqlstate, r."column", r.reason FROM insert_rows('guarded', '[{"id": 1}, {"id": 2, "a": "x"}, {"id": 3, "a": "x", "b": 1},
    {"id": 4, "b": 1}, {"id": 5, "a": null, "b": 1}]'), jsonb_to_recordset(rejects) AS r ("row" int, sqlstate text, "column" text, reason text);
SELECT * FROM guarded;
DROP TABLE guarded;
DROP DOMAIN present, counted, filled;
-- rejected rows are read again the same way
SELECT count(*) FROM ferry_rejects WHERE raw_row LIKE '{"id": 115, %';
ALTER TABLE everything DROP CONSTRAINT everything_pkey, ALTER id DROP NOT NULL, ALTER v TYPE text;
SELECT rows_loaded FROM reload_rejects((SELECT min(load_id) FROM ferry_rejects));
SELECT id, v FROM everything WHERE id = 110 OR id IS NULL ORDER BY id;
DROP TABLE everything, oracle, good;
DROP DOMAIN tags, document;
DROP TYPE line2, point2;
DROP EXTENSION pg_ferry;
-- characters that the database's encoding does not have reject the row, with its column
CREATE DATABASE regress_latin1 TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C';
\set original :DBNAME
\c regress_latin1
SET client_encoding = 'UTF8';
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry;
RESET client_min_messages;
CREATE TABLE words (id int PRIMARY KEY, word text, list text[], doc jsonb);
SELECT rows_loaded, r."row", r.sqlstate, r."column" FROM insert_rows('words', '[{"id": 1, "word": "\u00e9"}, {"id": 2, "word": "\u20ac"}, {"id": 3, "list": ["x", "\u20ac"]},
    {"id": 4, "doc": {"a": "\u20ac"}}, {"id": 5, "\u20ac": 1}, {"id": 1, "word": "e"}]'), jsonb_to_recordset(rejects) AS r ("row" int, sqlstate text, "column" text);
SELECT encode(convert_to(word, 'UTF8'), 'hex') FROM words;
\c :original
DROP DATABASE regress_latin1;

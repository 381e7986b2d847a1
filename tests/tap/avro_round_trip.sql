-- What avro_round_trip.pl needs in a database: values of every type, and functions that take them out and back. It runs with
-- client_encoding SQL_ASCII and is ASCII itself.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_ferry;
CREATE SCHEMA trip;
SET search_path = trip, public;

-- The text of a value, or of a row, as no setting of the session can change it.
CREATE FUNCTION plain_settings(body text) RETURNS bigint LANGUAGE plpgsql
    SET DateStyle = 'ISO, YMD' SET IntervalStyle = 'postgres' SET TimeZone = 'UTC' SET extra_float_digits = 1
    SET bytea_output = 'hex' SET lc_monetary = 'C' SET search_path = trip, public SET xmloption = 'content' AS $$
DECLARE result bigint;
BEGIN
    EXECUTE body INTO result;
    RETURN result;
END $$;

-- The number of rows of the one table that the other does not have: by their text, by the text of each column and by the bytes
-- that are stored. Both have a column "id" and the same columns.
CREATE FUNCTION differences(a regclass, b regclass) RETURNS bigint LANGUAGE sql AS $$
    SELECT plain_settings(format(
        'SELECT count(*) FROM %s a FULL JOIN %s b USING (id)
         WHERE (a.*)::text IS DISTINCT FROM (b.*)::text OR NOT record_image_eq(a, b) OR %s', a, b,
        string_agg(format('a.%1$I::text IS DISTINCT FROM b.%1$I::text', attname), ' OR ')))
    FROM pg_attribute WHERE attrelid = a AND attnum > 0 AND NOT attisdropped $$;

-- Takes a table out by a statement, and back by another under the settings of another session. Their %1$s is the table, %2$L the
-- file. The number of rows that differ.
CREATE FUNCTION trip(source regclass, file text, out_by text, in_by text, settings_between text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE found bigint;
BEGIN
    EXECUTE format(out_by, source, file);
    EXECUTE format('CREATE TABLE trip.back (LIKE %s INCLUDING ALL)', source);
    EXECUTE settings_between;
    EXECUTE format(in_by, 'trip.back', file);
    found := trip.differences(source, 'trip.back');
    DROP TABLE trip.back;
    RETURN found;
END $$;

-- Restores a backup of a table that has lost its rows. The number of rows that differ.
CREATE FUNCTION restored(source regclass, backup_id text, directory text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE found bigint;
BEGIN
    EXECUTE format('CREATE TABLE trip.back (LIKE %1$s); INSERT INTO trip.back TABLE %1$s; DELETE FROM %1$s', source);
    PERFORM public.restore_table(source::text, backup_id, directory);
    found := trip.differences(source, 'trip.back');
    DROP TABLE trip.back;
    RETURN found;
END $$;

-- The SQLSTATE of values that have no form in profile interop, as docs/types.md tells; null for others.
CREATE FUNCTION no_form(type regtype, spelling text, value text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN CASE
        WHEN type = 'numeric'::regtype AND value = 'NaN' AND substring(spelling FROM '\d+')::int <= 38 THEN '22003'
        WHEN type IN ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype) AND value ~ 'infinity' THEN '22008'
        WHEN type IN ('timestamp'::regtype, 'timestamptz'::regtype) AND value::timestamptz >= '294247-01-10 04:00:54.775807+00' THEN '22008'
        WHEN type = 'interval'::regtype AND value ~ 'infinity' THEN '22008'
        WHEN type = 'time'::regtype AND value = '24:00:00' THEN '22008'
        WHEN type = 'grid'::regtype AND array_ndims(value::int[]) <> 2 OR value ~ '\[[0-9]+:' AND type IN ('grid'::regtype, 'pair'::regtype) THEN '2202E'
    END;
END $$;
CREATE TABLE formless (number int, value text, state text);

-- Takes the rows of a table of samples, which has the names of tables of make_tables(), out in profile interop and back, in two
-- sessions of other settings: all that have a form together, the others each alone. What has another outcome.
CREATE FUNCTION interop_surprises(source regclass, file text, settings_out text, settings_back text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    name text[] := regexp_match(source::text, '(t|a|da|d)([0-9]+)(_table)?$');
    state text := format('(SELECT min(f.state) FROM trip.formless f WHERE number = %s AND f.value = ', name[2]);
    item record; outcome text;
BEGIN
    EXECUTE format('CREATE TABLE trip.one (LIKE %1$s); CREATE TABLE trip.back (LIKE %1$s); CREATE TABLE trip.states (id int, state text)', source);
    EXECUTE format('INSERT INTO trip.states SELECT id, %s FROM %s s', CASE
        WHEN name[1] IN ('a', 'da') THEN format('CASE WHEN array_ndims(v) <> 1 OR array_lower(v, 1) <> 1 THEN ''2202E''
            ELSE (SELECT min(%s e::text)) FROM unnest(v) e) END', state)
        ELSE format('%s %s::text)', state, CASE name[1] WHEN 't' THEN 'v' ELSE 'd' END) END, source);
    FOR item IN SELECT coalesce(s.state, 'the same') AS expected, array_agg(id) AS ids, min(id) FROM trip.states s
            GROUP BY s.state, CASE WHEN s.state IS NOT NULL THEN id END LOOP
        EXECUTE format('DELETE FROM trip.one; DELETE FROM trip.back; INSERT INTO trip.one SELECT * FROM %s WHERE id = ANY (%L)', source, item.ids);
        BEGIN
            EXECUTE settings_out;
            EXECUTE format('COPY trip.one TO %L WITH (FORMAT avro)', file);
            EXECUTE settings_back;
            EXECUTE format('COPY trip.back FROM %L WITH (FORMAT avro)', file);
            outcome := CASE trip.differences('trip.one', 'trip.back') WHEN 0 THEN 'the same' ELSE 'different' END;
        EXCEPTION WHEN OTHERS THEN
            outcome := SQLSTATE || ' ' || SQLERRM;
        END;
        RESET ALL;
        IF left(outcome, length(item.expected)) <> item.expected THEN
            RETURN NEXT format('%s, rows %s: %s, not %s', source, item.ids, outcome, item.expected);
        END IF;
    END LOOP;
    DROP TABLE trip.one, trip.back, trip.states;
END $$;

CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
ALTER TYPE mood ADD VALUE 'fine' BEFORE 'happy';
CREATE TYPE odd_mood AS ENUM ('so so', '', '1', 'a"b', 'c''d', '{', ',', '\', 'NULL', 'null');
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE DOMAIN grid AS integer[][] CHECK (array_length(VALUE, 1) < 5);
CREATE DOMAIN finer AS positive CHECK (VALUE < 1000);
CREATE TYPE address AS (street text, gone integer, "zip code" numeric(5), tags text[][]);
ALTER TYPE address DROP ATTRIBUTE gone;
CREATE TYPE pair AS (a address, b mood, c positive, d grid);
CREATE TYPE deep AS (p pair[], r int4multirange[]);
CREATE DOMAIN home AS address CHECK ((VALUE).street <> 'nowhere');
CREATE TYPE floats AS RANGE (SUBTYPE = float8);
CREATE TYPE texts AS RANGE (SUBTYPE = text, COLLATION = "C");
CREATE TYPE grids AS RANGE (SUBTYPE = integer[]);
CREATE TYPE homes AS RANGE (SUBTYPE = address);
CREATE TABLE rows_of (a integer, b text, gone text);
ALTER TABLE rows_of DROP gone, ADD c numeric(4,2);

-- Values by the name of a type. A domain has those of its base type.
CREATE TABLE samples (type regtype, value text, UNIQUE (type, value));
CREATE FUNCTION give(type regtype, VARIADIC texts text[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO samples SELECT type, unnest(texts) $$;

DO $$ BEGIN
PERFORM give('boolean', 'true', 'false');
PERFORM give('bytea', '', '\x' || (SELECT string_agg(lpad(to_hex(g), 2, '0'), '') FROM generate_series(0, 255) g), '\x00', '\xc3',
    '\x' || repeat('00ff', 5000));
PERFORM give('"char"', '', 'a', ' ', '"', ',', '\');
PERFORM give('name', '', 'a name', repeat('n', 63), '"', '-');
PERFORM give('bigint', '-9223372036854775808', '9223372036854775807', '0', '-1', '63', '64', '-64', '-65');
PERFORM give('integer', '-2147483648', '2147483647', '0', '5', '1');
PERFORM give('smallint', '-32768', '32767', '0', '-1');
PERFORM give('oid', '0', '4294967295', '2147483648');
PERFORM give('int2vector', '', '1 2 -3', '0');
PERFORM give('oidvector', '', '1 2 4294967295');
PERFORM give('tid', '(0,0)', '(4294967295,65535)');
PERFORM give('xid', '0', '4294967295');
PERFORM give('xid8', '0', '18446744073709551615');
PERFORM give('cid', '0', '4294967295');
PERFORM give('text', '', ' ', 'NULL', '\N', '\.', '"', '''', E'a\tb\nc\rd\\', '{}', '(,)', E'\001\177', repeat('long ', 3000), '<a/>');
PERFORM give('varchar', '', 'abc', '   ', 'YES');
PERFORM give('bpchar', '', 'a', 'a b ', '  ');
PERFORM give('refcursor', '', 'a cursor');
PERFORM give('real', '0', '-0', 'NaN', 'Infinity', '-Infinity', '1e-45', '3.4028235e38', '-1.1754944e-38', '0.1', '16777217', '1.00000012');
PERFORM give('double precision', '0', '-0', 'NaN', 'Infinity', '-Infinity', '5e-324', '1.7976931348623157e308', '0.1',
    '0.30000000000000004', '9007199254740993', '2.2250738585072014e-308');
PERFORM give('numeric', '0', '0.000', '-0.0', '1.500', '-1', '100', '1e10', '-1e-20', 'NaN', 'Infinity', '-Infinity', '12', '0.99',
    repeat('9', 131072), '-' || repeat('9', 131072) || '.' || repeat('9', 16383), '0.' || repeat('0', 16382) || '1',
    '12345678901234567890.12345678900', '1' || repeat('0', 40), '9999', '10000', '0.0001', '0.00010', '-5');
PERFORM give('money', '0', '-0.01', '92233720368547758.07', '-92233720368547758.08', '1234.5');
PERFORM give('date', '4714-11-24 BC', '0001-12-31 BC', '0001-01-01', '1969-12-31', '1970-01-01', '2000-02-29', '5874897-12-31',
    'infinity', '-infinity');
PERFORM give('timestamp', '4714-11-24 00:00:00 BC', '0001-01-01 00:00:00 BC', '1969-12-31 23:59:59.999999', '1970-01-01 00:00:00',
    '294246-12-31 23:59:59.999999', '294247-01-10 04:00:54.775806', '294276-12-31 23:59:59.999999', '2000-02-29 12:00:00.000001',
    'infinity', '-infinity', '290278-01-01', '294247-01-10 04:00:54.775807', '294247-01-10 04:00:54.775808');
PERFORM give('timestamptz', value || CASE WHEN value ~ 'BC' THEN '' WHEN value ~ ' ' THEN '+00' ELSE '' END)
    FROM samples WHERE type = 'timestamp'::regtype AND value !~ 'BC';
PERFORM give('timestamptz', '4714-11-24 00:00:00+00 BC', '0044-03-15 12:00:00+01:30 BC', '1883-11-18 12:00:00-04:56:02');
PERFORM give('time', '00:00:00', '24:00:00', '23:59:59.999999', '00:00:00.000001');
PERFORM give('timetz', '00:00:00+00', '24:00:00-15:59:59', '23:59:59.999999+15:59:59', '12:00:00.5+02', '00:00:00-05:30:15');
PERFORM give('interval', '0', '1 year', '-1 year', '1 year -2 mons', '-1 days +00:00:01', '1 day -00:00:00.000001', '-00:00:00.1',
    '1 mon -1 day 24:00:00', '-178000000 years -2147483648 days -2562047788:00:54.775807', '178000000 years', '2147483647 days',
    '2562047788:00:54.775807', '-1 mons', '14 mons -3 days 04:05:06.070');
PERFORM give('uuid', '00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 'a0eebc999c0b4ef8bb6d6bb9bd380a11');
PERFORM give('json', '{}', '{"b" :  1, "a":2,"b":3 }', E' [1,\n 2 ]', '"text"', 'null', '1e400', '12345678901234567890.00', '"\u0000"', 'true ');
PERFORM give('jsonb', '{}', '{"b" :  1, "a":2,"b":3 }', '[1, 2.500, -0]', '"text"', 'null', '1e400', '12345678901234567890.00', '[]', '""');
PERFORM give('jsonpath', '$', '$."a b"[*] ? (@ > 1.50)', 'strict $.a');
-- not with a declaration that says version 1.0 only, which the output function leaves out
PERFORM give('xml', '', '<a>b</a>', 'text<b/>', '<!DOCTYPE a><a/>', ' <a/> ', '&#233;', '<?xml version="1.0" standalone="yes"?><a/>');
PERFORM give('point', '(0,-0)', '(0.1,1e300)', '(NaN,Infinity)');
PERFORM give('lseg', '[(0,0),(0.1,-1)]');
PERFORM give('path', '((0,0),(1,1))', '[(0,0),(1,1),(0.1,0.2)]');
PERFORM give('box', '(1,1),(0,-0.1)');
PERFORM give('polygon', '((0,0),(1,1),(2,0))', '((0.1,0.1))');
PERFORM give('line', '{1,-1,0.1}');
PERFORM give('circle', '<(0,0),0.1>', '<(-1,1),Infinity>');
PERFORM give('macaddr', '08:00:2b:01:02:03');
PERFORM give('macaddr8', '08:00:2b:01:02:03:04:05', '08002b010203');
PERFORM give('inet', '10.0.0.1', '10.0.0.1/8', '::1', '::ffff:1.2.3.4/96', '2001:db8::/32', '0.0.0.0/0', '255.255.255.255/31');
PERFORM give('cidr', '10.0.0.0/8', '::/0', '2001:db8::/32', '10.1.2.3/32');
PERFORM give('aclitem', 'postgres=arwdDxt/postgres', '=/postgres', '=X*/postgres');
PERFORM give('bit', '1', '0');
PERFORM give('varbit', '', '1', '0000', repeat('10', 100));
PERFORM give('pg_lsn', '0/0', 'FFFFFFFF/FFFFFFFF');
PERFORM give('pg_snapshot', '10:20:10,14,15', '1:1:');
PERFORM give('txid_snapshot', '10:20:10,14,15', '1:1:');
PERFORM give('tsvector', '', 'a b', '''a b'':1A,2B c', '''a''''b'':16383 ''\\''');
PERFORM give('tsquery', '', 'a & !b', '''a b'':*A <-> c', '''a'' <3> ''b'' | c');
PERFORM give('regproc', '-', 'now', '999999', 'pg_catalog.sum');
PERFORM give('regprocedure', '-', 'now()', 'trip.give(regtype,text[])', '999999');
PERFORM give('regoper', '0', '999999', 'pg_catalog.||/', '*=');
PERFORM give('regoperator', '0', '+(integer,integer)', '-(none,integer)', '999999');
PERFORM give('regclass', '-', 'pg_class', 'pg_catalog.pg_am', 'trip.samples', '999999');
PERFORM give('regtype', '-', 'integer', 'trip.mood[]', 'character varying', '999999', '"char"');
PERFORM give('regrole', '-', 'postgres', '999999');
PERFORM give('regnamespace', '-', 'pg_catalog', 'trip', '999999');
PERFORM give('regconfig', '-', 'english', '999999');
PERFORM give('regdictionary', '-', 'simple', '999999');
PERFORM give('regcollation', '-', '"C"', '999999', '"default"');
PERFORM give('int4range', 'empty', '(,)', '[1,10]', '(1,)', '[,5)');
PERFORM give('int8range', 'empty', '(,)', '[-9223372036854775808,9223372036854775807)');
PERFORM give('numrange', 'empty', '(,)', '(1.50,2.0]', '[1,1]', '[-Infinity,Infinity]', '(,NaN]');
PERFORM give('daterange', 'empty', '(,)', '[2020-01-01,infinity)', '[-infinity,)', '[4714-11-24 BC,2020-01-01)');
PERFORM give('tsrange', 'empty', '(,)', '["2020-01-01 00:00:00.5","294276-12-31 23:59:59.999999"]', '[-infinity,infinity)');
PERFORM give('tstzrange', 'empty', '(,)', '["2020-01-01 00:00:00+00","294276-12-31 23:59:59+00")', '(-infinity,infinity]');
PERFORM give('floats', '[-0,0]', '[0.1,Infinity]', '(,NaN)', '[5e-324,)', '(1,1)');
PERFORM give('texts', '["",a]', '["(",")")', '["a\\b","c""d"]', '(," ")', 'empty');
PERFORM give('grids', '["{}","{1,NULL}"]', '("[0:1]={1,2}",)');
PERFORM give('homes', '["(a,1,)",)');
PERFORM give('mood', 'sad', 'fine', 'happy');
PERFORM give('odd_mood', VARIADIC enum_range(NULL::odd_mood)::text[]);
PERFORM give('grid', '{}', '{1,2}', '{{1,NULL},{3,4}}', '[0:1][-1:0]={{1,2},{3,4}}');
PERFORM give('address', '(,,)', '("a ""street"", \\",12345,"{{x,NULL},{"""",\\\\}}")', '(" ",-1,{})');
PERFORM give('pair', '(,,,)', '("(a,1,)",fine,5,"[3:4]={1,NULL}")', '("(,,)",,,{})');
PERFORM give('deep', '(,)', '("{NULL,""(,sad,,)""}","{""{[1,2)}"",""{}"",NULL}")', '({},{})');
PERFORM give('rows_of', '(,,)', '(1,"x y",-1.50)');
END $$;
INSERT INTO samples SELECT rngmultitypid, '{' || CASE WHEN value <> 'empty' THEN value ELSE '' END || '}' FROM samples JOIN pg_range ON rngtypid = type;
INSERT INTO samples VALUES ('int4multirange', '{[1,3),[5,8)}'), ('nummultirange', '{(,1.50),[2.0,2.0],(3,)}');

-- Every type that a column can have, as it is spelled in a table: types of the catalog, their arrays, and some modifiers.
CREATE TABLE spellings (number serial, spelling text, base regtype, sample_type regtype);
WITH RECURSIVE down (type, base) AS (
    SELECT oid, oid FROM pg_type
    WHERE typtype IN ('b', 'd', 'e', 'r', 'm') OR typtype = 'c' AND typnamespace = 'trip'::regnamespace AND (SELECT relkind FROM pg_class WHERE oid = typrelid) = 'c'
        OR oid = 'rows_of'::regtype
    UNION ALL
    SELECT d.type, t.typbasetype FROM down d JOIN pg_type t ON t.oid = d.base WHERE t.typtype = 'd'
        AND NOT EXISTS (SELECT FROM samples s WHERE s.type = t.oid))
INSERT INTO spellings (spelling, base, sample_type)
    SELECT format_type(d.type, NULL), d.type, d.base FROM down d JOIN pg_type t ON t.oid = d.base
    WHERE (t.typtype <> 'd' OR EXISTS (SELECT FROM samples s WHERE s.type = t.oid)) AND t.oid NOT IN (SELECT typarray FROM pg_type)
        AND d.type NOT IN (SELECT typarray FROM pg_type)
    ORDER BY d.type;
INSERT INTO spellings (spelling, base, sample_type)
    SELECT spelling, spelling::regtype, spelling::regtype FROM unnest(ARRAY['numeric(38,10)', 'numeric(38)', 'numeric(39,3)', 'numeric(5,-2)',
        'numeric(2,5)', 'numeric(4,2)', 'numeric(1000,500)', 'varchar(3)', 'varchar(20)', 'char(4)', 'char(300)', 'bit(3)', 'varbit(8)', 'time(3)', 'timetz(0)',
        'timestamp(0)', 'timestamptz(3)', 'interval(2)', 'interval year to month', 'interval day to second(3)']) spelling;

-- Tables t<number> of a type's values, v; of arrays of them, a<number>; in a domain and in a composite type.
CREATE FUNCTION make_table(number int, spelling text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE t%s (id serial, v %s)', number, spelling);
    -- a compressed value in a composite one has other bytes than the same value
    IF (SELECT attstorage FROM pg_attribute WHERE attrelid = ('t' || number)::regclass AND attname = 'v') <> 'p' THEN
        EXECUTE format('ALTER TABLE t%s ALTER v SET STORAGE EXTERNAL', number);
    END IF;
END $$;
CREATE FUNCTION make_tables(number int, spelling text, sample_type regtype) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE sample text; given bigint := 0;
BEGIN
    PERFORM make_table(number, spelling);
    FOR sample IN SELECT value FROM samples WHERE type = sample_type LOOP
        BEGIN
            -- what the type itself cannot read again, such as a timestamp that was rounded beyond its end, is none of ours
            EXECUTE format('SELECT %L::%s::text', sample, spelling) INTO sample;
            EXECUTE format('INSERT INTO t%s (v) VALUES (%L::%s)', number, sample, spelling);
            given := given + 1;
        EXCEPTION WHEN data_exception OR integrity_constraint_violation OR undefined_object OR ambiguous_function THEN NULL;
        END;
    END LOOP;
    IF given = 0 THEN RETURN 0; END IF;
    EXECUTE format('INSERT INTO formless SELECT DISTINCT %1$s, v::text, no_form(%2$L, %3$L, v::text) FROM t%1$s WHERE no_form(%2$L, %3$L, v::text) IS NOT NULL',
        number, sample_type, spelling);
    EXECUTE format('INSERT INTO t%s (v) VALUES (NULL)', number);
    -- ARRAY[v] is not their array
    IF sample_type NOT IN ('int2vector'::regtype, 'oidvector'::regtype, 'grid'::regtype) THEN PERFORM make_nested(number, spelling); END IF;
    RETURN given;
END $$;
CREATE FUNCTION make_nested(number int, spelling text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT typarray FROM pg_type WHERE oid = spelling::regtype) <> 0 THEN
        EXECUTE format('CREATE TABLE a%1$s (id serial, v %2$s[]);
            INSERT INTO a%1$s (v) SELECT array_agg(v ORDER BY id) FROM t%1$s;
            INSERT INTO a%1$s (v) SELECT ARRAY[v] FROM t%1$s;
            INSERT INTO a%1$s (v) SELECT array_fill(v, ARRAY[2,1,3], ARRAY[-1,0,7]) FROM t%1$s WHERE id = 1;
            INSERT INTO a%1$s (v) SELECT ARRAY[ARRAY[v, NULL], ARRAY[NULL, v]] FROM t%1$s;
            INSERT INTO a%1$s (v) SELECT array_fill(v, ARRAY[2], ARRAY[0]) FROM t%1$s WHERE id = 1;
            INSERT INTO a%1$s (v) VALUES (%3$L), (NULL)', number, spelling, '{}');
        EXECUTE format('CREATE DOMAIN da%1$s AS %2$s[]; CREATE TABLE da%1$s_table (id int, v da%1$s); INSERT INTO da%1$s_table TABLE a%1$s', number, spelling);
    END IF;
    EXECUTE format('CREATE DOMAIN d%1$s AS %2$s; CREATE TYPE c%1$s AS (d d%1$s, v %2$s);
        CREATE TABLE d%1$s_table (id int, d d%1$s, c c%1$s, r d%1$s[], s c%1$s[]);
        INSERT INTO d%1$s_table SELECT id, v, ROW(v::d%1$s, v)::c%1$s, ARRAY[v::d%1$s, NULL], ARRAY[NULL, ROW(NULL, v)::c%1$s] FROM t%1$s', number, spelling);
END $$;

-- The same with values by their expressions: their texts are not all of them.
CREATE FUNCTION make_odd(number int, spelling text, VARIADIC expressions text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE expression text;
BEGIN
    PERFORM make_table(number, spelling);
    FOREACH expression IN ARRAY expressions LOOP EXECUTE format('INSERT INTO t%s (v) VALUES (%s)', number, expression); END LOOP;
    PERFORM make_nested(number, spelling);
END $$;
DO $$ BEGIN
PERFORM make_odd(9101, 'xml', $x$'<?xml version="1.0" encoding="latin1"?><a>q</a>'$x$, $x$E'<?xml version="1.0"?>\n<a/>'$x$, $x$' <?p?> '$x$,
    $x$'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><!DOCTYPE a><a/>'$x$, $x$xmlroot('<a/>', version '1.1')$x$);
-- which the server makes, but does not read
PERFORM make_odd(9201, 'xml', $x$xmlelement(name a, xmlparse(document '<!DOCTYPE a><a/>'))$x$);
PERFORM make_odd(9102, 'tsquery', $x$'a'::tsquery && ('b'::tsquery && 'c:*A'::tsquery)$x$,
    $x$'a'::tsquery || ('b'::tsquery || ('c <-> d'::tsquery || 'e'::tsquery))$x$, $x$'a <2> (b <-> c)'$x$, $x$''$x$);
-- several functions and operators have the name
PERFORM make_odd(9103, 'regproc', $x$'abs(integer)'::regprocedure::oid$x$, $x$'pg_catalog.now()'::regprocedure::oid$x$);
PERFORM make_odd(9104, 'regoper', $x$'+(integer,integer)'::regoperator::oid$x$, $x$'-(none,integer)'::regoperator::oid$x$);
CREATE ROLE regress_gone;
PERFORM make_odd(9105, 'aclitem', $x$'regress_gone=r/postgres'$x$, $x$'=r/regress_gone'$x$);
DROP ROLE regress_gone;
PERFORM make_odd(9106, 'regclass', $x$'trip.t9105'::regclass$x$, $x$'t9104'$x$);
PERFORM make_odd(9107, '"char"', $x$E'\u00e9'::text::"char"$x$, $x$E'\\'$x$);
END $$;

-- Arrays of what is written as an array itself.
CREATE DOMAIN spans AS int4multirange[];
CREATE TABLE a9001 (id int, v grid[]);
INSERT INTO a9001 VALUES (1, '{"{{1,2},{3,NULL}}",NULL,"{}","{{7}}"}'), (2, '{}'), (3, '[2:3]={"{{1}}",NULL}'), (4, NULL);
CREATE TABLE a9002 (id int, v spans[]);
INSERT INTO a9002 VALUES (1, ARRAY['{"{[1,2)}","{}",NULL}', NULL, '{}']::spans[]), (2, '{}'), (3, ARRAY[ARRAY['{"{[1,2)}"}']]::spans[]);
CREATE TABLE a9003 (id int, v int2vector[], w oidvector[]);
INSERT INTO a9003 VALUES (1, ARRAY['1 2', NULL, '']::int2vector[], ARRAY['1']::oidvector[]), (2, '{}', NULL);
-- A name of the system's catalogs that another schema has, too.
CREATE TABLE pg_am (a int);
CREATE FUNCTION now() RETURNS int LANGUAGE sql AS 'SELECT 1';

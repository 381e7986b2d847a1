# What python3-avro reads of the values of every type, written in both profiles. Expected values are worked out by hand, from
# docs/types.md, or come from the server's own output.
use strict;
use warnings;
use utf8;
use File::Basename;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $raw_values = dirname(__FILE__) . '/../interop/raw_values.py';
my $folder = PostgreSQL::Test::Utils::tempdir();
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--locale=C', '--encoding=UTF8' ]);
# no setting of a session may show in what is written
$node->append_conf('postgresql.conf', "TimeZone = 'America/Bogota'\nDateStyle = 'SQL, DMY'\nIntervalStyle = 'sql_standard'
	extra_float_digits = -10\nbytea_output = 'escape'\nquote_all_identifiers = on");
$node->start;

# The values of a table, as [{field => JSON}, ...], or the error.
sub written
{
	my ($database, $table, $profile) = @_;
	return values_of($database, "avro_export('$table', '$profile')");
}

# The same of an SQL expression that makes the file.
sub values_of
{
	my ($database, $file_made) = @_;
	my ($status, $hex, $error) = $node->psql($database, "\\set VERBOSITY verbose\nSELECT encode($file_made, 'hex')");
	return $error if $status != 0;
	open(my $file, '>:raw', "$folder/rows.avro") or die $!;
	print $file pack('H*', $hex);
	close $file;
	my ($out, $problem) = ('', '');
	IPC::Run::run([ '/usr/bin/python3', '-W', 'ignore', $raw_values, "$folder/rows.avro" ], '>', \$out, '2>', \$problem);
	die $problem if $problem ne '';
	my @rows;
	utf8::decode($out);
	foreach my $line (split /\n/, $out)
	{
		my ($number, $name, $json) = split /\t/, $line, 3;
		$rows[ $number - 1 ]{$name} = $json;
	}
	return \@rows;
}

my $setup = q{
	SET client_encoding = 'UTF8';
	CREATE EXTENSION pg_ferry;
	CREATE FUNCTION avro_export(target regclass, profile text) RETURNS bytea STRICT AS '$libdir/ferry_boundary_test' LANGUAGE C;
	CREATE FUNCTION avro_export_query(query text, profile text, columns int2[]) RETURNS bytea STRICT AS '$libdir/ferry_boundary_test' LANGUAGE C;
};
$node->safe_psql('postgres', $setup . q{
	CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
	ALTER TYPE mood ADD VALUE 'fine' BEFORE 'happy';
	CREATE TYPE odd_mood AS ENUM ('so so', 'ok');
	CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
	CREATE DOMAIN grid AS integer[][];
	CREATE TYPE address AS (street text, gone integer, "zip code" numeric(5), tags text[][]);
	ALTER TYPE address DROP ATTRIBUTE gone;
	CREATE TYPE pair AS (a address, b mood);
	CREATE TABLE grown (a integer);
	CREATE TABLE uses_grown (g grown);
	INSERT INTO uses_grown VALUES (ROW(1));
	ALTER TABLE grown ADD COLUMN b text;
	CREATE TYPE floats AS RANGE (SUBTYPE = float8);
});

my $date_error = qr/22008: .*infinity" of type date has no form in profile interop/;
my $time_error = qr/22008: .*of type timestamp.* has no form in profile interop/;
# the OID as the machine stores it
my $grown = unpack('H*', pack('L', $node->safe_psql('postgres', "SELECT 'grown'::regclass::oid")));
# type, value, JSON in interop or the error, JSON in lossless where it differs
my @cases = (
	[ 'boolean', 'true', 'true' ],
	[ 'smallint', '-32768', '-32768' ],
	[ 'integer', '2147483647', '2147483647' ],
	[ 'bigint', '-9223372036854775808', '-9223372036854775808' ],
	[ 'oid', '4294967295', '4294967295' ],
	[ 'real', '0.5', '0.5' ],
	[ 'double precision', '0.1', '0.1' ],
	[ 'double precision', '-Infinity', '-Infinity' ],
	[ 'numeric(4,2)', '-1.00', '"\\\\xff9c"' ],                             # -100 in two bytes
	[ 'numeric(2)', '7', '"\\\\x07"' ],
	[ 'numeric(3,-2)', '12300', '"\\\\x00300c"' ],                           # 5 digits take three bytes
	[ 'numeric(2,5)', '0.00099', '"\\\\x000063"' ],
	[ 'numeric(38)', '-1', '"\\\\x' . 'ff' x 16 . '"' ],
	[ 'numeric(4,2)', 'NaN', qr/22003: .*value "NaN" of type numeric\(4,2\) has no form in profile interop/, '"NaN"' ],
	[ 'numeric(39)', 'NaN', '"NaN"' ],
	[ 'numeric', '-1.500', '"-1.500"' ],
	[ 'numeric', '-Infinity', '"-Infinity"' ],
	[ 'date', '1970-01-02', '1' ],
	[ 'date', '4714-11-24 BC', '-2440588' ],                                # Julian day 0, and 2440588 is 1970-01-01
	[ 'date', 'infinity', $date_error, '2147483647' ],
	[ 'date', '-infinity', $date_error, '-2147483648' ],
	[ 'timestamp', '1969-12-31 23:59:59.999999', '-1' ],
	[ 'timestamp', '-infinity', $time_error, '-9223372036854775808' ],
	[ 'timestamp', '294276-12-31 23:59:59.999999', $time_error, '"294276-12-31 23:59:59.999999"' ],
	[ 'timestamptz', '1970-01-01 00:00:01+00', '1000000' ],
	[ 'timestamptz', 'infinity', $time_error, '9223372036854775807' ],
	[ 'timestamptz', '294276-12-31 23:59:59+00', $time_error, '"294276-12-31 23:59:59+00"' ],
	[ 'time', '23:59:59.999999', '86399999999' ],
	[ 'time', '24:00:00', qr/22008: .*value "24:00:00" of type time without time zone has no form in profile interop/, '86400000000' ],
	[ 'time(0)', '00:00:01', '1000000' ],
	[ 'timetz', '12:00:00.5+02', '"12:00:00.5+02"', '{"micros": 43200500000, "zone_seconds": -7200}' ],
	[ 'timetz', '00:00:00-05:30:15', '"00:00:00-05:30:15"', '{"micros": 0, "zone_seconds": 19815}' ],
	[ 'interval', '1 year 2 mons -3 days 04:05:06.070', '"P1Y2M-3DT4H5M6.07S"', '{"days": -3, "micros": 14706070000, "months": 14}' ],
	[ 'interval', '0', '"PT0S"', '{"days": 0, "micros": 0, "months": 0}' ],
	[ 'interval', '-0.000001 s', '"PT-0.000001S"', '{"days": 0, "micros": -1, "months": 0}' ],
	[ 'interval', '-13 mons -01:00', '"P-1Y-1MT-1H"', '{"days": 0, "micros": -3600000000, "months": -13}' ],
	[ 'uuid', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"' ],
	[ 'json', '{"b" :  1, "b": 2}', '"{\\"b\\" :  1, \\"b\\": 2}"' ],
	[ 'jsonb', '{"b" :  1, "a": 2}', '"{\\"a\\": 2, \\"b\\": 1}"' ],
	[ 'bytea', '\x00ff5c', '"\\\\x00ff5c"' ],
	[ 'text', '', '""' ],
	[ 'varchar(3)', 'é漢😀', '"é漢😀"' ],
	[ 'char(4)', 'ab', '"ab  "' ],
	[ 'name', 'a name', '"a name"' ],
	[ 'integer[]', '{1,NULL,3}', '[1, null, 3]' ],
	[ 'integer[]', '{}', '[]' ],
	[ 'integer[]', '[0:1]={5,6}', qr/2202E: .*lower bound 0 has no form/, '{"dims": [2], "items": [5, 6], "lower_bounds": [0]}' ],
	[ 'integer[]', '{{1,2},{3,4}}', qr/2202E: .*2 dimensions where 1 is declared/,
		'{"dims": [2, 2], "items": [1, 2, 3, 4], "lower_bounds": [1, 1]}' ],
	[ 'text[][]', '{{a,NULL},{c,d},{e,"é \""}}', '[["a", null], ["c", "d"], ["e", "é \\""]]',
		'{"dims": [3, 2], "items": ["a", null, "c", "d", "e", "é \\""], "lower_bounds": [1, 1]}' ],
	[ 'text[][]', '{a}', qr/2202E: .*1 dimension where 2 are declared/, '["a"]' ],
	[ 'text[][]', '{}', '[]' ],
	[ 'smallint[][][]', '{{{1},{2}}}', '[[[1], [2]]]', '{"dims": [1, 2, 1], "items": [1, 2], "lower_bounds": [1, 1, 1]}' ],
	[ 'grid', '{{1},{2}}', '[[1], [2]]', '{"dims": [2, 1], "items": [1, 2], "lower_bounds": [1, 1]}' ],
	[ 'timetz[]', '{00:00:01+00,NULL,00:00:02+00}', '["00:00:01+00", null, "00:00:02+00"]',
		'[{"micros": 1000000, "zone_seconds": 0}, null, {"micros": 2000000, "zone_seconds": 0}]' ],
	[ 'numeric(3,1)[]', '{1.5,-0.1}', '["\\\\x000f", "\\\\xffff"]' ],
	[ 'numeric(5,1)[]', '{1.5}', '["\\\\x00000f"]' ],
	[ 'date[]', '{infinity}', $date_error, '[2147483647]' ],
	[ 'positive', '5', '5' ],
	[ 'positive[]', '{5}', '[5]' ],
	[ 'mood', 'fine', '"fine"' ],
	[ 'mood[]', '{sad,NULL,happy}', '["sad", null, "happy"]' ],
	[ 'odd_mood', 'so so', '"so so"' ],
	[ 'address', '(a street,12345,"{{x,y}}")', '{"street": "a street", "tags": [["x", "y"]], "zip_code": "\\\\x003039"}',
		'{"street": "a street", "tags": {"dims": [1, 2], "items": ["x", "y"], "lower_bounds": [1, 1]}, "zip_code": "\\\\x003039"}' ],
	[ 'address', '(,,)', '{"street": null, "tags": null, "zip_code": null}' ],
	[ 'address[]', '{"(a,1,)",NULL}', '[{"street": "a", "tags": null, "zip_code": "\\\\x000001"}, null]' ],
	[ 'pair', '("(a,,)",ok)', '{"a": {"street": "a", "tags": null, "zip_code": null}, "b": "ok"}' ],
	[ 'grown', '(1,x)', '{"a": 1, "b": "x"}' ],
	[ 'int4range', '(1,10]', '"[2,11)"', '{"flags": 2, "lower": 2, "upper": 11}' ],
	[ 'int4range', 'empty', '"empty"', '{"flags": 1, "lower": null, "upper": null}' ],
	[ 'numrange', '(,)', '"(,)"', '{"flags": 24, "lower": null, "upper": null}' ],
	[ 'numrange', '[1.50,2.0]', '"[1.50,2.0]"', '{"flags": 6, "lower": "1.50", "upper": "2.0"}' ],
	[ 'daterange', '[2020-02-01,infinity)', '"[2020-02-01,infinity)"', '{"flags": 2, "lower": 18293, "upper": 2147483647}' ],
	[ 'tstzrange', '[1970-01-01 00:00+00,)', '"[\\"1970-01-01 00:00:00+00\\",)"', '{"flags": 18, "lower": 0, "upper": null}' ],
	[ 'floats', '[0.1,)', '"[0.1,)"', '{"flags": 18, "lower": 0.1, "upper": null}' ],
	[ 'int4multirange', '{[1,3),[5,8)}', '"{[1,3),[5,8)}"', '[{"flags": 2, "lower": 1, "upper": 3}, {"flags": 2, "lower": 5, "upper": 8}]' ],
	[ 'int4multirange', '{}', '"{}"', '[]' ],
	[ 'inet', '10.0.0.1/8', '"10.0.0.1/8"' ],
	[ 'macaddr', '08:00:2b:01:02:03', '"08:00:2b:01:02:03"' ],
	[ 'bit(3)', '101', '"101"' ],
	[ 'xml', '<a>é</a>', '"<a>é</a>"' ],
	[ 'money', '12.34', '"$12.34"' ],
	[ 'point', '(0.1,0.2)', '"(0.1,0.2)"' ],
	[ 'regclass', 'grown', '"public.grown"', qq({"stored": "\\\\x$grown", "text": "public.grown"}) ],
	[ 'tsquery', 'a & b', q("'a' & 'b'"), q({"stored": "\\\\x", "text": "'a' & 'b'"}) ],
	# and: right a, left (and: right b, left c)
	[ 'tsquery', '', q(""), q({"stored": "\\\\x", "text": ""}) ],
	[ 'tsquery', 'a & (b & c)', q("'a' & 'b' & 'c'"), q({"stored": "\\\\x0000000502020202010000630001000062000100006100", "text": "'a' & 'b' & 'c'"}) ],
	[ 'xml', '<?xml version="1.0" encoding="latin1"?><a/>', '"<a/>"', '"<?xml version=\\"1.0\\" encoding=\\"latin1\\"?><a/>"' ],
	[ '"char"', 'x', '"x"' ],
	[ 'tsvector', 'b a:1', q{"'a':1 'b'"} ],
);

my @columns = map { "c$_ $cases[$_][0]" } 0 .. $#cases;
my $quoted = sub { my $text = shift; $text =~ s/'/''/g; return "'$text'" };
$node->safe_psql('postgres', "SET client_encoding = 'UTF8'; SET DateStyle = 'ISO, YMD'; CREATE TABLE every (" . join(', ', @columns) . ");
	CREATE TABLE fitting (" . join(', ', @columns) . ");
	INSERT INTO every VALUES (" . join(', ', map { $quoted->($_->[1]) } @cases) . ");
	INSERT INTO every DEFAULT VALUES;
	INSERT INTO fitting VALUES (" . join(', ', map { ref $_->[2] ? 'NULL' : $quoted->($_->[1]) } @cases) . ");");
my $interop = written('postgres', 'fitting', 'interop');
my $lossless = written('postgres', 'every', 'lossless');
foreach my $at (0 .. $#cases)
{
	my ($type, $value, $in_interop, $in_lossless) = @{ $cases[$at] };
	utf8::encode(my $shown = $value);
	is($lossless->[0]{"c$at"}, $in_lossless // $in_interop, "lossless: $type $shown");
	is($lossless->[1]{"c$at"}, 'null', "lossless: $type null");
	if (!ref $in_interop)
	{
		is($interop->[0]{"c$at"}, $in_interop, "interop: $type $shown");
		next;
	}
	$node->safe_psql('postgres', "SET DateStyle = 'ISO, YMD'; CREATE TABLE failing (fine integer, wrong $type);
		INSERT INTO failing (fine) VALUES (1); INSERT INTO failing VALUES (2, " . $quoted->($value) . ')');
	my $error = written('postgres', 'failing', 'interop');
	like($error, $in_interop, "interop: $type $shown is an error");
	like($error, qr/CONTEXT:  column wrong, row 2/, 'which tells the place');
	$node->safe_psql('postgres', 'DROP TABLE failing');
}
like(written('postgres', 'uses_grown', 'lossless')->[0]{g}, qr/^\{"a": 1, "b": null\}$/, 'a row type that has grown a column since');

# NOT NULL columns, generated ones, one of several thousand bytes, no columns at all
$node->safe_psql('postgres', q{
	CREATE TABLE strict (a integer NOT NULL, t text NOT NULL, n numeric(3,1) NOT NULL, o integer[] NOT NULL, g integer GENERATED ALWAYS AS (a * 2) STORED);
	INSERT INTO strict SELECT g, repeat('x', g * 1000), 1.5, '{1}' FROM generate_series(1, 400) g;
	CREATE TABLE no_columns ();
	INSERT INTO no_columns DEFAULT VALUES;
	SELECT format('CREATE TABLE wide (%s)', string_agg(format('"column %s" integer DEFAULT %s', g, g), ', ')) FROM generate_series(1, 1000) g \gexec
	INSERT INTO wide DEFAULT VALUES;
	CREATE TABLE odd_names ("a b" integer, "a_b" integer, "é" integer, "1" integer, "A B" integer, "c.d" integer);
	INSERT INTO odd_names VALUES (1, 2, 3, 4, 5, 6);
});
foreach my $profile ('interop', 'lossless')
{
	my $strict = written('postgres', 'strict', $profile);
	is(scalar(grep { $_->{g} == 2 * $_->{a} && length($_->{t}) == $_->{a} * 1000 + 2 && $_->{n} eq '"\\\\x000f"' && $_->{o} eq '[1]' } @$strict),
		400, "$profile: rows larger and larger");
	my $wide = written('postgres', 'wide', $profile)->[0];
	is(scalar(grep { $wide->{"column_$_"} eq $_ } 1 .. 1000), 1000, "$profile: 1000 columns");
	is_deeply(written('postgres', 'no_columns', $profile), [], "$profile: no columns");
	is_deeply(written('postgres', 'odd_names', $profile)->[0], { a_b_2 => 1, a_b => 2, _ => 3, _1 => 4, A_B => 5, c_d => 6 }, "$profile: odd names");
}

# the server itself shows durations so
$node->safe_psql('postgres', q{
	CREATE TABLE durations (i interval);
	INSERT INTO durations SELECT make_interval(months => m, days => d) + make_interval(secs => s)
	FROM (SELECT ((random() - 0.5) * 100)::integer AS m, ((random() - 0.5) * 50)::integer AS d, ((random() - 0.5) * power(10, g % 12))::numeric(20, 6)::float8 AS s
		FROM generate_series(1, 2000) g) x;
	INSERT INTO durations VALUES ('178000000 years 2147483647 days 2562047788:00:54.775807'), ('-178000000 years -2147483648 days -2562047788:00:54.775807');
});
my $shown = $node->safe_psql('postgres', "SET IntervalStyle = 'iso_8601'; SELECT i FROM durations");
is(join("\n", map { $_->{i} =~ s/"//gr } @{ written('postgres', 'durations', 'interop') }), $shown, 'durations as the server shows them');

# the columns of a query: of one name, of no type that a table may have, in another order, and with the session's settings after it
my $query = q{SELECT 1 AS a, ROW(1, date '2020-01-31') AS r, 'x' AS a, NULL AS n, ARRAY[timestamp '2020-01-31'] AS t, '{"(,)"}'::tsrange[] AS ranges, 0.1::float8};
is_deeply(values_of('postgres', "avro_export_query(\$\$ $query \$\$, 'interop', '{3,1,2,4,5,6,7}')"),
	[ { a => '"x"', a_2 => 1, r => '"(1,2020-01-31)"', n => 'null', t => '[1580428800000000]', ranges => '["(,)"]', float8 => '0.1' } ], 'a query');
is($node->safe_psql('postgres', "SELECT length(avro_export_query(\$\$ $query \$\$, 'interop', '{2}')) > 0, current_setting('DateStyle'), current_setting('search_path')"),
	't|SQL, DMY|"$user", public', 'settings stay');

# hstore, where it is installed
SKIP:
{
	skip 'hstore is not installed', 6 if $node->safe_psql('postgres', q{SELECT count(*) FROM pg_available_extensions WHERE name = 'hstore'}) == 0;
	foreach my $database ('postgres', 'hstore_ascii')
	{
		$node->safe_psql('postgres', "CREATE DATABASE hstore_ascii TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'") if $database ne 'postgres';
		$node->safe_psql($database, ($database eq 'postgres' ? '' : $setup) . q{
			SET client_encoding = 'UTF8';
			CREATE EXTENSION hstore;
			CREATE TABLE maps (h hstore, a hstore[]);
			INSERT INTO maps VALUES (hstore(ARRAY['a', NULL, 'b"\\', 'c=>", "', '', 'é']), '{"",a=>1}');
		});
		foreach my $profile ('interop', 'lossless')
		{
			is_deeply(written($database, 'maps', $profile)->[0],
				{ h => '{"": "é", "a": null, "b\\"\\\\": "c=>\\", \\""}', a => '[{}, {"a": "1"}]' }, "$database, $profile: hstore");
		}
	}
	$node->safe_psql('hstore_ascii', q{TRUNCATE maps; INSERT INTO maps (h) VALUES (hstore('a', E'\\xff'))});
	is(written('hstore_ascii', 'maps', 'lossless')->[0]{h}, '"\\\\x' . unpack('H*', qq{"a"=>"\xff"}) . '"', 'hstore that is not UTF-8');
	like(written('hstore_ascii', 'maps', 'interop'), qr/22021: /, 'is an error in profile interop');
}

# other encodings
foreach my $encoding ('LATIN1', 'EUC_JP', 'SQL_ASCII')
{
	my $text = { LATIN1 => 'é ß', EUC_JP => '漢字', SQL_ASCII => 'é' }->{$encoding};
	my $database = lc $encoding;
	$node->safe_psql('postgres', "CREATE DATABASE $database TEMPLATE template0 ENCODING '$encoding' LOCALE 'C'");
	$node->safe_psql($database, qq{$setup
		CREATE TYPE word_type AS ENUM ('$text');
		CREATE TYPE "$text" AS ("$text" text);
		CREATE TABLE words ("$text" text, e word_type, c "$text", a text[], x xml);
		INSERT INTO words VALUES ('$text', '$text', ROW('$text'), ARRAY['$text'], '<a>$text</a>');
	});
	foreach my $profile ('interop', 'lossless')
	{
		my $row = written($database, 'words', $profile)->[0];
		my ($name) = grep { /^_/ } keys %$row;
		is($row->{$name}, "\"$text\"", "$encoding, $profile: text");
		is($row->{e}, "\"$text\"", "$encoding, $profile: enum");
		is($row->{c}, "{\"$name\": \"$text\"}", "$encoding, $profile: composite");
		is($row->{a}, "[\"$text\"]", "$encoding, $profile: array");
		is($row->{x}, "\"<a>$text</a>\"", "$encoding, $profile: xml");
	}
}
$node->safe_psql('sql_ascii', q{CREATE TABLE bytes (t text, a text[]); INSERT INTO bytes VALUES (E'\xff', ARRAY[E'\xfe', 'x'])});
is_deeply(written('sql_ascii', 'bytes', 'lossless')->[0], { t => '"\\\\xff"', a => '["\\\\xfe", "x"]' }, 'text that is not UTF-8, lossless');
like(written('sql_ascii', 'bytes', 'interop'), qr/22021: .*invalid byte sequence for encoding "UTF8": 0xff/, 'text that is not UTF-8, interop');

done_testing();

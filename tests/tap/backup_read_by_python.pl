# python3-avro reads the files of backups, and sees the values that the server shows. So does the database, whatever its encoding.
use strict;
use warnings;
use File::Basename;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $compare = dirname(__FILE__) . '/../interop/compare_backup.py';
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--locale=C', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "TimeZone = 'UTC'\nDateStyle = 'ISO, YMD'\nbytea_output = 'hex'");
$node->start;
my $folder = PostgreSQL::Test::Utils::tempdir();

# Backs up a table and compares its file with the table; returns how many values were equal.
sub compare_table
{
	my ($database, $table) = @_;
	my $path = $node->safe_psql($database, "SELECT path FROM backup_table('$table', '$folder')");
	$node->safe_psql($database, "COPY (SELECT * FROM $table) TO '$folder/rows.csv' WITH (FORMAT csv, HEADER, NULL '\\N', ENCODING 'UTF8')");
	my ($out, $error) = ('', '');
	IPC::Run::run([ '/usr/bin/python3', '-W', 'ignore', $compare, $path, "$folder/rows.csv" ], '>', \$out, '2>', \$error);
	chomp $out;
	return $error eq '' ? $out : $error;
}

$node->safe_psql('postgres', q{
	CREATE EXTENSION pg_ferry;
	CREATE TABLE every_type (b boolean, i2 smallint, i4 integer NOT NULL, i8 bigint, f4 real, f8 double precision, n numeric, n5 numeric(5),
		n102 numeric(10,2), n38 numeric(38,10) NOT NULL, nneg numeric(3,-2), nsmall numeric(2,5), t text, v varchar(20), d date,
		ts timestamp, tz timestamptz NOT NULL, u uuid, j json, jb jsonb, by bytea, calculated integer GENERATED ALWAYS AS (i4 % 7) STORED);
	INSERT INTO every_type SELECT g % 2 = 0, g, g * 1000, g::bigint << 33, g / 3.0, g / 7.0, g * 1.50, g, g / 100.0, g * 1234567890.0123456789, g * 100, g / 100000.0,
		'text ' || g || ' é漢', 'v' || g, date '1970-01-01' + g * 37, timestamp '1970-01-01' + g * interval '37 days 1.000001 s',
		timestamptz '1970-01-01 00:00:00+00' + g * interval '-17 days 1.000001 s', md5(g::text)::uuid, '{"a" :  1}', '{"a": "é"}', sha256(g::text::bytea)
	FROM generate_series(-99, 99) g;
	INSERT INTO every_type (i4, n38, tz) VALUES (2147483647, 9999999999999999999999999999.9999999999, '9999-12-31 23:59:59.999999+00'),
		(-2147483648, -9999999999999999999999999999.9999999999, '0001-01-01 00:00:00+00');
	INSERT INTO every_type (i4, n38, tz, n, n5, n102, t, v, by, i8, f4, f8)
		VALUES (0, 0, '2000-01-01 00:00:00+00', 'NaN', 'NaN', '-99999999.99', '', '', '', -9223372036854775808, 'NaN', '-Infinity'),
		       (0, 0, '2000-01-01 00:00:00+00', '-Infinity', 99999, 'NaN', E'a\nb"', NULL, NULL, 9223372036854775807, '-0', '-0');
	-- enough for several blocks
	CREATE TABLE many AS SELECT g AS id, repeat(md5(g::text), 3) AS filler FROM generate_series(1, 20000) g;
	CREATE TABLE "odd ""names""" ("x" integer);
});
is(compare_table('postgres', 'every_type'), 203 * 22, 'every type, every value');
is(compare_table('postgres', 'many'), 40000, 'a file of many blocks');
is(compare_table('postgres', '"odd ""names"""'), 0, 'an empty table with an odd name');

# Other encodings of the database: the file is in UTF-8, and comes back
foreach my $encoding ('LATIN1', 'EUC_JP', 'SQL_ASCII')
{
	my $text = { LATIN1 => 'é ß', EUC_JP => '漢字', SQL_ASCII => 'é' }->{$encoding};
	my $database = lc $encoding;
	$node->safe_psql('postgres', "CREATE DATABASE $database TEMPLATE template0 ENCODING '$encoding' LOCALE 'C'");
	$node->safe_psql($database, qq{
		SET client_encoding = 'UTF8';
		CREATE EXTENSION pg_ferry;
		CREATE TABLE words (id integer PRIMARY KEY, word varchar(4), doc jsonb, plain json);
		COMMENT ON TABLE words IS '$text';
		COMMENT ON COLUMN words.word IS '$text';
		INSERT INTO words VALUES (1, '$text', '{"a": "$text"}', '{"b" : "$text"}'), (2, '', '1', '2'), (3, NULL, NULL, NULL);
		CREATE TABLE "t $text" ("$text" text);
		INSERT INTO "t $text" VALUES ('$text');
	});
	is(compare_table($database, 'words'), 12, "$encoding: python reads it");
	$node->safe_psql($database, qq{
		SET client_encoding = 'UTF8';
		CREATE TABLE words_copy AS TABLE words;
		UPDATE words SET word = 'x', doc = '1';
		SELECT restore_table('words', directory => '$folder');
		SELECT backup_table('"t $text"', '$folder');
		DELETE FROM "t $text";
		SELECT restore_table('"t $text"', directory => '$folder');
	});
	is($node->safe_psql($database, 'SELECT count(*) FROM words JOIN words_copy c USING (id) WHERE words::text = c::text'), 3, "$encoding: it comes back");
	is($node->safe_psql($database, qq{SET client_encoding = 'UTF8'; SELECT count(*) FROM "t $text" WHERE "$text" = '$text'}), 1, "$encoding: names, too");
}
$node->safe_psql('sql_ascii', q{
	INSERT INTO words VALUES (4, E'\xff\xfe', NULL, NULL);
	DROP TABLE words_copy;
	CREATE TABLE words_copy AS TABLE words;
});
$node->safe_psql('sql_ascii', "SELECT backup_table('words', '$folder')");
$node->safe_psql('sql_ascii', "TRUNCATE words");
$node->safe_psql('sql_ascii', "SELECT restore_table('words', directory => '$folder')");
is($node->safe_psql('sql_ascii', 'SELECT count(*) FROM words JOIN words_copy c USING (id) WHERE words::text = c::text'), 4, 'text that is no UTF-8 comes back');
# and text that another encoding does not have is an error there
$node->safe_psql('postgres', q{CREATE TABLE words (id integer PRIMARY KEY, word varchar(4), doc jsonb, plain json); INSERT INTO words VALUES (1, '漢')});
$node->safe_psql('postgres', "SELECT backup_table('words', '$folder')");
my ($status, $out, $error) = $node->psql('latin1', "\\set VERBOSITY verbose\nSELECT restore_table('words', directory => '$folder')");
like($error, qr/ERROR:  22P05:.*\n.*CONTEXT:  restore of words, file ".*public.words.avro", block 1, record 1, column word/s, 'a character that LATIN1 does not have');
is($node->safe_psql('latin1', 'SELECT count(*) FROM words'), 3, 'and nothing has changed');

done_testing();

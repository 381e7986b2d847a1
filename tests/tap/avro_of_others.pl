# Avro files as Kafka Connect, Debezium and others write them; python3-avro is the writer, and what Python says of the values is
# what must come out.
use strict;
use warnings FATAL => 'all';
use File::Basename;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $folder = PostgreSQL::Test::Utils::tempdir();
chmod 0755, $folder;
system_or_bail('/usr/bin/python3', '-W', 'ignore', dirname(__FILE__) . '/avro_of_others.py', $folder);

my $node = PostgreSQL::Test::Cluster->new('others');
$node->init(extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "session_preload_libraries = 'pg_ferry'\ntimezone = 'UTC'");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION pg_ferry');

sub sql { return $node->safe_psql('postgres', $_[0]); }

sub error_of
{
	my (undef, undef, $errors) = $node->psql('postgres', '\set VERBOSITY verbose' . "\n" . $_[0]);
	return $errors;
}

# Types by connect.name, in columns of the types they stand for.
sql(q{CREATE TABLE types (id int, d date, t time, t_micro time, t_nano time, ts timestamp, ts_micro timestamp, ts_nano timestamp,
	ts_zoned timestamptz, t_zoned timetz, amount numeric, doc jsonb, k_date date, k_time time, k_ts timestamptz, year int)});
sql("COPY types FROM '$folder/types.avro' (FORMAT avro)");
my $first = '2021-07-27|16:02:08.25|16:02:08.250001|16:02:08.250001|2021-07-27 16:02:08.25|2021-07-27 16:02:08.250001|'
  . '2021-07-27 16:02:08.250001|2021-07-27 16:02:08.250001+00|16:02:08+02|-1234.567|{"a": [1, 2]}|2021-07-27|16:02:08|2021-07-27 16:02:08+00|2021';
is(sql('SELECT * FROM types WHERE id = 1'), "1|$first", 'types of Debezium and Kafka Connect');
is(sql('SELECT ts_nano IS NULL AND amount IS NULL AND doc IS NULL FROM types WHERE id = 2'), 't', 'and their nulls');
is(sql('SELECT amount FROM types WHERE id = 3'), '1500', 'a scale below zero');
is(sql("SELECT * FROM read_avro(NULL::types, '$folder/types.avro') WHERE id = 1"), "1|$first", 'the same by read_avro');
sql("SELECT load_id FROM create_table_from('$folder/types.avro', 'made')");
is(sql('SELECT * FROM made WHERE id = 1'), "1|$first", 'and in a table that is made for the file');
is(sql(q{SELECT string_agg(format_type(atttypid, atttypmod), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'made'::regclass AND attnum > 0}),
	'integer, date, time without time zone, time without time zone, time without time zone, timestamp without time zone, timestamp without time zone, '
	  . 'timestamp without time zone, timestamp with time zone, time with time zone, numeric, jsonb, date, time without time zone, '
	  . 'timestamp with time zone, integer', 'with the types that they stand for');
sql(q{CREATE TABLE narrow (amount float8, ts_micro bigint, t text)});
sql("COPY narrow FROM '$folder/types.avro' (FORMAT avro)");
is(sql('SELECT * FROM narrow LIMIT 1'), '-1234.567|1627401728250001|16:02:08.25', 'as numbers and texts');

# Records within records, by expressions.
sql(q{CREATE TABLE items (id int PRIMARY KEY, name text DEFAULT 'none', created timestamp, amount numeric(8,2), tags text[], op text, at timestamptz, lsn bigint, origin text)});
my $expressions = q{
	"id": "(after ->> 'id')::int", "name": "after ->> 'name'", "created": "(after ->> 'created')::timestamp", "amount": "(after -> 'amount')::numeric",
	"tags": "translate(after ->> 'tags', '[]', '{}')", "at": "to_timestamp(ts_ms / 1000)", "lsn": "(source ->> 'lsn')::bigint",
	"origin": "regexp_replace(ferry_source(), '.*/', '')"} =~ s/'/''/gr =~ s/\s+/ /gr;
sql("COPY items FROM '$folder/envelope.avro' (FORMAT avro, ON_ERROR reject, EXPRESSIONS '{$expressions}')");
is(sql('SELECT * FROM items ORDER BY id'),
	"1|Ann|2021-07-27 16:02:08.000001|1.25|{a,1}|c|2021-07-27 16:02:08+00|24023128|envelope.avro\n"
	  . "2||2021-07-27 16:02:08.000002|2.50|{a,2}|u||24023128|envelope.avro", 'the parts of a record become columns');
is(sql('SELECT row_number, sqlstate, column_name FROM ferry_rejects'), '3|23502|id', 'a row without them is a reject');
my $types = join ', ', map { "\"$_\": \"pg_typeof($_)::text\"" } qw(before after source op ts_ms);
sql('CREATE TABLE seen (before text, after text, source text, op text, ts_ms text, pos text)');
sql("COPY seen FROM '$folder/envelope.avro' (FORMAT avro, EXPRESSIONS '{$types, \"pos\": \"f4 || f3\"}')");
is(sql('SELECT * FROM seen LIMIT 1'), 'jsonb|jsonb|jsonb|text|bigint|c{"lsn": 24023128, "connector": "postgresql"}', 'fields have the types natural to them');
is(sql("SELECT options -> 'expressions' ->> 'pos' FROM ferry_loads ORDER BY load_id DESC LIMIT 1"), 'f4 || f3', 'the log has the expressions');
sql('CREATE TABLE both_ways (op text, twice text)');
sql("COPY both_ways FROM '$folder/envelope.avro' (FORMAT avro, EXPRESSIONS '{\"twice\": \"op || op\"}')");
is(sql('SELECT * FROM both_ways LIMIT 1'), 'c|cc', 'a field fills its column and is in an expression, too');
like(error_of("COPY items FROM '$folder/envelope.avro' (FORMAT avro, EXPRESSIONS '{\"id\": \"(after ->> ''id'')::int / 0\"}')"),
	qr/ERROR:  22012: division by zero\n.*CONTEXT:.*block 1, record 1, column id/s, 'without rejects an error tells the record and the column');
like(error_of("COPY items FROM '$folder/envelope.avro' (FORMAT avro, EXPRESSIONS '{\"id\": \"aftr\"}')"),
	qr/ERROR:  42703: field "aftr" does not exist\nDETAIL:  The file has the fields "before", "after", "source", "op", "ts_ms"\./, 'a name that the file has not');
like(error_of("COPY items FROM '$folder/envelope.avro' (FORMAT avro, MATCH position, EXPRESSIONS '{\"id\": \"f1\"}')"), qr/ERROR:  0A000/, 'not by position');
like(error_of("COPY items TO STDOUT (FORMAT avro, EXPRESSIONS '{}')"), qr/ERROR:  22023: COPY EXPRESSIONS cannot be used with COPY TO/, 'not for COPY TO');

# Numbers.
sql('CREATE TABLE numbers (ms bigint, day int, part float8, whole float4)');
sql("COPY numbers FROM '$folder/numbers.avro' (FORMAT avro)");
is(sql('SELECT * FROM numbers'), '1627401728001|18835|-10.1|1e+30', 'moments as counts, decimals as floats');
sql('ALTER TABLE numbers ALTER day TYPE smallint');
like(error_of("COPY numbers FROM '$folder/numbers.avro' (FORMAT avro)"), qr/ERROR:  42804: field "day"/, 'but not into every number');

# A type that is put beside the name.
sql('CREATE TABLE beside (id int, tags text[], more jsonb)');
sql("COPY beside FROM '$folder/beside.avro' (FORMAT avro)");
is(sql('SELECT * FROM beside'), '1|{x,y}|{"a": 7}', 'arrays and maps whose type is beside the name of the field');

# Files that are put together, and codecs.
sql('CREATE TABLE one (id int)');
like(error_of("COPY one FROM '$folder/joined.avro' (FORMAT avro)"),
	qr/ERROR:  22P04: another Avro file begins behind block 1\nDETAIL:  Its header is at byte \d+\.\nHINT:  Files of Avro cannot be put together/, 'two files in one');
like(error_of("COPY one FROM '$folder/negative.avro' (FORMAT avro)"), qr/ERROR:  22P04: block has negative record count -40/, 'something else that begins as a header does');
like(error_of("COPY one FROM '$folder/lz4.avro' (FORMAT avro)"),
	qr/ERROR:  0A000: codec "lz4" is not supported\nDETAIL:  The codecs are none, deflate, snappy, zstandard, bzip2 and xz\./, 'a codec that the specification has not');
sql("INSERT INTO one SELECT generate_series(1, 1000)");
foreach my $pair ([ 'zstd', 'zstandard' ], [ 'GZIP', 'deflate' ])
{
	my ($name, $codec) = @$pair;
	sql("COPY one TO '$folder/named.avro' (FORMAT avro, CODEC $name)");
	is(sql("SELECT convert_from(value, 'UTF8') FROM avro_file_metadata('$folder/named.avro') WHERE key = 'avro.codec'"), $codec, "CODEC $name is $codec");
	sql("SET pg_ferry.codec = '$name'; COPY one TO '$folder/set.avro' (FORMAT avro)");
	is(sql("SELECT convert_from(value, 'UTF8') FROM avro_file_metadata('$folder/set.avro') WHERE key = 'avro.codec'"), $codec, "so is the setting $name");
}
like(error_of("COPY one TO '$folder/named.avro' (FORMAT avro, CODEC lz4)"),
	qr/ERROR:  22023: COPY CODEC "lz4" not recognized.*DETAIL:  The codecs are none, deflate, snappy, zstandard, bzip2 and xz\./s, 'another word gets the list');

$node->stop;
done_testing();

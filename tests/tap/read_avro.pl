# read_avro shows what python3-avro wrote: logical types that only others write, promotions, nested types, names that differ.
use strict;
use warnings;
use File::Basename;
use Math::BigInt;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--locale=C', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "TimeZone = 'UTC'\nDateStyle = 'ISO, YMD'\nbytea_output = 'hex'");
$node->start;
my $folder = PostgreSQL::Test::Utils::tempdir();
system_or_bail('/usr/bin/python3', '-W', 'ignore', dirname(__FILE__) . '/../interop/foreign_files.py', $folder);
$node->safe_psql('postgres', 'CREATE EXTENSION pg_ferry');

# The rows of a file under a column definition list.
sub rows { return $node->safe_psql('postgres', "SELECT * FROM read_avro('$folder/$_[0].avro') AS t($_[1])"); }

# The SQLSTATE, message and context that reading fails with.
sub failure
{
	my ($file, $columns) = @_;
	my (undef, undef, $error) = $node->psql('postgres', "\\set VERBOSITY verbose\nSELECT * FROM read_avro('$folder/$file.avro') AS t($columns)");
	$error =~ s/^psql:<stdin>:\d+: //mg;
	$error =~ s/^LOCATION:.*\n?//mg;
	$error =~ s/\Q$folder\E/FOLDER/g;
	return $error;
}

# --- scalars; the second is 1627401728 = 2021-07-27 16:02:08 UTC
my %scalars = (
	'ts_millis timestamptz' => '2021-07-27 16:02:08.25+00', 'ts_millis timestamp' => '2021-07-27 16:02:08.25', 'ts_micros timestamptz' => '2021-07-27 16:02:08.250001+00',
	'ts_millis bigint' => '1627401728250', 'ts_millis numeric' => '1627401728250', 'day integer' => '-25508', 'dec_bytes float8' => '-0.01', 'dec_bytes real' => '-0.01',
	'ts_nanos timestamptz' => '2021-07-27 16:02:08.000001+00', 'local_millis timestamp' => '2021-07-27 16:02:08', 'local_micros timestamp' => '1969-12-31 23:59:59.999999',
	'local_nanos timestamptz' => '1969-12-31 23:59:59.999999+00', 'day date' => '1900-03-01', 'day timestamp' => '1900-03-01 00:00:00', 't_millis time' => '23:59:59.999',
	't_millis time(3)' => '23:59:59.999', 't_micros time' => '00:00:00.000001', 'dec_fixed numeric' => '-1234567890123456789012345678.0123456789',
	'dec_fixed numeric(38,10)' => '-1234567890123456789012345678.0123456789', 'dec_fixed text' => '-1234567890123456789012345678.0123456789', 'dec_bytes numeric' => '-0.01', 'dec_bytes numeric(5,4)' => '-0.0100',
	'uuid_text uuid' => '12345678-1234-5678-1234-567812345678', 'uuid_fixed uuid' => 'fedcba98-7654-3210-fedc-ba9876543210', 'uuid_fixed text' => 'fedcba98-7654-3210-fedc-ba9876543210',
	'span interval' => '1 year 2 mons 3 days 00:00:04.5', 'colour text' => 'GREEN', 'colour varchar(5)' => 'GREEN', 'i integer' => '-2147483648', 'i bigint' => '-2147483648', 'i numeric' => '-2147483648',
	'i real' => '-2.1474836e+09', 'i float8' => '-2147483648', 'l bigint' => '9223372036854775807', 'l numeric(19)' => '9223372036854775807', 'f real' => '0.5', 'f float8' => '0.5', 'f numeric' => '0.5',
	'g float8' => '0.1', 'g numeric' => '0.1', 'g text' => '0.1', 'yes boolean' => 't', 'raw bytea' => '\x00ff', 'words text' => 'é漢', 'words varchar(2)' => 'é漢', 'words char(4)' => 'é漢  ', 'words name' => 'é漢',
	'iso interval' => '1 year 2 mons 3 days 04:05:06.5', 'iso text' => 'P1Y2M3DT4H5M6.5S', 'nothing date' => '', 'odd bigint' => '6', 'odd smallint' => '6', 'odd oid' => '6',
	'ts_millis jsonb' => '"2021-07-27T16:02:08.25Z"', 'dec_fixed jsonb' => '-1234567890123456789012345678.0123456789', 'raw json' => '"\\\\x00ff"', 'dec_long bytea' => '\x78', 'dec_long text' => 'x',);
foreach my $column (sort keys %scalars)
{
	is(rows('scalars', $column), "$scalars{$column}\n$scalars{$column}", $column);
}

my @numbers = map { Math::BigInt->new($_) } ('0', '-1', '1' . '0' x 40, '-1' . '0' x 59 . '1', Math::BigInt->new(2)->bpow(2000));
my ($scaled, $small) = ('', '');
foreach my $number (@numbers)
{
	my $sign = $number->is_neg ? '-' : '';
	my $digits = $number->copy->babs->bstr;
	$digits = '0' x (21 - length $digits) . $digits if length $digits < 21;
	$scaled .= $sign . substr($digits, 0, -20) . '.' . substr($digits, -20) . "\n";
	my $thousandths = $sign . substr($digits, 0, -3) . '.' . substr($digits, -3) . "\n";
	$thousandths =~ s/^(-?)0+(?=\d)/$1/;
	$small .= $thousandths;
}
is(rows('decimals', 'n numeric') . "\n", $scaled, 'decimals of any length');
is(rows('decimals', 'b numeric') . "\n", $small, 'decimals that tell their scale');

# --- nested types
$node->safe_psql('postgres', q{CREATE TYPE person AS (age smallint, id integer, name varchar(10));
	CREATE DOMAIN small AS integer[] CHECK (cardinality(VALUE) < 6);
	CREATE TYPE colour AS ENUM ('BLUE', 'GREEN', 'RED')});
is(rows('scalars', 'colour colour'), "GREEN\nGREEN", 'an enum, by label');
is(rows('nested', 'matrix int[], list text[], empty int8[]'), join("\n", ('{{1,2,3},{4,NULL,6}}|{a,"b\"\\\\"}|{}') x 4), 'arrays');
is(rows('nested', 'who person, people person[], stamps timestamptz[]'), join("\n", ('(30,,Ann)|{"(30,,Ann)","(,,Bob)"}|{"2021-07-27 16:02:08+00"}') x 4), 'composites');
is(rows('nested', '"any" jsonb'), qq{\n7\n"seven"\n{"x": 0.5}}, 'a union into jsonb');
is(rows('nested', '"any" text'), qq{\n7\nseven\n{"x": 0.5}}, 'a union into text');
is(rows('nested', 'tree jsonb, tags jsonb'), join("\n", ('{"left": {"left": null, "right": null, "value": 2}, "right": null, "value": 1}|{"l": 5, "n": null, "k\"": "v"}') x 4), 'a recursive type, and a map');
like(failure('nested', 'matrix small'), qr/^ERROR:  23514: value for domain small violates check.*CONTEXT:  file "FOLDER\/nested.avro", block 1, record 1, column matrix/s, 'a domain is checked');
like(failure('nested', 'tree person'), qr/^ERROR:  42804: field "tree" of Avro type record "tree" cannot become column "tree" of type public.person/, 'a recursive type has no row type');
like(failure('ragged', 'matrix int[]'), qr/^ERROR:  22P04: array is not rectangular.*record 1, column matrix/s, 'a ragged array');
SKIP:
{
	skip 'hstore is not installed', 1 if $node->psql('postgres', 'CREATE EXTENSION hstore') != 0;
	is(rows('nested', 'tags hstore, who hstore'), join("\n", ('"l"=>"5", "n"=>NULL, "k\""=>"v"|"age"=>"30", "Name"=>"Ann", "extra"=>"1"') x 4), 'hstore');
}

# --- names
is(rows('names', 'fullname text, id int'), "Ann|1\nBob|2", 'an alias, and a name in another case');
is(rows('names', '"FullName" text, oldid int'), "Ann|1\nBob|2", 'the exact name, and one in another case');
like(failure('clash', 'id int'), qr/^ERROR:  42702: fields "ID" and "Id" of the file both stand for column "id"/, 'names that differ by case only');
is(rows('clash', '"Id" int'), '2', 'of which one is exact');
like(failure('names', 'id int, no int'), qr/^ERROR:  42703: column "no" does not exist in file ".*\nDETAIL:  The file has the columns \("OldId" integer NOT NULL, "FullName" text NOT NULL, unwanted bytea NOT NULL\)/, 'a column that the file has not');
$node->safe_psql('postgres', 'CREATE TABLE younger (id int, fullname text, added date)');
is($node->safe_psql('postgres', "SELECT * FROM read_avro(NULL::younger, '$folder/names.avro')"), "1|Ann|\n2|Bob|", 'a row type may have more');

# --- schemas that are no record
is(rows('longs', 'anything bigint'), "1\n-2\n1099511627776", 'longs');
is(rows('texts', 'v text'), "a\n\nb", 'nullable strings');
is($node->safe_psql('postgres', "SELECT * FROM read_avro(NULL::int[], '$folder/arrays.avro')"), "{1,2}\n{}", 'arrays as rows');
like(failure('longs', 'a int, b int'), qr/^ERROR:  42703: no field of the file has the name of a column/, 'two columns');

# --- values that would change
my %changed = (
	'edges|nanos timestamptz' => '22008: value has nanoseconds', 'edges|l float8' => '22003: integer 9007199254740993 has no exact form', 'edges|g real' => '22003: value has no exact form',
	'edges|raw text' => '22021: invalid byte sequence', 'edges|far timestamptz' => '22008: value is out of range', 'edges|l integer' => '22003: value is out of range',
	'scalars|dec_bytes numeric(10,1)' => '22003: value is out of range', 'scalars|dec_fixed numeric(20,10)' => '22003: numeric field overflow', 'scalars|ts_millis timestamptz(1)' => '22008: value has more digits',
	'scalars|span interval(0)' => '22008: value has more digits', 'scalars|words varchar(1)' => '22001: value too long', 'scalars|words char(1)' => '22001: value too long', 'scalars|iso interval year' => '22008: value has more digits',
	'scalars|i smallint' => '22003: value is out of range', 'scalars|i oid' => '22003: value is out of range', 'scalars|dec_bytes bigint' => '22003: value with a fraction', 'scalars|words integer' => '22P02: invalid input syntax');
foreach my $case (sort keys %changed)
{
	my ($file, $column) = split /\|/, $case;
	my ($name) = split / /, $column;
	like(failure($file, $column), qr/^ERROR:  \Q$changed{$case}\E.*CONTEXT:.*file "FOLDER\/$file.avro", block 1, record 1, column $name/s, "$case is an error");
}
# --- values that are none: the same answer whatever they are to become
my %none = (
	'empty' => [ '22P04: decimal of 0 bytes', 'numeric', 'bigint', 'text', 'json', 'jsonb' ], 'empty_big' => [ '22P04: decimal of 0 bytes', 'numeric', 'integer', 'varchar', 'jsonb' ],
	'negative_scale' => [ '22003: decimal of 1 bytes and scale -3 is out of range', 'numeric', 'text', 'json' ],
	'late_millis' => [ '22008: time of 86400001 milliseconds is out of range', 'time', 'text', 'json' ], 'late_micros' => [ '22008: time of 86400000001 microseconds is out of range', 'time(0)', 'text', 'jsonb' ],
	'early' => [ '22008: time of -1 microseconds is out of range', 'time', 'text', 'json' ]);
foreach my $name (sort keys %none)
{
	my ($answer, @types) = @{ $none{$name} };
	like(failure('no_values', "$name $_"), qr/^ERROR:  \Q$answer\E.*CONTEXT:.*file "FOLDER\/no_values.avro", block 1, record 1, column $name/s, "$name as $_ is an error") foreach @types;
}
my (undef, undef, $whole) = $node->psql('postgres', "SELECT read_avro(NULL::jsonb, '$folder/no_values.avro')");
like($whole, qr/decimal of 0 bytes/, 'and in a record as one value');

# --- types that cannot become others: before the first row
my %unfit = ('yes integer' => 'boolean', 'ts_millis date' => 'long \(timestamp-millis\)', 'ts_millis smallint' => 'long \(timestamp-millis\)', 't_micros bigint' => 'long \(time-micros\)', 'raw integer' => 'bytes', 'i boolean' => 'int', 'g bigint' => 'double', 't_micros timestamp' => 'long \(time-micros\)');
foreach my $column (sort keys %unfit)
{
	my ($name, $type) = split / /, $column;
	like(failure('scalars', $column), qr/^ERROR:  42804: field "$name" of Avro type $unfit{$column} cannot become column "$name" of type $type.*\nHINT:  Columns of type [a-z ]+ take it\./, "$column is an error");
}

# --- files: rights, facts, limits
$node->safe_psql('postgres', 'CREATE ROLE reader LOGIN');
foreach my $call ("avro_file_schema('$folder/longs.avro')", "avro_file_metadata('$folder/longs.avro')", "avro_file_blocks('$folder/longs.avro')", "read_avro(NULL::int8, '$folder/longs.avro')", "count(*) FROM read_avro('$folder/longs.avro') AS t(v int8)")
{
	my (undef, undef, $error) = $node->psql('postgres', "SELECT $call", extra_params => [ '-U', 'reader' ]);
	like($error, qr/permission denied to read a file of the server/, "$call needs a role");
}
$node->safe_psql('postgres', 'GRANT pg_read_server_files TO reader');
is($node->safe_psql('postgres', "SELECT count(*), sum(v) FROM read_avro('$folder/many.avro') AS t(v int8)", extra_params => [ '-U', 'reader' ]), '200000|19999900000', 'which has it');
is($node->safe_psql('postgres', "SELECT sum(record_count), min(block_number), count(*) = max(block_number), bool_and(size_bytes > 0) FROM avro_file_blocks('$folder/many.avro')"), '200000|1|t|t', 'blocks');
is($node->safe_psql('postgres', "SELECT avro_file_schema('$folder/longs.avro'), convert_from(value, 'UTF8') FROM avro_file_metadata('$folder/longs.avro') WHERE key = 'avro.codec'"), '"long"|null', 'schema and metadata');
is($node->safe_psql('postgres', "SELECT (r).* FROM (SELECT read_avro(NULL::younger, '$folder/names.avro') AS r LIMIT 1) s"), '1|Ann|', 'LIMIT in the target list');
my (undef, undef, $limit) = $node->psql('postgres', "SET pg_ferry.max_block_bytes = '1kB'; SELECT count(*) FROM read_avro('$folder/many.avro') AS t(v int8)");
like($limit, qr/ERROR:  block .* larger than .*\n.*HINT:  The setting "pg_ferry.max_block_bytes" limits/s, 'a block beyond the limit');

# --- helpers for files made by hand
sub varint { my ($n, $out) = (2 * $_[0], ''); for (; $n > 127; $n >>= 7) { $out .= chr($n & 127 | 128); } return $out . chr($n); }
sub with_size { return varint(length($_[0])) . $_[0]; }
my $sync = 's' x 16;

# --- a name that the database's encoding lacks is no name of a column; the others can be read
$node->safe_psql('postgres', "CREATE DATABASE western ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
$node->safe_psql('western', 'CREATE EXTENSION pg_ferry');
append_to_file("$folder/euro.avro", "Obj\1" . varint(1) . with_size('avro.schema')
	  . with_size(qq({"type":"record","name":"\xe2\x82\xac","fields":[{"name":"id","type":"int"},{"name":"price in \xe2\x82\xac","type":"int","aliases":["\xe2\x82\xac"]}]}))
	  . varint(0) . $sync . varint(1) . with_size("\2\4") . $sync);
is($node->safe_psql('western', "SELECT * FROM read_avro('$folder/euro.avro') AS t(id int)"), '1', 'a name beside one that the encoding lacks');
my (undef, undef, $lacking) = $node->psql('western', "SELECT * FROM read_avro('$folder/euro.avro') AS t(id int, price int)");
like($lacking, qr/column "price" does not exist .*\n.*"price in \?\?\?" integer NOT NULL/, 'which is shown as well as it can be');

# --- a value whose digits take minutes
my $number = with_size("\x7f" . "\xff" x 54000);
my $items = varint(500) . $number x 500 . varint(0);
append_to_file("$folder/digits.avro", "Obj\1" . varint(1) . with_size('avro.schema')
	  . with_size('{"type":"array","items":{"type":"bytes","logicalType":"decimal","precision":130000,"scale":0}}') . varint(0) . $sync
	  . varint(1) . with_size($items) . $sync);
foreach my $type ('numeric[]', 'jsonb')
{
	my $start = time;
	my (undef, undef, $error) = $node->psql('postgres', "SET statement_timeout = 300; SELECT v FROM read_avro(NULL::$type, '$folder/digits.avro') AS v");
	like($error, qr/canceling statement due to statement timeout/, "digits of $type can be cancelled");
	cmp_ok(time - $start, '<', 20, 'at once');
}

done_testing();

# Out and back: every type of the server's catalog with its edge values, alone, in arrays, domains and composite types, through
# COPY, read_avro and backups, in sessions whose settings show values in other ways. The oracle is the text of each value by its
# output function and the bytes that are stored; python3-avro counts the records of each file.
use strict;
use warnings;
use File::Basename;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $samples = dirname(__FILE__) . '/avro_round_trip.sql';
my $folder = PostgreSQL::Test::Utils::tempdir();
my $node = PostgreSQL::Test::Cluster->new('round_trip');
$node->init(extra => [ '--locale=C', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "fsync = off\nsession_preload_libraries = 'pg_ferry'\nmax_locks_per_transaction = 1000\nclient_min_messages = warning");
# a locale with other money, where the machine can make one
my $has_german = system("localedef -i de_DE -f UTF-8 '$folder/de_DE.UTF-8' >'$folder/localedef.log' 2>&1") == 0;
$ENV{LOCPATH} = $folder if $has_german;
$node->start;
note($has_german ? 'with the money of Germany' : 'localedef makes no German locale');
my $german_money = $has_german ? "SET lc_monetary = 'de_DE.UTF-8';" : '';

# Settings that show values in other ways, each of them another one.
my @hostile = (
	"SET DateStyle = 'SQL, DMY'; SET IntervalStyle = 'sql_standard'; SET TimeZone = 'America/St_Johns'; SET bytea_output = 'escape';
		SET extra_float_digits = -15; SET xmloption = 'document'; SET search_path = trip, public; SET quote_all_identifiers = on; $german_money",
	"SET DateStyle = 'German'; SET IntervalStyle = 'iso_8601'; SET TimeZone = 'Asia/Kathmandu'; SET bytea_output = 'escape';
		SET extra_float_digits = 0; SET xmloption = 'content'; SET search_path = trip; SET array_nulls = off; SET transform_null_equals = on;",
	"SET DateStyle = 'Postgres, MDY'; SET IntervalStyle = 'postgres_verbose'; SET TimeZone = 'Etc/GMT-14'; SET xmloption = 'document';
		SET search_path = trip, pg_catalog; SET standard_conforming_strings = off; SET escape_string_warning = off; $german_money");

# Types without samples, and why.
my %without_values = map { $_ => 1 } (
	'gtsvector',               # its input function accepts nothing
	'pg_node_tree', 'pg_ndistinct', 'pg_dependencies', 'pg_mcv_list', 'pg_brin_bloom_summary', 'pg_brin_minmax_multi_summary', # so do theirs
);

# The tables of samples, made there.
sub make_samples
{
	command_ok([ 'psql', '-XqAt', '-d', $node->connstr('postgres'), '-v', 'ON_ERROR_STOP=1', '-f', $samples ], 'samples');
	my $given = $node->safe_psql('postgres', 'SET search_path = trip, public; SET client_min_messages = warning;
		SELECT spelling, base, make_tables(number, spelling, sample_type) FROM spellings ORDER BY number');
	foreach my $line (split /\n/, $given)
	{
		my ($spelling, $base, $count) = split /\|/, $line;
		ok($without_values{$base}, "type $spelling has no values") if $count == 0;
	}
	return split /\n/, $node->safe_psql('postgres', q{SELECT format('trip.%I', relname) FROM pg_class WHERE relnamespace = 'trip'::regnamespace
		AND relkind = 'r' AND relname ~ '^(t|a|da|d)[0-9]' AND pg_relation_size(oid) > 0 ORDER BY oid});
}

# Runs a statement for each table; its lines of output, and those of errors.
sub lines_of
{
	my ($settings, $statement, @tables) = @_;
	my $script = "SET client_min_messages = warning; $settings\n" . join('', map { my $table = $_; $statement->($table) . ";\n" } @tables);
	my ($status, $out, $error) = $node->psql('postgres', $script, on_error_stop => 0);
	return grep { $_ ne '' } split(/\n/, $out), split(/\n/, $error);
}

my @codecs = ('none', 'deflate', 'snappy', 'zstandard', 'bzip2', 'xz');
my @files;    # for python3-avro

# Takes each table out under some settings and back under others; what was not well.
sub trips
{
	my ($settings_out, $settings_back, $out_by, $in_by, @tables) = @_;
	push @codecs, shift @codecs;
	my $number = 0;
	my @lines = lines_of($settings_out, sub {
		my ($table) = @_;
		my $codec = $codecs[ $number++ % @codecs ];
		push @files, "$folder/$table-" . scalar(@files) . ".avro";
		my $out = $out_by =~ s/CODEC_HERE/$codec/r;
		return "SELECT '$table $codec', trip.trip('$table', '$files[-1]', \$\$$out\$\$, \$\$$in_by\$\$, \$\$$settings_back\$\$)";
	}, @tables);
	cmp_ok(scalar(@lines), '>=', scalar(@tables), 'all tables were tried');
	return [ grep { !/\|0$/ } @lines ];
}

my $copy_out = 'COPY %s TO %L WITH (FORMAT avro, PROFILE lossless, CODEC CODEC_HERE)';
my $copy_in = 'COPY %s FROM %L WITH (FORMAT avro)';
my $reject_in = 'COPY %s FROM %L WITH (FORMAT avro, ON_ERROR reject, MATCH position)';
my $read_in = 'INSERT INTO %1$s SELECT * FROM read_avro(NULL::%1$s, %2$L)';
my $query_out = 'COPY (SELECT * FROM %s) TO %L WITH (FORMAT avro, PROFILE lossless, CODEC CODEC_HERE, BLOCK_BYTES 1)';

my @backed_up = make_samples();
my @tables = grep { !/\.[a-z]+92\d\d/ } @backed_up;
cmp_ok(scalar(@tables), '>', 300, 'tables of samples');
is_deeply(trips(@hostile[ 0, 1 ], $copy_out, $copy_in, @tables), [], 'COPY there and back');
my @some = grep { !/\.da/ } @tables;
is_deeply(trips(@hostile[ 1, 2 ], $query_out, $reject_in, @some), [], 'COPY of a query, a row a block, by position and with rejects');
is_deeply(trips(@hostile[ 2, 0 ], $copy_out, $read_in =~ s/read_avro/public.read_avro/r, @some), [], 'read_avro');

# profile interop, value by value: what docs/types.md promises comes back, and the rest is the error that it tells
my @interop = map { s/\Q$german_money\E//r } @hostile;
is_deeply([ lines_of('', sub { "SELECT * FROM trip.interop_surprises('$_[0]', '$folder/interop.avro', \$\$$interop[0]\$\$, \$\$$interop[2]\$\$)" }, grep { !/\.[a-z]+9\d{3}/ } @tables) ], [],
	'profile interop');

# backups, each statement of which is a transaction of its own
my %backup_of = map { split /\|/ } grep { /\|/ } lines_of($hostile[0], sub { "SELECT '$_[0]', backup_id FROM public.backup_table('$_[0]', '$folder/backups')" }, @backed_up);
is(scalar(keys %backup_of), scalar(@backed_up), 'every table has a backup');
is_deeply([ grep { !/\|0$/ } lines_of($hostile[2], sub { "SELECT '$_[0]', trip.restored('$_[0]', '$backup_of{$_[0]}', '$folder/backups')" }, @backed_up) ], [], 'a restore of each');

# python3-avro, which knows no xz, reads as many rows of each file as the table has
my $count_rows = q{
import sys, avro.datafile, avro.io, avro.schema
for path in sys.stdin.read().split():
    with open(path, 'rb') as file, avro.datafile.DataFileReader(file, avro.io.DatumReader()) as rows:
        # Python has no dates of those years
        plain = avro.schema.parse(rows.meta['avro.schema'].decode().replace('logicalType', 'notLogicalType'))
        rows.datum_reader.writers_schema = rows.datum_reader.readers_schema = plain
        print(path.split('/')[-1].rsplit('-', 1)[0], sum(1 for row in rows))
};
my @known = grep { slurp_file($_) !~ /avro.codec\x04xz/ } @files[ 0 .. @tables - 1 ];
my ($counted, $complaint) = ('', '');
IPC::Run::run([ '/usr/bin/python3', '-W', 'ignore', '-c', $count_rows ], '<', \join("\n", @known), '>', \$counted, '2>', \$complaint);
is($complaint, '', 'python3-avro reads the files');
my %count = map { split / / } lines_of('', sub { "SELECT '$_[0] ' || count(*) FROM $_[0]" }, @tables);
is_deeply([ grep { my ($table, $rows) = split / /; $rows != $count{$table} } split /\n/, $counted ], [], 'and counts their rows');
done_testing();

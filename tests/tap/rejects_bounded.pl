# Rejects are bounded: the memory of a load whose bad records are long, what one of them may leave in the log, and pg_dump of that.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('bounded');
$node->init(extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "fsync = off\nsession_preload_libraries = 'pg_ferry'\n");
$node->start;
my $folder = PostgreSQL::Test::Utils::tempdir();
chmod 0755, $folder;
$node->safe_psql('postgres', q{
	CREATE EXTENSION pg_ferry;
	CREATE TABLE notes (id int PRIMARY KEY, note text);
	CREATE TABLE tree (id int PRIMARY KEY, parent int REFERENCES tree, note text)});

# What a statement takes beside what the session had before, in kilobytes.
sub memory_of
{
	my ($statement) = @_;
	my $status = q{substring(pg_read_file('/proc/self/status') FROM '%s:\s+(\d+)')::int};
	my @lines = split /\n/, $node->safe_psql('postgres', 'SELECT ' . sprintf($status, 'RssAnon') . qq{ AS before \\gset
		$statement;
		SELECT } . join(' - ', map { sprintf($status, $_) } 'VmHWM', 'RssShmem', 'RssFile') . ' - :before');
	return ($lines[-1], $lines[0]);
}

# A file of long records: a number of them, the length of each, what comes before and behind its number.
sub write_records
{
	my ($count, $length, $front, $back) = @_;
	open(my $out, '>', "$folder/long.csv") or die "$!";
	print $out $front . $_ . $back . 'x' x $length . "\n" foreach 1 .. $count;
	close $out;
}

# One record needs itself, several times over, and the next few may need some more. Many need no more than six.
my $long = 4 * 1024 * 1024;
foreach my $case (
	[ 'a value in the reason', 'notes', "x", ',' ],
	[ 'a key that is taken', 'notes', '1,', '' ],
	[ 'too many fields', 'notes', '', ',y,' ],
	[ 'rows that wait for a parent', 'tree', '', ',77,' ])
{
	my ($name, $table, $front, $back) = @$case;
	my $statement = "SELECT rows_rejected FROM load_csv('$table', '$folder/long.csv')";
	$node->safe_psql('postgres', 'TRUNCATE notes, tree; INSERT INTO notes SELECT generate_series(10, 19); INSERT INTO notes VALUES (1)');
	my ($few, $many);
	write_records(6, $long, $front, $back);
	($few) = memory_of($statement);
	write_records(60, $long, $front, $back);
	($many, my $rejected) = memory_of($statement);
	is($rejected, 60, "$name: rejects");
	cmp_ok($many, '<', $few + 16 * 1024, "$name: 60 records of 4 MB ($many kB) take no more than six ($few kB) and 16 MB");
	cmp_ok($many, '<', 16 * 1024 + 12 * $long / 1024, "$name: which is some times the record");
}
my ($reloaded) = memory_of('SELECT rows_rejected FROM reload_rejects((SELECT max(load_id) FROM ferry_loads))');
cmp_ok($reloaded, '<', 16 * 1024 + 12 * $long / 1024, "a reload of 60 records of 4 MB ($reloaded kB)");

# Reasons of any length for rows of any number.
$node->safe_psql('postgres', q{
	CREATE FUNCTION complain() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		RAISE EXCEPTION USING MESSAGE = repeat($m$m$m$, 100000), DETAIL = repeat($d$d$d$, 100000); END $$;
	CREATE TABLE complaints (id int);
	CREATE TRIGGER complain BEFORE INSERT ON complaints FOR EACH ROW EXECUTE FUNCTION complain()});
write_records(1000, 0, '', '');
my ($complaints) = memory_of("SELECT rows_rejected FROM load_csv('complaints', '$folder/long.csv')");
cmp_ok($complaints, "<", 16 * 1024, "1000 reasons of 200 kB ($complaints kB)");

# One row of 300 MB, of nothing but what a dump has to escape: the log has as much of it as of a record of a file.
$node->safe_psql('postgres', q{
	CREATE ROLE regress_poster;
	GRANT INSERT (note) ON notes TO regress_poster;
	TRUNCATE notes; SELECT purge_loads('infinity');
	SET ROLE regress_poster;
	SELECT rows_rejected FROM insert_rows('notes', ('[{"note": "' || repeat('\\\\', 150000000) || '"}]')::json)});
is($node->safe_psql('postgres', 'SELECT octet_length(raw_row), sqlstate FROM ferry_rejects'), (16 << 20) . '|54000', 'a row of 300 MB leaves 16 MB');

# Nor do options of a COPY leave more.
my ($code, $out, $error) = $node->psql('postgres', q{DO $do$ BEGIN
	EXECUTE format('COPY notes FROM PROGRAM %L WITH (ON_ERROR reject, NULL %L)', 'true', repeat(E'\x01', 50000000)); END $do$});
like($error, qr/options of the load are too long\nDETAIL:  As JSON, in the log, they have 300\d{6} bytes; the limit is 268435456\./, 'an option of 50 MB that is 300 MB as JSON');

# The longest record that may be kept.
$node->safe_psql('postgres', q{
	SET pg_ferry.max_record_bytes = '256MB';
	COPY (SELECT 'x,' || repeat('\\', 260000000)) TO '} . "$folder/longest.csv" . q{' WITH (FORMAT csv, QUOTE '~');
	SELECT load_csv('notes', '} . "$folder/longest.csv" . q{')});
my $lengths = 'SELECT md5(raw_row), length(reason) FROM ferry_rejects ORDER BY load_id';
my $kept = $node->safe_psql('postgres', $lengths);
is($node->safe_psql('postgres', "SELECT max(octet_length(raw_row)) = (pg_stat_file('$folder/longest.csv')).size - 1 FROM ferry_rejects"), 't',
	'a record of 260 MB is kept whole');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'pg_dump', '-f', "$folder/dump.sql", $node->connstr('postgres') ], 'and can be dumped');
$node->command_ok([ 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('restored'), '-f', "$folder/dump.sql" ], 'and restored');
is($node->safe_psql('restored', $lengths), $kept, 'with every byte');

$node->stop;
done_testing();

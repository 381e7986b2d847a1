# What the view ferry_progress and sql/progress.sql show of each operation while it runs.
use strict;
use warnings;
use IPC::Run ();
use POSIX qw(mkfifo);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('progress');
$node->init(extra => [ '--locale=C', '--encoding=UTF8' ]);
my $folder = PostgreSQL::Test::Utils::tempdir();
chmod 0755, $folder;
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\nsession_preload_libraries = 'pg_ferry'\npg_ferry.backup_directory = '$folder/backups'\n");
$node->start;
sub query { my ($sql) = @_; return $node->safe_psql('postgres', $sql); }

# Row 15,000 of 20,000 waits for the lock, whatever the way of the rows into the table.
query(q{
	CREATE EXTENSION pg_ferry;
	CREATE SCHEMA "Shop";
	CREATE TABLE "Shop".parts (id integer, name text);
	CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NEW; END';
	CREATE TRIGGER wait BEFORE INSERT ON "Shop".parts FOR EACH ROW WHEN (NEW.id = 15000) EXECUTE FUNCTION wait();
	CREATE TABLE numbers (id integer, name text);
	INSERT INTO numbers SELECT i, 'n' || i FROM generate_series(1, 2000000) i;
	ANALYZE numbers;
	CREATE ROLE stranger;
});
open(my $csv, '>', "$folder/parts.csv") or die $!;
printf $csv "%d,%015d\n", $_, $_ for 1 .. 20000;
close $csv;
mkfifo("$folder/fifo", 0666);

sub start_session
{
	my ($sql) = @_;
	my @steps = map { ('-c', $_) } ref $sql ? @$sql : $sql;
	return IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), @steps ], '<', '/dev/null', '>', '/dev/null', '2>', "$folder/session.log");
}

# Runs a statement that waits for the lock, or takes its time, and looks at it meanwhile.
sub shown_while
{
	my ($sql, $condition, $columns) = @_;
	my $holder = start_session([ 'SELECT pg_advisory_lock(1)', 'SELECT pg_sleep(600)' ]);
	$node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND granted});
	my $session = start_session($sql);
	my $shown = '';
	foreach (1 .. 1800)
	{
		$shown = query("SELECT $columns FROM ferry_progress WHERE $condition");
		last if $shown ne '';
		select(undef, undef, undef, 0.02);
	}
	query(q{SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND mode = 'ExclusiveLock'});
	$holder->finish;
	return ($shown, $session);
}

my $all = q{operation, table_name, source, percent BETWEEN 1 AND 99 AND bar = rpad(repeat('#', (percent / 5 - 0.499)::int), 20, '.') AND length(bar) = 20,
	rows BETWEEN 1 AND 14999, rows_per_second > 0, eta >= interval '0'};
my ($shown, $session) = shown_while("SELECT load_csv('\"Shop\".parts', '$folder/parts.csv')", 'rows > 5000', $all);
is($shown, qq{load|"Shop".parts|$folder/parts.csv|t|t|t|t}, 'a load');
$session->finish;

($shown, $session) = shown_while(qq{COPY "Shop".parts FROM '$folder/parts.csv' (FORMAT csv)}, 'rows > 5000', $all);
is($shown, qq{COPY FROM|"Shop".parts|$folder/parts.csv|t|t|t|t}, q{the server's own COPY});
$session->finish;

($shown, $session) = shown_while(qq{COPY "Shop".parts FROM PROGRAM 'cat $folder/parts.csv' (FORMAT csv, ON_ERROR reject)}, 'rows > 5000',
	'operation, source, percent, bar, eta, rows_per_second > 0');
is($shown, 'load|PROGRAM||||t', 'nobody knows how much a program writes');
$session->finish;

($shown, $session) = shown_while("SELECT load_csv('\"Shop\".parts', '$folder/parts.csv'), '/another/path'", 'rows > 5000', 'operation, source');
is($shown, 'load|', 'with two paths in the statement it is not clear which one is read');
$session->finish;

($shown, $session) = shown_while([ 'SELECT pg_sleep(3)', "SELECT load_csv('\"Shop\".parts', '$folder/parts.csv') FROM pg_sleep(3)" ], 'rows > 5000', 'rows_per_second > 5000');
is($shown, 't', 'the time before the load is none of its own');
$session->finish;

# A reader who does not read
$session = start_session("COPY numbers TO '$folder/fifo' (FORMAT avro, CODEC none)");
open(my $fifo, '<', "$folder/fifo") or die $!;
my $read = 0;
while ($read < 3_000_000) { $read += sysread($fifo, my $part, 100_000); }
$node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM ferry_progress WHERE rows > 0 AND eta > interval '1 s'});
is(query('SELECT operation, table_name, source, percent BETWEEN 0 AND 99, length(bar), eta > interval $$0$$ FROM ferry_progress'), "export|numbers|$folder/fifo|t|20|t",
	'an export, by the rows that the planner expects');
is(query('SET ROLE stranger; SELECT pid IS NOT NULL, operation, table_name, source, percent, bar, rows, rows_per_second, eta FROM ferry_progress'), 't||||||||',
	'others see as much as in pg_stat_progress_copy');
$node->safe_psql('postgres', 'CREATE DATABASE other');
is($node->safe_psql('other', 'CREATE EXTENSION pg_ferry; SELECT operation, table_name, rows > 0 FROM ferry_progress'), 'export||t', 'in another database it has no table');
my ($out, $error) = ('', '');
IPC::Run::run([ 'timeout', '3', 'psql', '-X', '-d', $node->connstr('postgres'), '-v', 'every=0.5', '-f', "$ENV{FERRY_SQL}/progress.sql" ], '<', '/dev/null', '>', \$out, '2>', \$error);
cmp_ok(scalar(() = $out =~ /export +\| numbers /g), '>', 2, 'the script shows it again and again') or diag($error);
close $fifo;
$session->finish;

($shown, $session) = shown_while(q{SELECT backup_table('numbers')}, 'rows > 0', 'operation, table_name, source, percent > 0');
is($shown, 'backup|numbers||t', 'a backup');
$session->finish;
($shown, $session) = shown_while(q{SELECT restore_table('numbers')}, 'rows > 0', 'operation, table_name, source, percent > 0');
is($shown, 'restore|numbers||t', 'a restore');
$session->finish;
query('ALTER TABLE numbers ADD PRIMARY KEY (id)');
($shown, $session) = shown_while(q{SELECT compare_backup('numbers')}, 'rows > 0', 'operation, table_name, source, percent > 0');
is($shown, 'comparison|numbers||t', 'a comparison');
$session->finish;
query('ALTER TABLE numbers DROP CONSTRAINT numbers_pkey');
query("COPY numbers TO '$folder/numbers.avro' (FORMAT avro)");
($shown, $session) = shown_while("COPY numbers FROM '$folder/numbers.avro' (FORMAT avro)", 'rows > 0', 'operation, table_name, source, percent > 0');
is($shown, "import|numbers|$folder/numbers.avro|t", 'an import');
$session->finish;
is(query('SELECT count(*) FROM ferry_progress'), 0, 'and nothing, when nothing runs');

$node->stop;
done_testing();

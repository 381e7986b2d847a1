# Two sessions that reload the same load at once, or purge it meanwhile, load no row twice and lose none, at every isolation level;
# and a load of half a million rejects is loaded again in little memory.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use IPC::Run;

my $node = PostgreSQL::Test::Cluster->new('reload');
$node->init(extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "fsync = off\n");
$node->start;
my $folder = PostgreSQL::Test::Utils::tempdir();
chmod 0755, $folder;
$node->safe_psql('postgres', 'CREATE EXTENSION pg_ferry');

# Starts a session that runs statements one after the other; its output is in $$output when it is finished.
sub start_session
{
	my ($name, $output, @statements) = @_;
	return IPC::Run::start(
		[ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-v', 'VERBOSITY=sqlstate', '-d', $node->connstr('postgres') . " application_name=$name",
			map { ('-c', $_) } 'SET client_min_messages = warning', @statements ],
		'<', '/dev/null', '>', $output, '2>', $output, IPC::Run::timeout(180));
}

# Makes a load with 3000 rejects, which would pass now. There is no key that would stop a row from being there twice.
sub prepare
{
	$node->safe_psql('postgres', "DROP TABLE IF EXISTS target; CREATE TABLE target (id int, parent int CHECK (parent = 0))");
	append_to_file("$folder/rows.csv", join('', map { "$_,1\n" } 1 .. 3000)) unless -e "$folder/rows.csv";
	my $load = $node->safe_psql('postgres', "SELECT load_id FROM load_csv('target', '$folder/rows.csv')");
	$node->safe_psql('postgres', 'ALTER TABLE target DROP CONSTRAINT target_parent_check');
	return $load;
}

sub wait_for_lock
{
	my ($name) = @_;
	$node->poll_query_until('postgres', "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE application_name = '$name'") or die "$name does not wait";
}

my $reload = 'SELECT rows_read, rows_loaded FROM reload_rejects(%d)';
foreach my $level ('READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE')
{
	my $transaction = "BEGIN ISOLATION LEVEL $level";
	foreach my $end ('COMMIT', 'ROLLBACK')
	{
		my $load = prepare();
		# the first session has reloaded and not yet ended; the second has its snapshot, and waits
		my $first = $node->background_psql('postgres', on_error_stop => 1);
		$first->query_safe($transaction);
		is($first->query_safe(sprintf($reload, $load)), '3000|3000', "$level, $end: the first loads all");
		my $output = '';
		my $second = start_session('second', \$output, $transaction, 'SELECT 1', sprintf($reload, $load), 'COMMIT');
		wait_for_lock('second');
		$first->query_safe($end);
		$first->quit;
		$second->finish;
		my $expected = $end eq 'COMMIT' ? qr/^1\n0\|0\n$/ : qr/^1\n3000\|3000\n$/;
		$expected = qr/$expected|^1\nERROR:  40001\n$/ if $level eq 'SERIALIZABLE';
		like($output, $expected, "$level, $end: the second loads what is left");
		is($node->safe_psql('postgres', 'SELECT count(*), count(DISTINCT id) FROM target'), '3000|3000', "$level, $end: every row is there once");
		is($node->safe_psql('postgres', "SELECT count(*) FROM ferry_rejects WHERE load_id = $load AND resolved_at IS NULL"), '0', "$level, $end: all are resolved");
	}
}

# one that purges waits for one that reloads, and the other way round
{
	my $load = prepare();
	my $first = $node->background_psql('postgres', on_error_stop => 1);
	$first->query_safe('BEGIN');
	$first->query_safe(sprintf($reload, $load));
	my $output = '';
	my $second = start_session('second', \$output, "SELECT purge_loads((SELECT finished_at + '1 microsecond' FROM ferry_loads WHERE load_id = $load)) > 0");
	wait_for_lock('second');
	$first->query_safe('COMMIT');
	$second->finish;
	is($output, "t\n", 'a purge waits for a reload');
	is($node->safe_psql('postgres', "SELECT count(*) FROM ferry_rejects WHERE load_id = $load"), '0', 'and removes all');
	is($node->safe_psql('postgres', 'SELECT count(*) FROM target'), '3000', 'what was loaded stays');

	$load = prepare();
	$first->query_safe('BEGIN');
	$first->query_safe("SELECT purge_loads('infinity')");
	$output = '';
	$second = start_session('second', \$output, sprintf($reload, $load));
	wait_for_lock('second');
	$first->query_safe('COMMIT');
	$first->quit;
	$second->finish;
	like($output, qr/42704/, 'a reload of a load that is purged meanwhile');
	is($node->safe_psql('postgres', 'SELECT count(*) FROM target'), '0', 'loads nothing');
}

# who may not see a load does not wait for it
{
	my $load = prepare();
	$node->safe_psql('postgres', 'CREATE ROLE stranger');
	my $first = $node->background_psql('postgres', on_error_stop => 1);
	$first->query_safe('BEGIN');
	$first->query_safe(sprintf($reload, $load));
	my ($status, $out, $error) = $node->psql('postgres', "SET lock_timeout = '5s'; SET ROLE stranger; SELECT reload_rejects($load)");
	like($error, qr/load $load does not exist/, 'a stranger neither sees the load nor waits for it');
	is($node->safe_psql('postgres', "SET lock_timeout = '5s'; SET ROLE stranger; SELECT purge_loads('infinity')"), '0', 'nor purges it');
	$first->quit;
}

# half a million rejects: some pass, some are wrong in another way than before
$node->safe_psql('postgres', q{CREATE TABLE parents (id int PRIMARY KEY); CREATE TABLE children (id int PRIMARY KEY, parent int REFERENCES parents, note text)});
open(my $file, '>', "$folder/children.csv") or die "$!";
print $file "$_," . ($_ % 2) . ",note $_\n" foreach 1 .. 500000;
close $file;
my $load = $node->safe_psql('postgres', "SELECT load_id FROM load_csv('children', '$folder/children.csv') WHERE rows_rejected = 500000");
$node->safe_psql('postgres', 'INSERT INTO parents VALUES (1); VACUUM ANALYZE');
my $own_memory = q{SELECT substring(status FROM 'VmHWM:\s+(\d+)')::int - substring(status FROM 'RssShmem:\s+(\d+)')::int - substring(status FROM 'RssFile:\s+(\d+)')::int
	FROM pg_read_file('/proc/self/status') AS status};
my ($before, $result, $after) = split /\n/, $node->safe_psql('postgres', qq{
	SELECT rows_loaded FROM insert_rows('children', '[{"id": 0}]') \\gset
	$own_memory;
	SELECT rows_loaded, rows_rejected FROM reload_rejects($load);
	$own_memory;});
is($result, '250000|250000', 'half a million rejects');
cmp_ok($after - $before, '<', 16 * 1024, "take less than 16 MB (" . ($after - $before) . ' kB)');

$node->stop;
done_testing();

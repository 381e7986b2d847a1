# A load that another session overtakes between its look at the keys and its writing; and the memory of loads is bounded.
# Loads in the midst of many sessions: load_with_many_sessions.pl; two sessions step by step: tests/isolation.
use strict;
use warnings;
use POSIX qw(mkfifo);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use IPC::Run;

my $node = PostgreSQL::Test::Cluster->new('concurrent');
$node->init(extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "fsync = off\n");
$node->start;
my $folder = PostgreSQL::Test::Utils::tempdir();
chmod 0755, $folder;
$node->safe_psql('postgres', 'CREATE EXTENSION pg_ferry');

# Starts a session that runs one statement; its output is in $$output when it is finished.
sub start_session
{
	my ($statement, $output) = @_;
	return IPC::Run::start([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'), '-c', $statement ],
		'<', '/dev/null', '>', $output, '2>', $output, IPC::Run::timeout(180));
}

# Another session is quicker with a key that the load takes for a new one: that row is rejected, and a row behind it that
# shares another key with it is not. Once with and once without a subtransaction for the rows written.
foreach my $index ('', 'CREATE INDEX ON raced ((id + 1));')
{
	$node->safe_psql('postgres', "DROP TABLE IF EXISTS raced; CREATE TABLE raced (id int PRIMARY KEY, code text UNIQUE); $index");
	my $fifo = "$folder/fifo" . length($index);
	mkfifo($fifo, 0600) or die "$!";
	my $output = '';
	my $session = start_session("SELECT rows_loaded, rows_rejected FROM load_csv('raced', '$fifo')", \$output);
	open(my $pipe, '>', $fifo) or die "$!";
	$pipe->autoflush(1);
	print $pipe join('', map { "$_,c$_\n" } 1 .. 2000);
	$node->poll_query_until('postgres', 'SELECT tuples_processed = 2000 FROM pg_stat_progress_copy') or die 'no progress';
	$node->safe_psql('postgres', "INSERT INTO raced VALUES (2500, 'other')");
	print $pipe "2400,c2400\n2500,dup\n2501,dup\n2502,dup\n";
	close $pipe;
	$session->finish;
	is($output, "2002|2\n", 'a load that another session overtook');
	is($node->safe_psql('postgres', 'SELECT string_agg(id || code, $$,$$ ORDER BY id) FROM raced WHERE id > 2000'),
		'2400c2400,2500other,2501dup', 'has every row that has its keys to itself');
	is($node->safe_psql('postgres', 'SELECT string_agg(raw_row || constraint_name, $$ $$ ORDER BY row_number) FROM ferry_rejects WHERE load_id = (SELECT max(load_id) FROM ferry_loads)'),
		'2500,dupraced_pkey 2502,dupraced_code_key', 'and rejects the others for their own keys');
}

# Memory: half a million rejects of every kind, from duplicates to broken values, within 32 MB.
$node->safe_psql('postgres', 'CREATE TABLE parents (id int PRIMARY KEY); INSERT INTO parents SELECT generate_series(0, 9);
	CREATE TABLE bounded (id int PRIMARY KEY, parent int NOT NULL REFERENCES parents, note text)');
open(my $file, '>', "$folder/rejects.csv") or die "$!";
foreach my $i (1 .. 500000)
{
	my $kind = $i % 5;
	print $file $kind == 0 ? "7,1,x\n" : $kind == 1 ? "$i,,x\n" : $kind == 2 ? "x$i,1,x\n" : $kind == 3 ? "$i,77,x\n" : "7,2,y\n";
}
close $file;
my $memory = $node->safe_psql('postgres', qq{
	SELECT rows_read FROM load_csv('bounded', '$folder/rejects.csv', dry_run => true, reject_limit => NULL);
	SELECT substring(pg_read_file('/proc/self/status') FROM 'RssAnon:\\s+(\\d+)')::int AS before \\gset
	SELECT rows_loaded, rows_rejected FROM load_csv('bounded', '$folder/rejects.csv');
	SELECT substring(pg_read_file('/proc/self/status') FROM 'VmHWM:\\s+(\\d+)')::int - substring(pg_read_file('/proc/self/status') FROM 'RssShmem:\\s+(\\d+)')::int
	  - substring(pg_read_file('/proc/self/status') FROM 'RssFile:\\s+(\\d+)')::int});
my ($read_rows, $result, $kilobytes) = split /\n/, $memory;
is($result, '1|499999', 'half a million rejects');
cmp_ok($kilobytes, '<', 32 * 1024, "the backend's own memory stays under 32 MB ($kilobytes kB)");

$node->stop;
done_testing();

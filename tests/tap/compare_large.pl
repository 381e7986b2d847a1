# Comparisons of a large table with its backup: memory, cancels, damaged files, snapshots. FERRY_ROWS (1,000,000) is the number of rows.
use strict;
use warnings FATAL => 'all';
use IPC::Run qw(start);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $rows = $ENV{FERRY_ROWS} // 1_000_000;
my ($most_megabytes, $max_seconds) = (16, 1);
my $node = PostgreSQL::Test::Cluster->new('compare');
$node->init(extra => [ '--locale=C', '--encoding=UTF8' ]);
my $folder = PostgreSQL::Test::Utils::tempdir();
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\nsession_preload_libraries = 'pg_ferry'\npg_ferry.backup_directory = '$folder/backups'\n");
$node->start;
sub query { return $node->safe_psql('postgres', $_[0]); }

query(qq{CREATE EXTENSION pg_ferry;
	CREATE TABLE scattered (id bigint PRIMARY KEY, name text, hired timestamptz, salary numeric(10, 2));
	INSERT INTO scattered SELECT g, 'employee ' || g, timestamptz '2021-01-01' + g * interval '1 second', g % 100000 / 100.0 FROM generate_series(1, $rows) g ORDER BY hashint8(g);
	CREATE TABLE wide (id integer PRIMARY KEY, t text);
	INSERT INTO wide SELECT g, (SELECT string_agg(md5(g * i || ''), '') FROM generate_series(1, 100000) i) FROM generate_series(1, 12) g;
	VACUUM ANALYZE scattered;
	SELECT backup_tables('{scattered,wide}')}) ;
query("UPDATE scattered SET salary = salary + 1 WHERE id % 1000 = 0; DELETE FROM scattered WHERE id % 1000 = 1; INSERT INTO scattered (id) SELECT -g FROM generate_series(1, 77) g; VACUUM ANALYZE scattered");

# --- memory: that of the process, which has been at work before

sub memory { my ($pid) = @_; return slurp_file("/proc/$pid/status") =~ /^RssAnon:\s+(\d+) kB/m ? $1 : 0; }

# measured(STATEMENT): its output, and by how many MB the session grew at most
sub measured
{
	my ($statement) = @_;
	my ($in, $out, $error) = ('', '', '');
	my $session = start([ 'psql', '-XAtq', '-d', $node->connstr('postgres') ], '<', \$in, '>', \$out, '2>', \$error);
	$in = "SELECT count(*) FROM list_backups(); SELECT pg_backend_pid();\n";
	$session->pump until $out =~ /\n(\d+)\n/;
	my $pid = $1;
	my ($begin, $most) = (memory($pid)) x 2;
	$out = '';
	$in = "$statement; SELECT 'the end';\n";
	until ($out =~ /the end/ || $error =~ /ERROR/)
	{
		$session->pump_nb;
		my $now = memory($pid);
		$most = $now if $now > $most;
		sleep 0.002;
	}
	$in .= "\\q\n";
	$session->finish;
	return ($out =~ s/the end\n//r . $error, ($most - $begin) / 1024);
}

my $kinds = sprintf "added|77\nchanged|%d\nremoved|%d\n", ($rows / 1000) x 2;
for my $setting ('SET enable_sort = on', 'SET max_parallel_workers_per_gather = 0; SET enable_indexscan = off', 'SET enable_seqscan = off')
{
	my ($out, $megabytes) = measured("$setting; SELECT change, count(*) FROM compare_backup('scattered') GROUP BY change ORDER BY change");
	is($out, $kinds, $setting);
	cmp_ok($megabytes, '<', $most_megabytes, sprintf('... in little memory (%.1f MB)', $megabytes));
}
my ($out, $megabytes) = measured('TRUNCATE scattered; SELECT count(*) FROM compare_backup($$scattered$$) WHERE change = $$removed$$');
is($out, "$rows\n", 'a difference for every row');
cmp_ok($megabytes, '<', $most_megabytes, sprintf('... in little memory (%.1f MB)', $megabytes));
query("SELECT restore_table('scattered')");

# --- one snapshot, that of the transaction

my ($in, $answer, $complaint) = ('', '', '');
my $session = start([ 'psql', '-XAtq', '-d', $node->connstr('postgres') ], '<', \$in, '>', \$answer, '2>', \$complaint);
$in = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM list_backups();\n";
$session->pump until $answer =~ /\n/;
query('DELETE FROM scattered WHERE id <= 5');
$in = "SELECT 'differences', count(*) FROM compare_backup('scattered');\n";
$session->pump until $answer =~ /differences\|(\d+)\n/ || $complaint =~ /ERROR/;
is($1, 0, 'a repeatable read does not see what came later');
query('TRUNCATE wide');
$in = "\\set VERBOSITY sqlstate\nSELECT compare_backup('wide');\n";
$session->pump until $complaint =~ /ERROR: +(\w+)/;
is($1, '40001', 'a table that was rewritten after the snapshot would look empty');
$in = "\\q\n";
$session->finish;
query("SELECT restore_tables('{scattered,wide}')");
is(query("SELECT count(*) FROM compare_backup('scattered')"), 0, 'after a restore nothing differs');

# --- cancels, in every part of the work

my $begin = time;
query("SELECT count(*) FROM compare_backup('scattered')");
my $whole = time - $begin;
for my $part (1 .. 8)
{
	my $error = '';
	my $run = start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c', "SET application_name = 'long'", '-c', "SELECT count(*) FROM compare_backup('scattered')" ], '<', '/dev/null', '>', '/dev/null', '2>', \$error);
	sleep $whole * $part / 9;
	my $at = time;
	my $cancelled = query(q{SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE application_name = 'long' AND state = 'active' AND backend_type = 'client backend'});
	$run->finish;
	next unless $cancelled;
	like($error, qr/canceling statement due to user request/, "part $part of 9: it ends with the cancel");
	cmp_ok(time - $at, '<', $max_seconds, sprintf('... at once (%d ms)', 1000 * (time - $at)));
}

# --- files that are not what the manifest tells

my ($file) = glob "$folder/backups/*/public.scattered.avro";
my $bytes = slurp_file($file);
sub damage
{
	my ($name, $text) = @_;
	open my $out, '>:raw', $file or die "could not write: $!";
	print $out $text;
	close $out;
	my (undef, undef, $error) = $node->psql('postgres', "\\set VERBOSITY sqlstate\nSELECT compare_backup('scattered')");
	like($error, qr/ERROR: +22P04/, $name);
	return;
}
open my $raw, '<:raw', $file or die;
{ local $/; $bytes = <$raw>; }
close $raw;
my $flipped = $bytes;
substr($flipped, length($bytes) / 2, 1) ^= "\x01";
damage('a byte that is another one', $flipped);
damage('a file that is too short', substr $bytes, 0, length($bytes) - 1000);
damage('a file that is too long', $bytes . "\0");
unlink $file;
my (undef, undef, $missing) = $node->psql('postgres', "\\set VERBOSITY sqlstate\nSELECT compare_backup('scattered')");
like($missing, qr/ERROR: +58P01/, 'a file that is gone');
is(query("SELECT count(*) FROM compare_backup('wide')"), 0, 'the other table of the backup can be compared');
$node->stop;
done_testing();

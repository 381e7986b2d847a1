# A cancel ends work on a large block at once: compression by every slow codec at its highest level, by the session itself and by a
# worker, decompression, and values of many megabytes. The limit is far from what any of them takes in all, and far enough from
# the 200 ms that are meant for a machine that has more to do.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use IPC::Run qw(start);
use Test::More;
use Time::HiRes qw(sleep time);

my $max_seconds = 2;
my $node = PostgreSQL::Test::Cluster->new('cancel');
$node->init(extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "fsync = off\nsession_preload_libraries = 'pg_ferry'\nautovacuum = off\nmax_wal_size = 2GB\n");
$node->start;
# 63 rows of a megabyte that compresses to half: one block, which the last row does not fill
$node->safe_psql('postgres', q{
	CREATE EXTENSION pg_ferry;
	CREATE SEQUENCE row_made;
	CREATE TABLE megabytes (t text);
	ALTER TABLE megabytes ALTER COLUMN t SET STORAGE EXTERNAL;
	INSERT INTO megabytes SELECT string_agg(md5(i::text), '') FROM generate_series(1, 63 * 32768) i GROUP BY i % 63;
	VACUUM ANALYZE megabytes;
});
my $folder = PostgreSQL::Test::Utils::tempdir();

# Starts a statement, cancels it half a second after $is_there says true, and says how long the end took.
sub check_cancel
{
	my ($name, $sql, $is_there) = @_;
	my ($out, $error) = ('', '');
	my $session = start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-v', 'ON_ERROR_STOP=1', '-c', "SET application_name = 'long'", '-c', $sql ],
		'>', \$out, '2>', \$error);
	$node->poll_query_until('postgres', $is_there) or die "$name never came to its place: $error";
	sleep 0.5;
	my $begin = time;
	my $cancelled = $node->safe_psql('postgres', q{SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE application_name = 'long' AND state = 'active' AND backend_type = 'client backend'});
	$session->finish;
	my $took = time - $begin;
	is($cancelled, 1, "$name is at work");
	like($error, qr/canceling statement due to user request/, "$name ends with the cancel");
	cmp_ok($took, '<', $max_seconds, sprintf('%s ends at once (%d ms)', $name, 1000 * $took));
	return;
}

sub active { return "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'long' AND state = 'active' AND query LIKE '%$_[0]%')"; }

# --- compression: once the last row has been made, nothing but the block is left

for my $case ([ 'zstandard', 22 ], [ 'zstandard', 15 ], [ 'deflate', 12 ], [ 'deflate', 9 ], [ 'bzip2', 9 ], [ 'xz', 9 ])
{
	my ($codec, $level) = @$case;
	$node->safe_psql('postgres', 'ALTER SEQUENCE row_made RESTART');
	check_cancel("compression of 64 MB by $codec $level",
		"COPY (SELECT t, nextval('row_made') FROM megabytes) TO '$folder/large.avro' (FORMAT avro, CODEC $codec, CODEC_LEVEL $level, BLOCK_BYTES 67108864)",
		'SELECT last_value = 63 FROM row_made');
}
$node->safe_psql('postgres', 'ALTER SEQUENCE row_made RESTART');
check_cancel('compression of one row of 63 MB',
	"COPY (SELECT string_agg(t, '' ORDER BY nextval('row_made')) FROM megabytes) TO '$folder/large.avro' (FORMAT avro, CODEC zstandard, CODEC_LEVEL 19)",
	'SELECT last_value = 63 FROM row_made');
check_cancel('compression by a worker',
	"SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 1; SET parallel_leader_participation = off; COPY megabytes TO '$folder/large.avro' (FORMAT avro, CODEC xz, BLOCK_BYTES 67108864)",
	"SELECT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'parallel worker' AND query LIKE '%megabytes TO%')");

# --- decompression

$node->safe_psql('postgres', "COPY (SELECT t FROM megabytes) TO '$folder/bzip2.avro' (FORMAT avro, CODEC bzip2, CODEC_LEVEL 1, BLOCK_BYTES 67108864)");
check_cancel('decompression for read_avro', "SELECT count(*) FROM read_avro('$folder/bzip2.avro') AS r(t text)", active('read_avro'));
$node->safe_psql('postgres', 'CREATE TABLE copied (t text)');
check_cancel('decompression for COPY FROM', "COPY copied FROM '$folder/bzip2.avro' (FORMAT avro)", active('copied FROM'));

$node->stop;
done_testing();

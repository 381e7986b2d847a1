# Exports by several processes: the rows are those of the table as the statement sees them, in its order, whatever the number of
# workers and the state of the transaction; workers come where the planner would take them; errors, cancels and the end of a worker.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use POSIX qw(mkfifo);
use Test::More;
use Time::HiRes qw(time);

my $node = PostgreSQL::Test::Cluster->new('parallel');
$node->init(extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
# the server's log tells of every worker that starts
$node->append_conf('postgresql.conf', "fsync = off\nsession_preload_libraries = 'pg_ferry'\nlog_min_messages = debug1\nrestart_after_crash = on\nmax_worker_processes = 8\nautovacuum = off\n");
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION pg_ferry;
	CREATE DOMAIN code AS text;
	CREATE TYPE pair AS (a int, b text);
	CREATE TYPE mood AS ENUM ('low', 'high');
	CREATE TABLE goods (id int, gone text, name text, price numeric(8,2), made timestamptz, span interval, tag code, couple pair, mood mood,
		bytes bytea, net cidr, area box, third float8, small "char", flag bool, list int[]);
	INSERT INTO goods SELECT g, 'gone', CASE WHEN g % 7 > 0 THEN repeat('näme ' || g::text, 1 + g % 40) END, g / 8.0, '2020-01-01Z'::timestamptz + g * interval '1 s', g * interval '1 hour 2 s',
		'tag' || g, (g, 'b' || g::text)::pair, CASE WHEN g % 2 = 0 THEN 'low' ELSE 'high' END::mood, decode(md5(g::text), 'hex'), '10.0.0.0/8', box(point(g, 1.1), point(0, 0)),
		g / 3.0, 'x', g % 3 = 0, ARRAY[g, NULL] FROM generate_series(1, 12000) g;
	ALTER TABLE goods DROP COLUMN gone;
	ALTER TABLE goods ADD COLUMN late text DEFAULT 'late', ADD COLUMN later int;
	UPDATE goods SET later = id, name = (SELECT string_agg(md5((id * i)::text), '') FROM generate_series(1, 150) i) WHERE id % 1000 = 0;
	VACUUM ANALYZE goods;
	CREATE TABLE copied (LIKE goods);
});
my $folder = PostgreSQL::Test::Utils::tempdir();
my $file = "$folder/goods.avro";
my $two = 'SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2;';
# whether a table as it is now and the file have the same rows in the same order
sub differences
{
	my ($table) = @_;
	my $digest = "SELECT count(*), md5(string_agg(r::text, '|'))";
	return "SET max_parallel_workers_per_gather = 0; SELECT CASE WHEN count(DISTINCT d) = 1 THEN 'the same' ELSE 'others' END
		FROM ($digest FROM $table r UNION ALL $digest FROM read_avro(NULL::$table, '$file') r) d;";
}

# Runs statements; their output, and how many workers started.
sub run
{
	my ($sql) = @_;
	my $before = -s $node->logfile;
	my ($status, $out, $error) = $node->psql('postgres', "SET client_min_messages = warning; $sql", on_error_stop => 1);
	diag($error) if $error ne '' && $error !~ /expected|infinity/;
	my $log = slurp_file($node->logfile, $before);
	my $workers = () = $log =~ /starting background worker process "parallel worker/g;
	return ($out, $workers, $error);
}

# --- the same rows with any number of processes

my ($out, $workers, $error) = run("SET max_parallel_workers_per_gather = 0; COPY goods TO '$file' (FORMAT avro, PROFILE lossless);" . differences('goods'));
is($out, 'the same', 'a table that the planner would scan alone');
is($workers, 0, 'has no workers');
my $alone = $node->safe_psql('postgres', "SELECT sum(record_count) FROM avro_file_blocks('$file')");
is($alone, 12000, 'every row is there once');

foreach my $codec (qw(none deflate zstandard))
{
	foreach my $participates (qw(on off))
	{
		($out, $workers) = run("$two SET parallel_leader_participation = $participates;
			COPY goods TO '$file' (FORMAT avro, PROFILE lossless, CODEC $codec, BLOCK_BYTES 20000);" . differences('goods'));
		is($out, 'the same', "the same rows, codec $codec, leader takes part: $participates");
		is($workers, 2, 'by two workers');
	}
}
my ($rows, $complaint) = ('', '');
IPC::Run::run([ '/usr/bin/python3', '-W', 'ignore', '-c', q{
import sys, avro.datafile, avro.io
ids = [r['id'] for r in avro.datafile.DataFileReader(open(sys.argv[1], 'rb'), avro.io.DatumReader())]
print(len(ids), sum(ids))
}, $file ], '>', \$rows, '2>', \$complaint);
is($rows, "12000 72006000\n", 'python3-avro reads as many') or diag($complaint);

($out, $workers) = run("$two COPY goods (made, id) TO '$file' (FORMAT avro, BLOCK_BYTES 5000); SET max_parallel_workers_per_gather = 0;
	SELECT count(*) FROM (SELECT made, id FROM goods EXCEPT ALL SELECT made, id FROM read_avro('$file') AS r (made timestamptz, id int)) d");
is($out, '0', 'columns in another order');
is($workers, 2, 'by two workers');
my $line = $node->safe_psql('postgres', "$two \\set QUIET off\nCOPY goods TO '$file' (FORMAT avro, PROFILE lossless)");
is((split /\n/, $line)[-1], 'COPY 12000', 'the number of rows in the command tag');
($out, $workers) = run("$two COPY goods TO PROGRAM 'cat > $file' (FORMAT avro, PROFILE lossless);" . differences('goods'));
is($out, 'the same', 'to a program');
($out) = run("$two COPY goods TO '$file' (FORMAT avro, PROFILE lossless, BLOCK_BYTES 5000000);" . differences('goods'));
is($out, 'the same', 'blocks larger than a queue');
run("CREATE TABLE empty (a int) WITH (parallel_workers = 3); CREATE TABLE bare () WITH (parallel_workers = 2); INSERT INTO bare SELECT FROM generate_series(1, 3000)");
($out, $workers) = run("$two COPY empty TO '$file' (FORMAT avro); SELECT count(*) FROM read_avro(NULL::empty, '$file')");
is("$out|$workers", '0|2', 'an empty table');
($out, $workers) = run("$two COPY bare TO '$file' (FORMAT avro); SELECT sum(record_count) FROM avro_file_blocks('$file')");
is("$out|$workers", '3000|2', 'a table without columns');

# --- whether there are workers, and how many

sub workers_are
{
	my ($settings, $expected, $name, $table) = @_;
	$table //= 'goods';
	my ($result, $started) = run("$settings COPY $table TO '$file' (FORMAT avro, PROFILE lossless, BLOCK_BYTES 10000);" . differences($table));
	is($result, 'the same', "rows: $name");
	is($started, $expected, "workers: $name");
}
# one from the smallest size on, and one more for each time that it is three times as large
my $pages = $node->safe_psql('postgres', "SELECT pg_relation_size('goods') / 8192");
my $worth = 1 + int(log($pages / 32) / log(3));
workers_are("SET max_parallel_workers_per_gather = 7; SET min_parallel_table_scan_size = '256kB';", $worth, 'as many as the size is worth');
workers_are('ALTER TABLE goods SET (parallel_workers = 1); SET max_parallel_workers_per_gather = 3;', 1, 'as many as the table says');
workers_are("$two ALTER TABLE goods SET (parallel_workers = 0);", 0, 'none if the table says so');
workers_are('ALTER TABLE goods RESET (parallel_workers); SET max_parallel_workers_per_gather = 0; SET min_parallel_table_scan_size = 0;', 0, 'none if the session says so');
workers_are("$two SET max_parallel_workers = 0;", 0, 'none where the server has none left');
workers_are("$two SET max_parallel_workers = 0; SET parallel_leader_participation = off;", 0, 'the leader scans where nobody else does');
my $always = $node->safe_psql('postgres', "SELECT name FROM pg_settings WHERE name IN ('debug_parallel_query', 'force_parallel_mode')");
workers_are("SET $always = on;", 1, 'one where parallel work is asked for');
workers_are("$two CREATE TEMP TABLE own AS SELECT id FROM goods;", 0, 'none for a temporary table', 'own');
workers_are("$two ALTER FUNCTION cidr_out(cidr) PARALLEL RESTRICTED;", 0, 'none where an output function is not safe');
$node->safe_psql('postgres', 'ALTER FUNCTION cidr_out(cidr) PARALLEL SAFE');

# --- settings of the session

foreach my $profile (qw(interop lossless))
{
	my $content = "SELECT md5(string_agg(r, '|' ORDER BY r COLLATE \"C\")) FROM (SELECT r::text FROM read_avro(NULL::goods, '$file') r) r;";
	my $settings = "SET TimeZone = 'Asia/Tokyo'; SET DateStyle = 'SQL, DMY'; SET IntervalStyle = 'sql_standard'; SET bytea_output = 'escape'; SET extra_float_digits = -3;";
	($out, $workers) = run("COPY goods TO '$file' (FORMAT avro, PROFILE $profile); $content $settings $two SET parallel_leader_participation = off; COPY goods TO '$file' (FORMAT avro, PROFILE $profile);
		RESET ALL; $content");
	my ($first, $second) = split /\n/, $out;
	is($second, $first, "settings do not change what is written in profile $profile");
	is($workers, 2, 'by workers');
}

# --- what the transaction sees

my $other = "\n\\! psql -XAtq -d '" . $node->connstr('postgres') . "' -c ";
foreach my $level ('REPEATABLE READ', 'SERIALIZABLE', 'REPEATABLE READ READ ONLY')
{
	run('DROP TABLE IF EXISTS seen; CREATE TABLE seen AS SELECT g AS id FROM generate_series(1, 20000) g');
	($out, $workers) = run("$two BEGIN ISOLATION LEVEL $level; SELECT count(*) FROM goods WHERE id < 0; $other \"DELETE FROM seen WHERE id % 2 = 0; INSERT INTO seen SELECT generate_series(1, 7)\"
		COPY seen TO '$file' (FORMAT avro); SELECT count(*), sum(id) FROM read_avro(NULL::seen, '$file'); COMMIT;");
	is($out, "0\n20000|200010000", "the snapshot of the transaction: $level");
	is($workers, 2, 'by workers');
}
($out, $workers) = run("$two SET parallel_leader_participation = off; BEGIN; INSERT INTO seen SELECT generate_series(100001, 101000); SAVEPOINT a; UPDATE seen SET id = id + 1000000 WHERE id % 3 = 0;
	SAVEPOINT b; DELETE FROM seen WHERE id % 5 = 0; ROLLBACK TO b; UPDATE seen SET id = -id WHERE id % 7 = 0; DELETE FROM seen WHERE id % 11 = 0; RELEASE a;
	COPY seen TO '$file' (FORMAT avro, BLOCK_BYTES 5000);" . differences('seen') . 'ROLLBACK');
is($out, 'the same', 'rows that the transaction has changed itself');
is($workers, 2, 'by workers');
($out, $workers) = run("$two BEGIN; CREATE TYPE fresh AS ENUM ('a', 'b'); CREATE TABLE new AS SELECT g AS id, 'b'::fresh AS label FROM generate_series(1, 20000) g;
	COPY new TO '$file' (FORMAT avro);" . differences('new') . 'ROLLBACK');
is($out, 'the same', 'a table and a type that nobody else sees yet');
is($workers, 2, 'by workers');
($out, $workers) = run("$two DO \$\$ BEGIN BEGIN COPY seen TO '$file' (FORMAT avro); RAISE EXCEPTION 'x'; EXCEPTION WHEN raise_exception THEN COPY seen TO '$file' (FORMAT avro); END; END \$\$;" . differences('seen'));
is($out, 'the same', 'in subtransactions');
is($workers, 4, 'by workers');

# --- errors

run("CREATE TABLE days (id int, day date); INSERT INTO days SELECT g, CASE WHEN g = 15000 THEN 'infinity' ELSE '2020-01-01' END::date FROM generate_series(1, 20000) g");
my $place = $node->safe_psql('postgres', 'SELECT ctid FROM days WHERE id = 15000');
my $kept = slurp_file($file);
foreach my $participates (qw(on off))
{
	($out, $workers, $error) = run("$two SET parallel_leader_participation = $participates; COPY days TO '$file' (FORMAT avro)");
	like($error, qr/ERROR:  value "infinity" of type date has no form in profile interop\nHINT:  Profile lossless has one.\nCONTEXT:  COPY days, row \Q$place\E, column day/, "an error names its row, leader takes part: $participates");
	ok(slurp_file($file) eq $kept, 'and leaves the file that was there');
}
like($error, qr/\nparallel worker/, 'that of a worker says so');
is($node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'parallel worker'"), '0', 'no worker is left');

# --- what ends an export

mkfifo("$folder/fifo", 0666) or die "$!";
my ($count, @readers) = (0);

# Starts an export that waits for its reader, who takes nothing; the leader's pid and a worker's.
sub start_export
{
	my $name = 'victim' . $count++;
	# what the reader before left in the FIFO goes with him
	(pop @readers)->kill_kill if @readers;
	push @readers, IPC::Run::start([ 'sh', '-c', "exec sleep 60 <$folder/fifo" ]);
	my $session = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres') . " application_name=$name", '-c', "$two COPY goods TO '$folder/fifo' (FORMAT avro, CODEC none)" ],
		'<', '/dev/null', '>', \my $stdout, '2>', \my $stderr);
	$node->poll_query_until('postgres', "SELECT count(*) = 2 FROM pg_stat_activity w JOIN pg_stat_activity l ON w.leader_pid = l.pid WHERE l.application_name = '$name' AND w.pid <> l.pid") or die 'no workers';
	my ($leader, $worker) = split /\|/, $node->safe_psql('postgres', "SELECT l.pid, max(w.pid) FROM pg_stat_activity w JOIN pg_stat_activity l ON w.leader_pid = l.pid
		WHERE l.application_name = '$name' AND w.pid <> l.pid GROUP BY 1");
	return ($session, $leader, $worker, \$stderr);
}
my $is_over = "SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'parallel worker' OR query LIKE '%/fifo%' AND state = 'active' AND pid <> pg_backend_pid()";

foreach my $whom (qw(leader worker))
{
	my ($session, $leader, $worker, $stderr) = start_export();
	like($node->safe_psql('postgres', "SELECT query FROM pg_stat_activity WHERE pid = $worker"), qr/COPY goods/, 'a worker shows the statement');
	my $begin = time;
	$node->safe_psql('postgres', $whom eq 'leader' ? "SELECT pg_cancel_backend($leader)" : "SELECT pg_terminate_backend($worker)");
	$node->poll_query_until('postgres', $is_over) or die 'still there';
	cmp_ok(time - $begin, '<', 5, "end of the $whom ends all");
	$session->finish;
	like($$stderr, $whom eq 'leader' ? qr/canceling statement due to user request/ : qr/terminating (background worker|connection)/, 'with an error');
}
my ($session, $leader, $worker, $stderr) = start_export();
kill 'KILL', $worker;
$session->finish;
$node->poll_query_until('postgres', undef, '');
is($node->safe_psql('postgres', 'SELECT count(*) FROM goods'), '12000', 'the server comes back after kill -9 of a worker');

$_->kill_kill foreach @readers;
$node->stop;
done_testing();

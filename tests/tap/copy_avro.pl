# COPY ... FORMAT avro as clients, programs and other readers see it: psql's \copy both ways as an ordinary user, python3-avro,
# exports that fail or are stopped, what is left of them, and progress.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use POSIX qw(mkfifo);
use Test::More;
use Time::HiRes qw(time sleep);

my $node = PostgreSQL::Test::Cluster->new('copy_avro');
$node->init(extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "fsync = off\nrestart_after_crash = on\nsession_preload_libraries = 'pg_ferry'\n");
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION pg_ferry;
	CREATE TABLE goods (id int PRIMARY KEY, name text NOT NULL, price numeric(8,2), made timestamptz);
	INSERT INTO goods SELECT g, 'näme ' || g, CASE WHEN g % 3 > 0 THEN g / 8.0 END, '2020-01-01Z'::timestamptz + g * interval '1 s' FROM generate_series(1, 20000) g;
	CREATE TABLE copied (LIKE goods INCLUDING ALL);
	CREATE TABLE large AS SELECT g AS id, md5(g::text) AS name FROM generate_series(1, 1000000) g;
	CREATE ROLE clerk LOGIN;
	GRANT SELECT ON goods TO clerk;
	GRANT SELECT, INSERT ON copied TO clerk;
	CREATE DATABASE plain;
});
my $folder = PostgreSQL::Test::Utils::tempdir();
my $differences = 'SELECT count(*) FROM ((TABLE goods EXCEPT ALL TABLE copied) UNION ALL (TABLE copied EXCEPT ALL TABLE goods)) d';
my @clerk = (extra_params => [ '-U', 'clerk' ]);

sub contents { my ($name) = @_; return slurp_file("$folder/$name"); }
sub leftovers { return scalar(my @files = glob("$folder/*.tmp")); }

# --- psql's \copy, both ways, as a user without a role for files

my ($status, $out, $error) = $node->psql('postgres', "\\set QUIET off\n\\copy goods TO '$folder/client.avro' WITH (FORMAT avro)\n\\copy copied FROM '$folder/client.avro' WITH (FORMAT avro)", @clerk);
is($out, "COPY 20000\nCOPY 20000", 'a client takes a table out and back') or diag($error);
is($node->safe_psql('postgres', $differences), '0', 'with the same rows');
is(substr(contents('client.avro'), 0, 4), "Obj\x01", 'what it got is a container file and nothing else');
($status, $out, $error) = $node->psql('postgres', "COPY goods TO '$folder/no.avro' WITH (FORMAT avro)", @clerk);
like($error, qr/pg_write_server_files/, 'files of the server need the role');
($status, $out, $error) = $node->psql('postgres', "COPY goods TO PROGRAM 'true' WITH (FORMAT avro)", @clerk);
like($error, qr/pg_execute_server_program/, 'programs need the role');
($status, $out, $error) = $node->psql('postgres', "COPY copied FROM '$folder/client.avro' WITH (FORMAT avro)", @clerk);
like($error, qr/pg_read_server_files/, 'and so does reading');
($status, $out, $error) = $node->psql('plain', "COPY (SELECT 1) TO '$folder/no.avro' WITH (FORMAT avro)");
like($error, qr/extension "pg_ferry" is not installed in this database/, 'a database without the extension');
($status, $out, $error) = $node->psql('postgres', "\\copy (SELECT 10 / (50000 - g) FROM generate_series(1, 60000) g) TO '$folder/client2.avro' WITH (FORMAT avro, CODEC none, BLOCK_BYTES 1000)\nSELECT 'on';", on_error_stop => 0);
like($error, qr/division by zero/, 'an error in the middle of the stream reaches the client');
is($out, 'on', 'and the connection goes on');
($status, $out, $error) = $node->psql('postgres', "\\copy copied FROM '$folder/client.avro' WITH (FORMAT avro)\nSELECT count(*) FROM copied;", on_error_stop => 0);
like($error, qr/duplicate key value violates unique constraint "copied_pkey"\nDETAIL:  Key \(id\)=\(1\) already exists.\nCONTEXT:  COPY copied, block 1, record 1, column id/, 'an error while the client sends');
is($out, '20000', 'and the connection goes on');

# --- the context has the file; a damaged file names the place

$node->safe_psql('postgres', "COPY goods TO '$folder/goods.avro' WITH (FORMAT avro, BLOCK_BYTES 65536)");
is($node->safe_psql('postgres', 'TRUNCATE copied') // '', '', 'empty again');
($status, $out, $error) = $node->psql('postgres', "INSERT INTO copied VALUES (15000, 'x');\nCOPY copied FROM '$folder/goods.avro' WITH (FORMAT avro)");
like($error, qr/Key \(id\)=\(15000\) already exists.\nCONTEXT:  COPY copied, file "\Q$folder\E\/goods.avro", block \d+, record \d+, column id/, 'file, block, record and column of the bad row');
is($node->safe_psql('postgres', 'SELECT count(*) FROM copied'), '1', 'nothing is loaded');
my $bytes = contents('goods.avro');
open(my $damaged, '>:raw', "$folder/damaged.avro") or die "$!";
print $damaged substr($bytes, 0, length($bytes) - 20);
close $damaged;
($status, $out, $error) = $node->psql('postgres', "COPY copied FROM '$folder/damaged.avro' WITH (FORMAT avro, ON_ERROR reject)");
like($error, qr/ERROR:  .*\n.*CONTEXT:  COPY copied, file "\Q$folder\E\/damaged.avro"/s, 'a truncated file is an error whatever ON_ERROR says');
is($node->safe_psql('postgres', 'SELECT count(*) FROM copied'), '1', 'and loads nothing');

# --- another reader sees the same values

my $read = q{
import sys, avro.datafile, avro.io
for r in avro.datafile.DataFileReader(open(sys.argv[1], 'rb'), avro.io.DatumReader()):
    print(r['id'], r['name'], '' if r['price'] is None else r['price'], int(r['made'].timestamp()), sep='|')
};
my ($rows, $complaint) = ('', '');
IPC::Run::run([ '/usr/bin/python3', '-W', 'ignore', '-c', $read, "$folder/goods.avro" ], '>', \$rows, '2>', \$complaint);
is($complaint, '', 'python3-avro reads the file');
chomp $rows;
utf8::decode($rows);
my $expected = $node->safe_psql('postgres', 'SELECT id, name, price, extract(epoch FROM made)::bigint FROM goods ORDER BY id');
utf8::decode($expected);
ok($rows eq $expected, 'and its values are those of the table');

# --- dirty rows: what is a reject, and why, is what it is in CSV, which load_like_copy.pl compares with the server's COPY

$node->safe_psql('postgres', q{
	CREATE TABLE parents (id int PRIMARY KEY);
	INSERT INTO parents SELECT generate_series(0, 90);
	CREATE DOMAIN positive AS int CHECK (VALUE > 0);
	CREATE TABLE by_csv (id int PRIMARY KEY, code varchar(5) NOT NULL, amount positive, day date, parent int CONSTRAINT parent REFERENCES parents,
		price numeric(5,2), CONSTRAINT dear CHECK (price < 500), "class" text DEFAULT 'none');
	CREATE TABLE by_avro (LIKE by_csv INCLUDING ALL, CONSTRAINT parent FOREIGN KEY (parent) REFERENCES parents);
	ALTER INDEX by_avro_pkey RENAME TO by_csv_pkey2;
	SELECT setseed(0.5);
	CREATE TABLE dirt AS SELECT CASE WHEN random() < 0.02 THEN 'x' ELSE (CASE WHEN random() < 0.9 THEN g ELSE g / 2 END)::text END AS id,
		CASE WHEN random() < 0.02 THEN NULL ELSE repeat('c', 1 + (random() * 4.1)::int) END AS code, (random() * 100)::int::text AS amount,
		CASE WHEN random() < 0.02 THEN '2021-02-30' ELSE '2021-02-03' END AS day, (random() * 93)::int::text AS parent, round((random() * 505)::numeric, 2)::text AS price
	FROM generate_series(1, 20000) g;
});
$node->safe_psql('postgres', "SET client_min_messages = warning;
	COPY dirt TO '$folder/dirt.csv' WITH (FORMAT csv); COPY dirt TO '$folder/dirt.avro' WITH (FORMAT avro);
	COPY by_csv (id, code, amount, day, parent, price) FROM '$folder/dirt.csv' WITH (FORMAT csv, ON_ERROR reject);
	COPY by_avro FROM '$folder/dirt.avro' WITH (FORMAT avro, ON_ERROR reject)");
is($node->safe_psql('postgres', 'SELECT count(*) FROM ((TABLE by_csv EXCEPT ALL TABLE by_avro) UNION ALL (TABLE by_avro EXCEPT ALL TABLE by_csv)) d'), '0', 'the same rows are loaded');
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM by_avro'), '>', 10000, 'many of them');
my $rejects = q{SELECT row_number, sqlstate, column_name, replace(constraint_name, 'pkey2', 'pkey'), replace(replace(reason, 'by_avro', 'by_csv'), 'pkey2', 'pkey'), replace(detail, 'by_avro', 'by_csv')
	FROM ferry_rejects JOIN ferry_loads USING (load_id) WHERE table_name = };
is($node->safe_psql('postgres', "SELECT count(*) FROM (($rejects 'by_csv' EXCEPT ALL $rejects 'by_avro') UNION ALL ($rejects 'by_avro' EXCEPT ALL $rejects 'by_csv')) d"), '0', 'the same rows are rejected for the same reasons');
is($node->safe_psql('postgres', "SELECT count(DISTINCT sqlstate) FROM ferry_rejects JOIN ferry_loads USING (load_id) WHERE table_name = 'by_avro'"), '6', 'and they are many');
is($node->safe_psql('postgres', "SELECT count(*) FROM ferry_rejects JOIN ferry_loads USING (load_id), LATERAL (SELECT * FROM dirt OFFSET row_number - 1 LIMIT 1) d
	WHERE table_name = 'by_avro' AND raw_row::jsonb <> to_jsonb(d)"), '0', 'what is kept of a record is its fields as JSON');

# --- programs and FIFOs

$node->safe_psql('postgres', "TRUNCATE copied; COPY goods TO PROGRAM 'gzip > $folder/goods.gz' WITH (FORMAT avro, CODEC none); COPY copied FROM PROGRAM 'gunzip < $folder/goods.gz' WITH (FORMAT avro)");
is($node->safe_psql('postgres', $differences), '0', 'out to a program and back from one');
($status, $out, $error) = $node->psql('postgres', "COPY large TO PROGRAM 'head -c 100 > $folder/head; exit 3' WITH (FORMAT avro, CODEC none)");
like($error, qr/program ".*" failed\nDETAIL:  child process exited with exit code 3/, 'a program that fails');
($status, $out, $error) = $node->psql('postgres', "COPY large TO PROGRAM 'head -c 100 > $folder/head' WITH (FORMAT avro, CODEC none)");
like($error, qr/could not write to COPY program: Broken pipe/, 'a program that does not read to the end');
mkfifo("$folder/fifo", 0666) or die "$!";
my $reader = IPC::Run::start([ 'cat', "$folder/fifo" ], '>', "$folder/from_fifo.avro");
$node->safe_psql('postgres', "COPY goods TO '$folder/fifo' WITH (FORMAT avro)");
$reader->finish;
$node->safe_psql('postgres', "TRUNCATE copied; COPY copied FROM '$folder/from_fifo.avro' WITH (FORMAT avro)");
is($node->safe_psql('postgres', $differences), '0', 'through a FIFO');
ok(-p "$folder/fifo", 'which stays one');
my $writer = IPC::Run::start([ 'sh', '-c', "(sleep 1; head -c 1000 '$folder/goods.avro'; sleep 1; tail -c +1001 '$folder/goods.avro') > '$folder/fifo'" ]);
$node->safe_psql('postgres', "TRUNCATE copied; COPY copied FROM '$folder/fifo' WITH (FORMAT avro)");
$writer->finish;
is($node->safe_psql('postgres', $differences), '0', 'and back through one, whose writer takes its time');
# one that nobody writes into holds up nobody who does not want to wait
foreach my $statement ("COPY copied FROM '$folder/fifo' WITH (FORMAT avro)", "SELECT avro_file_schema('$folder/fifo')")
{
	my $started = time;
	($status, $out, $error) = $node->psql('postgres', "SET statement_timeout = 300; $statement", timeout => 60, timed_out => \my $is_stuck);
	# so that a server that hangs does not keep the test from its end
	if ($is_stuck) { open(my $end, '>', "$folder/fifo"); close $end }
	like($error // '', qr/canceling statement due to statement timeout/, 'a FIFO that nobody writes into can be left');
	cmp_ok(time - $started, '<', 10, 'at once');
}

# --- an old file stays unless there is a complete new one

is((stat "$folder/goods.avro")[2] & 0777, 0644, 'mode of a new file, as COPY has it');
chmod 0600, "$folder/goods.avro";
symlink 'goods.avro', "$folder/link.avro" or die "$!";
$node->safe_psql('postgres', "COPY (TABLE goods LIMIT 10) TO '$folder/link.avro' WITH (FORMAT avro)");
ok(-l "$folder/link.avro", 'a symbolic link stays');
is((stat "$folder/goods.avro")[2] & 0777, 0600, 'the file behind it is replaced and keeps its mode');
symlink 'made.avro', "$folder/dangling.avro" or die "$!";
$node->safe_psql('postgres', "COPY (TABLE goods LIMIT 10) TO '$folder/dangling.avro' WITH (FORMAT avro)");
ok(-l "$folder/dangling.avro" && -f "$folder/made.avro", 'a link to a file that is not there yet stays, too');
my $kept = contents('goods.avro');
isnt($kept, $bytes, 'it has the new rows');
$node->psql('postgres', "COPY (SELECT 10 / (300000 - g) FROM generate_series(1, 400000) g) TO '$folder/goods.avro' WITH (FORMAT avro)");
is(contents('goods.avro'), $kept, 'a failed export leaves the old file');
is(leftovers(), 0, 'and nothing else');

my $slow = "COPY (SELECT large.* FROM large, generate_series(1, 1000)) TO '$folder/goods.avro' WITH (FORMAT avro, CODEC none)";

my $count = 0;

# Starts a statement in a session of its own and waits until the condition holds for its row in a view with a pid; session and pid.
sub start_export
{
	my ($sql, $condition) = @_;
	my $name = 'victim' . $count++;
	my $session = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres') . " application_name=$name", '-c', $sql ], '<', '/dev/null', '>', \my $stdout, '2>', \my $stderr);
	$node->poll_query_until('postgres', "SELECT count(*) > 0 FROM pg_stat_activity a LEFT JOIN pg_stat_progress_copy p USING (pid) WHERE application_name = '$name' AND $condition") or die 'no progress';
	return ($session, $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE application_name = '$name' AND backend_type = 'client backend'"));
}
my $under_way = 'tuples_processed > 0 AND bytes_processed > 0';

# What ends it, in seconds.
sub seconds_to_end
{
	my ($pid, $call) = @_;
	my $begin = time;
	$node->safe_psql('postgres', $call);
	$node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = $pid AND state = 'active'");
	return time - $begin;
}

my ($session, $pid) = start_export($slow, $under_way);
is($node->safe_psql('postgres', "SELECT command, type, relid FROM pg_stat_progress_copy WHERE pid = $pid"), 'COPY TO|FILE|0', 'progress of a query');
is(leftovers(), 1, 'an export on its way has a temporary file');
my $seconds = seconds_to_end($pid, "SELECT pg_cancel_backend($pid)");
cmp_ok($seconds, '<', 5, 'a cancel ends it');
is(leftovers(), 0, 'and takes the temporary file away');
is(contents('goods.avro'), $kept, 'the old file is there');
$session->finish;

foreach my $end (qw(TERM KILL))
{
	($session, $pid) = start_export($slow, $under_way);
	if ($end eq 'TERM')
	{
		cmp_ok(seconds_to_end($pid, "SELECT pg_terminate_backend($pid)"), '<', 5, 'the end of the session ends it');
		is(leftovers(), 0, 'and takes the temporary file away, too');
	}
	else
	{
		kill 'KILL', $pid;
		$session->finish;
		$node->poll_query_until('postgres', undef, '');
		is(leftovers(), 1, 'kill -9 leaves the temporary file');
	}
	is(contents('goods.avro'), $kept, "the old file is there after $end");
	$session->finish;
}

# --- what nobody reads does not hold up a cancel

($session, $pid) = start_export("COPY large TO '$folder/fifo' WITH (FORMAT avro)", "state = 'active'");
cmp_ok(seconds_to_end($pid, "SELECT pg_cancel_backend($pid)"), '<', 5, 'a FIFO without a reader');
$session->finish;
($session, $pid) = start_export("COPY large TO PROGRAM 'sleep 3' WITH (FORMAT avro, CODEC none)", "type = 'PROGRAM'");
$node->safe_psql('postgres', "SELECT pg_cancel_backend($pid)");
my $begin = time;
$session->finish;
cmp_ok(time - $begin, '<', 5, 'a program that does not read');

$node->stop;
done_testing();

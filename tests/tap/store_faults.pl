# A store that is not there, breaks off, is slow, lies, or sends one elsewhere, by a proxy in front of a real one: what a load and an
# export do then, with which SQLSTATE, that nothing half-finished is to be seen, and that a wait can be cancelled.
use strict;
use warnings;
use FindBin;
use IPC::Run ();
use Time::HiRes qw(sleep time);
use lib $FindBin::RealBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use ObjectStore;

my $folder = PostgreSQL::Test::Utils::tempdir();
chmod 0755, $folder;
my $store = ObjectStore->start("$folder/store") or plan skip_all => 'there is no store of objects to test with';
$store->start_proxy;
my $node = PostgreSQL::Test::Cluster->new('faults');
$node->init(extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "fsync = off\nsession_preload_libraries = 'pg_ferry'\nlog_min_messages = debug1\nlog_statement = none\nrestart_after_crash = on\n");
$node->start;
my $keys = $store->keys_sql;
my ($http, $https, $ca) = map { $store->proxy($_) } qw(HTTP HTTPS CA);

sub query { return $node->safe_psql('postgres', $_[0]); }
sub error_of { my ($sql) = @_; my ($code, $out, $error) = $node->psql('postgres', "\\set VERBOSITY verbose\n$sql"); return $error; }
# A server for a bucket, with the keys for all.
sub make_server { my ($name, $options) = @_; query("CREATE SERVER $name FOREIGN DATA WRAPPER ferry_store OPTIONS ($options); CREATE USER MAPPING FOR PUBLIC SERVER $name $keys"); return; }

query(q{CREATE EXTENSION pg_ferry; CREATE TABLE items (id int PRIMARY KEY, name text); CREATE TABLE wide AS SELECT i AS id, md5(i::text) || md5((-i)::text) AS name FROM generate_series(1, 400000) i});
make_server('ferry', "scope 's3://ferry', endpoint '$http', writable 'true'");
my $rows = 60000;
my $csv = join('', map { "$_," . ('x' x 40) . "$_\n" } 1 .. $rows);
$store->put('ferry/items.csv', $csv);
my $half = int(length($csv) / 2);
my $load = "TRUNCATE items; SELECT rows_loaded FROM load_csv('items', 's3://ferry/items.csv')";
my $right = query("$load; SELECT count(*), sum(id), max(length(name)) FROM items");
is($right, "$rows\n$rows|" . $rows * ($rows + 1) / 2 . '|45', 'without a fault');

# How many requests each takes, as docs/stores.md has it.
foreach my $case (
	[ 1, $load ], [ 1, "SELECT * FROM sniff_csv('s3://ferry/items.csv')" ], [ 2, "SELECT load_csv('items', 's3://ferry/items.csv', sniff => true)" ],
	[ 3, "SELECT create_table_from('s3://ferry/items.csv', 'counted')" ], [ 1, "COPY (SELECT 1 AS a) TO 's3://ferry/out/one.avro' (FORMAT avro)" ],
	[ 1, "SELECT * FROM read_avro('s3://ferry/out/one.avro') AS t (a int)" ],
	[ 4, "SELECT * FROM load_folder('s3://ferry', '{\"items\": \"items\"}', header => false, settle_seconds => 0)" ],
	[ 1, "SELECT * FROM load_folder('s3://ferry', '{\"items\": \"items\"}', header => false, settle_seconds => 0)" ])
{
	my ($count, $statement) = @$case;
	$store->requests;
	query($statement);
	my @asked = $store->requests;
	is(@asked, $count, "$count requests: $statement") or diag(join("\n", @asked));
}
query('SELECT purge_loads(now() + interval \'1 day\')');

# What passes is not noticed.
foreach my $fault ('do=reset after=' . $half . ' times=1', 'do=cut after=' . $half . ' times=1', 'do=close times=1', 'do=status status=500 code=InternalError times=1',
	'do=status status=503 code=SlowDown times=2', "do=cut after=100000 times=3")
{
	$store->faults("method=GET match=items.csv $fault");
	is(query("$load; SELECT count(*), sum(id), max(length(name)) FROM items"), $right, "passes: $fault");
}
# What does not pass is an error, and nothing is loaded.
query('TRUNCATE items');
foreach my $case (
	[ 'do=close', '08006' ], [ 'do=cut after=0', '08006' ], [ 'do=reset after=0', '08006' ], [ 'do=status status=500 code=InternalError', '08006' ],
	[ 'do=status status=503 code=SlowDown', '08006' ], [ 'do=redirect location=http://127.0.0.1:1/elsewhere', '08P01' ],
	[ 'do=length by=100 times=1', '55000' ], [ 'do=status status=403 code=AccessDenied', '28000' ], [ 'do=status status=404 code=NoSuchKey', '58P01' ], [ 'do=status status=404 code=NoSuchBucket', '58P01' ])
{
	my ($fault, $sqlstate) = @$case;
	$store->faults("match=items.csv $fault");
	my $error = error_of("SELECT load_csv('items', 's3://ferry/items.csv')");
	like($error, qr/ERROR:  $sqlstate: /, "$sqlstate: $fault");
	like($error, qr{s3://ferry/items\.csv}, 'it names the address');
}
$store->faults('match=items.csv do=close');
like(error_of("SELECT * FROM load_folder('s3://ferry', '{\"items\": \"items\"}', settle_seconds => 0)"), qr/ERROR:  08006: /, 'a store in trouble ends the load of a folder');
is(query('SELECT count(*) FROM items; SELECT count(*) FROM ferry_loads WHERE rows_loaded = 0'), "0\n0", 'nothing was loaded, and nothing logged');
$store->faults;
like(query("SELECT string_agg(status, ',') FROM load_folder('s3://ferry', '{\"items\": \"items\"}', settle_seconds => 0)"), qr/^loaded$/, 'the next call of load_folder finds it');

# nobody there, and a certificate that nobody knows
make_server('nobody', q{scope 's3://nobody', endpoint 'http://127.0.0.1:1', writable 'true'});
like(error_of("SELECT load_csv('items', 's3://nobody/a.csv')"), qr/ERROR:  08001: could not connect to the store/, '08001: nobody there');
like(error_of("COPY items TO 's3://nobody/a.avro' (FORMAT avro)"), qr/ERROR:  08001: could not connect to the store/, '08001: nobody there to write to');
query("CREATE SERVER strange FOREIGN DATA WRAPPER ferry_store OPTIONS (scope '$https/public/strange');
	CREATE SERVER known FOREIGN DATA WRAPPER ferry_store OPTIONS (scope '$https/public', ca_file '$ca');
	CREATE SERVER careless FOREIGN DATA WRAPPER ferry_store OPTIONS (scope '$https/public/careless', verify_certificate 'false')");
make_server('part', "scope 's3://ferry/part', endpoint '$https', ca_file '$ca', url_style 'virtual', writable 'true'");
$store->put("public/$_/a.csv", "1,One\n2,Two\n") foreach qw(strange known careless);
like(error_of("SELECT load_csv('items', '$https/public/strange/a.csv')"), qr/ERROR:  08001: /, '08001: a certificate of an authority that is not known');
query('TRUNCATE items');
is(query("SELECT rows_loaded FROM load_csv('items', '$https/public/known/a.csv')"), 2, 'https:// with the certificate of its authority');
is(query("TRUNCATE items; SELECT rows_loaded FROM load_csv('items', '$https/public/careless/a.csv')"), 2, 'https:// without a check of it');
like(error_of("SELECT load_csv('items', '$https/public/known/none.csv')"), qr/ERROR:  58P01: /, '58P01: https:// without such a file');
like(error_of("SELECT * FROM load_folder('$https/public/known')"), qr/ERROR:  0A000: /, '0A000: https:// has no folders');
query("COPY items TO 's3://ferry/part/a.avro' (FORMAT avro)");
is(query("SELECT count(*) FROM read_avro(NULL::items, 's3://ferry/part/a.avro')"), 2, 'virtual-host style over TLS');

# an object that changes while it is read: the second request finds another one
$store->put('ferry/changing.csv', $csv);
$store->faults("method=GET match=changing.csv do=reset after=$half times=1", "method=GET match=changing.csv times=1 do=status status=503 code=SlowDown retry_after=3");
my ($session_out, $session_error) = ('', '');
my $session = IPC::Run::start([ 'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-d', $node->connstr('postgres'), '-c', "SELECT load_csv('items', 's3://ferry/changing.csv', on_conflict => 'skip')" ], '<', '/dev/null', '>', \$session_out, '2>', \$session_error);
$store->requests;
my $wait_until = time + 30;
my $seen = 0;
while ($seen < 2 && time < $wait_until) { $seen += grep { /changing/ } $store->requests; sleep 0.01; }
$store->put('ferry/changing.csv', scalar reverse $csv);
$session->finish;
like($session_error, qr/ERROR:  55000: /, '55000: an object that changed while it was read');
$store->faults;
# and one that is another when it is loaded, by the last of so many requests, than when it was sniffed
sub changes_before_request
{
	my ($last, $statement) = @_;
	my ($out, $error) = ('', '');
	$store->put('ferry/sniffed.csv', $csv);
	$store->faults('method=GET match=sniffed.csv skip=' . ($last - 1) . ' times=1 do=status status=503 code=SlowDown retry_after=3');
	$store->requests;
	my $running = IPC::Run::start([ 'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-d', $node->connstr('postgres'), '-c', $statement ], '<', '/dev/null', '>', \$out, '2>', \$error);
	my ($until, $count) = (time + 30, 0);
	while ($count < $last && time < $until) { $count += grep { /sniffed/ } $store->requests; sleep 0.01; }
	$store->put('ferry/sniffed.csv', scalar reverse $csv);
	$running->finish;
	$store->faults;
	return $error;
}
like(changes_before_request(2, "SELECT load_csv('items', 's3://ferry/sniffed.csv', sniff => true, on_conflict => 'skip')"), qr/ERROR:  55000: object "s3:\/\/ferry\/sniffed.csv" changed/, '55000: an object that changed since it was sniffed');
like(changes_before_request(3, "SELECT create_table_from('s3://ferry/sniffed.csv', 'sniffed')"), qr/ERROR:  55000: object "s3:\/\/ferry\/sniffed.csv" changed/, 'the same by create_table_from');

# answers that are none
open(my $hostile, '>', "$folder/hostile") or die;
print $hostile '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">' . join('', map { my $c = chr(97 + $_); my $b = chr(98 + $_); "<!ENTITY $b \"&$c;&$c;&$c;&$c;&$c;&$c;&$c;&$c;&$c;&$c;\">" } 0 .. 9) . ']><ListBucketResult><Name>&k;</Name></ListBucketResult>';
close $hostile;
append_to_file("$folder/nonsense", "<ListBucketResult><Contents><Key>a.csv</Ke");
append_to_file("$folder/html", "<html><body>Please log in</body></html>");
append_to_file("$folder/elsewhere", '<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>../../etc/passwd</Key><Size>-1</Size><ETag>"x"</ETag><LastModified>2024-01-01T00:00:00Z</LastModified></Contents></ListBucketResult>');
append_to_file("$folder/endless", '<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>same</NextContinuationToken></ListBucketResult>');
foreach my $answer (qw(hostile nonsense html elsewhere endless))
{
	$store->faults("method=GET match=list-type do=answer file=$folder/$answer status=200");
	my $error = error_of("SET statement_timeout = '20s'; SELECT * FROM load_folder('s3://ferry/x')");
	like($error, qr/ERROR:  08P01: /, "08P01: a listing that is $answer");
}
$store->faults;

# Waits can be cancelled. Meanwhile it is shown how large the object is.
my ($progress, $waits_for);
sub seconds_to_cancel
{
	my ($statement, $how) = @_;
	my ($out, $error) = ('', '');
	my $running = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c', $statement ], '<', '/dev/null', '>', \$out, '2>', \$error);
	my $until = time + 30;
	my $pid = '';
	while (time < $until) { $pid = query("SELECT pid FROM pg_stat_activity WHERE query LIKE '%s3://ferry/%' AND backend_type = 'client backend' AND pid <> pg_backend_pid() AND state = 'active'"); last if $pid ne ''; sleep 0.02; }
	sleep 1;
	$waits_for = query("SELECT wait_event_type FROM pg_stat_activity WHERE pid = $pid");
	$progress = query("SELECT c.bytes_total, p.source FROM pg_stat_progress_copy c JOIN ferry_progress p USING (pid)");
	my $took = query("DO \$\$ DECLARE started timestamptz := clock_timestamp(); BEGIN PERFORM $how($pid); LOOP PERFORM pg_stat_clear_snapshot(); EXIT WHEN NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $pid AND state = 'active'); PERFORM pg_sleep(0.001); END LOOP; PERFORM set_config('x.took', extract(epoch FROM clock_timestamp() - started)::text, false); END \$\$; SELECT current_setting('x.took')");
	$running->finish;
	return ($took, $error);
}
foreach my $fault ('do=stall after=100000', 'do=slow rate=20000', 'do=stall after=0')
{
	$store->faults("method=GET match=items.csv $fault");
	my ($took, $error) = seconds_to_cancel($load, 'pg_cancel_backend');
	like($error, qr/canceling statement due to user request/, "cancelled: $fault");
	note "$took s";
	cmp_ok($took, '<', 0.5, 'at once');
	is($waits_for, 'Extension', 'that it waits for the store is shown');
	is($progress, length($csv) . '|s3://ferry/items.csv', 'its size was known') if $fault eq 'do=stall after=100000';
	my $start = time;
	like(error_of("SET statement_timeout = '1s'; $load"), qr/ERROR:  57014: canceling statement due to statement timeout/, "statement_timeout: $fault");
	cmp_ok(time - $start, '<', 3, 'in time');
}
my $export = "COPY wide TO 's3://ferry/wide.avro' (FORMAT avro, CODEC 'null')";
$store->faults('method=PUT match=partNumber do=slow rate=50000');
my ($took, $error) = seconds_to_cancel($export, 'pg_cancel_backend');
like($error, qr/canceling statement due to user request/, 'an upload is cancelled');
cmp_ok($took, '<', 2, 'and given up within a second');
is(join(' ', $store->uploads('ferry')), '', 'no upload is left');
($took, $error) = seconds_to_cancel($export, 'pg_terminate_backend');
like($error, qr/terminating connection due to administrator command/, 'a session that uploads is ended');
is(join(' ', $store->uploads('ferry')), '', 'no upload is left');
ok(!defined $store->get('ferry/wide.avro'), 'and no object');

# Uploads whose store is in trouble.
my $count = 'SELECT count(*), sum(id) FROM read_avro(NULL::wide, \'s3://ferry/wide.avro\')';
my $all = query('SELECT count(*), sum(id) FROM wide');
foreach my $fault ('method=PUT match=partNumber do=status status=500 code=InternalError times=1', 'method=PUT match=partNumber do=close times=1', 'method=PUT match=partNumber do=swallow times=1',
	'method=POST match=uploads do=status status=503 code=SlowDown times=1', 'method=POST match=uploadId do=swallow times=1')
{
	$store->faults($fault);
	query($export);
	is(query($count), $all, "passes: $fault");
	$store->remove('ferry/wide.avro');
}
$store->faults;
query("COPY (SELECT id, name FROM wide LIMIT 10) TO 's3://ferry/wide.avro' (FORMAT avro)");
foreach my $fault ('method=PUT match=partNumber do=status status=500 code=InternalError', 'method=PUT match=partNumber do=close', 'method=POST match=uploadId do=status status=500 code=InternalError',
	'method=POST match=uploads do=status status=500 code=InternalError')
{
	$store->faults($fault);
	like(error_of($export), qr/ERROR:  08006: /, "08006: $fault");
	is(query($count), '10|55', 'the older object is there');
}
is(join(' ', $store->uploads('ferry')), '', 'no upload is left');

# kill -9 leaves nothing under the name; what is left is an upload
$store->faults('method=PUT match=partNumber skip=1 do=slow rate=50000');
$session = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c', $export ], '<', '/dev/null', '>', \$session_out, '2>', \$session_error);
$store->requests;
$seen = 0;
$wait_until = time + 30;
while ($seen < 1 && time < $wait_until) { $seen += grep { /partNumber/ } $store->requests; sleep 0.01; }
my $pid = query("SELECT pid FROM pg_stat_activity WHERE query LIKE '%s3://ferry/%' AND backend_type = 'client backend' AND pid <> pg_backend_pid() AND state = 'active'");
kill 9, $pid;
$session->finish;
$store->faults;
$node->poll_query_until('postgres', 'SELECT true');
is(query($count), '10|55', 'after kill -9 the older object is there');
is(join(' ', $store->uploads('ferry')), 'wide.avro', 'and an upload, for the life-cycle rule');

# no secret is in the log, whatever happened
my $log = slurp_file($node->logfile);
ok(index($log, $store->secret_key) < 0, 'the secret key is not in the log');
unlike($log, qr/Signature=|AWS4-HMAC/, 'nor is a signature');
$node->stop;
$store->stop;
done_testing();

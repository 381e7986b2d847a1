# Backups that are killed, run out of disk, meet rewrites and each other: older ones stay good, nothing unfinished is listed, and
# the tables of a backup show one moment. FERRY_SEED sets the random delays.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep time);

my $seed = $ENV{FERRY_SEED} // time;
srand($seed);
diag("seed $seed");
my $node = PostgreSQL::Test::Cluster->new('primary');
$node->init(allows_streaming => 1, extra => [ '--locale=C', '--encoding=UTF8' ]);
# no session is to write the pages of others where its files are limited
$node->append_conf('postgresql.conf', 'shared_buffers = 128MB');
$node->start;
my $folder = PostgreSQL::Test::Utils::tempdir() . '/backups';
$node->safe_psql('postgres', q{
	CREATE EXTENSION pg_ferry;
	CREATE SCHEMA shop;
	CREATE TABLE shop.a (id integer PRIMARY KEY, amount integer, filler text);
	CREATE TABLE shop.b (id integer PRIMARY KEY, amount integer, filler text);
	INSERT INTO shop.a SELECT g, 100, repeat(md5(g::text), 5) FROM generate_series(1, 10000) g;
	INSERT INTO shop.b SELECT g, 100, repeat(md5(g::text), 5) FROM generate_series(1, 10000) g;
	CREATE TABLE shop.rewritten (a integer);
	INSERT INTO shop.rewritten SELECT generate_series(1, 7);
	CREATE TABLE shop.days (day date, v integer) PARTITION BY RANGE (day);
	CREATE TABLE shop.days_1 PARTITION OF shop.days FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
	CREATE TABLE shop.days_2 PARTITION OF shop.days FOR VALUES FROM ('2022-01-01') TO ('2023-01-01');
	INSERT INTO shop.days VALUES ('2021-01-01', 1), ('2022-01-01', 2);
});
sub query { my ($sql) = @_; return $node->safe_psql('postgres', $sql) }
sub error_of { my ($sql) = @_; my ($status, $out, $error) = $node->psql('postgres', "\\set VERBOSITY verbose\n$sql"); return $error }
sub start_psql
{
	my ($out, $error, @statements) = @_;
	return IPC::Run::start([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'), map { ('-c', $_) } @statements ],
		'<', '/dev/null', '>', $out, '2>', $error, IPC::Run::timeout(600));
}
sub folders { return map { s{.*/}{}r } glob "$folder/*" }

my $first = query("SELECT DISTINCT backup_id FROM backup_schema('shop', '$folder')");
my $start = time;
my %done = map { $_ => 1 } $first, query("SELECT DISTINCT backup_id FROM backup_schema('shop', '$folder')");
my $duration = time - $start;

# Whatever is listed is whole; what is not listed has no manifest.
sub check_all
{
	my ($name) = @_;
	my %listed = map { $_ => 1 } split /\n/, query("SELECT backup_id FROM list_backups('$folder')");
	my @lost = grep { !$listed{$_} } keys %done;
	is("@lost", '', "$name: every backup that came to its end is listed");
	is(query("SELECT count(DISTINCT l.backup_id), bool_and(ok) FROM list_backups('$folder') l, verify_backup(l.backup_id, '$folder')"),
		keys(%listed) . '|t', "$name: all that are listed verify");
	my @odd = grep { !$listed{$_} && -e "$folder/$_/manifest.json" } folders();
	is("@odd", '', "$name: nothing else looks finished");
}

# kill -9 of the backend, and immediate stops, at any point
foreach my $round (1 .. 8)
{
	my ($out, $error) = ('', '');
	my $session = start_psql(\$out, \$error, 'SELECT pg_backend_pid()', "SELECT DISTINCT backup_id FROM backup_schema('shop', '$folder')");
	$session->pump until $out =~ /\n/;
	usleep(int rand($duration * 1_000_000));
	my ($pid) = $out =~ /\A([1-9][0-9]*)\n/ or die "no backend: $out $error";
	$round % 2 ? kill('KILL', $pid) : $node->stop('immediate');
	$session->finish;
	$done{$1} = 1 if $out =~ /\n(\S+)\n/;
	# the cluster's settings end the server after a crash
	$node->stop('immediate', fail_ok => 1);
	$node->start;
}
check_all('kills');

# A cancel, a timeout and a terminated session
foreach my $round (1 .. 6)
{
	my @before = folders();
	my $timeout = 1 + int rand($duration * 1000);
	my $error = error_of("SET statement_timeout = $timeout; SELECT backup_schema('shop', '$folder')");
	next unless $error =~ /ERROR/;
	like($error, qr/ERROR:  57014/, "a timeout of $timeout ms");
	is_deeply([ folders() ], \@before, 'leaves nothing');
}
{
	my ($out, $error) = ('', '');
	my $session = start_psql(\$out, \$error, 'SELECT pg_backend_pid()', "SELECT DISTINCT backup_id FROM backup_schema('shop', '$folder')");
	$session->pump until $out =~ /\n/;
	usleep(int rand($duration * 1_000_000));
	my ($pid) = $out =~ /\A([1-9][0-9]*)\n/ or die;
	query("SELECT pg_terminate_backend($pid)");
	$session->finish;
	$done{$1} = 1 if $out =~ /\n(\S+)\n/;
}
check_all('timeouts and a terminated session');

# A full disk: the limit for files of the backend stands for it, in the first file, in a later one and in the manifest.
SKIP:
{
	skip 'no prlimit here', 6 unless system('command -v prlimit >/dev/null') == 0;
	query('CREATE TABLE shop_small (a integer); INSERT INTO shop_small VALUES (1); CHECKPOINT');
	my $small_bytes = query("SELECT bytes FROM backup_table('shop_small', '$folder')");
	my @before = folders();
	foreach my $case ([ 'the first file', 'shop.a,shop_small', 100000 ], [ 'a later file', 'shop_small,shop.a', 100000 ], [ 'the manifest', 'shop_small', $small_bytes + 10 ])
	{
		my ($name, $tables, $limit) = @$case;
		my $error = error_of(qq{
			SELECT pg_backend_pid() AS pid \\gset
			\\setenv PID :pid
			\\! prlimit --pid \$PID --fsize=$limit:
			SELECT backup_tables('{$tables}', '$folder');});
		my $what = $name eq 'the manifest' ? 'manifest.json' : 'shop.a.avro';
		like($error, qr/ERROR:  .*could not write to file ".*$what\.\d+\.tmp": /, "a full disk in $name");
		is_deeply([ folders() ], \@before, 'leaves nothing');
	}
	query("SELECT DISTINCT backup_id FROM backup_table('shop_small', '$folder')");
}
check_all('full disks');

# One moment: amounts move between two tables all the time, and a table is truncated and filled.
query(q{
	CREATE TABLE stirred_enough ();
	CREATE PROCEDURE stir() LANGUAGE plpgsql AS $$
	DECLARE i integer := 0;
	BEGIN
		WHILE NOT EXISTS (SELECT FROM stirred_enough) LOOP
			i := i + 1;
			UPDATE shop.a SET amount = amount - i WHERE id = i % 10000 + 1;
			PERFORM pg_sleep(0.001);
			UPDATE shop.b SET amount = amount + i WHERE id = i % 10000 + 1;
			COMMIT;
			IF i % 10 = 0 THEN
				TRUNCATE shop.rewritten;
				INSERT INTO shop.rewritten SELECT generate_series(1, 7);
				COMMIT;
			END IF;
			IF i % 15 = 0 THEN
				ALTER TABLE shop.days DETACH PARTITION shop.days_2;
				COMMIT;
				ALTER TABLE shop.days ATTACH PARTITION shop.days_2 FOR VALUES FROM ('2022-01-01') TO ('2023-01-01');
				COMMIT;
			END IF;
		END LOOP;
	END $$;
});
my ($writer_out, $writer_error, @rows) = ('', '');
my $writer = start_psql(\$writer_out, \$writer_error, 'CALL stir()');
my (@moments, @errors);
foreach my $round (1 .. 6)
{
	# two at once
	my ($out_1, $out_2, $error) = ('', '', '');
	my $statement = "SELECT path, rows FROM backup_schema('shop', '$folder')";
	my @sessions = (start_psql(\$out_1, \$error, $statement), start_psql(\$out_2, \$error, $statement));
	$_->finish foreach @sessions;
	push @errors, $error if $error ne '';
	push @moments, $out_1, $out_2;
}
# it ends behind a whole round: the amounts add up, and the partition is attached
query('INSERT INTO stirred_enough DEFAULT VALUES');
$writer->finish;
is($writer_error, '', 'the writer has come to its end');
is("@errors", '', 'two backups at once, beside writers');
foreach my $moment (@moments)
{
	my %path = map { m{(.*/shop\.(\w+)\.avro)\|(\d+)} ? ($2 => [ $1, $3 ]) : () } split /\n/, $moment;
	push @rows, $path{rewritten}[1];
	is(query("SELECT (SELECT sum(amount) FROM read_avro(NULL::shop.a, '$path{a}[0]')) + (SELECT sum(amount) FROM read_avro(NULL::shop.b, '$path{b}[0]'))"),
		2000000, 'the amounts add up');
	# a detached partition is a table of its own
	is($path{days}[1] + ($path{days_2} ? $path{days_2}[1] : 0), 2, 'no row of a partition is lost or there twice');
}
is("@rows", join(' ', (7) x 12), 'a table that is truncated and filled has its rows');
check_all('writers');

# Under REPEATABLE READ a table that was rewritten after the snapshot is refused, and so is one that is gone.
my $other_session = 'psql -Xq -d "' . $node->connstr('postgres') . '"';
foreach my $case ([ 'truncated', 'TRUNCATE shop.rewritten', qr/40001: could not back up table "rewritten": it was created or rewritten/ ],
	[ 'in a new file', 'ALTER TABLE shop.days_1 SET UNLOGGED', qr/40001: could not back up table "days_1": it was created or rewritten/ ],
	[ 'dropped', 'DROP TABLE shop.rewritten', qr/40001: could not back up table with OID \d+: it was dropped/ ])
{
	my ($name, $statement, $pattern) = @$case;
	my @before = folders();
	like(error_of(qq{
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM shop.a;
\\! $other_session -c 'SET lock_timeout = 5000' -c '$statement'
SELECT backup_schema('shop', '$folder');}), $pattern, "a table that was $name after the snapshot");
	is_deeply([ folders() ], \@before, 'leaves nothing');
}
# an error on the way to the definition tells the table, not how it is read
{
	my $error = error_of(qq{
BEGIN;
LOCK TABLE pg_catalog.pg_sequence IN ACCESS EXCLUSIVE MODE;
\\! $other_session -c "SET lock_timeout = 100" -c "SELECT backup_table('shop.a', '$folder')"});
	like($error, qr/ERROR:  canceling statement due to lock timeout/, 'a lock that the definition waits for');
	like($error, qr/^CONTEXT:  backup of shop\.a$/m, 'the context is the table');
	unlike($error, qr/SELECT|WITH/, 'and no internal query');
}
# a partition that was attached or detached since is where the snapshot has it
query(q{CREATE TABLE shop.days_3 (LIKE shop.days); INSERT INTO shop.days_3 VALUES ('2023-01-01', 3)});
like(query(qq{
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM shop.days;
\\! $other_session -c "ALTER TABLE shop.days ATTACH PARTITION shop.days_3 FOR VALUES FROM ('2023-01-01') TO ('2024-01-01')"
SELECT table_name, rows FROM backup_schema('shop', '$folder') WHERE table_name LIKE 'shop.days%';}),
	qr/\n?2\nshop\.days\|2\nshop\.days_3\|1\z/, 'a partition that was attached after the snapshot is a table of its own');

# What is shown of a backup while it runs
my ($out, $error, @progress) = ('', '');
my $session = start_psql(\$out, \$error, map { "SELECT count(*) FROM backup_schema('shop', '$folder')" } 1 .. 20);
my $deadline = time + 30;
until (@progress or time > $deadline)
{
	@progress = grep { $_ ne '' } query(q{SELECT DISTINCT relid::regclass, command, type, bytes_processed > 0, tuples_processed > 0
		FROM pg_stat_progress_copy WHERE relid::regclass::text IN ('shop.a', 'shop.b') AND tuples_processed > 0});
}
like("@progress", qr/shop\.[ab]\|COPY TO\|FILE\|[tf]\|t/, 'progress of a backup');
$session->finish;

# A standby backs up several tables, lists, verifies and prunes; a transaction that has written does not back up.
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
my $there = PostgreSQL::Test::Utils::tempdir() . '/there';
is($standby->safe_psql('postgres', "SELECT count(*) FROM backup_tables('{shop.a,shop.b}', '$there')"), 2, 'a standby backs up') foreach 1 .. 2;
is($standby->safe_psql('postgres', "SELECT count(*), bool_and(ok) FROM list_backups('$there') l, verify_backup(l.backup_id, '$there')"), '4|t', 'verifies');
is($standby->safe_psql('postgres', "SELECT count(*) FROM prune_backups(1, '$there')"), 1, 'and prunes');
like(error_of("BEGIN; CREATE TABLE pending (a integer); SELECT backup_tables('{shop.a}', '$folder')"), qr/ERROR:  25001/, 'a transaction that has written');
check_all('the end');

done_testing();

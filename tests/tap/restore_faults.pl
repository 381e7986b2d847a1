# Restores that do not come to their end change nothing: a kill -9, an immediate stop, a cancel, a rollback, damaged and swapped
# files. Restores beside backups, in READ ONLY transactions and on a standby.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $node = PostgreSQL::Test::Cluster->new('primary');
$node->init(allows_streaming => 1, extra => [ '--locale=C', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "restart_after_crash = on\ncheckpoint_timeout = 1h");
$node->start;
my $folder = PostgreSQL::Test::Utils::tempdir() . '/backups';

# orders and customers are emptied by TRUNCATE; parts and uses go by key, since notes outside refer to parts.
$node->safe_psql('postgres', q{
	CREATE EXTENSION pg_ferry;
	CREATE TABLE customers (id serial PRIMARY KEY, name text, best_order integer);
	CREATE TABLE orders (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer integer REFERENCES customers ON DELETE CASCADE, amount numeric);
	ALTER TABLE customers ADD FOREIGN KEY (best_order) REFERENCES orders ON DELETE SET NULL DEFERRABLE;
	CREATE TABLE parts (id integer PRIMARY KEY, code text UNIQUE, note text);
	CREATE TABLE uses (id integer PRIMARY KEY, part integer REFERENCES parts ON DELETE CASCADE);
	CREATE TABLE notes (code text REFERENCES parts (code) ON DELETE CASCADE ON UPDATE CASCADE);
	INSERT INTO customers SELECT nextval('customers_id_seq'), 'customer ' || g FROM generate_series(1, 20000) g;
	INSERT INTO orders (customer, amount) SELECT 1 + g % 20000, g FROM generate_series(1, 20000) g;
	UPDATE customers SET best_order = 20001 - id;
	INSERT INTO parts SELECT g, 'code ' || g, repeat('note', 5) FROM generate_series(1, 20000) g;
	INSERT INTO uses SELECT g, g FROM generate_series(1, 20000) g;
	INSERT INTO notes SELECT 'code ' || g FROM generate_series(1, 5000) g;
});
my @tables = qw(customers orders parts uses notes);
my $content = join ' UNION ALL ', (map { "SELECT '$_', count(*)::text, md5(string_agg(t::text, ',' ORDER BY t::text)) FROM $_ t" } @tables),
  map { "SELECT '$_', last_value::text, is_called::text FROM $_" } qw(customers_id_seq orders_id_seq);
$content .= ' ORDER BY 1';
my $restored = $node->safe_psql('postgres', $content);
my $restore = "SELECT * FROM restore_tables('{uses,parts,orders,customers}', directory => '$folder')";
sub backup_id { return $node->safe_psql('postgres', "SELECT DISTINCT backup_id FROM backup_tables('{customers,orders,parts,uses}', '$folder')") }
my $id = backup_id();

# Parents and children that are newer than the backup, unique codes that have moved, sequences that have gone on.
sub spoil
{
	$node->safe_psql('postgres', q{
		SET session_replication_role = replica;
		DELETE FROM customers WHERE id % 3 = 0;
		DELETE FROM orders WHERE id % 5 = 0;
		UPDATE parts SET code = 'free ' || id WHERE id > 5000;
		UPDATE parts SET code = 'code ' || CASE WHEN id = 20000 THEN 5001 ELSE id + 1 END WHERE id > 5000;
		DELETE FROM uses WHERE id % 7 = 0;
		UPDATE uses SET part = 1;
		SET session_replication_role = origin;
		INSERT INTO customers (name) SELECT 'new' FROM generate_series(1, 3000);
		INSERT INTO orders (customer) SELECT id FROM customers WHERE name = 'new';
		INSERT INTO parts SELECT g, 'new ' || g FROM generate_series(30001, 33000) g ON CONFLICT DO NOTHING;
		INSERT INTO uses SELECT g, g FROM generate_series(30001, 33000) g ON CONFLICT DO NOTHING;
	});
	return $node->safe_psql('postgres', $content);
}
sub error_of { my ($statement) = @_; my ($status, $out, $error) = $node->psql('postgres', "\\set VERBOSITY verbose\n$statement"); return $error }

my $spoiled = spoil();
is(error_of($restore), '', 'what has been spoiled');
is($node->safe_psql('postgres', $content), $restored, 'is restored');
spoil();
my $began = Time::HiRes::time();
$node->safe_psql('postgres', $restore);
my $duration = Time::HiRes::time() - $began;
note sprintf 'a restore takes %.2f s', $duration;

# A cancel, early and late. Sequences move back with the rest.
$spoiled = spoil();
my $cancelled = 0;
for my $point (1 .. 10)
{
	my $ms = int($duration * 1000 * $point / 11) + 1;
	my $error = error_of("SET statement_timeout = $ms; $restore");
	next if $error eq '';
	like($error, qr/ERROR:  57014/, "a timeout after $ms ms");
	$cancelled++;
	is($node->safe_psql('postgres', $content), $spoiled, 'changes nothing');
}
continue { $node->safe_psql('postgres', "UPDATE customers SET name = 'spoiled again' WHERE id = 1"), $spoiled = $node->safe_psql('postgres', $content) }
cmp_ok($cancelled, '>', 2, 'the timeouts came while restores were running');

# A rollback after everything was restored, sequences included.
$spoiled = spoil();
is(error_of("BEGIN; $restore; SELECT nextval('customers_id_seq'); ROLLBACK"), '', 'a restore rolled back');
is($node->safe_psql('postgres', $content), $spoiled, 'changes nothing');
like(error_of("DO \$\$ BEGIN PERFORM * FROM restore_tables('{customers,orders}', directory => '$folder'); RAISE 'stop'; END \$\$"), qr/stop/, 'nor does one in a block that fails');
is($node->safe_psql('postgres', $content), $spoiled, 'anything');

# kill -9 of the backend and immediate stops: the tables are as before, or restored as a whole.
sub start_restore
{
	return IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres') . ' application_name=victim', '-c', 'SELECT pg_sleep(0)', '-c', $restore ],
		'<', '/dev/null', '>', '/dev/null', '2>', '/dev/null', IPC::Run::timeout(120));
}
sub wait_for_victim
{
	my $pid = '';
	for (1 .. 200)
	{
		$pid = $node->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity WHERE application_name = 'victim' AND query LIKE '%restore_tables%'});
		last if $pid =~ /\A[1-9][0-9]*\z/;
		usleep(1000);
	}
	return $pid;
}
my %outcomes;
for my $point (0 .. 8)
{
	my $session = start_restore();
	my $pid = wait_for_victim();
	usleep(1e6 * $duration * $point / 8);
	if ($point % 3 == 2) { $node->stop('immediate'); $session->finish; $node->start }
	else
	{
		kill 'KILL', $pid if $pid =~ /\A[1-9][0-9]*\z/;
		$session->finish;
		$node->poll_query_until('postgres', undef, '') or die 'the server did not come back';
	}
	# a crash may take sequences ahead by the values that the server logs beforehand
	my ($now, $before) = map { join "\n", grep { !/_seq/ } split /\n/ } $node->safe_psql('postgres', $content), $spoiled;
	my $restored = join "\n", grep { !/_seq/ } split /\n/, $restored;
	my $outcome = $now eq $before ? 'as before' : $now eq $restored ? 'restored' : 'something else';
	$outcomes{$outcome}++;
	isnt($outcome, 'something else', "a crash at point $point leaves the tables $outcome");
	$spoiled = spoil() if $outcome eq 'restored';
}
ok($outcomes{'as before'}, 'crashes came while restores were running');
is(error_of($restore), '', 'the backup is as good as it was');
is($node->safe_psql('postgres', $content), $restored, 'and is restored');

# Files that are not those of the manifest, in any of the tables, change nothing in the others.
my $other_id = do { $node->safe_psql('postgres', "UPDATE parts SET note = 'other' WHERE id = 7"); backup_id() };
$spoiled = spoil();
for my $table (qw(customers orders parts uses))
{
	my ($file, $other) = map { "$folder/$_/public.$table.avro" } $id, $other_id;
	my $good = slurp_file($file);
	my $restore_older = "SELECT * FROM restore_tables('{uses,parts,orders,customers}', '$id', '$folder')";
	my %damages = (
		'a byte' => sub { my $bytes = $good; substr($bytes, int(length($bytes) / 3), 1) ^= "\x10"; return $bytes },
		'a truncated file' => sub { substr $good, 0, 1000 },
		'an empty file' => sub { '' },
		'the file of another table' => sub { slurp_file("$folder/$id/public." . ($table eq 'uses' ? 'parts' : 'uses') . '.avro') },
		$table eq 'parts' ? ('the file of another backup' => sub { slurp_file($other) }) : ());
	for my $damage (sort keys %damages)
	{
		write_file($file, $damages{$damage}->());
		like(error_of($restore_older), qr/ERROR:  22P04: file ".*public.$table.avro"/, "$table: $damage");
	}
	unlink $file;
	like(error_of($restore_older), qr/ERROR:  58P01/, "$table: a missing file");
	system('mkfifo', $file) == 0 or die;
	like(error_of("SET statement_timeout = '20s'; $restore_older"), qr/ERROR:  22P04: file ".*public.$table.avro"/, "$table: a pipe");
	unlink $file;
	write_file($file, $good);
}
my $manifest = "$folder/$id/manifest.json";
my $good = slurp_file($manifest);
write_file($manifest, $good =~ s/"rows":20000/"rows":20001/r);
like(error_of("SELECT * FROM restore_tables('{parts}', '$id', '$folder')"), qr/ERROR:  22P04: manifest does not match its checksum/, 'a changed manifest');
write_file($manifest, slurp_file("$folder/$other_id/manifest.json"));
like(error_of("SELECT * FROM restore_tables('{parts}', '$id', '$folder')"), qr/ERROR:  22P04/, 'the manifest of another backup');
write_file($manifest, $good);
is($node->safe_psql('postgres', $content), $spoiled, 'nothing has changed');
sub write_file { my ($path, $bytes) = @_; open my $handle, '>:raw', $path or die; print $handle $bytes; close $handle }

# A restore beside a backup and another restore: each is whole, in some order. The backup may come first: so that what it holds
# can be restored, the rows keep their foreign keys this time.
is(error_of("SELECT * FROM restore_tables('{uses,parts,orders,customers}', '$id', '$folder')"), '', 'the older backup is restored');
$node->safe_psql('postgres', q{DELETE FROM uses WHERE id % 7 = 0; UPDATE parts SET note = 'changed'; DELETE FROM orders WHERE id > 20000});
$spoiled = $node->safe_psql('postgres', $content);
my @sessions = map {
	IPC::Run::start([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'), '-c', $_ ], '<', '/dev/null', '>', '/dev/null', '2>', \my $error, IPC::Run::timeout(120))
} "SELECT * FROM restore_tables('{uses,parts,orders,customers}', '$id', '$folder')", "SELECT * FROM backup_tables('{customers,orders,parts,uses}', '$folder')",
  "SELECT * FROM restore_tables('{customers,orders,uses,parts}', '$id', '$folder')";
my @finished = map { $_->finish } @sessions;
is_deeply([ map { $_ ? 1 : 0 } @finished ], [ 1, 1, 1 ], 'two restores and a backup at once');
is($node->safe_psql('postgres', $content), $restored, 'the tables are restored');
is(error_of($restore), '', 'and so are they from the backup that was taken meanwhile');
my $now = $node->safe_psql('postgres', $content);
ok($now eq $restored || $now eq $spoiled, 'which is whole, from before or after');

# Where nothing may be written
like(error_of("BEGIN READ ONLY; $restore"), qr/ERROR:  25006/, 'a READ ONLY transaction');
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
my ($status, $out, $error) = $standby->psql('postgres', "\\set VERBOSITY verbose\n$restore");
like($error, qr/ERROR:  25006/, 'a standby');

done_testing();

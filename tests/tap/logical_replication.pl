# Loads into published tables: what a load rejects, skips or takes back never reaches the subscriber, or reaches it in a way that it
# can follow. At the end both have the same rows, and the subscriber has never met an error. Once as a whole at commit, once
# streamed while the loads still run.
use strict;
use warnings;
use POSIX qw(mkfifo);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use IPC::Run;

my $seed = $ENV{FERRY_SEED} || int(rand(2**31));
my $rows = $ENV{FERRY_ROWS} || 3000;
srand($seed);
note("FERRY_SEED=$seed FERRY_ROWS=$rows");

my $publisher = PostgreSQL::Test::Cluster->new('publisher');
$publisher->init(allows_streaming => 'logical', extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
# From 18 on (18.6 at least) a transaction that is larger than this and rolls back tells the subscriber to abort subtransactions which
# it has never heard of, and its worker crashes.
my $memory = $publisher->pg_version >= 18 ? '64MB' : '64kB';
$publisher->append_conf('postgresql.conf', "fsync = off\nlogical_decoding_work_mem = '$memory'\n");
$publisher->start;
my $subscriber = PostgreSQL::Test::Cluster->new('subscriber');
$subscriber->init(allows_streaming => 'logical', extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
$subscriber->append_conf('postgresql.conf', "fsync = off\nwal_retrieve_retry_interval = '100ms'\n");
$subscriber->start;
my $folder = PostgreSQL::Test::Utils::tempdir();
chmod 0755, $folder;

# Columns id, code, parent, note in all of them. The subscriber has the same keys and checks: a row too much would stop it.
my %tables = (
	keyed => 'id int PRIMARY KEY, code text, parent int, note text CHECK (length(note) < 6)',
	two_keys => 'id int PRIMARY KEY, code text UNIQUE, parent int, note text CHECK (length(note) < 6)',
	children => 'id int PRIMARY KEY, code text, parent int NOT NULL REFERENCES parents, note text CHECK (length(note) < 6), also int DEFAULT 1 REFERENCES parents',
	parted => 'id int PRIMARY KEY, code text, parent int REFERENCES parents, note text CHECK (length(note) < 6)',
	large => 'id int PRIMARY KEY, code text, parent int, note text CHECK (length(note) < 6), large text DEFAULT repeat(md5(random()::text), 100)',
	triggered => 'id int PRIMARY KEY, code text, parent int REFERENCES parents, note text CHECK (length(note) < 6)',
	parted_triggered => 'id int PRIMARY KEY, code text, parent int REFERENCES parents, note text CHECK (length(note) < 6)',
	no_key => 'id int, code text UNIQUE, parent int, note text CHECK (length(note) < 6)',
	no_identity => 'id int PRIMARY KEY, code text, parent int, note text CHECK (length(note) < 6)');
my @tables = sort keys %tables;
my $ddl = 'CREATE TABLE parents (id int PRIMARY KEY); CREATE TABLE audit (what text, id int);';
foreach my $name (@tables)
{
	$ddl .= "CREATE TABLE $name ($tables{$name})" . ($name =~ /^parted/ ? ' PARTITION BY RANGE (id)' : '') . ';';
	$ddl .= "CREATE TABLE ${name}_low PARTITION OF $name FOR VALUES FROM (MINVALUE) TO ($rows); CREATE TABLE ${name}_high PARTITION OF $name DEFAULT;" if $name =~ /^parted/;
}
$ddl .= "ALTER TABLE no_identity REPLICA IDENTITY NOTHING;";
$_->safe_psql('postgres', $ddl) foreach $publisher, $subscriber;
$publisher->safe_psql('postgres', 'CREATE EXTENSION pg_ferry;
	INSERT INTO parents SELECT generate_series(1, 20); CREATE PUBLICATION loads FOR TABLE parents, audit, ' . join(', ', @tables));
# Row triggers change rows, leave some out, write elsewhere and raise; the subscriber has none.
$publisher->safe_psql('postgres', q{
	CREATE FUNCTION before_row() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		INSERT INTO audit VALUES ('before', NEW.id);
		IF NEW.parent = 11 THEN RETURN NULL; END IF;
		NEW.code := NEW.code || TG_TABLE_NAME;
		RETURN NEW;
	END $$;
	CREATE FUNCTION after_row() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		INSERT INTO audit VALUES ('after', NEW.id);
		IF NEW.parent = 13 THEN RAISE EXCEPTION 'not 13'; END IF;
		RETURN NULL;
	END $$} . join('', map { "; CREATE TRIGGER b BEFORE INSERT ON $_ FOR EACH ROW EXECUTE FUNCTION before_row(); CREATE TRIGGER a AFTER INSERT ON $_ FOR EACH ROW EXECUTE FUNCTION after_row()" }
	'triggered', 'parted_triggered'));

# Records of every kind: good, of a key that the file or the table has, too long, without or with a wrong parent, not a number.
sub write_file
{
	my ($name) = @_;
	open(my $file, '>', "$folder/$name") or die "$!";
	foreach my $i (1 .. $rows)
	{
		my $id = 1 + int(rand($rows * 2));
		my $code = rand() < 0.95 ? "c$id" : 'c' . (1 + int(rand($rows * 2)));
		my $chance = rand();
		$id = 'x' if $chance < 0.01;
		my $parent = $chance < 0.97 ? 1 + int(rand(20)) : $chance < 0.99 ? 77 : '';
		print $file "$id,$code,$parent," . int(rand(102000)) . "\n";
	}
	close $file;
	chmod 0644, "$folder/$name";
	return "$folder/$name";
}

sub start_session
{
	my ($statement, $output) = @_;
	return IPC::Run::start([ 'psql', '-XAtq', '-d', $publisher->connstr('postgres'), '-c', $statement ],
		'<', '/dev/null', '>', $output, '2>', $output, IPC::Run::timeout(180));
}

sub load
{
	my ($name, $path, $on_conflict) = @_;
	return "SELECT count(*) FROM load_csv('$name', '$path', ARRAY['id', 'code', 'parent', 'note']::name[], on_conflict => '$on_conflict')";
}

# Loads of all kinds, one after the other, and rolled back in part.
sub load_alone
{
	foreach my $name (@tables)
	{
		my $path = write_file("$name.csv");
		my $more = write_file("$name.more.csv");
		$publisher->safe_psql('postgres', load($name, $path, 'reject'));
		$publisher->safe_psql('postgres', load($name, $more, 'skip'));
		$publisher->safe_psql('postgres', "BEGIN; " . load($name, write_file("$name.gone.csv"), 'reject') . '; ROLLBACK');
		$publisher->safe_psql('postgres', "BEGIN; SAVEPOINT s; " . load($name, write_file("$name.undone.csv"), 'skip') . '; ROLLBACK TO s; ' .
			load($name, write_file("$name.kept.csv"), 'reject') . '; COMMIT');
		$publisher->safe_psql('postgres', "SELECT count(*) FROM load_csv('$name', '$path', ARRAY['id', 'code', 'parent', 'note']::name[], dry_run => true)");
		$publisher->safe_psql('postgres', "SELECT rows_loaded FROM insert_rows('$name', (SELECT json_agg(json_build_object('id', id, 'code', 'j' || id % 300, 'parent', id % 25, 'note', id * 100))
			FROM generate_series($rows, $rows + 999) id))");
		my ($status, undef, $error) = $publisher->psql('postgres', load($name, $more, 'update'));
		if ($name eq 'no_key')
		{
			like($error, qr/table "no_key" has no primary key/, 'nothing to update by without a primary key');
		}
		elsif ($name eq 'no_identity')
		{
			like($error, qr/cannot update table "no_identity" because it does not have a replica identity/, 'an update that could not be published ends the load');
		}
		else
		{
			is($status, 0, "$name: rows are replaced") or diag($error);
		}
	}
	return;
}

# A session commits a key between the look of a load at its keys and their writing: once with one and once with several unique keys.
sub load_overtaken
{
	foreach my $name ('keyed', 'two_keys', 'no_key', 'no_identity', 'children', 'large')
	{
		my $base = 10 + $publisher->safe_psql('postgres', "SELECT max(id) FROM $name");
		my $fifo = "$folder/$name.$base.fifo";
		mkfifo($fifo, 0600) or die "$!";
		my $output = '';
		my $session = start_session("SELECT rows_loaded, rows_rejected FROM load_csv('$name', '$fifo', ARRAY['id', 'code', 'parent', 'note']::name[])", \$output);
		open(my $pipe, '>', $fifo) or die "$!";
		$pipe->autoflush(1);
		print $pipe join('', map { ($base + $_) . ",o" . ($base + $_) . ",1,x\n" } 1 .. 2000);
		$publisher->poll_query_until('postgres', 'SELECT tuples_processed = 2000 FROM pg_stat_progress_copy') or die 'no progress';
		my $taken = $base + 2500;
		$publisher->safe_psql('postgres', "INSERT INTO $name (id, code, parent) VALUES ($taken, 'o$taken', 2)");
		print $pipe map { "$_,o$_,1,y\n" } $taken - 5 .. $taken + 5;
		close $pipe;
		$session->finish;
		is($output, "2010|1\n", "$name: a load that another session overtook rejects one row");
	}
	return;
}

# Loads of the same rows at the same time, beside inserts and deletes of some of them.
sub load_together
{
	foreach my $name ('two_keys', 'children', 'parted', 'parted_triggered')
	{
		my $base = 10 + $publisher->safe_psql('postgres', "SELECT max(id) FROM $name");
		append_to_file("$folder/$name.$base.csv", join('', map { ($base + $_) . ",s" . ($base + $_) . ',' . ($_ % 21) . ",z\n" } 1 .. $rows));
		chmod 0644, "$folder/$name.$base.csv";
		my @outputs;
		my @sessions = map { start_session(load($name, "$folder/$name.$base.csv", $_), \$outputs[ scalar @outputs ]) } qw(reject skip reject update);
		push @sessions, start_session("DO \$\$ BEGIN FOR i IN 1 .. 200 LOOP
			DELETE FROM $name WHERE id = $base + 1 + i % 50;
			INSERT INTO $name (id, code, parent) VALUES ($base + 1 + i % 50, 's' || i % 50, 3) ON CONFLICT DO NOTHING; COMMIT; END LOOP; END \$\$", \$outputs[ scalar @outputs ]);
		$_->finish foreach @sessions;
		is(scalar(grep { /ERROR/ && !/deadlock detected/ } @outputs), 0, "$name: loads of the same rows at the same time") or diag("@outputs");
	}
	return;
}

sub check_equal
{
	my ($round) = @_;
	$publisher->wait_for_catchup('loads');
	foreach my $name ('parents', 'audit', @tables)
	{
		my $query = "SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM $name t";
		my $here = $publisher->safe_psql('postgres', $query);
		is($subscriber->safe_psql('postgres', $query), $here, "$round: $name is the same on the subscriber ($here)");
	}
	is($subscriber->safe_psql('postgres', 'SELECT apply_error_count, sync_error_count FROM pg_stat_subscription_stats'), '0|0', "$round: no errors");
	is($subscriber->safe_psql('postgres', "SELECT subenabled FROM pg_subscription"), 't', "$round: the subscription is enabled");
	# an apply worker that is started anew may come before the old one is gone, and is then started once more
	my $log = slurp_file($subscriber->logfile) =~ s/ERROR:  replication origin with ID \d+ is already active//gr;
	unlike($log, qr/ERROR:/, "$round: the subscriber never stopped");
	return;
}

my $connection = $publisher->connstr . ' dbname=postgres';
$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION loads CONNECTION '$connection' PUBLICATION loads WITH (streaming = off)");
$subscriber->wait_for_subscription_sync($publisher, 'loads');
foreach my $streaming ('off', 'on')
{
	my $round = "streaming $streaming";
	$subscriber->safe_psql('postgres', "ALTER SUBSCRIPTION loads SET (streaming = $streaming)");
	load_alone();
	check_equal("$round, alone");
	load_overtaken();
	load_together();
	check_equal("$round, with others");
	is($publisher->safe_psql('postgres', "SELECT count(*) FROM generate_series(1, 1) WHERE EXISTS (SELECT FROM ferry_rejects WHERE sqlstate = '23505')
		AND EXISTS (SELECT FROM ferry_rejects WHERE sqlstate = '23503') AND EXISTS (SELECT FROM ferry_rejects WHERE sqlstate = '23502')
		AND EXISTS (SELECT FROM ferry_rejects WHERE sqlstate = '23514') AND EXISTS (SELECT FROM ferry_rejects WHERE sqlstate = '22P02')"),
		'1', 'with rejects of every kind');
}
is($publisher->safe_psql('postgres', 'SELECT stream_count > 0 FROM pg_stat_replication_slots'), $memory eq '64kB' ? 't' : 'f', 'loads were streamed, where that is safe');

$subscriber->stop;
$publisher->stop;
done_testing();

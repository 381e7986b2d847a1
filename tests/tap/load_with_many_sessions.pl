# Several loaders of overlapping keys, in bulk and row by row, from files and as JSON, committed and rolled back, while other
# sessions take away and bring back parents and rows. Afterwards nothing is lost, nothing is there twice, every record was either
# loaded or has a cause why not, every child has its parent, and the indexes agree with the tables. Once with wal_level logical,
# where the engine takes rows back in another way. Where keys come in ascending order, nothing deadlocks.
#
# Every record carries the number of its load (tag) and its own (record), and the table "records" has what all the files say: what
# is in the tables is checked against that, never against what a load says of itself alone.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use IPC::Run;

my $seed = $ENV{FERRY_SEED} || int(rand(2**31));
my $rows = $ENV{FERRY_ROWS} || 3000;    # records of a loader in a table
my $loaders = 4;
srand($seed);
note("FERRY_SEED=$seed FERRY_ROWS=$rows");

my $node = PostgreSQL::Test::Cluster->new('sessions');
$node->init(extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "fsync = off\nmax_wal_size = '4GB'\nlog_lock_waits = off\ndeadlock_timeout = '200ms'\npg_ferry.log_batches = all\n");
$node->start;
my $folder = PostgreSQL::Test::Utils::tempdir();
chmod 0755, $folder;
$node->safe_psql('postgres', 'CREATE EXTENSION pg_ferry; CREATE EXTENSION amcheck');

# "bulk" is loaded in bulk; in the others all go row by row. Parents 1 to 30 stay, 31 to 50 come and go, others never
# are there.
my %tables = (
	bulk => [ 'id int PRIMARY KEY, code text UNIQUE', 'FOREIGN KEY (parent) REFERENCES parents' ],
	parted => [ 'id int PRIMARY KEY, code text', 'FOREIGN KEY (parent) REFERENCES parents' ],
	deferred => [ 'id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, code text', 'FOREIGN KEY (parent) REFERENCES parents DEFERRABLE' ],
	paired => [ 'id int PRIMARY KEY, code text UNIQUE', 'FOREIGN KEY (parent, half) REFERENCES pairs' ]);
my @tables = sort keys %tables;

sub make_tables
{
	my $sql = q{DROP TABLE IF EXISTS records, removed, results, finished, parents, pairs, bulk, parted, deferred, paired CASCADE;
		CREATE TABLE parents (id int PRIMARY KEY); INSERT INTO parents SELECT generate_series(1, 50);
		CREATE TABLE pairs (id int, half int, PRIMARY KEY (id, half)); INSERT INTO pairs SELECT i, i % 2 FROM generate_series(1, 50) i;
		CREATE TABLE records (name text, id int, code text, parent int, half int, tag int, record int);
		CREATE TABLE removed (name text, id int, code text, parent int, half int, tag int, record int);
		CREATE TABLE results (name text, tag int, kind text, kept boolean, load_id bigint, read int, loaded int, rejected int, skipped int);
		CREATE TABLE finished (); DELETE FROM ferry_reject_log; DELETE FROM ferry_load_log;};
	foreach my $name (@tables)
	{
		my ($columns, $key) = @{ $tables{$name} };
		my $partition = $name eq 'parted' ? 'PARTITION BY RANGE (id)' : '';
		$sql .= "CREATE TABLE $name ($columns, parent int NOT NULL, half int, tag int, record int, CONSTRAINT to_parent $key) $partition;";
	}
	return $node->safe_psql('postgres', $sql . "CREATE TABLE parted_low PARTITION OF parted FOR VALUES FROM (MINVALUE) TO ($rows / 2);
		CREATE TABLE parted_high PARTITION OF parted DEFAULT;");
}

# What the other sessions do until the loaders are finished: each step a transaction, so that it waits for one lock at a time.
$node->safe_psql('postgres', q{
CREATE PROCEDURE disturb(at_parents bool, seed float, max_id int) LANGUAGE plpgsql AS $$
DECLARE
	name text; key int; parent int; step int;
BEGIN
	PERFORM setseed(seed);
	WHILE NOT EXISTS (SELECT FROM finished) LOOP
		name := (ARRAY['bulk', 'parted', 'deferred', 'paired'])[1 + floor(random() * 4)];
		key := 1 + floor(random() * max_id);
		step := CASE WHEN at_parents THEN floor(random() * 4) END;
		parent := 31 + floor(random() * 20);
		BEGIN
			SET CONSTRAINTS ALL IMMEDIATE;
			CASE step
				WHEN 0 THEN DELETE FROM parents p WHERE p.id = parent;
				WHEN 1 THEN DELETE FROM pairs p WHERE p.id = parent;
				WHEN 2 THEN INSERT INTO parents VALUES (parent);
				WHEN 3 THEN INSERT INTO pairs VALUES (parent, parent % 2);
				ELSE
					EXECUTE format('WITH gone AS (DELETE FROM %1$I WHERE id = %2$s RETURNING *) INSERT INTO removed SELECT %1$L, * FROM gone', name, key);
					IF random() < 0.3 THEN
						EXECUTE format('INSERT INTO %I VALUES (%s, %L, 1, 1, 0)', name, key, 'c' || lpad(key::text, 8, '0'));
					END IF;
			END CASE;
		EXCEPTION
			WHEN unique_violation OR foreign_key_violation THEN NULL;
			WHEN deadlock_detected THEN RAISE WARNING 'deadlock in %', CASE WHEN at_parents THEN 'parents' ELSE name END;
		END;
		COMMIT;
		PERFORM pg_sleep(0.0005);
	END LOOP;
END $$;});

# The script of a loader, for psql: loads of random sizes and kinds. Its records go to files, one for each load, and to $all.
sub loader_script
{
	my ($ascending, $all, $next_tag) = @_;
	my $script = '';
	my %left = map { $_ => $rows } @tables;
	while (my @open = grep { $left{$_} > 0 } @tables)
	{
		my $name = $open[0];    # they are all at the same table most of the time
		my $kind = (qw(reject skip rows))[ rand 3 ];
		my $count = 1 + int(rand($kind eq 'rows' ? 1000 : 2500));
		$count = $left{$name} if $count > $left{$name};
		$left{$name} -= $count;
		my $tag = $$next_tag++;
		my @ids = map { 1 + int(rand($rows * 2)) } 1 .. $count;
		@ids = sort { $a <=> $b } @ids if $ascending;
		my $record = 0;
		my $lines = '';
		foreach my $id (@ids)
		{
			$record++;
			# in ascending order the codes go with the keys; else a row may meet two others
			my $code = sprintf('c%08d', $ascending || rand() < 0.9 ? $id : 1 + int(rand($rows * 2)));
			my $chance = rand();
			my $parent = $chance < 0.005 ? '' : $chance < 0.02 ? 99 : $chance < 0.2 ? 31 + int(rand(20)) : 1 + int(rand(30));
			$lines .= "$id,$code,$parent," . ($parent eq '' ? '' : $parent % 2) . ",$tag,$record\n";
		}
		append_to_file("$folder/$tag.csv", $lines);
		chmod 0644, "$folder/$tag.csv";
		print $all $lines =~ s/^/$name,/gmr;
		my $kept = rand() < 0.8 ? 'true' : 'false';
		my $load = $kind eq 'rows'
		  ? "SELECT load_id, rows_received, rows_loaded, rows_rejected, 0 FROM insert_rows('$name',"
		  . " (SELECT json_agg(json_build_object('id', id, 'code', code, 'parent', parent, 'half', half, 'tag', tag, 'record', record) ORDER BY record)"
		  . " FROM records WHERE tag = $tag))"
		  : "SELECT load_id, rows_read, rows_loaded, rows_rejected, rows_skipped FROM load_csv('$name', '$folder/$tag.csv', on_conflict => '$kind')";
		$script .= "BEGIN;\nSELECT '$name', $tag, '$kind', $kept, load.* FROM ($load) load;\n" . ($kept eq 'true' ? "COMMIT;\n" : "ROLLBACK;\n");
	}
	return $script;
}

# Runs loaders and disturbers until the former are finished. Returns what the loaders said, and how many deadlocks there were.
sub run_sessions
{
	my ($ascending) = @_;
	my $next_tag = 1;
	unlink glob("$folder/*.csv $folder/*.sql");
	open(my $all, '>', "$folder/all.csv") or die "$!";
	my @scripts = map { loader_script($ascending, $all, \$next_tag) } 1 .. $loaders;
	close $all;
	$node->safe_psql('postgres', "COPY records FROM '$folder/all.csv' (FORMAT csv); CREATE INDEX ON records (tag); ANALYZE records");
	my $log_offset = -s $node->logfile;
	my @psql = ('psql', '-XAtq', '-d', $node->connstr('postgres'));
	my (@outputs, @errors, @others);
	foreach my $i (1 .. 3)
	{
		my $statement = "CALL disturb(" . ($i == 1 ? 'true' : 'false') . ", " . rand() . ", " . ($rows * 2) . ")";
		push @others, IPC::Run::start([ @psql, '-c', $statement ], '<', '/dev/null', '>&', \$errors[$loaders + $i], IPC::Run::timeout(300));
	}
	my @sessions = map {
		append_to_file("$folder/$_.sql", $scripts[$_]);
		IPC::Run::start([ @psql, '-f', "$folder/$_.sql" ], '<', '/dev/null', '>', \$outputs[$_], '2>', \$errors[$_], IPC::Run::timeout(300))
	} 0 .. $#scripts;
	$_->finish foreach @sessions;
	$node->safe_psql('postgres', 'INSERT INTO finished DEFAULT VALUES');
	$_->finish foreach @others;
	foreach my $i (0 .. $#scripts)
	{
		my @unexpected = grep { !/deadlock detected|^(DETAIL|HINT|CONTEXT|Process|\s)|^COPY \w+, line|^load into table/ } split /\n/, $errors[$i] // '';
		is("@unexpected", '', "loader $i had no errors but deadlocks");
	}
	my @warnings = grep { $ascending ? !/deadlock in deferred/ : !/deadlock in/ } map { split /\n/ } @errors[ $loaders + 1 .. $loaders + 3 ];
	is("@warnings", '', 'nor had the others any');
	my $log = slurp_file($node->logfile, $log_offset);
	my $deadlocks = () = $log =~ /ERROR:  deadlock detected/g;
	my $deferred = () = $log =~ /ERROR:  deadlock detected(?:(?!ERROR:).)*?STATEMENT:[^\n]*'deferred'/sg;
	return (join('', grep { defined } @outputs), $deadlocks, $deferred);
}

# Everything there ever was in a table: what is there, and what others took away.
my $ever = join(' UNION ALL ', map { "SELECT '$_' AS name, id, code, parent, half, tag, record FROM $_" } @tables) . ' UNION ALL TABLE removed';

sub none
{
	my ($sql, $what) = @_;
	is($node->safe_psql('postgres', "SELECT * FROM ($sql) wrong LIMIT 5"), '', $what);
	return;
}

sub check_records
{
	$node->safe_psql('postgres', "DROP TABLE IF EXISTS ever; CREATE TABLE ever AS $ever; ANALYZE ever");
	none("SELECT * FROM results WHERE loaded + rejected + skipped <> read
		OR read <> (SELECT count(*) FROM records r WHERE r.tag = results.tag)", 'every record was loaded, rejected or skipped');
	none("SELECT results.*, l.* FROM results LEFT JOIN ferry_loads l USING (load_id)
		WHERE kept AND (l.table_name, l.rows_read, l.rows_loaded, l.rows_rejected, l.rows_skipped) IS DISTINCT FROM (name, read, loaded, rejected, skipped)
		OR NOT kept AND l.load_id IS NOT NULL", 'the log has every load that was committed and no other');
	none('SELECT load_id FROM ferry_loads EXCEPT SELECT load_id FROM results', 'and none that failed');
	none('SELECT * FROM ever e WHERE tag > 0 AND NOT EXISTS (SELECT FROM results r WHERE kept AND r.tag = e.tag AND r.name = e.name)',
		'every row is from a load that was committed');
	none('SELECT name, id, code, parent, half, tag, record FROM ever WHERE tag > 0 EXCEPT TABLE records', 'and is as its record says');
	none('SELECT tag, record FROM ever WHERE tag > 0 GROUP BY 1, 2 HAVING count(*) > 1', 'no record was loaded twice');
	none('SELECT *, (SELECT count(*) FROM ever e WHERE e.tag = r.tag) FROM results r WHERE kept
		AND loaded <> (SELECT count(*) FROM ever e WHERE e.tag = r.tag)', 'what a load says it loaded was loaded');
	none('SELECT r.tag, j.row_number FROM results r JOIN ferry_rejects j USING (load_id) JOIN ever e ON e.tag = r.tag AND e.record = j.row_number',
		'no record was both loaded and rejected');
	none("SELECT *, (SELECT count(*) FROM ferry_rejects j WHERE j.load_id = r.load_id) FROM results r WHERE kept
		AND rejected <> (SELECT count(*) FROM ferry_rejects j WHERE j.load_id = r.load_id)", 'and every reject is in the log');
	none("SELECT s.*, j.* FROM results r JOIN ferry_rejects j USING (load_id) JOIN records s ON s.tag = r.tag AND s.record = j.row_number
		WHERE CASE j.sqlstate
			WHEN '23502' THEN s.parent IS NOT NULL
			WHEN '23503' THEN s.parent <= 30
			WHEN '23505' THEN r.kind = 'skip' OR NOT EXISTS (SELECT FROM ever e WHERE e.name = r.name AND (e.id = s.id OR e.code = s.code)
				AND (e.tag, e.record) <> (s.tag, s.record))
			ELSE true END", 'every reject has a cause');
	return;
}

sub check_tables
{
	foreach my $name (@tables)
	{
		my ($parent, $join) = $name eq 'paired' ? ('pairs', 'p.id = c.parent AND p.half = c.half') : ('parents', 'p.id = c.parent');
		none("SELECT id FROM $name GROUP BY id HAVING count(*) > 1", "$name: every key is there once");
		none("SELECT * FROM $name c WHERE NOT EXISTS (SELECT FROM $parent p WHERE $join)", "$name: every child has its parent");
		my ($status, undef, $error) = $node->psql('postgres',
			"ALTER TABLE $name DROP CONSTRAINT to_parent; ALTER TABLE $name ADD CONSTRAINT to_parent $tables{$name}[1]", on_error_stop => 1);
		is($status, 0, "$name: the foreign key holds when it is made anew") or diag($error);
	}
	my ($status, undef, $error) = $node->psql('postgres',
		q{SELECT bt_index_check(indexrelid, true) FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
		  WHERE relkind = 'i' AND indrelid::regclass::text ~ '^(bulk|parted_.*|deferred|paired|parents|pairs|ferry_.*)$'}, on_error_stop => 1);
	is($status, 0, 'the indexes agree with the tables') or diag($error);
	return;
}

# Loaders of the same rows that start in the same moment, again and again: one loads them all, or each a part, and no two of them
# wait for each other.
sub check_same_rows
{
	my $rounds = 40;
	my $count = 2000;
	unlink glob("$folder/*.csv $folder/*.sql");
	append_to_file("$folder/same.csv", join('', map { "$_,c$_\n" } 1 .. $count));
	chmod 0644, "$folder/same.csv";
	my $script = '';
	foreach my $round (1 .. $rounds)
	{
		$node->safe_psql('postgres', "DROP TABLE IF EXISTS same$round; CREATE TABLE same$round (id int PRIMARY KEY, code text UNIQUE)");
		$script .= "SELECT pg_advisory_lock_shared($round) \\g /dev/null
			DO 'BEGIN LOOP EXIT WHEN (SELECT count(*) FROM pg_locks WHERE locktype = \$\$advisory\$\$ AND objid = $round) = 3; END LOOP; END';
			SELECT $round, rows_loaded, rows_rejected FROM load_csv('same$round', '$folder/same.csv');\n";
	}
	append_to_file("$folder/same.sql", $script);
	my (@outputs, @errors);
	my @sessions = map {
		IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-f', "$folder/same.sql" ],
			'<', '/dev/null', '>', \$outputs[$_], '2>', \$errors[$_], IPC::Run::timeout(300))
	} 0 .. 2;
	$_->finish foreach @sessions;
	is(join('', @errors), '', 'loaders of the same rows in the same order do not wait for each other');
	my (%loaded, %rejected);
	foreach my $line (split /\n/, join('', @outputs))
	{
		my ($round, $loaded, $rejected) = split /\|/, $line;
		$loaded{$round} += $loaded;
		$rejected{$round} += $rejected;
	}
	is(join(' ', map { "$loaded{$_}/$rejected{$_}" } 1 .. $rounds), join(' ', ("$count/" . 2 * $count) x $rounds), 'each row is loaded by one and rejected by the others');
	my $tables = join(' UNION ALL ', map { "SELECT $_ AS round, id, code FROM same$_" } 1 .. $rounds);
	is($node->safe_psql('postgres', "SELECT DISTINCT count(*), count(DISTINCT id), count(DISTINCT code) FROM ($tables) s GROUP BY round"),
		"$count|$count|$count", 'and is there once');
	is($node->safe_psql('postgres', "SELECT count(bt_index_check(indexrelid, true)::text) FROM pg_index WHERE indrelid::regclass::text ~ '^same'"),
		2 * $rounds, 'the indexes agree with the tables');
	return;
}

foreach my $wal_level ('replica', 'logical')
{
	$node->append_conf('postgresql.conf', "wal_level = $wal_level\n");
	$node->restart;
	note("wal_level $wal_level");
	check_same_rows();
	foreach my $ascending (1, 0)
	{
		note(my $round = "wal_level $wal_level, " . ($ascending ? 'ascending keys' : 'random keys'));
		make_tables();
		my ($output, $deadlocks, $deferred) = run_sessions($ascending);
		append_to_file("$folder/$wal_level$ascending.results", $output =~ tr/|/,/r);
		$node->safe_psql('postgres', "COPY results FROM '$folder/$wal_level$ascending.results' (FORMAT csv)");
		my $summary = $node->safe_psql('postgres', 'SELECT count(*), sum(loaded), sum(rejected), sum(skipped) FROM results');
		my $gone = $node->safe_psql('postgres', 'SELECT count(*) FROM removed');
		note("$round: loads|loaded|rejected|skipped $summary, $gone rows removed, $deadlocks deadlocks, $deferred of them in \"deferred\"");
		cmp_ok((split /\|/, $summary)[1], '>', $rows, 'the loaders did something');
		# to check a deferrable key, the server lets both rows in and then has them wait for each other
		is($deadlocks, $deferred, 'no deadlock') if $ascending;
		check_records();
		check_tables();
	}
}

$node->stop;
done_testing();

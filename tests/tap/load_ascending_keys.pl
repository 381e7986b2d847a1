# Loads in which keys ascend, so that entries go behind all others of an index a leaf at a time. The oracle is SQL: the rows that
# are loaded are the first of each key that the table does not have. amcheck asks whether the indexes are sound, where they were
# written, where the log was replayed by a standby, which compares each page with what it was, and behind a crash.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use IPC::Run;

my $rows = $ENV{FERRY_ROWS} || 20000;
my $primary = PostgreSQL::Test::Cluster->new('ascending');
$primary->init(allows_streaming => 1, extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
$primary->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\nwal_consistency_checking = 'generic'\n");
$primary->start;
$primary->backup('start');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'start', has_streaming => 1);
$standby->start;
my $folder = PostgreSQL::Test::Utils::tempdir();
chmod 0777, $folder;
$primary->safe_psql('postgres', 'CREATE EXTENSION pg_ferry; CREATE EXTENSION amcheck;
	CREATE TABLE parents (id int PRIMARY KEY); INSERT INTO parents SELECT generate_series(0, 49)');

# What the keys of a table are, with the number k of the row, and what else is to be done with it.
my %kinds = (
	'integer key' => [ 'id int PRIMARY KEY', 'k' ],
	'text key' => [ 'id text PRIMARY KEY', q{lpad(k::text, 9, '0') || repeat('-', k % 40)} ],
	'text key in another order' => [ 'id text COLLATE "und-x-icu" PRIMARY KEY', q{lpad(k::text, 9, '0')} ],
	'numeric key' => [ 'id numeric PRIMARY KEY', 'k / 10.0' ],
	'key that descends in its index' => [ 'id int', 'k', 'CREATE UNIQUE INDEX ON loaded (id DESC)' ],
	'deferrable key' => [ 'id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED', 'k' ],
	'key with nulls' => [ 'id int UNIQUE', 'k' ],
	'key with columns beside it' => [ 'id int', 'k', 'CREATE UNIQUE INDEX ON loaded (id) INCLUDE (parent, note)' ],
	'key of two columns' => [ 'id int', 'k', 'CREATE UNIQUE INDEX ON loaded (id, parent)' ],
	'no key' => [ 'id int', 'k', 'CREATE INDEX ON loaded (id)' ],
	'two keys' => [ 'id int PRIMARY KEY', 'k', 'CREATE UNIQUE INDEX ON loaded (note)' ],
	'further indexes' => [ 'id int PRIMARY KEY', 'k', 'CREATE INDEX ON loaded (parent); CREATE INDEX ON loaded (day);
		CREATE INDEX ON loaded (note DESC NULLS FIRST); CREATE INDEX ON loaded (day, id)' ],
	'index of an expression' => [ 'id int PRIMARY KEY', 'k', 'CREATE INDEX ON loaded ((id + 1))' ],
	'full leaves' => [ 'id int', 'k', 'CREATE UNIQUE INDEX ON loaded (id) WITH (fillfactor = 100)' ],
	'unlogged table' => [ 'id int PRIMARY KEY', 'k', 'ALTER TABLE loaded SET UNLOGGED' ]);

my $indexes = q{SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = '%s'::regclass};

# Whether the indexes of a table have every row of it, once, and each row is found from the root.
sub check_indexes
{
	my ($node, $table, $name) = @_;
	my $check = $node == $standby ? 'bt_index_check(%L, true)' : 'bt_index_parent_check(%L, true, true)';
	foreach my $index (split /\n/, $node->safe_psql('postgres', sprintf($indexes, $table)))
	{
		my ($status, $out, $error) = $node->psql('postgres', 'SELECT ' . $check =~ s/%L/'$index'/r);
		is($status . $error, '0', "$name: $index is sound");
	}
}

my @tables;
foreach my $kind (sort keys %kinds)
{
	my ($columns, $key, $further) = @{ $kinds{$kind} };
	my $is_unique = $kind ne 'no key' ? 1 : 0;
	my $table = 'loaded_' . @tables;
	my ($type) = $columns =~ /^id (\w+)/;
	# Rows before, of which the last ones leave dead entries; in the file every hundredth row has a key again, of the row
	# before, of the table, or of a row that was dead.
	my $made = qq{SELECT i, k, $key AS id, k % 50 AS parent, date '2021-01-01' + i / 100 AS day, md5(k::text) AS note FROM (
		SELECT i, CASE WHEN i % 100 = 0 THEN i - 1 WHEN i % 100 = 50 THEN i % 900 + 1 ELSE i END AS k FROM generate_series(900, $rows) i) numbered};
	my $result = $primary->safe_psql('postgres', qq{
		CREATE TABLE loaded ($columns, parent int NOT NULL REFERENCES parents, day date, note text); } . ($further // '') . qq{;
		INSERT INTO loaded SELECT (SELECT $key)::$type, k % 50, NULL, md5(k::text) FROM generate_series(1, 1200) k;
		DELETE FROM loaded WHERE note IN (SELECT md5(k::text) FROM generate_series(1001, 1200) k);
		CREATE TABLE expected AS SELECT * FROM ($made) m;
		COPY (SELECT id, parent, day, note FROM expected ORDER BY i) TO '$folder/rows.csv' (FORMAT csv);
		SELECT rows_loaded, rows_rejected FROM load_csv('loaded', '$folder/rows.csv')});
	my $oracle = $primary->safe_psql('postgres', qq{SELECT count(*) FILTER (WHERE NOT again), count(*) FILTER (WHERE again) FROM (
		SELECT $is_unique = 1 AND (k <= 1000 OR row_number() OVER (PARTITION BY k ORDER BY i) > 1) AS again FROM expected) v});
	is($result, $oracle, "$kind: counts");
	is($primary->safe_psql('postgres', qq{SET enable_seqscan = off; SELECT count(*) FROM expected e WHERE NOT EXISTS (SELECT FROM loaded l WHERE l.id = e.id::$type)}),
		'0', "$kind: every key is found");
	$primary->safe_psql('postgres', qq{ALTER TABLE loaded RENAME TO $table; DROP TABLE expected});
	check_indexes($primary, $table, $kind);
	push @tables, [ $table, $kind ];
}

# A leaf that vacuum has emptied, the last one of its index.
$primary->safe_psql('postgres', qq{CREATE TABLE emptied (id int PRIMARY KEY); INSERT INTO emptied SELECT generate_series(1, 10000);
	DELETE FROM emptied WHERE id > 5000; VACUUM emptied;
	COPY (SELECT generate_series(4900, 12000)) TO '$folder/emptied.csv'; SELECT load_csv('emptied', '$folder/emptied.csv')});
is($primary->safe_psql('postgres', 'SELECT count(*), count(DISTINCT id), max(id) FROM emptied'), '12000|12000|12000', 'behind a vacuum');
push @tables, [ 'emptied', 'behind a vacuum' ];

# A leaf with entries that are known to be dead, which the log does not tell: few new ones found them so.
foreach my $range ([ 98, 100 ], [ 101, 300 ])
{
	my ($first, $last) = @$range;
	$primary->safe_psql('postgres', 'CREATE TABLE dead (id int PRIMARY KEY); INSERT INTO dead SELECT generate_series(1, 100);
		DELETE FROM dead WHERE id > 97') if $first == 98;
	is($primary->safe_psql('postgres', qq{COPY (SELECT generate_series($first, $last)) TO '$folder/dead.csv';
		SELECT rows_loaded FROM load_csv('dead', '$folder/dead.csv')}), $last - $first + 1, "behind dead entries: from $first");
}
push @tables, [ 'dead', 'behind dead entries' ];

$primary->wait_for_catchup($standby, "replay");
foreach my $one (@tables)
{
	my ($table, $kind) = @$one;
	next if $kind eq 'unlogged table';
	my $rows_of = "SET enable_seqscan = off; SELECT count(*), md5(string_agg(t::text, ' ' ORDER BY t::text)) FROM $table t";
	is($standby->safe_psql('postgres', $rows_of), $primary->safe_psql('postgres', $rows_of), "$kind: the standby has the rows");
	check_indexes($standby, $table, "$kind, standby");
}
unlike(PostgreSQL::Test::Utils::slurp_file($standby->logfile), qr/inconsistent page/, 'no page of the standby differs');
$standby->stop;

# A crash while a load goes on, behind loads that are committed.
$primary->safe_psql('postgres', 'CREATE TABLE crashed (id int PRIMARY KEY); INSERT INTO crashed SELECT generate_series(1, 1000)');
my $loading = IPC::Run::start([ 'psql', '-XAtq', '-d', $primary->connstr('postgres'), '-c',
	qq{SELECT load_csv('crashed', '$folder/emptied.csv'), pg_sleep(100)} ], '<', '/dev/null', '>', '/dev/null', '2>', '/dev/null');
$primary->poll_query_until('postgres', q{SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep')}) or die 'no load';
$primary->safe_psql('postgres', 'SELECT pg_switch_wal()');
$primary->stop('immediate');
$loading->finish;
$primary->start;
foreach my $one (@tables, [ 'crashed', 'load that did not end' ])
{
	my ($table, $kind) = @$one;
	next if $kind eq 'unlogged table';
	check_indexes($primary, $table, "$kind, crash");
}
is($primary->safe_psql('postgres', 'SET enable_seqscan = off; SELECT count(id) FROM crashed WHERE id > 0'), '1000', 'nothing of a load that did not end');
$primary->stop;
done_testing();

# Backups of tables whose rows are elsewhere, with another engine or on another server, have all of them: python3-avro reads the
# files and sees what SELECT shows. Restores bring them back.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use File::Basename;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $compare = dirname(__FILE__) . '/../interop/compare_backup.py';
my $far = PostgreSQL::Test::Cluster->new('far');
$far->init;
$far->append_conf('postgresql.conf', "fsync = off\n");
$far->start;
my $node = PostgreSQL::Test::Cluster->new('near');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nshared_preload_libraries = 'ferry_engine_test, pg_ferry'\nTimeZone = 'UTC'\nDateStyle = 'ISO, YMD'\n");
$node->start;
my ($host, $port) = ($far->host, $far->port);
my $folder = PostgreSQL::Test::Utils::tempdir();

# What Python makes of a file and of the rows of a query: how many values are equal, or what is not.
sub compare
{
	my ($path, $rows) = @_;
	$node->safe_psql('postgres', "COPY ($rows) TO '$folder/rows.csv' WITH (FORMAT csv, HEADER, NULL '\\N', ENCODING 'UTF8')");
	my ($out, $error) = ('', '');
	IPC::Run::run([ '/usr/bin/python3', '-W', 'ignore', $compare, $path, "$folder/rows.csv" ], '>', \$out, '2>', \$error);
	chomp $out;
	return $error eq '' ? $out : $error;
}

$far->safe_psql('postgres', q{CREATE TABLE far_2 (id int, at timestamptz, word text); CREATE TABLE far_3 (LIKE far_2)});
$node->safe_psql('postgres', qq{
	CREATE EXTENSION pg_ferry;
	CREATE SCHEMA engine;
	CREATE FUNCTION engine.changed(regclass) RETURNS void STRICT AS '\$libdir/ferry_engine_test', 'engine_changed' LANGUAGE C;
	CREATE FUNCTION engine.take(target regclass, kind text) RETURNS void LANGUAGE plpgsql AS \$\$
	BEGIN
		EXECUTE format('CREATE TABLE engine.%I (LIKE %s) %s', kind || '_' || target::oid, target, CASE kind WHEN 'chunks' THEN format('INHERITS (%s)', target) END);
		PERFORM engine.changed(target);
	END \$\$;
	CREATE TABLE sharded (id int PRIMARY KEY, at timestamptz, word text);
	CREATE TABLE chunked (id int, at timestamptz, word text);
	CREATE TABLE leaf_root (id int, at timestamptz, word text) PARTITION BY RANGE (id);
	CREATE TABLE leaf_1 PARTITION OF leaf_root FOR VALUES FROM (0) TO (10000);
	CREATE TABLE leaf_2 PARTITION OF leaf_root FOR VALUES FROM (10000) TO (30000);
	CREATE EXTENSION postgres_fdw;
	CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$host', port '$port', dbname 'postgres', batch_size '500');
	CREATE USER MAPPING FOR CURRENT_USER SERVER far;
	CREATE TABLE spread (id int, at timestamptz, word text) PARTITION BY RANGE (id);
	CREATE TABLE spread_1 PARTITION OF spread FOR VALUES FROM (0) TO (5000);
	CREATE FOREIGN TABLE spread_2 PARTITION OF spread FOR VALUES FROM (5000) TO (12000) SERVER far OPTIONS (table_name 'far_2');
	CREATE FOREIGN TABLE spread_3 PARTITION OF spread FOR VALUES FROM (12000) TO (30000) SERVER far OPTIONS (table_name 'far_3');
	CREATE TABLE mother (id int, at timestamptz, word text);
	CREATE TABLE daughter () INHERITS (mother);
	SELECT engine.take('sharded', 'rows'), engine.take('chunked', 'chunks'), engine.take('leaf_2', 'rows');
});
$node->safe_psql('postgres', qq{
	INSERT INTO $_ SELECT g, '2021-01-01Z'::timestamptz + g * interval '1 minute', 'word ' || g FROM generate_series(1, 20000) g;
}) foreach ('sharded', 'chunked', 'spread', 'mother');
$node->safe_psql('postgres', q{
	INSERT INTO leaf_1 SELECT * FROM mother WHERE id < 10000;
	INSERT INTO leaf_2 SELECT * FROM mother WHERE id >= 10000;
	INSERT INTO daughter SELECT id + 100000, at, word FROM mother WHERE id <= 100;
	CREATE VIEW seen AS SELECT * FROM spread WHERE id % 2 = 0;
	CREATE MATERIALIZED VIEW kept AS SELECT * FROM sharded WHERE id % 2 = 0;
});
my %rows = (sharded => 20000, chunked => 20000, leaf_root => 20000, leaf_2 => 10001, spread => 20000, mother => 20000, daughter => 100);
foreach my $table (sort keys %rows)
{
	my ($only, $count) = ($table eq 'mother' ? 'ONLY' : '', $rows{$table});
	my $path = $node->safe_psql('postgres', "SELECT path FROM backup_table('$table', '$folder') WHERE rows = $count");
	is(compare($path, "SELECT * FROM $only $table"), 3 * $count, "$table: a backup has all rows, by Python");
	is($node->safe_psql('postgres', "SELECT bool_and(ok) FROM list_backups('$folder') l, verify_backup(l.backup_id, '$folder')"), 't', "$table: it verifies");
	$node->safe_psql('postgres', "COPY $table TO '$folder/export.avro' WITH (FORMAT avro, PROFILE lossless)");
	is(compare("$folder/export.avro", "SELECT * FROM $only $table"), 3 * $count, "$table: so has an export");
}
foreach my $view ('seen', 'kept')
{
	$node->safe_psql('postgres', "COPY $view TO '$folder/export.avro' WITH (FORMAT avro, PROFILE lossless)");
	is(compare("$folder/export.avro", "SELECT * FROM $view"), 30000, "$view: an export has all rows");
}
is($node->safe_psql('postgres', "SELECT string_agg(table_name || ' ' || rows, ', ') FROM backup_schema('public', '$folder')"),
	'public.chunked 20000, public.daughter 100, public.leaf_root 20000, public.mother 20000, public.sharded 20000, public.spread 20000',
	'a schema has each table once');

# Restores in every mode, of what was there
foreach my $table ('sharded', 'chunked', 'spread')
{
	my $digest = "SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM $table t";
	my $was = $node->safe_psql('postgres', $digest);
	$node->safe_psql('postgres', $table eq 'sharded' ? "TRUNCATE $table; INSERT INTO $table VALUES (1)" : "UPDATE $table SET word = 'x' WHERE id % 3 = 0; DELETE FROM $table WHERE id % 3 = 1");
	isnt($node->safe_psql('postgres', $digest), $was, "$table: rows change");
	is($node->safe_psql('postgres', "SELECT rows_restored FROM restore_table('$table', directory => '$folder')"), 20000, "$table: replace");
	is($node->safe_psql('postgres', $digest), $was, "$table: the rows are as they were");
	$node->safe_psql('postgres', "TRUNCATE $table");
	is($node->safe_psql('postgres', "SELECT rows_restored FROM restore_table('$table', directory => '$folder', mode => 'append')"), 20000, "$table: append");
	is($node->safe_psql('postgres', $digest), $was, "$table: the rows are as they were");
}
is($far->safe_psql('postgres', 'SELECT count(*) FROM far_2'), 7000, 'rows of the other server are there');

# A manifest of before it told what is in the snapshot: it is read, and all rows are taken to be.
{
	my $id = $node->safe_psql('postgres', "SELECT backup_id FROM backup_table('mother', '$folder')");
	my $text = slurp_file("$folder/$id/manifest.json");
	ok($text =~ s/"in_snapshot":true,\n//, 'an older manifest');
	$text =~ s/,\n"manifest_sha256":.*//s;
	append_to_file("$folder/$id/older", $text . qq[,\n"manifest_sha256":"] . sha256_hex($text) . qq["}\n]);
	rename("$folder/$id/older", "$folder/$id/manifest.json") or die "$!";
	is($node->safe_psql('postgres', "SELECT rows FROM list_backups('$folder') WHERE backup_id = '$id'"), 20000, 'is listed');
	is($node->safe_psql('postgres', "SELECT ok FROM verify_backup('$id', '$folder')"), 't', 'verifies');
	is($node->safe_psql('postgres', "SELECT rows_restored FROM restore_table('mother', '$id', '$folder')"), 20000, 'and is restored');
}

# The other server fails late: nothing changes on either.
$far->safe_psql('postgres', q{ALTER TABLE far_3 ADD CHECK (id < 19000) NOT VALID});
$node->safe_psql('postgres', q{DELETE FROM spread WHERE id < 3000 OR id > 15000});
my ($status, $out, $error) = $node->psql('postgres', "SELECT restore_table('spread', directory => '$folder')");
like($error, qr/violates check constraint/, 'an error of the other server');
is($node->safe_psql('postgres', 'SELECT count(*) FROM spread'), 12001, 'changes nothing here');
is($far->safe_psql('postgres', 'SELECT count(*) FROM far_3'), 3001, 'nor there');
$far->stop;
($status, $out, $error) = $node->psql('postgres', "SELECT backup_table('spread', '$folder')");
like($error, qr/could not connect to server "far"/, 'a server that is down: no backup');
is($node->safe_psql('postgres', "SELECT count(*) FROM list_backups('$folder') WHERE rows = 0"), 0, 'no backup is empty');

# A chunk that is emptied after the snapshot of the transaction reads as empty: that is no backup.
my $chunk = $node->safe_psql('postgres', q{SELECT 'engine.chunks_' || 'chunked'::regclass::oid});
my $session = $node->background_psql('postgres', on_error_stop => 0);
$session->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');
$node->safe_psql('postgres', "TRUNCATE $chunk");
$out = $session->query("SELECT rows FROM backup_table('chunked', '$folder');");
$error = $session->{stderr};
like($error, qr/could not back up table "chunks_\d+": it was created or rewritten after the transaction's snapshot was taken/, 'a chunk that was rewritten');
$session->quit;

done_testing();

# Loads into a table that is partitioned by hash over three other servers, by postgres_fdw: each refuses rows of its own, and all of them
# have the load as a whole or nothing of it. The oracle is core COPY, row by row.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $rows = 1500;
my @servers = map { PostgreSQL::Test::Cluster->new("server_$_") } 0 .. 2;
my $near = PostgreSQL::Test::Cluster->new('near');
foreach my $node (@servers, $near)
{
	$node->init;
	$node->append_conf('postgresql.conf', "fsync = off\n");
	$node->start;
}
$near->safe_psql('postgres', q{
	CREATE EXTENSION pg_ferry;
	CREATE EXTENSION postgres_fdw;
	CREATE TABLE oracle (row_number int, sqlstate text, message text);
	CREATE PROCEDURE copy_one_by_one(folder text, row_count int) LANGUAGE plpgsql AS $$
	DECLARE m text;
	BEGIN
		FOR i IN 1..row_count LOOP
			BEGIN
				EXECUTE format('COPY parted_copy FROM %L (FORMAT csv)', folder || '/' || i);
			EXCEPTION WHEN OTHERS THEN
				GET STACKED DIAGNOSTICS m = MESSAGE_TEXT;
				INSERT INTO oracle VALUES (i, SQLSTATE, replace(m, '_copy', '_load'));
			END;
		END LOOP;
	END $$});
foreach my $suffix ('copy', 'load')
{
	$near->safe_psql('postgres', "CREATE TABLE parted_$suffix (id int NOT NULL, name text NOT NULL, amount int) PARTITION BY HASH (id)");
}
foreach my $i (0 .. 2)
{
	my ($host, $port) = ($servers[$i]->host, $servers[$i]->port);
	$near->safe_psql('postgres', "CREATE SERVER server_$i FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$host', port '$port', dbname 'postgres', batch_size '100'); CREATE USER MAPPING FOR CURRENT_USER SERVER server_$i");
	foreach my $suffix ('copy', 'load')
	{
		$servers[$i]->safe_psql('postgres', "CREATE TABLE far_$suffix (id int PRIMARY KEY, name text NOT NULL, amount int CONSTRAINT limit_$i CHECK (amount < " . (500 + 200 * $i) . '))');
		$near->safe_psql('postgres', "CREATE FOREIGN TABLE parted_${suffix}_$i PARTITION OF parted_$suffix FOR VALUES WITH (MODULUS 3, REMAINDER $i) SERVER server_$i OPTIONS (table_name 'far_$suffix')");
	}
}

my $folder = PostgreSQL::Test::Utils::tempdir();
chmod 0755, $folder;
srand(20210402);
open(my $all, '>', "$folder/all") or die "$!";
foreach my $i (1 .. $rows)
{
	my $id = $i % 120 == 9 ? $i - 5 : $i % 400 == 10 ? 'x' : $i;
	my $amount = $i % 60 == 7 ? 600 + int rand 800 : int rand 500;
	my $line = "$id," . ($i % 200 == 7 ? '' : "name $i") . ",$amount\n";
	print $all $line;
	append_to_file("$folder/$i", $line);
}
close $all;
chmod 0644, "$folder/all";

my $load = "SELECT rows_loaded, rows_rejected FROM load_csv('parted_load', '$folder/all')";
sub counts { my ($suffix) = @_; return join(' ', map { $_->safe_psql('postgres', "SELECT count(*) FROM far_$suffix") } @servers); }

$near->safe_psql('postgres', "CALL copy_one_by_one('$folder', $rows)");
my $rejected = $near->safe_psql('postgres', 'SELECT count(*) FROM oracle');
is($near->safe_psql('postgres', $load), ($rows - $rejected) . "|$rejected", 'loaded and rejected');
is(counts('load'), counts('copy'), 'each server has as many rows');
foreach my $i (0 .. 2)
{
	is($servers[$i]->safe_psql('postgres', 'SELECT count(*) FROM ((TABLE far_copy EXCEPT ALL TABLE far_load) UNION ALL (TABLE far_load EXCEPT ALL TABLE far_copy)) d'), '0', "server $i has the same rows");
}
is($near->safe_psql('postgres', q{
	SELECT * FROM oracle o FULL JOIN (SELECT * FROM ferry_rejects WHERE load_id = (SELECT max(load_id) FROM ferry_loads)) r USING (row_number)
	WHERE o.sqlstate IS DISTINCT FROM r.sqlstate OR o.message IS DISTINCT FROM r.reason ORDER BY 1}), '', 'the same rows are rejected for the same reason');
is($near->safe_psql('postgres', q{SELECT string_agg(DISTINCT concat_ws(' ', sqlstate, constraint_name, column_name), ', ') FROM ferry_rejects WHERE sqlstate LIKE '23%'}),
	'23502 name, 23505 far_load_pkey id, 23514 limit_0, 23514 limit_1, 23514 limit_2', 'constraints and columns of each server are told');

# all servers or none
$_->safe_psql('postgres', 'TRUNCATE far_load') foreach @servers;
is($near->safe_psql('postgres', $load =~ s/'\)$/', dry_run => true)/r), ($rows - $rejected) . "|$rejected", 'a dry run says the same');
is(counts('load'), '0 0 0', 'and leaves nothing on any of them');
like(($near->psql('postgres', $load =~ s/'\)$/', reject_limit => 5)/r))[2], qr/more than 5 rows were rejected/, 'a load that ends at its limit');
is(counts('load'), '0 0 0', 'leaves nothing on any of them, either');
$servers[2]->stop;
isnt(($near->psql('postgres', $load))[0], 0, 'a load fails where a server is gone');
$servers[2]->start;
is(counts('load'), '0 0 0', 'and leaves nothing on the others');
is($near->safe_psql('postgres', $load), ($rows - $rejected) . "|$rejected", 'with all of them it goes on');

$_->stop foreach @servers, $near;
done_testing();

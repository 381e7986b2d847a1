# Loads into tables of another server, by postgres_fdw: what that server refuses is rejected there and then, each row for its own
# reason. The oracle is core COPY, row by row. The other server is the same one, over its socket.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $rows = 3000;
my $node = PostgreSQL::Test::Cluster->new('foreign');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\n");
$node->start;
my ($host, $port) = ($node->host, $node->port);

# for COPY and for us: a table far away, one that takes rows many at once, and a partitioned table that is partly there
sub make_tables
{
	my ($suffix) = @_;
	$node->safe_psql('postgres', sprintf(q{
		CREATE TABLE far_%1$s (id int PRIMARY KEY, name text NOT NULL, amount int CHECK (amount > 0) CHECK (100 / (amount - 50) < 99), day date DEFAULT '2021-01-01');
		CREATE TRIGGER leave_out BEFORE INSERT ON far_%1$s FOR EACH ROW WHEN (NEW.name = 'left out') EXECUTE FUNCTION leave_out();
		CREATE FOREIGN TABLE near_%1$s (id int, name text, amount int) SERVER loop OPTIONS (table_name 'far_%1$s');
		CREATE FOREIGN TABLE batch_%1$s (id int, name text, amount int) SERVER loop OPTIONS (table_name 'far_%1$s', batch_size '100');
		CREATE TABLE parted_%1$s (id int, name text NOT NULL, amount int CHECK (amount <> 13)) PARTITION BY RANGE (id);
		CREATE TABLE parted_%1$s_low PARTITION OF parted_%1$s FOR VALUES FROM (0) TO (1000);
		ALTER TABLE parted_%1$s_low ADD UNIQUE (id);
		CREATE FOREIGN TABLE parted_%1$s_high PARTITION OF parted_%1$s FOR VALUES FROM (1000) TO (5000) SERVER loop OPTIONS (table_name 'far_%1$s', batch_size '100');
	}, $suffix));
}

$node->safe_psql('postgres', qq{
	CREATE EXTENSION pg_ferry;
	CREATE EXTENSION postgres_fdw;
	CREATE SERVER loop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$host', port '$port', dbname 'postgres');
	CREATE USER MAPPING FOR CURRENT_USER SERVER loop;
	CREATE FUNCTION leave_out() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
	CREATE TABLE oracle (row_number int, sqlstate text, message text);
	CREATE PROCEDURE copy_one_by_one(name text, folder text, row_count int) LANGUAGE plpgsql AS \$\$
	DECLARE m text;
	BEGIN
		FOR i IN 1..row_count LOOP
			BEGIN
				EXECUTE format('COPY %I FROM %L (FORMAT csv)', name, folder || '/' || i);
			EXCEPTION WHEN OTHERS THEN
				GET STACKED DIAGNOSTICS m = MESSAGE_TEXT;
				INSERT INTO oracle VALUES (i, SQLSTATE, replace(m, '_copy', '_load'));
			END;
		END LOOP;
	END \$\$;
});
make_tables($_) foreach ('copy', 'load');

my $folder = PostgreSQL::Test::Utils::tempdir();
chmod 0755, $folder;
srand(20210401);
open(my $all, '>', "$folder/all") or die "$!";
foreach my $i (1 .. $rows)
{
	my $name = $i % 500 == 7 ? '' : $i % 700 == 8 ? 'left out' : "name $i";
	my $id = $i % 300 == 9 ? $i - 5 : $i % 900 == 10 ? 'x' : $i;
	my $amount = $i % 400 == 11 ? -1 : $i % 600 == 12 ? 50 : $i % 450 == 13 ? 13 : $i;
	print $all "$id,$name,$amount\n";
	open(my $one, '>', "$folder/$i") or die "$!";
	print $one "$id,$name,$amount\n";
	close $one;
}
close $all;
chmod 0644, "$folder/all";

sub load { return $node->safe_psql('postgres', "SELECT rows_loaded, rows_rejected, rows_skipped FROM load_csv('$_[0]', '$folder/all'" . ($_[1] // '') . ')'); }
sub compare
{
	my ($name, $table, $shown) = @_;
	is($node->safe_psql('postgres', qq{
		SELECT count(*) FROM ((SELECT $shown FROM ${table}_copy EXCEPT ALL SELECT $shown FROM ${table}_load) UNION ALL
			(SELECT $shown FROM ${table}_load EXCEPT ALL SELECT $shown FROM ${table}_copy)) d}), '0', "$name: the same rows are there");
	is($node->safe_psql('postgres', qq{
		SELECT * FROM oracle o FULL JOIN (SELECT * FROM ferry_rejects WHERE load_id = (SELECT max(load_id) FROM ferry_loads)) r USING (row_number)
		WHERE o.sqlstate IS DISTINCT FROM r.sqlstate OR o.message IS DISTINCT FROM r.reason ORDER BY 1}), '', "$name: the same rows are rejected for the same reason");
}

# the oracle counts what the far trigger left out among the rows it copied
$node->safe_psql('postgres', "CALL copy_one_by_one('near_copy', '$folder', $rows)");
my $stored = $node->safe_psql('postgres', 'SELECT count(*) FROM far_copy');
my $rejected = $node->safe_psql('postgres', 'SELECT count(*) FROM oracle');
cmp_ok($rejected, '>', 20, 'some rows cannot be loaded');
my $expected = join('|', $stored, $rejected, $rows - $stored - $rejected);
is(load('near_load'), $expected, 'row by row: loaded, rejected, left out');
compare('row by row', 'far', 'id, name, amount, day');
# the other server tells no names but in its words
is($node->safe_psql('postgres', q{SELECT string_agg(DISTINCT concat_ws(' ', sqlstate, constraint_name, column_name), ', ') FROM ferry_rejects WHERE sqlstate LIKE '23%'}),
	'23502 name, 23505 far_load_pkey id, 23514 far_load_amount_check, 23514 far_load_amount_check1', 'constraints and columns are told that its messages have');
$node->safe_psql('postgres', 'TRUNCATE far_load');
is(load('batch_load', ', dry_run => true'), $expected, 'a dry run says the same');
is($node->safe_psql('postgres', 'SELECT count(*) FROM far_load'), '0', 'and leaves nothing there');
is(load('batch_load'), $expected, 'many at once: loaded, rejected, left out');
compare('many at once', 'far', 'id, name, amount, day');

# once more: every key is taken, which only the other server can say
my $conflicts = $node->safe_psql('postgres', q{SELECT count(*) FROM oracle WHERE sqlstate = '23505'});
is(load('batch_load', q{, on_conflict => 'skip'}), join('|', 0, $rejected - $conflicts, $rows - $rejected + $conflicts), 'a key that is taken there is skipped');
my ($status, $out, $error) = $node->psql('postgres', "SELECT load_csv('batch_load', '$folder/all', on_conflict => 'update')");
like($error, qr/cannot replace rows of foreign table "batch_load"/, 'rows cannot be replaced there');
like(($node->psql('postgres', "SELECT load_csv('batch_load', '$folder/all', reject_limit => 3)"))[2], qr/more than 3 rows were rejected/, 'reject_limit');

# as many statements there as batches
$node->safe_psql('postgres', q{
	CREATE TABLE statements (n int);
	CREATE FUNCTION count_statement() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.statements VALUES (1); RETURN NULL; END';
	CREATE TRIGGER counting AFTER INSERT ON far_load EXECUTE FUNCTION count_statement()});
$node->safe_psql('postgres', q{SELECT insert_rows('batch_load', (SELECT json_agg(json_build_object('id', g, 'name', 'x')) FROM generate_series(10001, 10250) g))});
is($node->safe_psql('postgres', 'SELECT count(*) FROM statements'), '3', 'rows that the other server takes go there many at once');
# one of them, and then the last one of those that are left, is taken
$node->safe_psql('postgres', q{TRUNCATE statements; SELECT insert_rows('batch_load', (SELECT json_agg(json_build_object('id', CASE g WHEN 11400 THEN 10001 WHEN 12000 THEN 10002 ELSE g END, 'name', 'x'))
	FROM generate_series(11001, 12000) g))});
is($node->safe_psql('postgres', 'SELECT count(*) FROM far_load WHERE id BETWEEN 11001 AND 12000'), '998', 'all rows but the two that it does not take are there');
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM statements'), '<', 100, 'around a row that it does not take, too');

# partitions here and there
$node->safe_psql('postgres', 'TRUNCATE far_copy, far_load, oracle');
$node->safe_psql('postgres', "CALL copy_one_by_one('parted_copy', '$folder', $rows)");
load('parted_load');
compare('partitions', 'parted', 'id, name, amount');
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM parted_load_low'), '>', 900, 'rows are here');
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM far_load'), '>', 1900, 'and there');

# a trigger of the partition here sees the rows that went there before its own
$node->safe_psql('postgres', q{
	TRUNCATE far_load; TRUNCATE parted_load_low;
	CREATE FUNCTION count_rows() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.amount := (SELECT count(*) FROM parted_load); RETURN NEW; END';
	CREATE TRIGGER count_rows BEFORE INSERT ON parted_load_low FOR EACH ROW EXECUTE FUNCTION count_rows();
	SELECT insert_rows('parted_load', (SELECT json_agg(json_build_object('id', CASE WHEN g % 4 = 3 THEN g ELSE 1000 + g END, 'name', 'x')) FROM generate_series(0, 9) g));
	DROP TRIGGER count_rows ON parted_load_low});
is($node->safe_psql('postgres', q{SELECT string_agg(amount::text, ',' ORDER BY id) FROM parted_load_low}), '3,7', 'a trigger here sees the rows that are there');

# row triggers of a foreign table see its rows, one by one
$node->safe_psql('postgres', q{
	TRUNCATE far_load;
	CREATE TABLE seen (what text);
	CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		IF TG_LEVEL = 'STATEMENT' THEN INSERT INTO seen VALUES ('statement'); RETURN NULL; END IF;
		IF NEW.id = 3 THEN RAISE EXCEPTION 'not three' USING ERRCODE = 'UE003'; END IF;
		INSERT INTO seen VALUES (NEW.id || ' ' || NEW.name);
		RETURN NEW;
	END $$;
	CREATE TRIGGER see AFTER INSERT ON batch_load FOR EACH ROW EXECUTE FUNCTION see();
	CREATE TRIGGER see_all AFTER INSERT ON batch_load EXECUTE FUNCTION see()});
is($node->safe_psql('postgres', q{SELECT rows_loaded, rejects->0->>'sqlstate' FROM insert_rows('batch_load', '[{"id": 1, "name": "a"}, {"id": 3, "name": "c"}, {"id": 2, "name": "b"}]')}),
	'2|UE003', 'a trigger may reject a row that is already there');
is($node->safe_psql('postgres', q{SELECT string_agg(what, ',') FROM seen}), '1 a,2 b,statement', 'triggers have seen the rows that stay');
is($node->safe_psql('postgres', 'SELECT string_agg(id::text, $$,$$ ORDER BY id) FROM far_load'), '1,2', 'and only those are there');

$node->stop;
done_testing();

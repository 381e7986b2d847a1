# Loads into 1,000 partitions, rows spread over all of them, in bulk and row by row with a trigger: each partition gets its own, what
# is bad is rejected, and the session's memory stays what it is for few partitions.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $partitions = 1000;
my $node = PostgreSQL::Test::Cluster->new('many_partitions');
$node->init(extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "fsync = off\nmax_locks_per_transaction = 256\nsession_preload_libraries = 'pg_ferry'\n");
$node->start;
my $folder = PostgreSQL::Test::Utils::tempdir();
chmod 0755, $folder;
$node->safe_psql('postgres', qq{
	CREATE EXTENSION pg_ferry;
	CREATE TABLE parents (id int PRIMARY KEY);
	INSERT INTO parents SELECT generate_series(0, 9);
	CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.note := TG_TABLE_NAME; RETURN NEW; END';
	DO \$\$
	DECLARE name text;
	BEGIN
		FOREACH name IN ARRAY ARRAY['plain', 'touched'] LOOP
			EXECUTE format('CREATE TABLE %I (part int, id int, parent int REFERENCES parents, note text, PRIMARY KEY (id, part)) PARTITION BY LIST (part)', name);
			FOR i IN 0 .. $partitions - 1 LOOP EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES IN (%s)', name || '_' || i, name, i); END LOOP;
		END LOOP;
	END \$\$;
	CREATE TRIGGER touch BEFORE INSERT ON touched FOR EACH ROW EXECUTE FUNCTION touch()});

# Every hundredth row lacks its parent; one in a thousand has no partition, one the key of another.
sub write_rows
{
	my ($path, $count) = @_;
	open(my $file, '>', $path) or die "$!";
	foreach my $i (0 .. $count - 1)
	{
		my $part = $i % 1000 == 17 ? $partitions + $i : ($i % 1000 == 19 ? $i - 1 : $i) * 389 % $partitions;
		print $file join(',', $part, $i % 1000 == 19 ? $i - 1 : $i, $i % 100 == 50 ? 77 : $i % 10, 'a note') . "\n";
	}
	close $file;
	chmod 0644, $path;
	return;
}

foreach my $case ([ 'plain', 60000 ], [ 'touched', 4000 ])
{
	my ($table, $count) = @$case;
	write_rows("$folder/few", $partitions);
	write_rows("$folder/many", $count);
	my $status = q{substring(pg_read_file('/proc/self/status') FROM '%s:\s+(\d+)')::int};
	# what the server keeps of each partition for the session is there before
	my ($before, $read, $loaded, $rejected, $kilobytes) = split /[\n|]/, $node->safe_psql('postgres', qq{
		BEGIN; SELECT load_csv('$table', '$folder/few') AS x \\gset
		ROLLBACK; SELECT } . sprintf($status, 'RssAnon') . qq{ AS before \\gset
		SELECT :before;
		SELECT rows_read, rows_loaded, rows_rejected FROM load_csv('$table', '$folder/many');
		SELECT } . join(' - ', map { sprintf($status, $_) } 'VmHWM', 'RssShmem', 'RssFile') . ' - :before');
	my $bad = $count / 100 + 2 * $count / 1000;
	is("$read $loaded $rejected", join(' ', $count, $count - $bad, $bad), "$table: rows read, loaded, rejected");
	cmp_ok($kilobytes, '<', 16 * 1024, "$table: memory of the load ($kilobytes kB above $before kB)");
	is($node->safe_psql('postgres', qq{
		SELECT count(*), count(DISTINCT tableoid), count(*) FILTER (WHERE tableoid <> ('${table}_' || part)::regclass), count(*) FILTER (WHERE part <> id * 389 % $partitions)
		FROM $table}), join('|', $count - $bad, $partitions - $partitions / 100 - 2, 0, 0), "$table: each partition has its rows");
	is($node->safe_psql('postgres', q{SELECT sqlstate, count(*) FROM ferry_rejects WHERE load_id = (SELECT max(load_id) FROM ferry_loads) GROUP BY 1 ORDER BY 1}),
		join("\n", '23503|' . $count / 100, '23505|' . $count / 1000, '23514|' . $count / 1000), "$table: why the others are not there");
}
is($node->safe_psql('postgres', q{SELECT count(*) FROM touched WHERE note <> 'touched_' || part}), '0', 'the trigger of each partition has run');

$node->stop;
done_testing();

# What load_json() loads of JSON lines and of arrays, damaged at random, are the rows that Python's json module reads; every other
# record is a reject, with its number and line, and behind a malformed element of an array nothing becomes a row. The rejects as
# export_rejects() writes them are rejected again. Memory does not grow with the file.
use strict;
use warnings;
use File::Basename;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "fsync = off\nclient_min_messages = error\n");
$node->start;
my $folder = PostgreSQL::Test::Utils::tempdir();
chmod 0777, $folder;
my $seed = $ENV{FERRY_SEED} // 23;
my $count = $ENV{FERRY_FILES} // 200;
note("seed $seed");

my ($written, $complaint) = ('', '');
IPC::Run::run([ '/usr/bin/python3', dirname(__FILE__) . '/json_files.py', $folder, $count, $seed ], '>', \$written, '2>', \$complaint);
is($complaint, '', 'python writes the files');
append_to_file("$folder/expected", $written =~ s/\\/\\\\/gr);

$node->safe_psql('postgres', qq{
	CREATE EXTENSION pg_ferry;
	CREATE TABLE expected (path text, number bigint, line bigint, kind text, id text, said text);
	COPY expected FROM '$folder/expected';
	CREATE TABLE loaded (number serial, id int, t text NOT NULL, more jsonb);
	CREATE TABLE seen (path text, number bigint, line bigint, kind text, id text, t text);
	CREATE FUNCTION load_each() RETURNS void LANGUAGE plpgsql AS \$\$
	DECLARE
		file text;
		load bigint;
	BEGIN
		FOR file IN SELECT DISTINCT path FROM expected LOOP
			TRUNCATE loaded RESTART IDENTITY;
			SELECT load_id INTO load FROM load_json('loaded', file);
			INSERT INTO seen SELECT file, row_number, line_number, CASE WHEN sqlstate = '22P02' AND reason ~ 'JSON|type json' THEN 'bad' ELSE 'odd' END
				FROM ferry_rejects WHERE load_id = load;
			-- the rows that were loaded have the numbers that are left, in their order
			INSERT INTO seen SELECT file, e.number, e.line, 'row', l.id::text, l.t
				FROM (SELECT *, row_number() OVER (ORDER BY number) AS place FROM loaded) l
				LEFT JOIN (SELECT number, line, row_number() OVER (ORDER BY number) AS place FROM expected e
					WHERE path = file AND number NOT IN (SELECT row_number FROM ferry_rejects WHERE load_id = load)) e USING (place);
		END LOOP;
	END \$\$;
	SELECT load_each();
});
is($node->safe_psql('postgres', "SELECT count(*) > 1000 FROM seen WHERE kind = 'row'"), 't', 'rows are loaded');
is($node->safe_psql('postgres', "SELECT count(*) > 100 FROM seen WHERE kind = 'bad'"), 't', 'others are not');
my $theirs = "SELECT path, number, line, kind, nullif(id, '') AS id, said::json #>> '{}' AS t FROM (SELECT path, number, line, kind, id, nullif(said, '') AS said FROM expected) e";
my $ours = 'SELECT path, number, line, kind, id, t FROM seen';
is($node->safe_psql('postgres', "SELECT * FROM (($theirs EXCEPT ALL $ours)) d ORDER BY path, number LIMIT 5"), '', 'what python reads is there');
is($node->safe_psql('postgres', "SELECT * FROM (($ours EXCEPT ALL $theirs)) d ORDER BY path, number LIMIT 5"), '', 'and nothing else');

# what was written out is rejected again, but a bracket that was alone
$node->safe_psql('postgres', qq{
	CREATE TABLE again (written bigint, rejected bigint, loaded bigint);
	CREATE FUNCTION load_again() RETURNS void LANGUAGE plpgsql AS \$\$
	DECLARE
		load record;
		written bigint;
	BEGIN
		FOR load IN SELECT load_id, rows_rejected FROM ferry_loads WHERE rows_rejected > 0 LOOP
			TRUNCATE loaded;
			written := export_rejects(load.load_id, '$folder/again.json');
			INSERT INTO again SELECT written, r.rows_rejected, r.rows_loaded FROM load_json('loaded', '$folder/again.json') r;
		END LOOP;
	END \$\$;
	SELECT load_again();
});
is($node->safe_psql('postgres', 'SELECT count(*) > 50 AND bool_and(rejected BETWEEN written - 1 AND written AND loaded = 0) FROM again'), 't', 'rejects that were written out are rejected again');

# memory
my $own_memory = q{substring(pg_read_file('/proc/self/status') FROM 'VmHWM:\s+(\d+)')::int - substring(pg_read_file('/proc/self/status') FROM 'RssShmem:\s+(\d+)')::int};
foreach my $layout ('lines', 'array')
{
	my $path = "$folder/large_$layout.json";
	my ($open, $between, $close) = $layout eq 'lines' ? ('', "\n", "\n") : ('[', ",\n", ']');
	open(my $file, '>', $path) or die;
	print $file $open, join($between, map { sprintf('{"id": %d, "t": "%s"}', $_, 'x' x 200) } 1 .. 200_000), $close;
	close($file);
	is($node->safe_psql('postgres', qq{
		TRUNCATE loaded;
		SELECT rows_loaded FROM load_json('loaded', '$folder/0.json') WHERE false;
		SELECT $own_memory AS before \\gset
		SELECT rows_loaded, rows_rejected FROM load_json('loaded', '$path');
		SELECT $own_memory - :before < 16 * 1024}), "200000|0\nt", "$layout: memory is bounded");
}
$node->stop;
done_testing();

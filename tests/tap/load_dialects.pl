# Files in many dialects are loaded by load_csv and by COPY as Python's csv module reads them, and of those with strict quotes just the
# lines are rejected whose quotes are misplaced. A reload rejects them once more.
use strict;
use warnings;
use File::Basename;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('dialects');
$node->init(extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "fsync = off\nsession_preload_libraries = 'pg_ferry'\n");
$node->start;
my $folder = PostgreSQL::Test::Utils::tempdir();
my $seed = $ENV{FERRY_SEED} // 18;
my $count = $ENV{FERRY_FILES} // 300;
note("seed $seed");

my ($written, $complaint) = ('', '');
IPC::Run::run([ '/usr/bin/python3', dirname(__FILE__) . '/dialect_files.py', $folder, $count, $seed ], '>', \$written, '2>', \$complaint);
is($complaint, '', 'python writes the files');
append_to_file("$folder/cases", $written);

$node->safe_psql('postgres', qq{
	CREATE EXTENSION pg_ferry;
	CREATE TABLE cases (file int GENERATED ALWAYS AS IDENTITY (START 0 MINVALUE 0), path text, arguments text, options text, rejected bigint[]);
	COPY cases (path, arguments, options, rejected) FROM '$folder/cases' (FORMAT csv, NULL '');
	CREATE TABLE expected (file int, n text, first_text text, second text, third text);
	COPY expected FROM '$folder/rows' (FORMAT csv, NULL '\\N');
	CREATE TABLE loaded (way text, LIKE expected);
	CREATE TABLE rejected (way text, file int, lines bigint[], other bigint);
	CREATE TABLE target (n text, first_text text, second text, third text);
	CREATE PROCEDURE load_one(way text, file int, command text) LANGUAGE plpgsql AS \$\$
	DECLARE
		load bigint;
	BEGIN
		TRUNCATE target;
		EXECUTE command;
		SELECT max(load_id) INTO load FROM ferry_loads;
		INSERT INTO loaded SELECT way, file, t.* FROM target t;
		INSERT INTO rejected SELECT way, file, coalesce(array_agg(line_number ORDER BY line_number), '{}'), count(*) FILTER (WHERE sqlstate <> '22P04')
		FROM ferry_rejects WHERE load_id = load;
		IF (SELECT rows_loaded FROM reload_rejects(load)) > 0 THEN RAISE 'a reload takes what the load has rejected'; END IF;
	END \$\$;
	SET client_min_messages = warning;
	DO \$\$
	DECLARE
		c cases;
	BEGIN
		FOR c IN SELECT * FROM cases LOOP
			CALL load_one('load_csv', c.file, format('SELECT load_csv(''target'', %L, %s)', c.path, c.arguments));
			IF c.options IS NOT NULL THEN CALL load_one('COPY', c.file, format('COPY target FROM %L WITH (%s)', c.path, c.options)); END IF;
		END LOOP;
	END \$\$;
});
is($node->safe_psql('postgres', 'SELECT count(*), count(DISTINCT file) FROM cases'), "$count|$count", 'all of them');
cmp_ok($node->safe_psql('postgres', "SELECT count(DISTINCT file) FROM loaded WHERE way = 'COPY'"), '>', $count / 4, 'many by COPY, too');
for my $way ('load_csv', 'COPY')
{
	my $of = "FROM expected WHERE file IN (SELECT file FROM loaded WHERE way = '$way')";
	is($node->safe_psql('postgres', "(SELECT * $of EXCEPT ALL SELECT file, n, first_text, second, third FROM loaded WHERE way = '$way') LIMIT 5"), '', "$way: each row is loaded");
	is($node->safe_psql('postgres', "(SELECT file, n, first_text, second, third FROM loaded WHERE way = '$way' EXCEPT ALL SELECT * $of) LIMIT 5"), '', "$way: and no other");
	is($node->safe_psql('postgres', "SELECT c.file, c.rejected, r.lines, r.other FROM cases c JOIN rejected r USING (file) WHERE r.way = '$way' AND (r.lines <> c.rejected OR r.other > 0) LIMIT 5"),
		'', "$way: those lines are rejected whose quotes are misplaced");
}
cmp_ok($node->safe_psql('postgres', "SELECT sum(cardinality(rejected)) FROM cases"), '>', $count / 4, 'there are some');
is($node->safe_psql('postgres', 'SELECT count(DISTINCT file) FROM expected') , $count, 'each file has rows');

$node->stop;
done_testing();

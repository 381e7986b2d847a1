# Batches of one session, good ones and bad, of several tables and sizes, with changes of the tables now and then, do not make its
# memory grow. All of them at length: FERRY_BATCHES=100000 prove ...
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $batches = $ENV{FERRY_BATCHES} // 4000;
my $node = PostgreSQL::Test::Cluster->new('batch_soak');
$node->init(extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\n");
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION pg_ferry;
	CREATE TABLE parents (id int PRIMARY KEY, name text);
	INSERT INTO parents SELECT generate_series(1, 50);
	CREATE TYPE point2 AS (x int, y numeric);
	CREATE TABLE items (id bigserial PRIMARY KEY, parent int NOT NULL REFERENCES parents, name text UNIQUE, at timestamptz DEFAULT now(), n numeric CHECK (n > 0));
	CREATE TABLE shapes (id int PRIMARY KEY, boss int REFERENCES shapes, p point2, tags text[], doc jsonb);
	CREATE TABLE limited (id int, who text);
	ALTER TABLE limited ENABLE ROW LEVEL SECURITY;
	CREATE POLICY own ON limited FOR INSERT WITH CHECK (who = current_user);
	CREATE ROLE regress_soaker;
	GRANT INSERT ON ALL TABLES IN SCHEMA public TO regress_soaker;
	GRANT USAGE ON SEQUENCE items_id_seq TO regress_soaker;
	-- what the session has of its own: of the server's memory, and of all
	CREATE FUNCTION used(OUT contexts bigint, OUT process bigint) LANGUAGE sql SECURITY DEFINER AS $$
		SELECT (SELECT sum(total_bytes) FROM pg_backend_memory_contexts),
		       (SELECT substring(pg_read_file('/proc/self/status') FROM 'RssAnon:\s+(\d+)')::bigint * 1024) $$;
	CREATE TABLE measured (step int, contexts bigint, process bigint);
	-- one batch; a tenth of them may fail as a whole, many have rows that do not fit
	CREATE FUNCTION post(i int) RETURNS void LANGUAGE plpgsql AS $$
	DECLARE
		rows int := (ARRAY[1, 3, 10, 1, 100, 1, 2, 30])[1 + i % 8];
		items json := (SELECT json_agg(json_build_object('parent', 1 + (i + g) % 52, 'name', CASE WHEN g % 7 = 6 THEN 'same' ELSE i || ' ' || g END, 'n', g - 1)) FROM generate_series(1, rows) g);
		shapes json := (SELECT json_agg(json_build_object('id', i * 100 + g, 'boss', CASE WHEN g > 1 THEN i * 100 + (g + 3) % 12 END, 'p', json_build_object('x', g, 'y', i), 'tags', json_build_array('a', g), 'doc', json_build_object('k', repeat('x', 100)))) FROM generate_series(1, least(rows, 10)) g);
	BEGIN
		PERFORM insert_batch(json_build_object('shapes', shapes, 'items', items, 'limited', json_build_array(json_build_object('id', i, 'who', CASE WHEN i % 3 = 0 THEN 'nobody' ELSE current_user END))), all_or_nothing => i % 10 = 0);
	EXCEPTION WHEN foreign_key_violation OR check_violation OR unique_violation OR insufficient_privilege THEN NULL;
	END $$;
});

# one session; the tables are not truncated on the way: the server remembers every file that a table had
my $script = "SET ROLE regress_soaker;\n";
foreach my $i (1 .. $batches)
{
	$script .= "SELECT post($i);\n";
	my $as_owner = '';
	$as_owner .= ($i % 200 == 0 ? 'ALTER TABLE items ALTER at SET DEFAULT now()' : 'ALTER FUNCTION post COST 100') . ";\n" if $i % 100 == 0;
	$as_owner .= "INSERT INTO measured SELECT $i, * FROM used();\n" if $i % ($batches / 10) == 0;
	$script .= "RESET ROLE;\n${as_owner}SET ROLE regress_soaker;\n" if $as_owner ne '';
}
my $file = PostgreSQL::Test::Utils::tempdir() . '/soak.sql';
append_to_file($file, $script);
$node->command_ok([ 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-d', $node->connstr('postgres'), '-f', $file ], 'the session ends well');
note($node->safe_psql('postgres', 'TABLE measured ORDER BY step'));
is($node->safe_psql('postgres', 'SELECT count(*) FROM measured'), '10', 'all batches were posted');
# after the first tenth everything has been there once; what is left is noise
is($node->safe_psql('postgres', q{SELECT max(contexts) - min(contexts) FROM measured WHERE step > (SELECT min(step) FROM measured)
	HAVING max(contexts) - min(contexts) > 300000}), '', "the server's memory does not grow");
is($node->safe_psql('postgres', q{SELECT l.process - f.process FROM measured l, measured f
	WHERE l.step = (SELECT max(step) FROM measured) AND f.step = (SELECT step FROM measured ORDER BY step OFFSET 2 LIMIT 1) AND l.process - f.process > 1000000}),
	'', "nor that of the process");
$node->stop;
done_testing();

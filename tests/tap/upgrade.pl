# An installation with loads and rejects is updated to a next version, which this test makes of the files of today: a function with one
# argument more, a function less, a column more in the log. What is there afterwards is what CREATE EXTENSION makes. While library and
# extension are of different versions, every way into the library says so. The versions that were released are updated, too.
use strict;
use warnings FATAL => 'all';
use File::Basename;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use lib dirname(__FILE__);
use Installation;

my ($install_path, $folders) = copy_installation(PostgreSQL::Test::Utils::tempdir());
my $scripts = "$folders->{sharedir}/extension";
my ($version) = slurp_file("$scripts/pg_ferry.control") =~ /^default_version = '(.+)'$/m;

my $node = PostgreSQL::Test::Cluster->new('upgrade', install_path => $install_path);
$node->init(extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "max_parallel_workers = 4\nmax_worker_processes = 8");
$node->start;
my $folder = PostgreSQL::Test::Utils::tempdir();
chmod 0755, $folder;
append_to_file("$folder/jobs.csv", "1,Cook\n2,\nthree,Baker\n4,Butcher\n1,Again\n");

# what a statement says on stderr
sub error_of
{
	my ($database, $statement) = @_;
	my ($code, $out, $error) = $node->psql($database, $statement);
	return $error;
}

# refused(DATABASE, EXTENSION_VERSION, LIBRARY_VERSION, STATEMENT)
sub refused
{
	my ($database, $has, $needs, $statement) = @_;
	like(error_of($database, $statement), qr/extension "pg_ferry" is version \Q$has\E, but its library is for version \Q$needs\E\n.*HINT:  Run ALTER EXTENSION pg_ferry UPDATE\./s,
		"version $needs under $has: $statement");
	return;
}

my $jobs = 'CREATE TABLE jobs (id int PRIMARY KEY, job text NOT NULL);';
my $parallel = 'SET min_parallel_table_scan_size = 0; SET parallel_setup_cost = 0; SET max_parallel_workers_per_gather = 2;';

# --- versions that were released

foreach my $extension ('pg_ferry', 'pg_ferry_hiring')
{
	my @released = split /\n/, $node->safe_psql('postgres',
		"SELECT v.version FROM pg_available_extension_versions v JOIN pg_available_extensions e USING (name) WHERE name = '$extension' AND version <> default_version");
	foreach my $old (@released)
	{
		$node->safe_psql('postgres', "CREATE DATABASE released; CREATE DATABASE fresh");
		$node->safe_psql('released', "CREATE EXTENSION $extension VERSION '$old' CASCADE; ALTER EXTENSION $extension UPDATE");
		$node->safe_psql('fresh', "CREATE EXTENSION $extension CASCADE");
		is(extension_catalog($node, 'released', $extension), extension_catalog($node, 'fresh', $extension), "$extension: $old, updated");
		$node->safe_psql('postgres', "DROP DATABASE released; DROP DATABASE fresh");
	}
}

# --- an installation in use

$node->safe_psql('postgres', 'CREATE DATABASE used');
$node->safe_psql('used', qq{
	CREATE ROLE reader; $jobs
	CREATE SCHEMA ferry;
	CREATE EXTENSION pg_ferry SCHEMA ferry;
	GRANT EXECUTE ON FUNCTION ferry.backup_table(regclass, text) TO reader;
	SELECT ferry.load_csv('jobs', '$folder/jobs.csv');
	SELECT ferry.load_csv('jobs', '$folder/jobs.csv', reject_limit => 10);
	SELECT ferry.correct_reject(1, 2, '2,Tailor');
	CREATE TABLE many AS SELECT g AS id, repeat('x', 200) AS text FROM generate_series(1, 20000) g;
	ALTER TABLE many SET (parallel_workers = 2);
});
my @kept = map { [ $_, $node->safe_psql('used', $_) ] }
  ('SELECT load_id, source, rows_read, rows_loaded, rows_rejected, options FROM ferry.ferry_loads ORDER BY load_id',
	'SELECT * FROM ferry.ferry_rejects ORDER BY load_id, row_number', 'TABLE jobs');

# One session that has the library of today, and keeps it. It has not started a parallel worker yet.
my $session = $node->background_psql('used', on_error_stop => 0);
sub said_in_session
{
	my ($statement) = @_;
	$session->{stderr} = '';
	my $out = $session->query($statement);
	return $out . $session->{stderr};
}
like(said_in_session("SELECT ferry.avro_schema_of('jobs')"), qr/"record"/, 'a session has the library');

# --- the next version

make_next_version($folders);

# --- the new library, under the extension that is older

my @ways = ("SELECT ferry.load_csv('jobs', '$folder/jobs.csv')", "SELECT ferry.insert_rows('jobs', '[{\"id\": 9, \"job\": \"Miller\"}]')",
	'SELECT * FROM ferry.ferry_rejects', "SELECT ferry.avro_schema_of('jobs')", 'SELECT ferry.ferry_last_load()',
	"LOAD 'pg_ferry'; COPY jobs FROM '$folder/jobs.csv' (FORMAT csv, ON_ERROR reject)",
	"LOAD 'pg_ferry'; COPY jobs TO '$folder/jobs.avro' (FORMAT avro)",
	"SELECT ferry.backup_table('jobs', '$folder')", "SELECT ferry.load_report_page(1)");
refused('used', $version, 'next', $_) foreach @ways;
is($node->safe_psql('used', "SELECT count(*) FROM ferry.data_dictionary('jobs')"), '2', 'functions without the library go on');
$node->command_ok([ 'pg_dump', '-f', "$folder/between.sql", $node->connstr('used') ], 'a dump can be taken');
like(slurp_file("$folder/between.sql"), qr/three,Baker/, 'and has the log');

# The session from before has the right library still, its new parallel workers have not.
like(said_in_session("SELECT ferry.avro_schema_of('jobs')"), qr/"record"/, 'a session with the old library goes on');
like(said_in_session("$parallel COPY many TO '$folder/many.avro' (FORMAT avro);"),
	qr/extension "pg_ferry" is version \Q$version\E, but its library is for version next/, 'a parallel worker with the new library says so');
ok(!-e "$folder/many.avro", 'and there is no file');

# an extension whose functions have other arguments than the library expects
replace_file("$scripts/pg_ferry--few.sql", "CREATE FUNCTION load_csv(target regclass) RETURNS record AS 'MODULE_PATHNAME', 'ferry_load_csv' LANGUAGE C;
	CREATE FUNCTION avro_schema_of() RETURNS json AS 'MODULE_PATHNAME', 'ferry_avro_schema_of' LANGUAGE C;
	CREATE FUNCTION ferry_can_see_load() RETURNS boolean AS 'MODULE_PATHNAME', 'ferry_can_see_load' LANGUAGE C;");
$node->safe_psql('postgres', "CREATE DATABASE few");
$node->safe_psql('few', "CREATE EXTENSION pg_ferry VERSION few; $jobs");
refused('few', 'few', 'next', $_) foreach ("SELECT load_csv('jobs')", 'SELECT avro_schema_of()', 'SELECT ferry_can_see_load()');

# --- the update

$node->safe_psql('used', 'ALTER EXTENSION pg_ferry UPDATE');
like(said_in_session("SELECT ferry.insert_rows('jobs', '[{\"id\": 9, \"job\": \"Miller\"}]');"),
	qr/extension "pg_ferry" is version next, but its library is for version \Q$version\E.*connect again/s, 'the session with the old library must connect again');
$session->quit;

is($node->safe_psql('used', $_->[0]), $_->[1], "after the update: $_->[0]") foreach @kept;
is($node->safe_psql('used', 'SELECT DISTINCT pauses FROM ferry.ferry_loads'), '0', 'the new column is there');
is($node->safe_psql('used', 'SELECT rows_loaded FROM ferry.reload_rejects(1)'), '1', 'what was corrected before is loaded after it');
is($node->safe_psql('used', "SELECT load_id, rows_rejected FROM ferry.load_csv('jobs', '$folder/jobs.csv')"), '4|5', 'loads go on');
is($node->safe_psql('used', "LOAD 'pg_ferry'; $parallel COPY many TO '$folder/many.avro' (FORMAT avro); SELECT count(*) FROM ferry.read_avro(NULL::many, '$folder/many.avro')"), '20000',
	'exports go on');
is($node->safe_psql('used', "SELECT has_function_privilege('reader', 'ferry.backup_table(regclass, text)', 'EXECUTE')"), 't', 'a right that was granted stays');

# --- it is what a fresh installation is

$node->safe_psql('used', 'REVOKE EXECUTE ON FUNCTION ferry.backup_table(regclass, text) FROM reader');
$node->safe_psql('postgres', 'CREATE DATABASE fresh');
$node->safe_psql('fresh', 'CREATE SCHEMA ferry; CREATE EXTENSION pg_ferry SCHEMA ferry');
my $fresh = extension_catalog($node, 'fresh', 'pg_ferry');
like($fresh, qr/^$_/m, "the catalog has $_")
  foreach ('extension pg_ferry next', 'member ', 'function ', 'relation ', 'sequence ', 'column .* pauses', 'constraint ', 'index ', 'right now ', 'right at first ');
is(extension_catalog($node, 'used', 'pg_ferry'), $fresh, 'the updated extension is what a fresh one is');

# a slip of the update script would be seen
foreach my $slip ('COMMENT ON COLUMN ferry.ferry_loads.pauses IS NULL', 'REVOKE SELECT ON ferry.ferry_loads FROM PUBLIC',
	'ALTER EXTENSION pg_ferry DROP FUNCTION ferry.ferry_last_load()', 'ALTER TABLE ferry.ferry_load_log ALTER pauses DROP NOT NULL',
	'ALTER FUNCTION ferry.ferry_last_load() VOLATILE', 'ALTER VIEW ferry.ferry_loads RESET (security_barrier)',
	'UPDATE pg_extension SET extconfig = extconfig[1:2], extcondition = extcondition[1:2]')
{
	$node->safe_psql('postgres', 'CREATE DATABASE slip TEMPLATE fresh');
	$node->safe_psql('slip', $slip);
	isnt(extension_catalog($node, 'slip', 'pg_ferry'), $fresh, "the comparison sees: $slip");
	$node->safe_psql('postgres', 'DROP DATABASE slip');
}
$node->stop;
done_testing();

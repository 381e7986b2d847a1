# pg_dump and restore of a database that uses both extensions lose nothing: the log's rows and its sequence's position are there.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('dump');
$node->init(extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
$node->start;
my $folder = PostgreSQL::Test::Utils::tempdir();
chmod 0755, $folder;
append_to_file("$folder/jobs.csv", "1,Cook\n2,\nthree,Baker\n4,Butcher\n1,Again\n");

$node->safe_psql('postgres', 'CREATE DATABASE before');
$node->safe_psql('before', qq{
	CREATE ROLE regress_dump_user;
	CREATE SCHEMA ferry;
	CREATE EXTENSION pg_ferry SCHEMA ferry;
	CREATE EXTENSION pg_ferry_hiring SCHEMA ferry;
	SELECT ferry.create_hiring_tables('public');
	SELECT ferry.load_csv('jobs', '$folder/jobs.csv');
	SELECT ferry.load_csv('jobs', '$folder/jobs.csv');
	SELECT ferry.insert_rows('jobs', '[{"job": "Baker"}, {"job": ""}]');
	SELECT ferry.correct_reject(1, 2, '2,"Two\nlines"');
	CREATE SERVER lake FOREIGN DATA WRAPPER ferry_store OPTIONS (scope 's3://lake/a b', endpoint 'https://127.0.0.1:1', writable 'true');
	CREATE SERVER shore FOREIGN DATA WRAPPER ferry_store OPTIONS (scope 'https://127.0.0.1:1/open', ca_file '/no/such.pem');
	GRANT USAGE ON FOREIGN SERVER lake TO regress_dump_user;
	CREATE USER MAPPING FOR regress_dump_user SERVER lake OPTIONS (access_key_id 'AK', secret_access_key 'k/+=', session_token 't');
	CREATE USER MAPPING FOR PUBLIC SERVER lake OPTIONS (access_key_id 'AP', secret_access_key 'p');
});

my @questions = (
	'SELECT * FROM ferry.ferry_loads ORDER BY load_id',
	'SELECT * FROM ferry.ferry_rejects ORDER BY load_id, row_number',
	'SELECT * FROM jobs ORDER BY id',
	"SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'hired_employees'::regclass ORDER BY 1",
	"SELECT extname, extversion, nspname FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace WHERE extname LIKE 'pg_ferry%' ORDER BY 1",
	"SELECT relname, relacl FROM pg_class WHERE relname LIKE 'ferry%' ORDER BY 1",
	'SELECT srvname, fdwname, (SELECT array_agg(o ORDER BY o) FROM unnest(srvoptions) o), srvacl FROM pg_foreign_server JOIN pg_foreign_data_wrapper w ON w.oid = srvfdw ORDER BY 1',
	'SELECT srvname, usename, (SELECT array_agg(o ORDER BY o) FROM unnest(umoptions) o) FROM pg_user_mappings ORDER BY 1, 2',
	'SELECT last_value, is_called FROM ferry.ferry_load_id_seq');

foreach my $format ('plain', 'custom')
{
	my $database = "after_$format";
	my $file = "$folder/$format.dump";
	# the COPY of a dump is no load, whatever the database's setting
	$node->safe_psql('postgres', "CREATE DATABASE $database; ALTER DATABASE $database SET pg_ferry.on_error = reject;
		ALTER DATABASE $database SET session_preload_libraries = pg_ferry");
	$node->command_ok([ 'pg_dump', "--format=$format", '-f', $file, $node->connstr('before') ], "$format: dumped");
	my @restore = $format eq 'plain' ? ('psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($database), '-f', $file)
	  : ('pg_restore', '--exit-on-error', '-d', $node->connstr($database), $file);
	$node->command_ok(\@restore, "$format: restored");
	foreach my $question (@questions)
	{
		my $was = $node->safe_psql('before', $question);
		isnt($was, '', "$format: there is something to compare");
		is($node->safe_psql($database, $question), $was, "$format: $question");
	}
	is($node->safe_psql($database, "SELECT load_id FROM ferry.load_csv('jobs', '$folder/jobs.csv')"), '4', "$format: the next load has the next number");
	is($node->safe_psql($database, "SELECT keys FROM ferry.insert_rows('jobs', '[{\"job\": \"Miller\"}]')"), '[7]', "$format: the next row has the next key, after the one that a reject took");
}

# The owner of a database, who is no superuser, dumps it with the log in it. CREATE EXTENSION takes a superuser, and so does the restore.
$node->safe_psql('postgres', 'CREATE ROLE regress_dump_owner LOGIN; CREATE DATABASE owned OWNER regress_dump_owner; CREATE DATABASE restored OWNER regress_dump_owner');
$node->safe_psql('owned', "CREATE EXTENSION pg_ferry; CREATE TABLE jobs (id int PRIMARY KEY, job text NOT NULL); ALTER TABLE jobs OWNER TO regress_dump_owner;
	SELECT load_csv('jobs', '$folder/jobs.csv')");
$node->command_ok([ 'pg_dump', '-U', 'regress_dump_owner', '-f', "$folder/owned.sql", $node->connstr('owned') ], 'the owner dumps the database');
$node->command_ok([ 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('restored'), '-f', "$folder/owned.sql" ], 'a superuser restores it');
foreach my $question ('SELECT * FROM ferry_loads', 'SELECT * FROM ferry_rejects ORDER BY row_number', 'SELECT last_value, is_called FROM ferry_load_id_seq',
	"SELECT relname, relacl FROM pg_class WHERE relname LIKE 'ferry%' ORDER BY 1")
{
	my $was = $node->safe_psql('owned', $question);
	isnt($was, '', 'there is something to compare');
	is($node->safe_psql('restored', $question), $was, "the owner's dump: $question");
}
foreach my $change ("INSERT INTO ferry_load_log SELECT * FROM ferry_load_log", 'DELETE FROM ferry_reject_log', "SELECT nextval('ferry_load_id_seq')")
{
	my ($code, $out, $error) = $node->psql('owned', $change, extra_params => [ '-U', 'regress_dump_owner' ]);
	like($error, qr/permission denied for/, "the owner may not: $change");
}

# the user's tables outlive the extensions
$node->safe_psql('before', 'DROP EXTENSION pg_ferry CASCADE');
is($node->safe_psql('before', 'SELECT count(*) FROM jobs'), '3', 'the tables stay when the extensions go');
is($node->safe_psql('before', "SELECT count(*) FROM pg_class WHERE relname LIKE 'ferry%'"), '0', 'the log goes with its extension');
$node->safe_psql('before', 'CREATE EXTENSION pg_ferry SCHEMA ferry; CREATE EXTENSION pg_ferry_hiring SCHEMA ferry');
is($node->safe_psql('before', "SELECT load_id FROM ferry.load_csv('jobs', '$folder/jobs.csv')"), '1', 'and can come back');
$node->stop;
done_testing();

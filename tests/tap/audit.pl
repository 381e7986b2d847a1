# What pgaudit, pg_stat_statements and the server's log record of what pg_ferry does, by the order of shared_preload_libraries.
use strict;
use warnings FATAL => 'all';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

for my $name (qw(pgaudit pg_stat_statements))
{
	my $control = `pg_config --sharedir` =~ s/\n//r . "/extension/$name.control";
	plan skip_all => "$name is not installed for this server" unless -e $control;
}

my $node = PostgreSQL::Test::Cluster->new('audit');
$node->init(extra => [ '--locale=C', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "pgaudit.log = 'read, write, function'\npgaudit.log_catalog = off\npgaudit.log_relation = on\npgaudit.role = 'auditor'\n");
my $folder = PostgreSQL::Test::Utils::tempdir();
chmod 0755, $folder;
append_to_file("$folder/jobs.csv", "1,Master\n2,Mate\nx,Cook\n");
append_to_file("$folder/jobs.json", qq({"id": 3, "job": "Purser"}\n));

# What runs, and what an auditor is to be told of the table: by pgaudit.role, which looks at tables, not at statements.
my @copies = (
	[ "COPY jobs FROM '$folder/jobs.csv' WITH (FORMAT csv, ON_ERROR reject)", 'WRITE,INSERT', 2 ],
	[ "COPY jobs TO '$folder/jobs.avro' WITH (FORMAT avro)", 'READ,SELECT', 2 ],
	[ "COPY (SELECT id FROM jobs) TO '$folder/ids.avro' WITH (FORMAT avro)", 'READ,SELECT', 2 ],
	[ "COPY more_jobs FROM '$folder/jobs.avro' WITH (FORMAT avro)", 'WRITE,INSERT', 2 ]);
my @functions = (
	[ "SELECT rows_loaded FROM load_csv('more_jobs', '$folder/jobs.csv', on_conflict => 'skip')", 'WRITE,INSERT' ],
	[ "SELECT rows_loaded FROM load_json('jobs', '$folder/jobs.json')", 'WRITE,INSERT' ],
	[ "SELECT rows_loaded FROM insert_rows('jobs', '[{\"id\": 4, \"job\": \"Pilot\"}]')", 'WRITE,INSERT' ],
	[ "SELECT rows_loaded FROM insert_rows('replaced_jobs', '[{\"id\": 4, \"job\": \"Pilot\"}]', on_conflict => 'update')", 'WRITE,INSERT' ],
	[ "SELECT rows FROM backup_table('jobs', '$folder/backups')", 'READ,SELECT' ],
	[ "SELECT count(*) FROM compare_backup('jobs', directory => '$folder/backups')", 'READ,SELECT' ],
	[ "SELECT rows_restored FROM restore_table('jobs', directory => '$folder/backups')", 'WRITE,INSERT' ],
	[ "SELECT rows_restored FROM restore_table('jobs', directory => '$folder/backups', into_table => 'more_jobs')", 'WRITE,INSERT' ]);

sub start_with
{
	my ($shared, $session) = @_;
	$node->append_conf('postgresql.conf', "shared_preload_libraries = '$shared'\nsession_preload_libraries = '$session'\n");
	$node->stop if -e $node->data_dir . "/postmaster.pid";
	$node->start;
	$node->safe_psql('postgres', q{DROP EXTENSION IF EXISTS pg_ferry; DROP TABLE IF EXISTS jobs, more_jobs, replaced_jobs; DROP ROLE IF EXISTS auditor;
		CREATE EXTENSION IF NOT EXISTS pg_stat_statements; CREATE EXTENSION pg_ferry; CREATE ROLE auditor;
		CREATE TABLE jobs (id integer PRIMARY KEY, job text); CREATE TABLE more_jobs (LIKE jobs INCLUDING ALL);
		GRANT ALL ON jobs, more_jobs TO auditor;
		CREATE TABLE replaced_jobs (LIKE jobs INCLUDING ALL); GRANT UPDATE ON replaced_jobs TO auditor; SELECT pg_stat_statements_reset()});
	return;
}

# run(STATEMENT): runs it; its errors, the lines of pgaudit and the rows that pg_stat_statements has
sub run
{
	my ($statement) = @_;
	my $at = -s $node->logfile;
	my ($result, $out, $errors) = $node->psql('postgres', "\\set VERBOSITY verbose\n$statement");
	my $log = slurp_file($node->logfile, $at);
	my $start = substr($statement, 0, 30) =~ s/'.*//sr;
	my $counted = $node->safe_psql('postgres', "SELECT coalesce(max(calls || ' ' || rows), 'none') FROM pg_stat_statements WHERE starts_with(query, \$start\$$start\$start\$) AND query NOT LIKE '%pg_stat_statements%'");
	return ($errors, $log, $counted);
}

# The recommended order, and another one in which pg_ferry is before the module that audits: nothing is missing.
for my $order ([ 'pg_ferry, pg_stat_statements, pgaudit', 1 ], [ 'pg_ferry, pgaudit, pg_stat_statements', 1 ], [ 'pg_stat_statements, pg_ferry, pgaudit', 0 ])
{
	my ($libraries, $is_counted) = @$order;
	start_with($libraries, '');
	for my $copy (@copies)
	{
		my ($statement, $use, $rows) = @$copy;
		my ($errors, $log, $counted) = run($statement);
		unlike($errors, qr/ERROR/, "$libraries: $statement");
		like($log, qr/AUDIT: OBJECT,\d+,\d+,$use,TABLE,public\.\w*jobs,"?\Q$statement\E/, '... the use of the table is audited');
		like($log, qr/AUDIT: SESSION,\d+,\d+,\w+,\w+,[^,]*,[^,]*,"?\Q$statement\E/, '... and the statement');
		if ($is_counted) { is($counted, "1 $rows", '... it is counted, with its rows'); }
		elsif ($statement !~ /SELECT/) { is($counted, 'none', '... it is not counted: what counts is before pg_ferry'); }
	}
	for my $function (@functions)
	{
		my ($statement, $use) = @$function;
		my ($errors, $log, $counted) = run($statement);
		unlike($errors, qr/ERROR/, "$libraries: $statement");
		my $text = $statement =~ s/"/""/gr;
		like($log, qr/AUDIT: OBJECT,\d+,\d+,$use,TABLE,public\.\w*jobs,"\Q$text\E/, '... the use of the table is audited');
		like($log, qr/AUDIT: SESSION,\d+,\d+,FUNCTION,EXECUTE,FUNCTION,public\.\w+,"\Q$text\E/, '... and the call');
		isnt($counted, 'none', '... it is counted');
	}
}

# pgaudit.log_rows makes pgaudit wait with its record for the end of a statement, of which it keeps one list of tables. What a function
# uses has a record of its own beside that of the statement, also where the memory of the call is used for other things by then.
for my $case (
	[ "SELECT backup_id FROM backup_tables('{jobs,more_jobs}', '$folder/backups')", 'READ,SELECT,TABLE,public.jobs', 'READ,SELECT,TABLE,public.more_jobs' ],
	[ "SELECT rows_restored FROM restore_tables('{jobs,more_jobs}', directory => '$folder/backups')", 'WRITE,INSERT,TABLE,public.jobs', 'WRITE,INSERT,TABLE,public.more_jobs' ],
	[ "SELECT rows_loaded FROM load_json('more_jobs', '$folder/jobs.json', on_conflict => 'skip'), (SELECT FROM jobs LIMIT 1) j", 'WRITE,INSERT,TABLE,public.more_jobs', 'READ,SELECT,TABLE,public.jobs' ],
	[ "SELECT DISTINCT CASE WHEN n = 1 THEN (load_json('more_jobs', '$folder/jobs.json', on_conflict => 'skip')).rows_loaded ELSE length(array_to_string(string_to_array(repeat(n || ',', 2000), ','), '')) END FROM (SELECT row_number() OVER () AS n FROM jobs, generate_series(1, 30)) r", 'WRITE,INSERT,TABLE,public.more_jobs', 'READ,SELECT,TABLE,public.jobs' ])
{
	my ($statement, @uses) = @$case;
	my ($errors, $log) = run("SET pgaudit.log_rows = on;\n$statement");
	unlike($errors, qr/ERROR|terminated|lost/, "log_rows: $statement");
	like($log, qr/AUDIT: OBJECT,\d+,\d+,$_,"\Q$statement\E/, "... with a record of $_") for @uses;
}

# Behind a module that audits, COPY with our options is refused: nothing goes past it. Functions are SELECTs, which all modules see.
for my $order ([ 'pg_stat_statements, pgaudit, pg_ferry', '' ], [ 'pg_stat_statements, pgaudit', 'pg_ferry' ])
{
	my ($libraries, $session) = @$order;
	start_with($libraries, $session);
	for my $copy (@copies)
	{
		my ($errors, $log) = run($copy->[0]);
		like($errors, qr/ERROR:  55000: COPY with options of pg_ferry would pass by .*HINT:  List pg_ferry before it in "shared_preload_libraries"/s, "$libraries; $session: $copy->[0]");
	}
	is($node->safe_psql('postgres', "COPY jobs FROM STDIN WITH (FORMAT csv);\n1,Master\n\\.\nSELECT count(*) FROM jobs"), '1', '... other COPY works');
	my ($errors, $log) = run($functions[0][0]);
	unlike($errors, qr/ERROR/, "... and so does $functions[0][0]");
	like($log, qr/AUDIT: OBJECT,\d+,\d+,WRITE,INSERT,TABLE,public\.more_jobs/, '... which is audited');
}

# Where no module looks at privileges, COPY works wherever the library was loaded, and is not counted.
start_with('pg_stat_statements', 'pg_ferry');
my ($errors, $log, $counted) = run($copies[0][0]);
unlike($errors, qr/ERROR/, "pg_stat_statements; pg_ferry: $copies[0][0]");
is($counted, 'none', '... is not counted');

# The server's log has every statement, whatever the order.
my $at = -s $node->logfile;
$node->safe_psql('postgres', $functions[4][0]);
$node->safe_psql('postgres', "LOAD 'auto_explain'; SET auto_explain.log_min_duration = 0; SET auto_explain.log_nested_statements = on; SET log_min_duration_statement = 0; SET log_statement = 'all';
	$copies[1][0]; $functions[5][0];");
$log = slurp_file($node->logfile, $at);
like($log, qr/LOG:  statement: \Q$_\E/, "log_statement: $_") for $copies[1][0], $functions[5][0];
like($log, qr/LOG:  duration: [\d.]+ ms\n/, 'log_min_duration_statement');
like($log, qr/plan:\n\s*Query Text: \Q$functions[5][0]\E.*?Scan (?:using jobs_pkey )?on jobs/s, 'auto_explain: the query by which a comparison reads the table');
$node->stop;
done_testing();

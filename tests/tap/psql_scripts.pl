# The psql scripts for people: each is run twice in a row without an error, and ends with what was done. Where something is missing or
# a variable is wrong they say what, do nothing, and their exit status is not 0.
use strict;
use warnings FATAL => 'all';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('scripts');
$node->init(extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
my $backups = PostgreSQL::Test::Utils::tempdir();
chmod 0755, $backups;
$node->append_conf('postgresql.conf', "pg_ferry.backup_directory = '$backups/by_setting'");
$node->start;
my ($scripts, $samples) = @ENV{qw(FERRY_SQL FERRY_SAMPLES)};

# script(DATABASE, NAME, VARIABLE=VALUE...): how to run it
sub script
{
	my ($database, $name, @variables) = @_;
	return [ 'psql', '-Xq', '-d', $node->connstr($database), (map { ('-v', $_) } @variables), '-f', "$scripts/$name.sql" ];
}

sub refuses
{
	my ($error, @script) = @_;
	command_checks_all(script(@script), 3, [qr/\A\z/], [qr/ERROR:  $error/], join(' ', @script));
	return;
}

my %tested = map { $_ => 1 } qw(migrate reports backup restore progress nightly);
is_deeply([ sort keys %tested ], [ sort map { m{([^/]+)\.sql\z} } glob "$scripts/*.sql" ], 'every script is tested here');

# the page that lists them has all their variables, which their first lines have, too
my $page = slurp_file("$ENV{FERRY_DOCS}/hiring.md");
foreach my $name (sort keys %tested)
{
	my $text = slurp_file("$scripts/$name.sql");
	my %used = map { $_ => 1 } $text =~ /\\if :\{\?(\w+)\}/g;
	my ($row) = $page =~ /^\| `sql\/$name\.sql` \|([^|]*)\|/m;
	foreach my $variable (sort keys %used)
	{
		like($text, qr/^--.*-v $variable=.*?^-- $variable  +\S/ms, "$name.sql says what $variable is");
		like($row, qr/`$variable`/, "docs/hiring.md has $variable of $name.sql");
	}
}

# --- nothing is there yet

$node->safe_psql('postgres', 'CREATE DATABASE empty; CREATE DATABASE hr');
my $create = 'HINT:  Run CREATE EXTENSION pg_ferry, or SET search_path to its schema, too\.';
refuses(qr/function backup_tables\(\) is not in the search_path\n$create/, 'empty', 'backup');
refuses(qr/function restore_tables\(\) is not in the search_path\n$create/, 'empty', 'restore');
refuses(qr/view ferry_progress is not in the search_path\n$create/, 'empty', 'progress');
refuses(qr/function hires_by_quarter\(\) is not in the search_path\nHINT:  Run CREATE EXTENSION pg_ferry_hiring,/, 'empty', 'reports');
refuses(qr/could not open directory "\/nowhere"/, 'empty', 'migrate', 'dir=/nowhere');
refuses(qr/variable "rejects" must be a whole number\nHINT:/, 'empty', 'migrate', "dir=$samples", 'rejects=many');
is($node->safe_psql('empty', "SELECT count(*) FROM pg_extension WHERE extname LIKE 'pg_ferry%'"), '0', 'and nothing is made');
$node->safe_psql('empty', 'CREATE EXTENSION pg_ferry_hiring CASCADE');
refuses(qr/departments, jobs and hired_employees are not in the search_path\nHINT:  create_hiring_tables\(\) makes them/, 'empty', 'reports');
refuses(qr/relation "departments" does not exist/, 'empty', 'backup');

# --- twice each

foreach my $round ([ '3 files loaded, 0 unchanged', '2115 rows loaded, 80 rejected' ], [ '0 files loaded, 3 unchanged', '0 rows loaded, 0 rejected' ])
{
	command_checks_all(script('hr', 'migrate', "dir=$samples", 'rejects=3'), 0, [qr/\Q$round->[0]\E, 0 skipped: \Q$round->[1]\E\n\z/], [qr/\A\z/],
		"migrate: $round->[0]");
}
my $twice = "\\i $scripts/migrate.sql\n" x 2;
IPC::Run::run([ 'psql', '-Xq', '-d', $node->connstr('hr'), '-v', "dir=$samples", '-f', '-' ], '<', \$twice, '>', \my $printed, '2>', \my $said);
is("$said" . ($printed =~ /unchanged/g ? 'ran' : $printed), 'ran', 'migrate twice in a session');

for my $time (1, 2)
{
	command_checks_all(script('hr', 'reports', 'rows=3'), 0, [qr/\n3 pairs of department and job, 3 departments above the mean\n\z/], [qr/\A\z/], "reports, $time");
	command_checks_all(script('hr', 'reports', 'year=1999'), 0, [qr/\n0 pairs of department and job, 0 departments above the mean\n\z/], [qr/\A\z/], "no hires, $time");
	command_checks_all(script('hr', 'backup'), 0, [qr/\Q$backups\E\/by_setting.*\n3 tables backed up\n\z/s], [qr/\A\z/], "backup, $time");
	command_checks_all(script('hr', 'backup', "dir=$backups/two", 'tables= jobs   departments '), 0, [qr/\n2 tables backed up\n\z/], [qr/\A\z/], "backup of two, $time");
}
is($node->safe_psql('hr', "SELECT (SELECT count(*) FROM list_backups()), (SELECT count(*) FROM list_backups('$backups/two'))"), '2|2', 'each backup is one of its own');
my $contents = $node->safe_psql('hr', 'TABLE jobs; TABLE departments; TABLE hired_employees');
$node->safe_psql('hr', "TRUNCATE hired_employees; UPDATE jobs SET job = 'oops'");
for my $time (1, 2)
{
	command_checks_all(script('hr', 'restore'), 0, [qr/\n3 tables restored\n\z/], [qr/\A\z/], "restore, $time");
	is($node->safe_psql('hr', 'TABLE jobs; TABLE departments; TABLE hired_employees'), $contents, "the tables are what they were, $time");
	command_checks_all(script('hr', 'restore', "dir=$backups/two", 'tables=jobs departments'), 0, [qr/\n2 tables restored\n\z/], [qr/\A\z/], "restore of two, $time");
	command_checks_all([ 'timeout', '-s', 'INT', '2', @{ script('hr', 'progress', 'every=0.5') } ], 124, [qr/operation/], [qr/\A\z/], "progress, $time");
}

# where a backslash in a plain string is an escape, too
{
	local $ENV{PGOPTIONS} = '-c standard_conforming_strings=off';
	command_checks_all(script('hr', 'migrate', "dir=$samples"), 0, [qr/\n0 files loaded, 3 unchanged/], [qr/\A\z/], 'migrate with escapes');
	command_checks_all(script('hr', 'reports', 'rows=3'), 0, [qr/\n3 pairs of department and job/], [qr/\A\z/], 'reports with escapes');
	command_checks_all(script('hr', 'backup'), 0, [qr/\n3 tables backed up\n\z/], [qr/\A\z/], 'backup with escapes');
	command_checks_all(script('hr', 'restore'), 0, [qr/\n3 tables restored\n\z/], [qr/\A\z/], 'restore with escapes');
	command_checks_all([ 'timeout', '-s', 'INT', '2', @{ script('hr', 'progress', 'every=.5') } ], 124, [qr/operation/], [qr/\A\z/], 'progress with escapes');
}

# --- variables that are wrong

refuses(qr/variable "year" must be a whole number\nHINT:  Say it as -v year=2021\./, 'hr', 'reports', $_) foreach 'year=', 'year=last', "year=2021'", 'year=2021; DROP TABLE jobs';
refuses(qr/variable "rows" must be a whole number/, 'hr', 'reports', $_) foreach 'rows=some', 'rows=-1';
refuses(qr/variable "rejects" must be a whole number/, 'hr', 'migrate', "dir=$samples", 'rejects=');
refuses(qr/folder could not be loaded\nDETAIL:  It has no file for a table\./, 'hr', 'migrate', "dir=$backups");
refuses(qr/variable "tables" must name a table/, 'hr', $_, 'tables= ') foreach 'backup', 'restore';
refuses(qr/relation "ships" does not exist/, 'hr', 'backup', 'tables=jobs ships');
refuses(qr/relation "ships" does not exist/, 'hr', 'restore', 'tables=jobs ships');
refuses(qr/.*"\Q$backups\E\/none"/, 'hr', 'restore', "dir=$backups/none");
refuses(qr/variable "every" must be a number of seconds/, 'hr', 'progress', $_) foreach 'every=', 'every=0', 'every=often', 'every=0.0001', 'every=99999999999999999999';

# --- pg_cron: backup_nightly.pl runs the jobs

my $has_cron = $node->safe_psql('hr', "SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_cron'");
SKIP:
{
	skip 'pg_cron is installed for this server', 1 if $has_cron;
	refuses(qr/extension "pg_cron" is not available\nHINT:  Install its package/, 'hr', 'nightly');
}
SKIP:
{
	skip 'pg_cron is not installed for this server', 7 unless $has_cron;
	$node->append_conf('postgresql.conf', "shared_preload_libraries = 'pg_cron'\ncron.database_name = 'hr'\ncron.launch_active_jobs = off");
	$node->restart;
	command_checks_all(script('hr', 'nightly', 'keep=7'), 0, [qr/\njobs: public backup at 0 2 \* \* \*, public prune at 30 2 \* \* \*\n\z/], [qr/\A\z/], "nightly, $_") for 1, 2;
	is($node->safe_psql('hr', 'SELECT count(*) FROM cron.job'), '2', 'two jobs');
	refuses(qr/variable "keep" must be a whole number above 0/, 'hr', 'nightly', $_) foreach 'keep=0', 'keep=all';
	refuses(qr/schema "none" does not exist/, 'hr', 'nightly', 'schema=none');
	local $ENV{PGOPTIONS} = '-c standard_conforming_strings=off';
	command_checks_all(script('hr', 'nightly', 'keep=7'), 0, [qr/\njobs: public backup/], [qr/\A\z/], 'nightly with escapes');
}
$node->stop;
done_testing();

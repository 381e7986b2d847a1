# sql/nightly.sql for real: pg_cron loads a folder, backs up a schema and prunes, every minute here.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $control = `pg_config --sharedir` =~ s/\n//r . '/extension/pg_cron.control';
plan skip_all => 'pg_cron is not installed for this server' unless -e $control;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--locale=C', '--encoding=UTF8' ]);
my $folder = PostgreSQL::Test::Utils::tempdir() . '/backups';
$node->append_conf('postgresql.conf', qq{
shared_preload_libraries = 'pg_cron'
cron.database_name = 'postgres'
cron.host = '@{[ $node->host ]}'
pg_ferry.backup_directory = '$folder'
});
$node->start;
$node->safe_psql('postgres', q{
	CREATE SCHEMA ferry;
	CREATE EXTENSION pg_ferry SCHEMA ferry;
	CREATE SCHEMA "Shop";
	CREATE TABLE "Shop".parts (id integer PRIMARY KEY);
	INSERT INTO "Shop".parts SELECT generate_series(1, 10);
	-- two of them before the first night
	SELECT ferry.backup_schema('"Shop"');
	SELECT ferry.backup_schema('"Shop"');
});
my $files = PostgreSQL::Test::Utils::tempdir();
foreach my $file ([ 'parts_1.csv', "11\n12\n" ], [ 'parts_2.csv', "\0" ])
{
	open(my $out, '>', "$files/$file->[0]") or die $!;
	print $out $file->[1];
	close $out;
}
my $script = "$ENV{FERRY_SQL}/nightly.sql";
# intervals of seconds came with version 1.5
my $version = $node->safe_psql('postgres', q{SELECT default_version FROM pg_available_extensions WHERE name = 'pg_cron'});
my $often = $version =~ /\A(\d+)\.(\d+)/ && ($1 > 1 || $2 >= 5) ? '2 seconds' : '* * * * *';
foreach my $time ('0 2 * * *', $often)
{
	command_ok([ 'psql', '-Xq', '-d', $node->connstr('postgres'), '-v', 'schema=Shop', '-v', 'keep=2', '-v', "at=$time", '-v', "prune_at=$time",
		'-v', "load_dir=$files", '-v', "load_at=$time", '-f', $script ],
		"jobs at $time");
}
command_checks_all([ 'psql', '-Xq', '-d', $node->connstr('postgres'), '-v', 'schema=shop', '-f', $script ], 3, [qr/\A\z/],
	[qr/ERROR:  schema "shop" does not exist/], 'a schema that is not there');
is($node->safe_psql('postgres', 'SELECT count(*) FROM cron.job'), 3, 'a job is replaced when it is given again');

ok($node->poll_query_until('postgres', q{SELECT count(*) FROM "Shop".parts WHERE id > 10}, 2), 'the folder is loaded');
$node->wait_for_log(qr/WARNING:  file "[^"]*parts_2.csv" was not loaded: file is no text/);
pass('and of what is not loaded the log tells');
ok($node->poll_query_until('postgres', q{SELECT count(*) FILTER (WHERE command ~ 'backup_schema') > 0 AND count(*) FILTER (WHERE command ~ 'prune') > 0
	FROM cron.job_run_details WHERE status IN ('succeeded', 'failed')}), 'both jobs ran');
is($node->safe_psql('postgres', q{SELECT string_agg(DISTINCT status, ' ') FROM cron.job_run_details WHERE status NOT IN ('starting', 'running')}),
	'succeeded', 'and succeeded') or diag($node->safe_psql('postgres', 'TABLE cron.job_run_details'));
$node->safe_psql('postgres', q{SELECT cron.unschedule(jobname) FROM cron.job});
is($node->safe_psql('postgres', q{SELECT count(*) BETWEEN 2 AND 3, bool_and(tables = '{"\"Shop\".parts"}' AND rows IN (10, 12)) FROM ferry.list_backups()}), 't|t',
	'the newest are there, with the table');
is($node->safe_psql('postgres', q{SELECT bool_and(ok) FROM ferry.list_backups() l, ferry.verify_backup(l.backup_id)}), 't', 'and are good');
cmp_ok($node->safe_psql('postgres', q{SELECT max(backup_id) > (SELECT min(to_char(start_time AT TIME ZONE 'UTC', 'YYYYMMDD"T"HH24MISS')) FROM cron.job_run_details) FROM ferry.list_backups()}),
	'eq', 't', 'the newest is of the job');

done_testing();

# pg_upgrade keeps loads, rejects, the numbers of loads and the rights of a database that uses both extensions.
#
# FERRY_UPGRADE_TO is the folder that has the bin of another, newer PostgreSQL, with pg_ferry installed. Without it the new server is
# of the same version as the old one, but its pg_ferry is the next version.
use strict;
use warnings FATAL => 'all';
use File::Basename;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use lib dirname(__FILE__);
use Installation;

chomp(my $old_bindir = `pg_config --bindir`);
my ($install_path, $folders) = ($ENV{FERRY_UPGRADE_TO});
if (!defined $install_path)
{
	($install_path, $folders) = copy_installation(PostgreSQL::Test::Utils::tempdir());
	make_next_version($folders);
}
my $new_bindir = "$install_path/bin";
plan skip_all => "there is no pg_upgrade in $new_bindir" unless -x "$new_bindir/pg_upgrade";

# checksums became the default with 18, and both clusters must agree
my @how = (extra => [ '--locale=C.UTF-8', '--encoding=UTF8', '--data-checksums' ]);
my $old = PostgreSQL::Test::Cluster->new('old');
$old->init(@how);
$old->start;
my $folder = PostgreSQL::Test::Utils::tempdir();
chmod 0755, $folder;
append_to_file("$folder/jobs.csv", "1,Cook\n2,\nthree,Baker\n4,Butcher\n1,Again\n");
$old->safe_psql('postgres', 'CREATE DATABASE used');
$old->safe_psql('used', qq{
	CREATE ROLE reader;
	CREATE SCHEMA ferry;
	CREATE EXTENSION pg_ferry SCHEMA ferry;
	CREATE EXTENSION pg_ferry_hiring SCHEMA ferry;
	SELECT ferry.create_hiring_tables('public');
	SELECT ferry.load_csv('jobs', '$folder/jobs.csv');
	SELECT ferry.load_csv('jobs', '$folder/jobs.csv', dry_run => true);
	SELECT ferry.insert_rows('jobs', '[{"job": "Baker"}, {"job": ""}]');
	SELECT ferry.correct_reject(1, 2, '2,Tailor');
	GRANT EXECUTE ON FUNCTION ferry.backup_table(regclass, text) TO reader;
	ALTER DATABASE used SET pg_ferry.on_error = reject;
});
my @kept = map { [ $_, $old->safe_psql('used', $_) ] } ('SELECT load_id, source, rows_read, rows_loaded, rows_rejected, options FROM ferry.ferry_loads ORDER BY load_id',
	'SELECT * FROM ferry.ferry_rejects ORDER BY load_id, row_number', 'SELECT * FROM jobs ORDER BY id',
	'SELECT last_value, is_called FROM ferry.ferry_load_id_seq', "SELECT extname, extversion FROM pg_extension WHERE extname <> 'pg_ferry' ORDER BY 1",
	"SELECT has_function_privilege('reader', 'ferry.backup_table(regclass, text)', 'EXECUTE')");
$old->stop;

my $new = PostgreSQL::Test::Cluster->new('new', install_path => $install_path);
my ($major) = `$new_bindir/pg_config --version` =~ /(\d+)/;
$new->init(@how);

# pg_upgrade writes files into the folder that it is run in
my $run_in = PostgreSQL::Test::Utils::tempdir();
chdir $run_in or die "could not change to $run_in: $!";
$old->command_ok([ "$new_bindir/pg_upgrade", '--no-sync', '-d', $old->data_dir, '-D', $new->data_dir, '-b', $old_bindir, '-B', $new_bindir,
	'-s', $new->host, '-p', $old->port, '-P', $new->port ], "pg_upgrade to $major");
$new->start;

if (defined $folders)
{
	my ($code, $out, $error) = $new->psql('used', 'SELECT * FROM ferry.ferry_rejects');
	like($error, qr/Run ALTER EXTENSION pg_ferry UPDATE/, 'the extension is as old as before');
	$new->safe_psql('used', 'ALTER EXTENSION pg_ferry UPDATE');
}
is($new->safe_psql('used', $_->[0]), $_->[1], "as before: $_->[0]") foreach @kept;
is($new->safe_psql('used', 'SELECT rows_loaded FROM ferry.reload_rejects(1)'), '1', 'what was corrected before is loaded after it');
is($new->safe_psql('used', "SELECT load_id, rows_rejected FROM ferry.load_csv('jobs', '$folder/jobs.csv')"), '5|5', 'loads go on with the next number');

# beside the right that was granted, it is what a fresh installation is
$new->safe_psql('used', 'REVOKE EXECUTE ON FUNCTION ferry.backup_table(regclass, text) FROM reader');
$new->safe_psql('postgres', 'CREATE DATABASE fresh');
$new->safe_psql('fresh', 'CREATE SCHEMA ferry; CREATE EXTENSION pg_ferry SCHEMA ferry; CREATE EXTENSION pg_ferry_hiring SCHEMA ferry');
foreach my $extension ('pg_ferry', 'pg_ferry_hiring')
{
	my $fresh = extension_catalog($new, 'fresh', $extension);
	isnt($fresh, '', "$extension: there is something to compare");
	is(extension_catalog($new, 'used', $extension), $fresh, "$extension is what a fresh one is");
}
$new->stop;
done_testing();

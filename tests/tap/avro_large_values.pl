# Values that are larger than any limit of records and than a block: what COPY TO and backups write is read by COPY FROM, read_avro
# and restores with the settings as they are, whatever the codec. A bad record of that size is a reject as any other.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('large');
$node->init(extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
my $folder = PostgreSQL::Test::Utils::tempdir();
$node->append_conf('postgresql.conf', "fsync = off\nsession_preload_libraries = 'pg_ferry'\nautovacuum = off\nmax_wal_size = 4GB\npg_ferry.backup_directory = '$folder'\n");
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION pg_ferry;
	CREATE TABLE large (id int PRIMARY KEY, t text, b bytea);
	INSERT INTO large VALUES (1, 'small', '\x01'), (2, repeat('0123456789abcdef', 70 * 65536), NULL), (3, repeat('ä', 10 << 20), decode(repeat('00ff', 5 << 20), 'hex')), (4, 'small', NULL);
	CREATE TABLE copied (LIKE large);
	CREATE TABLE narrow (id int PRIMARY KEY, t text CHECK (length(t) < 10000000), b bytea);
});
my $digest = q{string_agg(id || md5(coalesce(t, '')) || md5(coalesce(b, '')), ' ' ORDER BY id)};
my $expected = $node->safe_psql('postgres', "SELECT $digest FROM large");

foreach my $codec ('none', 'deflate', 'snappy', 'zstandard', 'bzip2', 'xz')
{
	my $level = $codec eq 'xz' ? ', CODEC_LEVEL 0' : '';
	my $file = "$folder/$codec.avro";
	$node->safe_psql('postgres', "COPY large TO '$file' (FORMAT avro, CODEC $codec$level); TRUNCATE copied; COPY copied FROM '$file' (FORMAT avro)");
	is($node->safe_psql('postgres', "SELECT $digest FROM copied"), $expected, "COPY of $codec and back");
	is($node->safe_psql('postgres', "SELECT $digest FROM read_avro(NULL::large, '$file')"), $expected, "read_avro of $codec");
}

my ($status, undef, $notices) = $node->psql('postgres', "COPY narrow FROM '$folder/deflate.avro' (FORMAT avro, ON_ERROR reject)");
is($status, 0, 'a load goes on behind a record of 70 MB that is rejected');
is($node->safe_psql('postgres', 'SELECT string_agg(id::text, \' \' ORDER BY id) FROM narrow'), '1 4', 'with the others');
is($node->safe_psql('postgres', 'SELECT string_agg(row_number || sqlstate, \' \' ORDER BY row_number) FROM ferry_reject_log'), '223514 323514', 'and the log has it');
my (undef, undef, $error) = $node->psql('postgres', "COPY narrow FROM '$folder/deflate.avro' (FORMAT avro)");
like($error, qr/^(psql:.*)?ERROR:  (duplicate key|new row)/m, 'without rejects the reason is its own');

my $backup = $node->safe_psql('postgres', "SELECT backup_id FROM backup_table('large')");
$node->safe_psql('postgres', "TRUNCATE large; SELECT restore_table('large')");
is($node->safe_psql('postgres', "SELECT $digest FROM large"), $expected, 'backup and restore');
is($node->safe_psql('postgres', "SELECT bool_and(problem IS NULL) FROM verify_backup('$backup')"), 't', 'and the backup is sound');

$node->stop;
done_testing();

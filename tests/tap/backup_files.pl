# The files of a backup: their modes and digests, what a damaged one does, and what a crash and a cancel leave behind.
use strict;
use warnings;
use Digest::SHA;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $node = PostgreSQL::Test::Cluster->new('primary');
$node->init(allows_streaming => 1, extra => [ '--locale=C', '--encoding=UTF8' ]);
$node->start;
my $folder = PostgreSQL::Test::Utils::tempdir() . '/backups';
$node->safe_psql('postgres', q{
	CREATE EXTENSION pg_ferry;
	CREATE TABLE parts (id integer PRIMARY KEY, name text);
	INSERT INTO parts SELECT g, 'part ' || g FROM generate_series(1, 50000) g;
});
my $content = "SELECT count(*), md5(string_agg(p::text, ',' ORDER BY id)) FROM parts p";
my $expected = $node->safe_psql('postgres', $content);

sub backup { my ($table) = @_; return split /\|/, $node->safe_psql('postgres', "SELECT backup_id, path, rows, bytes, sha256 FROM backup_table('$table', '$folder')") }
sub mode_of { my ($path) = @_; return sprintf '%04o', (stat $path)[2] & 07777 }
sub restore_error
{
	my ($result, $out, $error) = $node->psql('postgres', "\\set VERBOSITY verbose\nSELECT restore_table('parts', directory => '$folder')");
	return $error;
}

# Files, modes, digests
my ($id, $path, $rows, $bytes, $sha256) = backup('parts');
is($rows, 50000, 'the number of rows');
is($path, "$folder/$id/public.parts.avro", 'the place of the file');
is(-s $path, $bytes, 'the size of the file');
is(Digest::SHA->new(256)->addfile($path, 'b')->hexdigest, $sha256, 'the digest of the file');
is(mode_of($folder), '0700', 'the directory is for the server only');
is(mode_of("$folder/$id"), '0700', 'so is the folder of the backup');
is(mode_of($path), '0600', 'so is the file');
is(mode_of("$folder/$id/manifest.json"), '0600', 'so is the manifest');
is(join(' ', sort map { s{.*/}{}r } glob "$folder/$id/*"), 'manifest.json public.parts.avro', 'there is no other file');
my $manifest_text = slurp_file("$folder/$id/manifest.json");
my $manifest = decode_json($manifest_text);
is($manifest->{backup_id}, $id, 'the manifest has the id');
is_deeply([ map { $_->{name} } @{ $manifest->{tables}[0]{columns} } ], [ 'id', 'name' ], 'and the columns');
is_deeply($manifest->{tables}[0]{keys}, [ { name => 'parts_pkey', primary => JSON::PP::true, columns => ['id'] } ], 'and the keys');
my ($body, $digest) = $manifest_text =~ /\A(.*),\n"manifest_sha256":"([0-9a-f]{64})"\}\n\z/s;
is(Digest::SHA::sha256_hex($body), $digest, 'the manifest has its own checksum');
my ($status, $out, $error) = $node->psql('postgres', "SELECT rows FROM backup_table('parts', '$folder')");
is($error, '', 'a directory of one\'s own gives no notice');
$node->safe_psql('postgres', q{UPDATE parts SET name = 'accident'});
my $accident = $node->safe_psql('postgres', $content);

# Damage is found before anything changes
sub with_damage
{
	my ($file, $text, $pattern, $name) = @_;
	my $whole = slurp_file($file);
	defined $text ? write_file($file, $text) : unlink $file;
	like(restore_error(), $pattern, $name);
	is($node->safe_psql('postgres', $content), $accident, "$name: nothing has changed");
	write_file($file, $whole);
}
sub write_file { my ($file, $text) = @_; open my $handle, '>:raw', $file or die; print $handle $text; close $handle }

($id, $path) = backup('parts');
$node->safe_psql('postgres', "SELECT restore_table('parts', '$manifest->{backup_id}', '$folder')");
is($node->safe_psql('postgres', $content), $expected, 'an older backup by its id');
($id, $path) = backup('parts');
$node->safe_psql('postgres', q{UPDATE parts SET name = 'accident'});
my $good = slurp_file($path);
my $damaged = $good;
substr($damaged, length($good) / 2, 1) ^= "\x01";
with_damage($path, $damaged, qr/ERROR:  22P04: file ".*public.parts.avro" does not match the SHA-256 digest/, 'one bit');
with_damage($path, substr($good, 0, -1), qr/ERROR:  22P04: file ".*public.parts.avro" has \d+ bytes, but its manifest says \d+/, 'a missing byte');
with_damage($path, "$good\n", qr/ERROR:  22P04: file/, 'a byte too many');
with_damage($path, '', qr/ERROR:  22P04: file/, 'an empty file');
with_damage($path, undef, qr/ERROR:  58P01: could not open file ".*public.parts.avro"/, 'a missing file');
my $manifest_path = "$folder/$id/manifest.json";
$manifest_text = slurp_file($manifest_path);
with_damage($manifest_path, $manifest_text =~ s/"rows":50000/"rows":50001/r, qr/ERROR:  22P04: manifest does not match its checksum/, 'a changed manifest');
with_damage($manifest_path, substr($manifest_text, 0, 100), qr/ERROR:  22P04: manifest has no checksum/, 'a manifest cut short');
with_damage($manifest_path, '', qr/ERROR:  22P04: manifest has no checksum/, 'an empty manifest');
is(restore_error(), '', 'the file as it was');
is($node->safe_psql('postgres', $content), $expected, 'is restored');

# A cancel leaves nothing, a crash nothing that looks finished
$node->safe_psql('postgres', q{
	CREATE TABLE big AS SELECT g AS id, (SELECT string_agg(md5((g * 100 + i)::text), '') FROM generate_series(1, 40) i) AS filler FROM generate_series(1, 40000) g;
	UPDATE parts SET name = 'after'});
my @before = glob "$folder/*";
($status, $out, $error) = $node->psql('postgres', "SET statement_timeout = 30;\n\\set VERBOSITY verbose\nSELECT backup_table('big', '$folder')");
like($error, qr/ERROR:  57014/, 'a timeout stops a backup');
is_deeply([ glob "$folder/*" ], \@before, 'and leaves nothing');

sub start_session
{
	my ($name, @statements) = @_;
	return IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres') . " application_name=$name", map { ('-c', $_) } @statements ],
		'<', '/dev/null', '>', '/dev/null', '2>', '/dev/null', IPC::Run::timeout(60));
}
my $session = start_session('victim', 'SELECT pg_sleep(1)', "SELECT backup_table('big', '$folder')");
$node->poll_query_until('postgres', q{SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'victim' AND query LIKE 'SELECT pg_sleep%')});
my $victim = $node->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity WHERE application_name = 'victim' AND backend_type = 'client backend'});
die "no backend" unless $victim =~ /\A[1-9][0-9]*\z/;
my $deadline = time + 60;
usleep(100) while time < $deadline and not (my @temporary = glob "$folder/*/*.tmp");
kill 'KILL', $victim;
$session->finish;
my ($unfinished) = grep { my $new = $_; !grep { $_ eq $new } @before } glob "$folder/*";
ok(defined $unfinished, 'a kill -9 leaves its folder');
is_deeply([ grep { /\.avro$|manifest/ } glob "$unfinished/*" ], [], 'and no file that looks finished');
$node->stop('immediate', fail_ok => 1);
$node->start;
is(restore_error(), '', 'the newest finished backup is restored');
is($node->safe_psql('postgres', $content), $expected, 'and is whole');

# The lock comes before the snapshot: a backup that waited for a rewrite sees its rows.
$node->safe_psql('postgres', 'CREATE TABLE rewritten AS SELECT 1 AS a');
my $writer = start_session('writer', 'BEGIN', 'TRUNCATE rewritten', 'INSERT INTO rewritten SELECT generate_series(1, 7)', 'SELECT pg_sleep(1)', 'COMMIT');
$node->poll_query_until('postgres', q{SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'rewritten'::regclass AND mode = 'AccessExclusiveLock')});
is((backup('rewritten'))[2], 7, 'the rows of a transaction that the backup waited for');
$writer->finish;
# Where the snapshot is older than the rewrite, the backup refuses.
my $other_session = 'psql -Xq -d "' . $node->connstr('postgres') . '"';
($status, $out, $error) = $node->psql('postgres', qq{
\\set VERBOSITY verbose
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM parts;
\\! $other_session -c 'SET lock_timeout = 5000' -c 'ALTER TABLE rewritten ALTER a TYPE bigint'
SELECT backup_table('rewritten', '$folder');
});
like($error, qr/ERROR:  40001: could not back up table "rewritten"/, 'a snapshot older than a rewrite');

# Databases share the default directory, and do not get at each other's rows through it.
my $shared_id = $node->safe_psql('postgres', "CREATE TABLE shared AS SELECT 'of postgres' AS a; SELECT backup_id FROM backup_table('shared')");
$node->safe_psql('postgres', 'CREATE DATABASE other');
$node->safe_psql('other', 'CREATE EXTENSION pg_ferry; CREATE TABLE shared (a text)');
($status, $out, $error) = $node->psql('other', "SELECT restore_table('shared')");
like($error, qr/ERROR:  no backup in directory/, 'a backup of another database is not the newest one here');
($status, $out, $error) = $node->psql('other', "SELECT restore_table('shared', '$shared_id')");
like($error, qr/ERROR:  backup "$shared_id" was taken in database "postgres"/, 'and cannot be named');
$node->safe_psql('other', "SELECT restore_table('shared', '$shared_id', current_setting('data_directory') || '/pg_ferry_backups')");
is($node->safe_psql('other', 'SELECT a FROM shared'), 'of postgres', 'but by its directory, which takes the right to read files');

# A directory and a file that the server's user may not use
SKIP:
{
	my $closed = PostgreSQL::Test::Utils::tempdir();
	append_to_file("$closed/parts.csv", "1,one\n");
	chmod 0, "$closed/parts.csv";
	chmod 0500, $closed;
	skip 'root may do everything', 2 if $> == 0;
	($status, $out, $error) = $node->psql('postgres', "SELECT backup_table('parts', '$closed/backups')");
	like($error, qr/could not create directory .*Permission denied\n.*HINT:  The server writes files as its own user of the operating system\./s,
		'whose directory it must be is told');
	($status, $out, $error) = $node->psql('postgres', "SELECT load_csv('parts', '$closed/parts.csv')");
	like($error, qr/could not open file .*Permission denied\n.*HINT:  The server reads files as its own user of the operating system\./s,
		'and who must be able to read a file');
	chmod 0700, $closed;
}

# A standby may back up, and not restore.
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
is($standby->safe_psql('postgres', "SELECT rows FROM backup_table('parts', '$folder')"), 50000, 'a standby backs up');
is($standby->safe_psql('postgres', "SELECT count(*) FROM compare_backup('parts', directory => '$folder')"), 0, 'and compares');
($status, $out, $error) = $standby->psql('postgres', "\\set VERBOSITY verbose\nSELECT restore_table('parts', directory => '$folder')");
like($error, qr/ERROR:  25006/, 'and refuses to restore');
$node->safe_psql('postgres', 'TRUNCATE parts');
is(restore_error(), '', 'what the standby wrote');
is($node->safe_psql('postgres', $content), $expected, 'the primary restores');

done_testing();

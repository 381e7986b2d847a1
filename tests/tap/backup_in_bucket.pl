# Backups in a bucket: what a backup stores and in which order, what is left of one that fails, and the restore on another server
# from the bucket alone. The store is asked directly for what is in it.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use FindBin;
use JSON::PP;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep time);
use ObjectStore;

my $folder = PostgreSQL::Test::Utils::tempdir();
my $store = ObjectStore->start("$folder/store") or plan skip_all => 'there is no store of objects to test with';
$store->start_proxy;
$store->make_bucket('vault');

sub new_node
{
	my ($name, $endpoint) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init(extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
	$node->append_conf('postgresql.conf', "fsync = off\nlog_statement = none\n");
	$node->start;
	$node->safe_psql('postgres', qq{
		CREATE EXTENSION pg_ferry;
		CREATE SERVER vault FOREIGN DATA WRAPPER ferry_store OPTIONS (scope 's3://vault/ferry', endpoint '$endpoint', writable 'true');
		CREATE USER MAPPING FOR CURRENT_USER SERVER vault } . $store->keys_sql . q{;
		ALTER DATABASE postgres SET pg_ferry.backup_directory = 's3://vault/ferry';});
	return $node;
}
my $node = new_node('primary', $store->proxy('HTTP'));
sub query { my ($sql) = @_; return $node->safe_psql('postgres', $sql); }
sub error_of { my ($sql) = @_; my ($code, $out, $error) = $node->psql('postgres', "\\set VERBOSITY verbose\n$sql"); return $error; }
my $tables = q{
	CREATE TABLE parents (id int PRIMARY KEY, name text);
	CREATE TABLE parts (id int PRIMARY KEY, parent int REFERENCES parents, price numeric, made timestamptz, note text);
	CREATE TABLE "odd + name/%" (id int PRIMARY KEY, value text);};
my $content = q{SELECT (SELECT md5(string_agg(p::text, ',' ORDER BY id)) FROM parents p), (SELECT md5(string_agg(p::text, ',' ORDER BY id)) FROM parts p), (SELECT md5(string_agg(o::text, ',' ORDER BY id)) FROM "odd + name/%" o)};
query($tables . q{
	INSERT INTO parents SELECT g, 'parent ' || g FROM generate_series(1, 100) g;
	INSERT INTO parts SELECT g, g % 100 + 1, g / 7.0, '2026-01-01Z'::timestamptz + g * interval '1 minute', md5(g::text) FROM generate_series(1, 300000) g;
	INSERT INTO "odd + name/%" VALUES (1, 'ä'), (2, NULL);});
my $expected = query($content);

# a backup, and what is in the bucket then
$store->requests;
my @made = map { [ split /\|/ ] } split /\n/, query("SELECT table_name, path, bytes, sha256, backup_id FROM backup_schema('public')");
is(@made, 3, 'every table has a file');
my $id = $made[0][4];
foreach (@made)
{
	my ($table, $path, $bytes, $digest) = @$_;
	my ($key) = $path =~ m{^s3://(.*)};
	my $object = $store->get($key);
	is(length $object, $bytes, "$table: the size");
	is(sha256_hex($object), $digest, "$table: the digest");
}
my @stored = grep { /^(PUT|POST) / } $store->requests;
like($stored[-1], qr/manifest\.json/, 'the manifest is stored last');
my $manifest = decode_json($store->get("vault/ferry/$id/manifest.json"));
is(@{ $manifest->{tables} }, 3, 'the manifest has all tables');
is(query('SELECT backup_id, cardinality(tables) FROM list_backups()') , "$id|3", 'the backup is listed');
is(query("SELECT count(*), bool_and(ok) FROM verify_backup('$id')"), '3|t', 'the backup is verified');

# restores: here, and on a server that has nothing but the bucket
query(q{UPDATE parts SET note = 'lost' WHERE id % 3 = 0; DELETE FROM "odd + name/%"; DELETE FROM parts WHERE id > 200000});
query(q{SELECT restore_tables(ARRAY['parents', 'parts', '"odd + name/%"'])});
is(query($content), $expected, 'the tables are as they were');
my $other = new_node('other', $store->endpoint);
$other->safe_psql('postgres', $tables);
$other->safe_psql('postgres', q{SELECT restore_tables(ARRAY['parents', 'parts', '"odd + name/%"'])});
is($other->safe_psql('postgres', $content), $expected, 'another server has the tables from the bucket alone');
is($other->safe_psql('postgres', "SELECT backup_id FROM list_backups('s3://vault/ferry/')"), $id, 'a directory may end with a slash');

# damage
my ($parts_key) = map { $_->[1] =~ m{^s3://(.*)} } grep { $_->[0] eq 'parts' || $_->[0] eq 'public.parts' } @made;
my $good = $store->get($parts_key);
my $bad = $good;
substr($bad, length($bad) / 2, 1) = chr(255 ^ ord substr($bad, length($bad) / 2, 1));
$store->put($parts_key, $bad);
query(q{UPDATE parts SET note = 'new' WHERE id = 1});
my $before = query($content);
like(query("SELECT problem FROM verify_backup('$id') WHERE NOT ok"), qr/SHA-256/, 'a damaged file is found');
like(error_of("SELECT restore_table('parts')"), qr/ERROR:  22P04: /, 'a damaged file is not restored');
is(query($content), $before, 'the failed restore has changed nothing');
$store->remove($parts_key);
like(query("SELECT problem FROM verify_backup('$id') WHERE NOT ok"), qr/missing/, 'a missing file is found');
like(error_of("SELECT restore_table('parts')"), qr/ERROR:  58P01: /, 'a missing file cannot be restored');
$store->put($parts_key, $good);
is(query("SELECT bool_and(ok) FROM verify_backup('$id')"), 't', 'the good file is good again');
$store->put("vault/ferry/$id/notes.txt", 'mine');
like(query("SELECT problem FROM verify_backup('$id') WHERE NOT ok"), qr/does not know this file/, 'a stranger is found');
$store->remove("vault/ferry/$id/notes.txt");

# a store that fails in the middle, a cancel, a crash: nothing is listed, older backups stay
sub backups { return query("SELECT string_agg(backup_id, ',' ORDER BY backup_id) FROM list_backups()"); }
sub keys_of_others { return grep { !m{^ferry/\Q$id\E/} } $store->list('vault'); }
$store->faults('method=PUT match=parts do=status status=403 code=AccessDenied');
like(error_of("SELECT backup_schema('public')"), qr/ERROR:  28000: /, 'a store that refuses a file');
is(backups(), $id, 'the failed backup is not listed');
is(join(',', keys_of_others()), '', 'what it had stored is taken back');
$store->faults('method=PUT match=manifest do=status status=403 code=AccessDenied');
like(error_of("SELECT backup_schema('public')"), qr/ERROR:  28000: /, 'a store that refuses the manifest');
is(join(',', keys_of_others()), '', 'without a manifest nothing stays');
$store->faults('method=PUT match=parts do=slow rate=20000');
my $began = time;
like(error_of("SET statement_timeout = '2s'; SELECT backup_schema('public')"), qr/ERROR:  57014: /, 'a slow store: statement_timeout');
cmp_ok(time - $began, '<', 6, 'the timeout is kept');
is(backups(), $id, 'what was broken off is not listed');
my $session = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres') . ' application_name=victim', '-c', "SELECT backup_schema('public')" ],
	'<', '/dev/null', '>', '/dev/null', '2>', '/dev/null', IPC::Run::timeout(120));
$node->poll_query_until('postgres', q{SELECT count(*) > 0 FROM ferry_progress JOIN pg_stat_activity USING (pid) WHERE application_name = 'victim' AND rows > 1000}) or die 'no progress';
usleep(300_000);
kill 'KILL', $node->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity WHERE application_name = 'victim'});
$session->finish;
$node->stop('immediate', fail_ok => 1);
$store->faults();
$node->start;
is(backups(), $id, 'after a crash the older backup alone is listed');
is(query("SELECT bool_and(ok) FROM verify_backup('$id')"), 't', 'and it is good');
is($store->get("vault/$_"), undef, "$_ is not there") foreach grep { /parts/ } keys_of_others();

# requests, and pruning
query('CREATE SCHEMA many; DO $$BEGIN FOR i IN 1..100 LOOP EXECUTE format($q$CREATE TABLE many.t%s AS SELECT g AS id FROM generate_series(1, 10) g$q$, i); END LOOP; END$$');
$store->requests;
my $many = query("SELECT min(backup_id) FROM backup_schema('many')");
my $count = () = $store->requests;
cmp_ok($count, '<=', 300, "a backup of 100 small tables: $count requests");
my $second = query("SELECT min(backup_id) FROM backup_schema('public')");
$store->requests;
is(query('SELECT prune_backups(1)'), $id, 'the older backup of the same tables is removed');
my ($first_removed) = grep { /^DELETE / } $store->requests;
like($first_removed, qr/manifest\.json/, 'it loses its manifest first');
is(backups(), "$many,$second", 'the others stay');
is(scalar(grep { m{^ferry/\Q$id\E/} } $store->list('vault')), 0, 'its objects are gone');

# what lies deeper than a backup's files, or has the name of a removal, no backup made
my $deep = 'vault/ferry/elsewhere/.removed.20261130T225905.815366Z-74466410';
$store->put("$deep/x.avro", 'mine');
$store->put("$deep/sub/y.avro", 'mine');
query("SELECT prune_backups(1, 's3://vault/ferry/elsewhere')");
is($store->get("$deep/x.avro"), 'mine', 'a name like that of a removal is nobody\'s business in a bucket');
is($store->get("$deep/sub/y.avro"), 'mine', 'nor is what lies below');

# rights: a role needs USAGE and keys; a server that is not writable can be restored from
query(q{CREATE ROLE keeper LOGIN; ALTER TABLE parents OWNER TO keeper; ALTER TABLE parts OWNER TO keeper; GRANT EXECUTE ON FUNCTION backup_table(regclass, text), list_backups(text), restore_table(text, text, text, text, regclass) TO keeper;});
sub keeper_error { my ($sql) = @_; my ($code, $out, $error) = $node->psql('postgres', "\\set VERBOSITY verbose\n$sql", extra_params => [ '-U', 'keeper' ]); return $error; }
like(keeper_error("SELECT backup_table('parents')"), qr/ERROR:  42501: .*foreign server "vault"/, 'without USAGE there is no backup');
query('GRANT USAGE ON FOREIGN SERVER vault TO keeper');
like(keeper_error("SELECT backup_table('parents')"), qr/ERROR:  42704: .*user mapping/, 'nor without keys');
query('CREATE USER MAPPING FOR keeper SERVER vault ' . $store->keys_sql);
is(keeper_error("SELECT backup_table('parents')"), '', 'with both there is');
query("CREATE SERVER secret FOREIGN DATA WRAPPER ferry_store OPTIONS (scope 's3://vault/ferry/secret/', endpoint '" . $store->endpoint . "', writable 'true')");
query('GRANT EXECUTE ON FUNCTION prune_backups(integer, text) TO keeper');
like(keeper_error("SELECT prune_backups(1, 's3://vault/ferry/secret')"), qr/ERROR:  42501: .*foreign server "secret"/, 'the server of what is below the directory counts');
query(q{ALTER SERVER vault OPTIONS (SET writable 'false')});
like(keeper_error("SELECT backup_table('parents')"), qr/ERROR:  42501: .*not writable/, 'a server that is not writable');
is(keeper_error("SELECT restore_table('parents')"), '', 'can be restored from');
$store->put('vault/ferry/long/20261130T215928.240179Z-f17829b2/manifest.json', '[' x (65 << 20));
like(error_of("SELECT restore_table('parts', '20261130T215928.240179Z-f17829b2', 's3://vault/ferry/long')"), qr/ERROR:  54000: /, 'a manifest that is too long is not read');
like(error_of("SELECT list_backups('https://localhost/x')"), qr/ERROR:  (42704|0A000): /, 'https:// is no directory of backups');

$_->stop foreach $node, $other;
my $secret = $store->secret_key;
unlike(slurp_file($_->logfile), qr/\Q$secret\E/, 'no secret in the log of ' . $_->name) foreach $node, $other;
$store->stop;
done_testing();

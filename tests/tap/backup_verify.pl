# Damage of every kind is found by verify_backup, is not listed as sound, and is never what prune_backups keeps.
# The oracle: each byte of a small backup is changed in turn.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--locale=C', '--encoding=UTF8' ]);
$node->start;
my $folder = PostgreSQL::Test::Utils::tempdir() . '/backups';
$node->safe_psql('postgres', q{
	CREATE EXTENSION pg_ferry;
	CREATE SCHEMA shop;
	CREATE TABLE shop.parts (id integer PRIMARY KEY, name text);
	INSERT INTO shop.parts SELECT g, 'part ' || g FROM generate_series(1, 20) g;
	CREATE TABLE shop.uses (part integer REFERENCES shop.parts);
	INSERT INTO shop.uses SELECT g FROM generate_series(1, 20) g;
	CREATE TABLE large AS SELECT g AS id, md5(g::text) || md5((g + 1)::text) AS filler FROM generate_series(1, 40000) g;
});
sub query { my ($sql) = @_; return $node->safe_psql('postgres', $sql) }
sub backup { my ($call) = @_; return query("SELECT DISTINCT backup_id FROM $call") }
sub verified { my ($id, $columns) = @_; return query("SELECT $columns FROM verify_backup('$id', '$folder')") }
sub listed { return join ' ', split /\n/, query("SELECT backup_id FROM list_backups('$folder')") }
sub write_file { my ($file, $text) = @_; open my $handle, '>:raw', $file or die "$file: $!"; print $handle $text; close $handle }
sub warnings_of { my ($sql) = @_; my ($status, $out, $error) = $node->psql('postgres', $sql); return ($out, $error) }

is(query("SELECT count(*) FROM list_backups('$folder')"), 0, 'a directory that is not there holds no backups');
my $first = backup("backup_schema('shop', '$folder')");
is(verified($first, 'table_name, rows, bytes > 0, ok, problem IS NULL'), "shop.parts|20|t|t|t\nshop.uses|20|t|t|t", 'a sound backup');
is(listed(), $first, 'is listed');
is(query("SELECT tables, rows, bytes = (SELECT sum(bytes) FROM verify_backup('$first', '$folder')), abs(extract(epoch FROM now() - taken_at)) < 600
	FROM list_backups('$folder')"), '{shop.parts,shop.uses}|40|t|t', 'with its tables and sizes');

# Every byte of every file, changed: verify_backup says so.
foreach my $file (qw(shop.parts.avro shop.uses.avro manifest.json))
{
	my $path = "$folder/$first/$file";
	my $whole = slurp_file($path);
	my ($out, $error) = warnings_of(qq{
		SET client_min_messages = error;
		CREATE TEMP TABLE missed (place integer);
		DO \$\$
		DECLARE whole bytea := pg_read_binary_file('$path'); object oid; answers boolean[];
		BEGIN
			FOR i IN 0 .. length(whole) - 1 LOOP
				object := lo_from_bytea(0, set_byte(whole, i, (get_byte(whole, i) + 1 + i % 255) % 256));
				PERFORM lo_export(object, '$path'), lo_unlink(object);
				SELECT array_agg(ok AND problem IS NULL) INTO answers FROM verify_backup('$first', '$folder');
				IF NOT false = ANY (answers) THEN INSERT INTO missed VALUES (i); END IF;
				IF '$file' = 'manifest.json' AND EXISTS (SELECT FROM list_backups('$folder')) THEN INSERT INTO missed VALUES (-i); END IF;
			END LOOP;
		END \$\$;
		SELECT count(*), string_agg(place::text, ' ') FROM missed;});
	is($out, '0|', "each of the " . length($whole) . " bytes of $file");
	is($error, '', 'without an error');
	write_file($path, $whole);
}
is(verified($first, 'bool_and(ok)'), 't', 'the backup as it was');

# What is wrong is named, and where.
sub with_damage
{
	my ($id, $file, $text, $pattern, $name) = @_;
	my $path = "$folder/$id/$file";
	my $whole = slurp_file($path);
	defined $text ? write_file($path, $text) : unlink $path;
	my $answer = verified($id, q{coalesce(table_name, '-') || '|' || coalesce(rows, -1) || '|' || coalesce(bytes, -1) || '|' || problem}) =~ s/\n*\z//r;
	like(join("\n", grep { $_ ne '' } split /\n/, $answer), $pattern, $name);
	write_file($path, $whole);
}
my $large = backup("backup_table('large', '$folder')");
my $file = slurp_file("$folder/$large/public.large.avro");
my $damaged = $file;
substr($damaged, length($file) * 3 / 4, 100) = "\xff" x 100;
with_damage($large, 'public.large.avro', $damaged, qr/\Apublic\.large\|\d{4,5}\|\d+\|file ".*" does not match the SHA-256 digest in its manifest; .*block [2-9]/s, 'the block that is damaged');
with_damage($large, 'public.large.avro', substr($file, 0, length($file) / 2), qr/\Apublic\.large\|\d{4,5}\|\d+\|the file has \d+ bytes, but its manifest says \d+; .*block \d/s, 'a file cut short');
with_damage($large, 'public.large.avro', '', qr/\Apublic\.large\|-1\|0\|the file has 0 bytes, but its manifest says \d+; /, 'an empty file');
with_damage($large, 'public.large.avro', "$file\n", qr/\Apublic\.large\|40000\|\d+\|the file has \d+ bytes/, 'a byte too many');
with_damage($large, 'public.large.avro', undef, qr/\Apublic\.large\|-1\|-1\|the file is missing\z/, 'no file');
with_damage($large, 'public.large.avro', slurp_file("$folder/$first/shop.parts.avro"),
	qr/\Apublic\.large\|20\|\d+\|the file has \d+ bytes, .*; column 2 of the file is "name" text, but its manifest says "filler" text; the file has 20 rows, but its manifest says 40000\z/, 'the file of another table');
my $manifest = slurp_file("$folder/$large/manifest.json");
with_damage($large, 'manifest.json', substr($manifest, 0, 50), qr/\A-\|-1\|-1\|manifest has no checksum\z/, 'a manifest cut short');
with_damage($large, 'manifest.json', undef, qr/\A-\|-1\|-1\|the manifest is missing: the backup is not a finished one\z/, 'no manifest');
with_damage($large, 'manifest.json', slurp_file("$folder/$first/manifest.json"), qr/\A-\|-1\|-1\|manifest is of backup "$first"\z/, 'the manifest of another backup');
# the same table of another day: as many rows and columns
query(q{UPDATE shop.parts SET name = 'part ' || id + 1});
my $second = backup("backup_schema('shop', '$folder')");
with_damage($second, 'shop.parts.avro', slurp_file("$folder/$first/shop.parts.avro"), qr/\Ashop\.parts\|20\|\d+\|/, 'the file of another backup');
# what is no file, and what is not of the backup
rename "$folder/$second/shop.uses.avro", "$folder/kept" or die;
symlink "$folder/kept", "$folder/$second/shop.uses.avro" or die;
like(verified($second, 'problem'), qr/it is not an ordinary file/, 'a symbolic link');
unlink "$folder/$second/shop.uses.avro";
system('mkfifo', "$folder/$second/shop.uses.avro") == 0 or die;
like(verified($second, 'problem'), qr/it is not an ordinary file/, 'a pipe');
unlink "$folder/$second/shop.uses.avro";
rename "$folder/kept", "$folder/$second/shop.uses.avro" or die;
write_file("$folder/$second/notes.txt", 'mine');
is(verified($second, 'table_name, rows, bytes, ok, problem') =~ s/.*\n//r =~ s/.*\n//r, '||4|f|the manifest does not know this file', 'a file that is not of the backup');
my ($out, $error) = warnings_of("\\set VERBOSITY verbose\nSELECT * FROM verify_backup('20200101T000000.000000Z-00000000', '$folder')");
like($error, qr/ERROR:  58P01: backup "20200101T000000.000000Z-00000000" does not exist/, 'a backup that is not there');

# The list: newest first, and a damaged manifest does not break it.
is(listed(), "$second $large $first", 'newest first');
rename "$folder/$large/manifest.json", "$folder/$large/away" or die;
write_file("$folder/$large/manifest.json", 'x');
($out, $error) = warnings_of("SELECT backup_id FROM list_backups('$folder')");
is($out, "$second\n$first", 'without the damaged one');
like($error, qr/WARNING:  backup "$large" is damaged: manifest has no checksum/, 'which a warning names');
unlink "$folder/$large/manifest.json";
is(listed(), "$second $first", 'nor one without a manifest');
rename "$folder/$large/away", "$folder/$large/manifest.json" or die;

# Pruning
sub prune { my ($keep) = @_; my ($out, $error) = warnings_of("SELECT backup_id FROM prune_backups($keep, '$folder')"); return (join(' ', split /\n/, $out), $error) }
foreach my $keep (0, -1, 'NULL')
{
	($out, $error) = prune($keep);
	like($error, qr/ERROR:  argument "keep" must/, "keep $keep is refused");
}
is(listed(), "$second $large $first", 'and nothing was removed');
my @good = ($second);
push @good, backup("backup_schema('shop', '$folder')") foreach 1 .. 3;
# what it does not know
mkdir "$folder/$_" foreach 'mine', '20200101T000000.000000Z-0000000g';
write_file("$folder/mine/manifest.json", '{}');
write_file("$folder/notes.txt", 'mine');
symlink "$folder/$good[0]", "$folder/20200101T000000.000000Z-00000000" or die;
($out, $error) = prune(2);
is($out, "$good[1] $first", 'older ones go');
like($error, qr/WARNING:  backup "$second" is not removed: no backup wrote file "notes.txt" in its folder/, 'one with a file of somebody else stays');
like($error, qr/NOTICE:  backup "$large" stays: table public.large has no newer one/, 'and the last one of a table');
unlike($error, qr/ERROR/, 'and there is no error');
ok(-e "$folder/notes.txt" && -e "$folder/mine/manifest.json" && -l "$folder/20200101T000000.000000Z-00000000" && -d "$folder/20200101T000000.000000Z-0000000g",
	'nothing else is touched');
unlink "$folder/$second/notes.txt", "$folder/20200101T000000.000000Z-00000000", "$folder/mine/manifest.json";
($out, $error) = prune(2);
is($out, $second, 'the file is gone, and now it goes');
is(listed(), "$good[3] $good[2] $large", 'those are left');
# damaged ones do not count: the last good one stays
my $uses = slurp_file("$folder/$good[3]/shop.uses.avro");
my $bad = $uses;
substr($bad, -20, 1) ^= "\x01";
write_file("$folder/$good[3]/shop.uses.avro", $bad);
($out, $error) = prune(1);
is($out, '', 'a damaged byte in the newest backup: the one before it stays');
like($error, qr/WARNING:  backup "$good[3]" is damaged, stays and does not count: file "shop.uses.avro": file ".*" does not match the SHA-256/, 'and a warning tells why');
unlink "$folder/$good[3]/shop.uses.avro";
($out, $error) = prune(1);
is($out, '', 'so it does where a file is missing');
write_file("$folder/$good[3]/shop.uses.avro", $uses);
rename "$folder/$good[3]/manifest.json", "$folder/away" or die;
write_file("$folder/$good[3]/manifest.json", 'x');
($out, $error) = prune(1);
is($out, '', 'and where the manifest is damaged');
like($error, qr/WARNING:  backup "$good[3]" is damaged, stays/, 'with a warning');
rename "$folder/away", "$folder/$good[3]/manifest.json" or die;
# an older damaged one goes
unlink "$folder/$good[2]/shop.uses.avro";
($out, $error) = prune(1);
is($out, $good[2], 'an older one goes even if it is damaged');
is($node->safe_psql('postgres', "SELECT bool_and(ok) FROM list_backups('$folder') l, verify_backup(l.backup_id, '$folder')"), 't', 'all that are left verify');

# What crashes left behind goes when it is a day old.
foreach my $name ('20210101T000000.000000Z-0000000a', '20210101T000000.000000Z-0000000b', '20210101T000000.000000Z-0000000c', '.removed.20210101T000000.000000Z-0000000d')
{
	mkdir "$folder/$name";
	write_file("$folder/$name/shop.parts.avro", 'x');
	write_file("$folder/$name/shop.uses.avro.12345.tmp", 'x');
}
write_file("$folder/20210101T000000.000000Z-0000000c/notes.txt", 'mine');
my $long_ago = time - 2 * 86400;
foreach my $name ('20210101T000000.000000Z-0000000b', '20210101T000000.000000Z-0000000c')
{
	utime $long_ago, $long_ago, glob("$folder/$name/*"), "$folder/$name";
}
($out, $error) = prune(1);
is($out, '', 'nothing to prune');
is(join(' ', map { s{.*/}{}r } grep { /20210101T/ } glob "$folder/* $folder/.removed*"),
	'20210101T000000.000000Z-0000000a 20210101T000000.000000Z-0000000c', 'an old unfinished one and a removal cut short are gone');

# A read-only transaction; databases that share a directory
($out, $error) = warnings_of("\\set VERBOSITY verbose\nBEGIN READ ONLY; SELECT prune_backups(1, '$folder')");
like($error, qr/ERROR:  25006: cannot execute prune_backups\(\) in a read-only transaction/, 'a read-only transaction does not prune');
is(query("BEGIN READ ONLY; SELECT count(*) FROM list_backups('$folder') l, verify_backup(l.backup_id, '$folder')"), 3, 'but lists and verifies');
$node->safe_psql('postgres', 'CREATE DATABASE other');
$node->safe_psql('other', 'CREATE EXTENSION pg_ferry; CREATE TABLE a (a integer)');
my $theirs = $node->safe_psql('other', "SELECT backup_id FROM backup_table('a', '$folder')");
$node->safe_psql('other', "SELECT backup_id FROM backup_table('a', '$folder')");
is($node->safe_psql('other', "SELECT * FROM prune_backups(1, '$folder')"), $theirs, 'another database prunes its own');
is($node->safe_psql('other', "SELECT count(*), count(*) FILTER (WHERE tables = '{public.a}') FROM list_backups('$folder')"), '3|1', 'and no other');
# the default directory shows and gives nobody another database's
my $here = query("SELECT backup_id FROM backup_table('shop.uses')");
is(query('SELECT string_agg(backup_id, \' \') FROM list_backups()'), $here, 'a database lists its own');
is($node->safe_psql('other', 'SELECT count(*) FROM list_backups()'), 0, 'and not those of others');
my ($status, $text, $refusal) = $node->psql('other', "\\set VERBOSITY verbose\nSELECT verify_backup('$here')");
like($refusal, qr/ERROR:  42501: backup "$here" was taken in database "postgres"/, 'nor does it verify them');
is($node->safe_psql('other', "SELECT bool_and(ok) FROM verify_backup('$here', current_setting('data_directory') || '/pg_ferry_backups')"), 't', 'but by their directory');
is(sprintf('%04o', (stat $node->data_dir . '/pg_ferry_backups')[2] & 07777), '0700', 'the default directory is for the server only');

# Backups that are listed and removed at the same time: what is gone is not damaged.
my $busy = "$folder/busy";
is(query("SELECT path = '$busy/' || backup_id || '/shop.uses.avro' FROM backup_table('shop.uses', '$busy/')"), 't', 'a directory with a slash at its end');
query(join ';', ("SELECT backup_table('shop.uses', '$busy')") x 60);
my ($seen, $said) = ('', '');
my @sessions = map { my $sql = $_; IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-f', '-' ], '<', \$sql, '>>', \$seen, '2>>', \$said, IPC::Run::timeout(120)) }
  "SELECT count(*) FROM list_backups('$busy');\n" x 200, (join '', map { "SELECT prune_backups($_, '$busy');\n" } reverse 1 .. 60) x 2;
$_->finish foreach @sessions;
is($said, '', 'removals beside lists and other removals');
is(query("SELECT count(*), bool_and(ok) FROM list_backups('$busy') l, verify_backup(l.backup_id, '$busy')"), '1|t', 'one is left');

# Who may
$node->safe_psql('postgres', q{CREATE ROLE someone LOGIN; CREATE ROLE backupper LOGIN;
	GRANT EXECUTE ON FUNCTION list_backups, verify_backup, prune_backups TO backupper});
foreach my $call ("list_backups('/x')", "verify_backup('x', '/x')", "prune_backups(1, '/x')")
{
	foreach my $role (qw(someone backupper))
	{
		($status, $text, $refusal) = $node->psql('postgres', "\\set VERBOSITY verbose\nSET ROLE $role; SELECT * FROM $call");
		my $pattern = $role eq 'someone' ? qr/42501: permission denied for function/ : qr/42501: permission denied to (read|write) a file of the server/;
		like($refusal, $pattern, "$role: $call");
	}
}
is(query("SET ROLE backupper; SELECT count(*) FROM list_backups() l, verify_backup(l.backup_id) WHERE ok"), 1, 'without a directory EXECUTE is enough');
is(query("SET ROLE backupper; SELECT count(*) FROM prune_backups(1)"), 0, 'to prune, too');
foreach my $call ("list_backups('relative')", "verify_backup('x', '/a/../b')", "verify_backup('../x', '$folder')", "prune_backups(1, 'relative')")
{
	($status, $text, $refusal) = $node->psql('postgres', "\\set VERBOSITY verbose\nSELECT * FROM $call");
	like($refusal, qr/ERROR:  (42602|22023):/, $call);
}

done_testing();

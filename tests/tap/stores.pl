# Objects of a store in the place of files: whatever takes a path does the same with an address. The oracle is the same statement
# over the same bytes in a file of the server, and the store asked directly.
use strict;
use warnings;
use FindBin;
use IO::Compress::Gzip qw(gzip);
use POSIX ();
use lib $FindBin::RealBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use ObjectStore;

my $folder = PostgreSQL::Test::Utils::tempdir();
chmod 0755, $folder;
my $store = ObjectStore->start("$folder/store") or plan skip_all => 'there is no store of objects to test with';
my $node = PostgreSQL::Test::Cluster->new('stores');
$node->init(extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "fsync = off\nsession_preload_libraries = 'pg_ferry'\nlog_min_messages = debug1\nlog_statement = none\n");
$node->start;
my $endpoint = $store->endpoint;

sub query { my ($sql, $user) = @_; return $node->safe_psql('postgres', $sql, extra_params => [ '-U', $user // 'etl' ]); }
# The SQLSTATE, message, detail, hint and context of the error of a statement.
sub error_of { my ($sql, $user) = @_; my ($code, $out, $error) = $node->psql('postgres', "\\set VERBOSITY verbose\n" . $sql, extra_params => [ '-U', $user // 'etl' ]); return $error; }
# Puts bytes as an object and as a file, whose path comes back.
sub put_both { my ($key, $name, $bytes) = @_; $store->put($key, $bytes); append_to_file("$folder/$name", $bytes); chmod 0644, "$folder/$name"; return "$folder/$name"; }

$store->make_bucket('lake');
$node->safe_psql('postgres', qq{
	CREATE EXTENSION pg_ferry;
	CREATE ROLE etl LOGIN; CREATE ROLE reader LOGIN; CREATE ROLE filer LOGIN IN ROLE pg_read_server_files, pg_write_server_files;
	GRANT CREATE ON SCHEMA public TO etl, filer;
	CREATE SERVER lake FOREIGN DATA WRAPPER ferry_store OPTIONS (scope 's3://lake', endpoint '$endpoint', writable 'true');
	CREATE SERVER shelf FOREIGN DATA WRAPPER ferry_store OPTIONS (scope 's3://lake/shelf', endpoint '$endpoint');
	GRANT USAGE ON FOREIGN SERVER lake, shelf TO etl; GRANT USAGE ON FOREIGN SERVER shelf TO reader;
	CREATE USER MAPPING FOR etl SERVER lake } . $store->keys_sql . ';
	CREATE USER MAPPING FOR PUBLIC SERVER shelf ' . $store->keys_sql . q{;
	CREATE TABLE items (id int PRIMARY KEY, name text, made date); CREATE TABLE copies (LIKE items INCLUDING ALL);
	GRANT ALL ON items, copies TO PUBLIC;});
# from here on every statement is in the log, but for those with keys
$node->safe_psql('postgres', "ALTER SYSTEM SET log_statement = 'all'");
$node->safe_psql('postgres', 'SELECT pg_reload_conf()');

# Rows with rejects of several kinds.
my $csv = "id,name,made\n" . join('', map { $_ % 50 == 7 ? "x$_,Wrong,2024-01-01\n" : $_ % 50 == 9 ? "1,Again,2024-01-01\n" : "$_,\"Item $_, blue\",2024-02-0" . (1 + $_ % 9) . "\n" } 1 .. 5000);
my $path = put_both('lake/in/items.csv', 'items.csv', $csv);
gzip(\$csv, \my $gzipped);
put_both('lake/in/items.csv.gz', 'items.csv.gz', $gzipped);

# A load of a file and the same of an object are alike but for the source.
sub compare_loads
{
	my ($what, $of_file, $of_object) = @_;
	my $seen = q{SELECT count(*), md5(string_agg(t::text, ',' ORDER BY id)) FROM %s t};
	my $rejects = q{SELECT rows_read, rows_loaded, rows_rejected, source_bytes, options - 'source', (SELECT md5(string_agg(concat_ws('|', row_number, line_number, raw_row, sqlstate, column_name, reason), ',' ORDER BY row_number)) FROM ferry_rejects r WHERE r.load_id = l.load_id) FROM ferry_loads l WHERE load_id = ferry_last_load()};
	my $file = query("TRUNCATE items; $of_file; " . sprintf($seen, 'items') . "; $rejects", 'filer');
	my $object = query("TRUNCATE items; $of_object; " . sprintf($seen, 'items') . "; $rejects");
	s/^\([0-9,.]+\)\n// foreach $file, $object;    # the result with the time
	isnt($file, '', "$what: there is something to compare");
	is($object, $file, "$what: as a file");
	return;
}
my $load = "SELECT load_csv('items', '%s', header => true)";
compare_loads('load_csv', sprintf($load, $path), sprintf($load, 's3://lake/in/items.csv'));
is(query("SELECT source FROM ferry_loads ORDER BY load_id DESC LIMIT 1"), 's3://lake/in/items.csv', 'the log has the address');
compare_loads('gzip', sprintf($load, "$path.gz"), sprintf($load, 's3://lake/in/items.csv.gz'));
compare_loads('sniffed', "SELECT load_csv('items', '$path', sniff => true)", "SELECT load_csv('items', 's3://lake/in/items.csv', sniff => true)");
my $copy = "COPY items FROM '%s' WITH (FORMAT csv, HEADER match, ON_ERROR reject)";
compare_loads('COPY csv', sprintf($copy, $path), sprintf($copy, 's3://lake/in/items.csv'));
my $text_path = put_both('lake/in/items.txt', 'items.txt', join('', map { $_ == 3 ? "3\tshort\n" : "$_\tText $_\t\\N\n" } 1 .. 100));
compare_loads('COPY text', "COPY items FROM '$text_path' WITH (ON_ERROR reject)", "COPY items FROM 's3://lake/in/items.txt' WITH (ON_ERROR reject)");
my $json_path = put_both('lake/in/items.json', 'items.json', join('', map { $_ == 3 ? "{\"id\": \"x\"}\n" : "{\"id\": $_, \"name\": \"ü $_\"}\n" } 1 .. 100));
compare_loads('load_json', "SELECT load_json('items', '$json_path')", "SELECT load_json('items', 's3://lake/in/items.json')");
query(q{TRUNCATE items; SELECT load_csv('items', 's3://lake/in/items.csv', header => true, expressions => '{"name": "ferry_source()"}')});
is(query('SELECT DISTINCT name FROM items'), 's3://lake/in/items.csv', 'ferry_source() is the address');

# the address of a bucket is none of an object
like(error_of("SELECT load_csv('items', 's3://lake$_')"), qr/ERROR:  42602: /, "a load of the bucket itself, $_") foreach '', '/';
like(error_of("COPY items TO 's3://lake' WITH (FORMAT avro)"), qr/ERROR:  42602: /, 'an export into the bucket itself');

# sniffing, tables for files
my $facts = q{SELECT compression, encoding, line_end, delimiter, header, column_names, column_types, records_sampled, replace(create_table, '%1$s', ''), replace(load_command, '%1$s', '') FROM sniff_csv('%1$s')};
is(query(sprintf($facts, 's3://lake/in/items.csv')), query(sprintf($facts, $path), 'filer'), 'sniff_csv: as of a file');
is(query(sprintf($facts, 's3://lake/in/items.csv.gz')), query(sprintf($facts, "$path.gz"), 'filer'), 'sniff_csv, compressed: as of a file');
query("SELECT create_table_from('s3://lake/in/items.csv', 'made_of_object')");
query("SELECT create_table_from('$path', 'made_of_file')", 'filer');
is(query('SELECT count(*), md5(string_agg(t::text, E\'\n\' ORDER BY t::text)) FROM made_of_object t'), query('SELECT count(*), md5(string_agg(t::text, E\'\n\' ORDER BY t::text)) FROM made_of_file t', 'filer'), 'create_table_from: as of a file');

# Avro both ways
query("TRUNCATE items; INSERT INTO items SELECT i, 'n' || i, '2024-01-01'::date + i % 100 FROM generate_series(1, 200000) i");
query("COPY items TO 's3://lake/out/items.avro' (FORMAT avro)");
query("COPY items TO '$folder/items.avro' (FORMAT avro)", 'filer');
my $rows = q{SELECT count(*), md5(string_agg(t::text, ',' ORDER BY id)) FROM %s t};
is(query(sprintf($rows, "read_avro(NULL::items, 's3://lake/out/items.avro')")), query(sprintf($rows, 'items')), 'COPY TO and read_avro: all rows');
is(query("SELECT avro_file_schema('s3://lake/out/items.avro')"), query("SELECT avro_file_schema('$folder/items.avro')", 'filer'), 'avro_file_schema: as of a file');
is(query("SELECT count(*), sum(record_count), min(offset_bytes) FROM avro_file_blocks('s3://lake/out/items.avro')"), query("SELECT count(*), sum(record_count), min(offset_bytes) FROM avro_file_blocks('$folder/items.avro')", 'filer'), 'avro_file_blocks: as of a file');
is(query("SELECT key FROM avro_file_metadata('s3://lake/out/items.avro') ORDER BY 1"), query("SELECT key FROM avro_file_metadata('$folder/items.avro') ORDER BY 1", 'filer'), 'avro_file_metadata: as of a file');
query("COPY copies FROM 's3://lake/out/items.avro' (FORMAT avro)");
is(query(sprintf($rows, 'copies')), query(sprintf($rows, 'items')), 'COPY FROM: all rows');
query("TRUNCATE copies; COPY (SELECT id, name, made FROM items WHERE id <= 10) TO 's3://lake/out/ten.avro' (FORMAT avro, CODEC 'null'); SELECT create_table_from('s3://lake/out/ten.avro', 'ten')");
is(query('SELECT count(*), max(id) FROM ten'), '10|10', 'a query out and a table in');

# a cursor reads on behind a rollback, and many are open at once
is(query("BEGIN; DECLARE c CURSOR FOR SELECT id FROM (SELECT (read_avro(NULL::items, 's3://lake/out/items.avro')).id) a; SAVEPOINT s; FETCH 2 FROM c; ROLLBACK TO s; MOVE 100000 IN c; FETCH 1 FROM c; COMMIT"), "1\n2\n100003", 'a cursor reads on after a rollback to a savepoint');
my $cursors = join('; ', map { "DECLARE c$_ CURSOR FOR SELECT id FROM (SELECT (read_avro(NULL::items, 's3://lake/out/items.avro')).id) a; FETCH 1 FROM c$_" } 1 .. 20);
is(query("BEGIN; $cursors; COMMIT"), join("\n", (1) x 20), '20 cursors over objects at once');

# what is written appears at the end and stays, or does not
my $before = $store->get('lake/out/ten.avro');
my $error = error_of("COPY (SELECT 1000000 / (900000 - i) AS n, repeat(md5(i::text), 3) AS t FROM generate_series(1, 1000000) i) TO 's3://lake/out/ten.avro' (FORMAT avro, CODEC 'null')");
like($error, qr/ERROR:  22012: division by zero/, 'an export that fails in the middle tells why');
ok($store->get('lake/out/ten.avro') eq $before, 'and leaves what was there');
is(join(' ', $store->uploads('lake')), '', 'no upload is left');
query("BEGIN; COPY (SELECT 1 AS a) TO 's3://lake/out/rolled_back.avro' (FORMAT avro); ROLLBACK");
is(query("SELECT * FROM read_avro('s3://lake/out/rolled_back.avro') AS t (a int)"), '1', 'as a file of COPY TO it outlives a rollback');
query("DO \$\$ BEGIN COPY (SELECT 1000000 / (900000 - i) AS n, repeat(md5(i::text), 3) AS t FROM generate_series(1, 1000000) i) TO 's3://lake/out/caught.avro' (FORMAT avro, CODEC 'null'); EXCEPTION WHEN division_by_zero THEN NULL; END \$\$");
ok(!defined $store->get('lake/out/caught.avro'), 'what was caught left no object');
is(join(' ', $store->uploads('lake')), '', 'and no upload');

# rejects
my $export = "TRUNCATE items; $load; SELECT export_rejects(ferry_last_load(), '%s')";
my $file_rejects = (split /\n/, query(sprintf($export, $path, "$folder/rejects.csv"), 'filer'))[-1];
is((split /\n/, query(sprintf($export, 's3://lake/in/items.csv', 's3://lake/out/rejects.csv')))[-1], $file_rejects, 'export_rejects: as many as into a file');
ok($store->get('lake/out/rejects.csv') eq slurp_file("$folder/rejects.csv"), 'and the same bytes');

# folders
sub outcomes { my ($arguments) = @_; return query("SELECT replace(path, 's3://lake/inbox/', ''), table_name, status, rows_loaded, rows_rejected, reason FROM load_folder('s3://lake/inbox'$arguments) ORDER BY path COLLATE \"C\""); }
query('CREATE TABLE jobs (id int PRIMARY KEY, title text)');
$store->put('lake/inbox/', '');
$store->put('lake/inbox/jobs_1.csv', "id,title\n1,Cook\n2,Baker\n");
$store->put('lake/inbox/.jobs_0.csv', "id,title\n7,Nobody\n");
$store->put('lake/inbox/jobs/jobs_9.csv', "id,title\n9,Deep\n");
$store->put('lake/inbox2/jobs_8.csv', "id,title\n8,Beside\n");
$store->put('lake/inbox/empty.csv', '');
$store->put('lake/inbox/notes.md', 'x');
$store->put('lake/inbox/jobs_ü 2.csv', "id,title\n3,Miller\n3,Twice\n");
like(outcomes(''), qr/jobs_1\.csv\|jobs\|skipped\|0\|0\|it was modified within the last 5 seconds/, 'what is new may not be whole, by its time in the store');
my $settled = ", settle_seconds => 0, mapping => '{\"^jobs\": \"jobs\"}'";
is(outcomes($settled), "empty.csv||skipped|0|0|there is no table of that name\njobs_1.csv|jobs|loaded|2|0|\njobs_ü 2.csv|jobs|loaded|1|1|\nnotes.md||skipped|0|0|its name does not end like that of a CSV or Avro file", 'the objects right below are loaded');
is(outcomes("$settled, pattern => 'jobs_?.csv'"), 'jobs_1.csv|jobs|unchanged|0|0|', 'what has the same ETag is unchanged; a pattern goes by the name');
my ($status, $listing) = $store->request('GET', '/lake', { 'list-type' => 2, prefix => 'inbox/jobs_1' });
my ($etag) = $listing =~ /<ETag>(?:&quot;|")([^&"]+)/;
is(query("SELECT source_digest FROM ferry_loads WHERE source = 's3://lake/inbox/jobs_1.csv'"), "etag:$etag", 'the log has the ETag');
$store->put('lake/inbox/jobs_1.csv', "id,title\n1,Cook\n2,Baker\n4,Butcher\n");
is(outcomes("$settled, pattern => 'jobs_1.csv', on_conflict => 'skip'"), 'jobs_1.csv|jobs|loaded|1|0|', 'what has another ETag is loaded as a whole');
is(outcomes("$settled, pattern => 'jobs_1.csv', on_conflict => 'skip'"), 'jobs_1.csv|jobs|unchanged|0|0|', 'and known from then on');
is(outcomes("$settled, pattern => 'jobs_1.csv', on_conflict => 'skip', changed_only => false"), 'jobs_1.csv|jobs|loaded|0|0|', 'changed_only => false loads it again');
is(query("SELECT count(*) FROM load_folder('s3://lake/inbox/', pattern => 'jobs_1.csv')"), 1, 'with a slash at its end');
is(query("SELECT count(*) FROM load_folder('s3://lake', settle_seconds => 0)"), 0, 'a bucket itself');
is(query("SELECT count(*) FROM load_folder('s3://lake/no/such')"), 0, 'what is not there has no objects');
like(error_of("SELECT * FROM load_folder('s3://lake/no/such/')"), qr/NOTICE:  00000: "s3:\/\/lake\/no\/such\/" has no objects\nHINT: /, 'which is told');
is(error_of("SELECT * FROM load_folder('s3://lake/inbox', pattern => 'no such')"), '', 'where a pattern leaves none there are some');
like(error_of("SELECT * FROM load_folder('s3://shore')", $node->safe_psql('postgres', 'SELECT current_user')), qr/ERROR:  42704: no server for "s3:\/\/shore"/, 'no server');

# keys are taken as they stand
foreach my $key ('a b.csv', 'a+b.csv', 'a%20b.csv', 'a?b=c&d.csv', 'a#b.csv', 'ü/日本 €.csv', '../up.csv', 'x/../y.csv', './z.csv', 'x//y.csv', '/w.csv', "quote'd\".csv", '~(tilde)!*,;:@$=.csv', 'back\\slash.csv', '<xml>&amp;.csv')
{
	my $bytes = "1,Found\n";
	$store->put("lake/keys/$key", $bytes);
	(my $quoted = $key) =~ s/'/''/g;
	is(query("TRUNCATE items; SELECT rows_loaded FROM load_csv('items', 's3://lake/keys/$quoted', columns => '{id,name}')"), 1, "read: $key");
	query("COPY (SELECT 1 AS a) TO 's3://lake/written/$quoted' (FORMAT avro)");
	like($store->get("lake/written/$key"), qr/^Obj\x01/, "written: $key");
}
# in a database of another encoding keys are UTF-8 all the same
$node->safe_psql('postgres', "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
$store->put('lake/latin/grün.csv', "1,Green\n");
$store->put('lake/latin/緑.csv', "1,Green\n");
my $keys = $store->keys_sql;
is($node->safe_psql('latin', qq{SET client_encoding = 'UTF8'; SET log_statement = 'none'; CREATE EXTENSION pg_ferry; CREATE TABLE items (id int, name text);
	CREATE SERVER lake FOREIGN DATA WRAPPER ferry_store OPTIONS (scope 's3://lake', endpoint '$endpoint'); CREATE USER MAPPING FOR PUBLIC SERVER lake $keys;
	SELECT rows_loaded FROM load_csv('items', 's3://lake/latin/grün.csv');
	SELECT path, rows_loaded, status, reason FROM load_folder('s3://lake/latin', '{"": "items"}', header => false, settle_seconds => 0)}),
	"1\ns3://lake/latin/grün.csv|1|loaded|\ns3://lake/latin/???.csv|0|failed|its name is no text in the encoding of the database", 'a database in LATIN1');

my ($code, $out, $latin_error) = $node->psql('latin', "SET client_encoding = 'UTF8'; SELECT load_csv('items', 's3://lake/latin/größe.csv')");
like($latin_error, qr{object "s3://lake/latin/größe\.csv" does not exist}, 'it says so in its own encoding');

# rights: USAGE reads, writable writes, the longest scope decides
$store->put('lake/shelf/one.csv', "1,One\n");
is(query("TRUNCATE items; SELECT rows_loaded FROM load_csv('items', 's3://lake/shelf/one.csv', columns => '{id,name}')", 'reader'), 1, 'USAGE and the keys of PUBLIC are enough to read');
like(error_of("COPY (SELECT 1 AS a) TO 's3://lake/shelf/a.avro' (FORMAT avro)", 'reader'), qr/ERROR:  42501: foreign server "shelf" is not writable/, 'not to write');
like(error_of("SELECT load_csv('items', 's3://lake/in/items.csv')", 'reader'), qr/ERROR:  42501: permission denied for foreign server "lake"/, 'another scope is another server');
like(error_of("SELECT load_csv('items', 's3://lake/in/items.csv')", 'filer'), qr/ERROR:  42501: permission denied for foreign server "lake"/, 'the role for files is of no use');
$node->safe_psql('postgres', q{
	CREATE FUNCTION load_for_all(p text) RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$ SELECT rows_loaded FROM load_csv('items', p, header => true, on_conflict => 'skip') $$;
	ALTER FUNCTION load_for_all OWNER TO etl});
isnt(query("SELECT load_for_all('s3://lake/in/items.csv')", 'reader'), '0', 'a function of another role has its rights and keys');
$node->safe_psql('postgres', 'REVOKE USAGE ON FOREIGN SERVER lake FROM etl');
like(error_of("SELECT load_csv('items', 's3://lake/in/items.csv')"), qr/ERROR:  42501: /, 'what was revoked is refused at once');
$node->safe_psql('postgres', 'GRANT USAGE ON FOREIGN SERVER lake TO etl');

# what the store does not have or allow
like(error_of("SELECT load_csv('items', 's3://lake/in/none.csv')"), qr{ERROR:  58P01: object "s3://lake/in/none.csv" does not exist}, 'no such object');
like(error_of("COPY items FROM 's3://lake/in/none.csv' (FORMAT csv, ON_ERROR reject)"), qr{ERROR:  58P01: object "s3://lake/in/none.csv" does not exist}, 'no such object for COPY');
$node->safe_psql('postgres', "SET log_statement = 'none'; CREATE SERVER gone FOREIGN DATA WRAPPER ferry_store OPTIONS (scope 's3://gone', endpoint '$endpoint', writable 'true'); GRANT USAGE ON FOREIGN SERVER gone TO etl; CREATE USER MAPPING FOR etl SERVER gone $keys");
like(error_of("SELECT load_csv('items', 's3://gone/a.csv')"), qr/ERROR:  58P01: /, 'no such bucket');
like(error_of("SELECT * FROM load_folder('s3://gone/a')"), qr/ERROR:  58P01: /, 'no such bucket to list');
like(error_of("COPY (SELECT 1 AS a) TO 's3://gone/a.avro' (FORMAT avro)"), qr/ERROR:  58P01: /, 'no such bucket to write into');
my $wrong = 'W' . reverse(substr($store->secret_key, 1));
$node->safe_psql('postgres', "SET log_statement = 'none'; CREATE SERVER wrong FOREIGN DATA WRAPPER ferry_store OPTIONS (scope 's3://lake/wrong', endpoint '$endpoint', writable 'true'); GRANT USAGE ON FOREIGN SERVER wrong TO etl; CREATE USER MAPPING FOR etl SERVER wrong OPTIONS (access_key_id '" . $store->access_key . "', secret_access_key '$wrong', session_token 'TOKENTOKEN')");
foreach my $statement ("SELECT load_csv('items', 's3://lake/wrong/a.csv')", "SELECT * FROM load_folder('s3://lake/wrong')", "COPY (SELECT 1 AS a) TO 's3://lake/wrong/a.avro' (FORMAT avro)", "SELECT * FROM sniff_csv('s3://lake/wrong/a.csv')")
{
	like(error_of($statement), qr/ERROR:  28000: /, "wrong keys: $statement");
}

# the memory of a session does not grow with the size of an object
query("TRUNCATE items, copies; INSERT INTO items SELECT i, repeat(md5(i::text), 4), '2024-01-01' FROM generate_series(1, 500000) i");
sub memory_above_start
{
	my ($statement) = @_;
	my $session = $node->background_psql('postgres', extra_params => [ '-U', 'etl' ]);
	my $pid = $session->query_safe('SELECT pg_backend_pid()');
	$session->query_safe("SELECT ferry_last_load(); COPY (SELECT 1 AS a) TO 's3://lake/out/small.avro' (FORMAT avro)");
	my $memory = sub { my ($kb) = slurp_file("/proc/$pid/status") =~ /RssAnon:\s+(\d+)/; return $kb; };
	my ($start, $most) = ($memory->(), 0);
	my $watcher = fork();
	if ($watcher == 0)
	{
		while (-e "$folder/watch") { my $now = $memory->(); $most = $now if $now > $most; select(undef, undef, undef, 0.01); append_to_file("$folder/most", "$most\n"); }
		POSIX::_exit(0);
	}
	$session->query_safe($statement);
	unlink "$folder/watch";
	waitpid $watcher, 0;
	$session->quit;
	my @seen = split /\n/, slurp_file("$folder/most");
	unlink "$folder/most";
	return (sort { $b <=> $a } @seen)[0] - $start;
}
if (-r "/proc/$$/status")
{
	foreach my $statement ("COPY items TO 's3://lake/out/large.avro' (FORMAT avro, CODEC 'null')", "COPY copies FROM 's3://lake/out/large.avro' (FORMAT avro)", "SELECT count(*) FROM read_avro(NULL::items, 's3://lake/out/large.avro')")
	{
		append_to_file("$folder/watch", '');
		my $kb = memory_above_start($statement);
		note "$statement: $kb kB";
		cmp_ok($kb, '<=', 16 * 1024, "at most 16 MB: $statement");
	}
}

# no secret is in the log, whatever happened
my $log = slurp_file($node->logfile);
like($log, qr/s3:\/\/lake\/in\/items\.csv/, 'the log has the addresses');
foreach my $secret ($store->secret_key, $wrong, 'TOKENTOKEN')
{
	ok(index($log, $secret) < 0, 'a secret is not in the log');
}
unlike($log, qr/Signature=|AWS4-HMAC/, 'nor is a signature');
$node->stop;
$store->stop;
done_testing();

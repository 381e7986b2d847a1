# Damaged Avro files. Small files of every codec, with each byte changed and cut off at each length: they are read to rows that are
# values, or are an error that a program can act upon, by read_avro and by COPY; no server process ends, hangs or takes much memory.
# A backup that was changed is never restored.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seed = $ENV{FERRY_SEED} // 1;
my $header_samples = $ENV{FERRY_DAMAGES} // 40;     # 100000: every byte
note("seed $seed");
srand($seed);
my $folder = PostgreSQL::Test::Utils::tempdir();
my $node = PostgreSQL::Test::Cluster->new('damage');
$node->init(extra => [ '--locale=C', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "fsync = off\nsession_preload_libraries = 'pg_ferry'\nstatement_timeout = '60s'\nrestart_after_crash = on
	log_min_messages = fatal\nlog_min_error_statement = panic");
$node->start;

$node->safe_psql('postgres', q{
	CREATE EXTENSION pg_ferry;
	CREATE TYPE pair AS (a int, b text);
	CREATE TYPE mood AS ENUM ('sad', 'ok');
	CREATE TABLE things (id bigint, word text, price numeric(8,2), free numeric, made timestamptz, day date, list int[], pairs pair, feeling mood,
		span interval, during int4range, doc jsonb, raw bytea, key uuid, at timetz, yes boolean, f real);
	INSERT INTO things VALUES
		(1, 'one é', 1.50, '1e20', '2020-01-01Z', '2020-01-01', '{1,NULL}', '(1,x)', 'ok', '1 mon -1 day', '[1,5)', '{"a": [1]}', '\xff00', md5('1')::uuid, '12:00+02', true, 0.5),
		(2, NULL, 'NaN', NULL, 'infinity', '-infinity', '[0:1]={7,8}', '(,)', 'sad', '0', 'empty', 'null', '', NULL, NULL, NULL, 'NaN');
	CREATE TABLE copied (LIKE things);

	-- The files that read_avro and COPY make rows of, and what the others end with. Rows are shown and counted, so that all of
	-- their values are looked at.
	CREATE FUNCTION try(name text, body text) RETURNS text LANGUAGE plpgsql AS $$
	DECLARE result text; message text;
	BEGIN
		EXECUTE format(body, name) INTO result;
		IF result <> convert_from(convert_to(result, 'UTF8'), 'UTF8') THEN RETURN 'no text'; END IF;
		RETURN 'rows';
	EXCEPTION WHEN query_canceled THEN
		RETURN 'hang';
	WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS message = MESSAGE_TEXT;
		RETURN SQLSTATE || CASE WHEN SQLSTATE ~ '^(XX|53|57|58)' THEN ': ' || message ELSE '' END;
	END $$;
	CREATE FUNCTION load(name text) RETURNS text LANGUAGE plpgsql AS $$
	DECLARE result text;
	BEGIN
		DELETE FROM copied;
		EXECUTE format('COPY copied FROM %L WITH (FORMAT avro)', name);
		SELECT string_agg(c::text, ' ') INTO result FROM copied c;
		RETURN result;
	END $$;
});

# Changes bytes, and cuts: at every place of the blocks, and of the schema and the other metadata before them at some.
sub damage
{
	my ($good, $codec) = @_;
	my $header_bytes = index($good, substr($good, -16)) + 16;
	mkdir "$folder/$codec" or die $!;
	foreach my $at (0 .. length($good) - 1)
	{
		next if $at < $header_bytes && $at > 20 && rand($header_bytes) > $header_samples;
		my $changed = $good;
		# a bit, the sign of a length, or anything
		substr($changed, $at, 1) ^= chr((1 << int(rand(8)), 0x80, 1 + int(rand(255)))[ $at % 3 ]);
		write_file("$folder/$codec/change-$at.avro", $changed);
		write_file("$folder/$codec/cut-$at.avro", substr($good, 0, $at));
	}
}

sub write_file { my ($name, $bytes) = @_; open my $file, '>:raw', $name or die "$name: $!"; print $file $bytes; close $file }

my %may_be = map { $_ => 1 } (
	'rows', '22P04',                        # and what a value that changed can be
	'22003', '22008', '22001', '22021', '22P02', '22007', '22P03', '22009', '2202E', '22000', '2200D', '22P05', '22030', '22032', '22004', '23514',
	'42804', '42703', '42702', '0A000',     # a schema that changed, a codec
	'54000');                               # a length that is too large
foreach my $codec ('none', 'deflate', 'snappy', 'zstandard', 'bzip2', 'xz')
{
	$node->safe_psql('postgres', "COPY things TO '$folder/$codec.avro' WITH (FORMAT avro, PROFILE lossless, CODEC $codec)");
	my $good = slurp_file("$folder/$codec.avro");
	damage($good, $codec);
	my $started = time;
	# in one session, whose memory is that of all files together
	my $given = $node->safe_psql('postgres', qq{
		SELECT way, outcome, count(*), min(name) FROM (
			SELECT way, name, try('$folder/$codec/' || name, body) AS outcome
			FROM pg_ls_dir('$folder/$codec') name, (VALUES ('read_avro', 'SELECT string_agg(t::text, '' '') FROM read_avro(NULL::things, %L) t'),
				('jsonb', 'SELECT string_agg(read_avro::text, '' '') FROM read_avro(NULL::jsonb, %L)'),
				('COPY', 'SELECT load(%L)')) ways (way, body)) tried
		GROUP BY way, outcome ORDER BY way, outcome;
		SELECT 'memory', substring(pg_read_file('/proc/' || pg_backend_pid() || '/status') FROM 'VmHWM:\\s+([0-9]+)'), '', '';
	});
	my (@odd, %count, $memory_kb);
	foreach my $line (split /\n/, $given)
	{
		my ($way, $outcome, $count, $example) = split /\|/, $line;
		if ($way eq 'memory') { $memory_kb = $outcome; next }
		$count{$outcome} += $count;
		push @odd, "$way: $outcome, such as $example" if !$may_be{$outcome};
	}
	is_deeply(\@odd, [], "$codec: " . join(', ', map { "$count{$_} $_" } sort keys %count));
	cmp_ok($count{'22P04'}, '>', 500, "$codec: most are malformed");
	cmp_ok($memory_kb, '<', 200_000, "$codec: memory");
	cmp_ok(time - $started, '<', 60, "$codec: time");
}
# what a cut may leave is the rows of the blocks before it: here, of none
foreach my $codec ('none', 'deflate', 'snappy', 'zstandard', 'bzip2', 'xz')
{
	is($node->safe_psql('postgres', qq{SELECT count(*) FROM pg_ls_dir('$folder/$codec') name
		WHERE name ~ 'cut' AND try('$folder/$codec/' || name, 'SELECT count(*) FROM read_avro(NULL::things, %L)') = 'rows'}), '1', "$codec: but one cut are an error");
}

# blocks without records take nothing, however many there are
my $sync = substr(slurp_file("$folder/none.avro"), -16);
my $header = slurp_file("$folder/none.avro") =~ s/\Q$sync\E\K.*//sr;
write_file("$folder/empty.avro", $header . "\0\0$sync" x 3_000_000);
my $own_memory = q{substring(pg_read_file('/proc/self/status') FROM 'VmHWM:\s+(\d+)')::int - substring(pg_read_file('/proc/self/status') FROM 'RssShmem:\s+(\d+)')::int};
is($node->safe_psql('postgres', qq{
	COPY copied FROM '$folder/none.avro' WITH (FORMAT avro);
	SELECT $own_memory AS before \\gset
	COPY copied FROM '$folder/empty.avro' WITH (FORMAT avro);
	SELECT $own_memory - :before < 16 * 1024}), 't', 'three million empty blocks take no memory');

# a block of items that is said to be longer than its items are: whoever skips it and whoever reads them must not differ
my $list = '{"type":"record","name":"r","fields":[{"name":"list","type":{"type":"array","items":"int"}},{"name":"word","type":"string"}]}';
my $record = "\1\x08\x02" . "\0\2x" . "\0\4yz";    # of one item and 4 bytes
write_file("$folder/longer.avro", "Obj\1\2\x16avro.schema" . pack('CC', (2 * length($list)) & 127 | 128, 2 * length($list) >> 7) . "$list\0$sync\2"
	  . chr(2 * length($record)) . $record . $sync);
foreach my $load ("COPY copied (list, word) FROM '$folder/longer.avro' WITH (FORMAT avro, ON_ERROR reject)", "SELECT * FROM read_avro('$folder/longer.avro') AS t(list int[], word text)",
	"SELECT * FROM read_avro('$folder/longer.avro') AS t(word text)")
{
	my (undef, undef, $error) = $node->psql('postgres', "\\set VERBOSITY verbose\n$load");
	like($error, qr/ERROR:  22P04: (items take 1 bytes, but their block is said to have 4|block has 4 bytes after its last record)/, "a size that is not that of the items: $load");
}

# what is wrong after a block is not in it
write_file("$folder/twice.avro", slurp_file("$folder/none.avro") x 2);
my (undef, undef, $twice) = $node->psql('postgres', "COPY copied FROM '$folder/twice.avro' WITH (FORMAT avro)");
like($twice, qr/another Avro file begins behind block 1\nDETAIL:  Its header is at byte \d+\.\nHINT:  .*\nCONTEXT:  COPY copied, file "[^"]*twice.avro"$/m, 'two files in one');

# a backup: any change of its file or its manifest is found before the table is touched
my $id = $node->safe_psql('postgres', "SELECT backup_id FROM backup_table('things', '$folder/backups')");
foreach my $name ('public.things.avro', 'manifest.json')
{
	my $path = "$folder/backups/$id/$name";
	my $good = slurp_file($path);
	my $mode = (stat $path)[2] & 07777;
	my ($statements, @changes) = ('');
	foreach my $try (1 .. 40)
	{
		my $at = int(rand(length $good));
		my $changed = $good;
		substr($changed, $at, 1) ^= chr(1 + int(rand(255)));
		$changed = substr($good, 0, $at) if $try % 4 == 0;
		write_file("$folder/damaged-$name-$try", $changed);
		push @changes, "$try at $at";
		$statements .= "\\! cp '$folder/damaged-$name-$try' '$path'\nSELECT restore_table('things', '$id', '$folder/backups');\n";
	}
	my ($status, $out, $error) = $node->psql('postgres', "\\set VERBOSITY sqlstate\nSET client_min_messages = error;\n$statements", on_error_stop => 0);
	is($out, '', "$name: nothing is restored");
	my @codes = $error =~ /ERROR:  (\w+)/g;
	is(scalar(@codes), 40, "$name: each change is found") or diag(join(', ', @changes));
	is_deeply([ grep { $_ !~ /^22P0[24]$/ } @codes ], [], "$name: as malformed") or diag("@codes");
	write_file($path, $good);
	is($node->safe_psql('postgres', "SELECT rows_restored FROM restore_table('things', '$id', '$folder/backups')"), '2', "$name: as it was, it is restored");
}
done_testing();

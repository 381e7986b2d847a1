# Files that are compressed, in every format, from every place, whole, damaged and cut off; what they take of memory and time.
use strict;
use warnings;
use IO::Socket::UNIX;
use IPC::Run ();
use POSIX qw(mkfifo);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $node = PostgreSQL::Test::Cluster->new('compressed');
$node->init(extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "fsync = off\nsession_preload_libraries = 'pg_ferry'\n");
$node->start;
my $folder = PostgreSQL::Test::Utils::tempdir();
chmod 0755, $folder;
$node->safe_psql('postgres', q{
	CREATE EXTENSION pg_ferry;
	CREATE TABLE goods (id int PRIMARY KEY, name text NOT NULL);
	CREATE TABLE zeros (line text)});

sub write_file
{
	my ($name, $bytes) = @_;
	open(my $file, '>:raw', "$folder/$name") or die "$!";
	print $file $bytes;
	close $file;
	return "$folder/$name";
}

sub read_bytes_of { my ($path) = @_; local $/; open(my $file, '<:raw', $path) or die "$!"; return <$file>; }

# What a program makes of a file.
sub compress
{
	my ($program, $path) = @_;
	my $bytes = '';
	IPC::Run::run([ split / /, $program ], '<', $path, '>', \$bytes, '2>', '/dev/null') or die "$program failed";
	return $bytes;
}

# What sniff_csv() says of a file beside its compression, and a table that was made for it.
sub sniffed
{
	my ($path, $compression) = @_;
	return $node->safe_psql('postgres', qq{
		SELECT to_jsonb(s) - 'compression' - 'load_command', s.compression = '$compression' FROM sniff_csv('$path') s;
		SELECT rows_read, rows_loaded, rows_rejected FROM create_table_from('$path', 'made');
		SELECT count(*), md5(string_agg(m::text, ',' ORDER BY m::text)) FROM made m;
		DROP TABLE made});
}

sub load { my ($sql) = @_; return $node->safe_psql('postgres', "TRUNCATE goods, zeros; $sql"); }
sub content { return $node->safe_psql('postgres', q{SELECT count(*), md5(string_agg(g::text, ',' ORDER BY id)) FROM goods g}); }

sub error_of
{
	my ($sql) = @_;
	my ($status, undef, $error) = $node->psql('postgres', "\\set VERBOSITY verbose\n$sql", on_error_stop => 1);
	isnt($status, 0, 'an error') or diag($sql);
	return $error;
}

my %programs = (gzip => 'gzip -c', zstandard => 'zstd -q -c', bzip2 => 'bzip2 -c', xz => 'xz -c', lz4 => 'lz4 -q -c');
my $rows = 30_000;
my $plain = write_file('plain.csv', join('', map { $_ % 1000 == 0 ? "$_,\n" : "$_,name $_ of \"many\"\n" } 1 .. $rows));
my $first = write_file('first.csv', join('', map { "$_,one\n" } 1 .. 500));
my $second = write_file('second.csv', join('', map { "$_,two\n" } 501 .. 1000));
my $empty = write_file('empty.csv', '');

# the oracle: what the plain file gives
my $count = load("SELECT rows_read, rows_loaded, rows_rejected FROM load_csv('goods', '$plain')");
is($count, "$rows|29970|30", 'the plain file');
my $expected = content();
my $sniffed = sniffed($plain, 'none');
like($sniffed, qr/\|t\n30000\|30000\|0\n30000\|/, 'which a table can be made for');

my $socket;
sub send_message { my ($type, $body) = @_; $socket->syswrite($type . pack('N', 4 + length $body) . $body) // die "$!"; return; }

# Sends a query by hand and bytes for its COPY, as they are: psql sends lines of text. Returns the tag of the command or the error.
sub copy_by_hand
{
	my ($sql, $bytes) = @_;
	$socket = IO::Socket::UNIX->new($node->host . '/.s.PGSQL.' . $node->port) or die "$!";
	my $start = pack('N', 196608) . "user\0postgres\0database\0postgres\0\0";
	$socket->syswrite(pack('N', 4 + length $start) . $start);
	my ($answer, $ready) = ('', 0);
	for (;;)
	{
		my $head = '';
		while (length $head < 5) { $socket->sysread($head, 5 - length $head, length $head) or return $answer; }
		my ($type, $length) = unpack('a1N', $head);
		my $body = '';
		while (length $body < $length - 4) { $socket->sysread($body, $length - 4 - length $body, length $body) or return $answer; }
		$answer .= $body =~ s/\0/ /gr if $type eq 'C' || $type eq 'E';
		if ($type eq 'G')
		{
			send_message('d', $_) foreach unpack('(a8192)*', $bytes);
			send_message('c', '');
		}
		next if $type ne 'Z';
		return $answer if $ready++;
		send_message('Q', "$sql\0");
	}
	return;
}

foreach my $format (sort keys %programs)
{
	my $bytes = compress($programs{$format}, $plain);
	my $file = write_file("plain.csv.$format", $bytes);
	my $loaded = "SELECT rows_read, rows_loaded, rows_rejected FROM load_csv('goods', '$file'";
	is(load("$loaded)"), $count, "$format: a file");
	is(content(), $expected, "$format: has the rows of the plain file");
	is($node->safe_psql('postgres', q{SELECT source_bytes, options ->> 'compression' FROM ferry_loads ORDER BY load_id DESC LIMIT 1}),
		length($bytes) . "|$format", "$format: the log has the bytes of the file, and how it was compressed");
	is(sniffed($file, $format), $sniffed, "$format: sniff_csv and create_table_from");
	load("COPY goods FROM '$file' WITH (FORMAT csv, ON_ERROR reject)");
	is(content(), $expected, "$format: COPY");
	load("COPY goods FROM PROGRAM 'cat $file' WITH (FORMAT csv, ON_ERROR reject, COMPRESSION auto)");
	is(content(), $expected, "$format: COPY of a program's output");
	load('');
	like(copy_by_hand('COPY goods FROM STDIN WITH (FORMAT csv, ON_ERROR reject)', $bytes), qr/COPY 29970/, "$format: COPY from a client");
	is(content(), $expected, "$format: all of it");
	mkfifo("$folder/fifo.$format", 0644) or die "$!";
	my $writer = IPC::Run::start([ 'sh', '-c', "cat '$file' >'$folder/fifo.$format'" ]);
	is(load("$loaded)" =~ s/plain.csv.$format/fifo.$format/r), $count, "$format: a FIFO");
	$writer->finish;
	like(load("$loaded, compression => 'none')"), qr/^\d+\|0\|\d+$/, "$format: compression none takes the bytes as they are");

	# several members, empty ones among them; and nothing else
	my ($one, $two, $none) = map { compress($programs{$format}, $_) } $first, $second, $empty;
	my $members = write_file("members.$format", $one . $none . $two . $none);
	is(load("SELECT rows_loaded FROM load_csv('goods', '$members')"), 1000, "$format: several members in a file");
	my $nothing = write_file("nothing.$format", $none);
	is(load("SELECT rows_read FROM load_csv('goods', '$nothing')"), 0, "$format: an empty file, compressed");
	my $more = write_file("more.$format", $one . "501,two\n");
	like(error_of("SELECT load_csv('goods', '$more')"), qr/22P04: $format data/, "$format: something else behind it is an error");

	# cut off anywhere, damaged anywhere: nothing is loaded, and the log knows nothing of it
	my $before = load('SELECT count(*) FROM ferry_loads');
	my $size = length $bytes;
	foreach my $cut (10, 11, 100, int($size / 2), $size - 5, $size - 1)
	{
		my $path = write_file("cut.$format", substr($bytes, 0, $cut));
		my $error = error_of("SELECT load_csv('goods', '$path')");
		like($error, qr/ERROR:  22P04: $format data ends too early\n/, "$format: cut at byte $cut");
		like($error, qr/CONTEXT:  file "\Q$path\E", byte $cut\n/, "$format: which is said");
		like(error_of("SELECT create_table_from('$path', 'made')"), qr/ERROR:  22P04: $format data ends too early\n/, "$format: no table of it");
	}
	foreach my $at (int($size / 3), int($size / 2), int($size * 0.9))
	{
		my $damaged = $bytes;
		substr($damaged, $at, 4) = pack('N', unpack('N', substr($bytes, $at, 4)) ^ 0x10100101);
		my $path = write_file("damaged.$format", $damaged);
		my $error = error_of("COPY goods FROM '$path' WITH (FORMAT csv, ON_ERROR reject)");
		like($error, qr/ERROR:  22P04: $format data (is damaged|ends too early)\n.*file "\Q$path\E", byte \d+/s, "$format: damaged at byte $at");
	}
	is($node->safe_psql('postgres', 'SELECT count(*) FROM goods'), 0, "$format: nothing of them is loaded");
	is($node->safe_psql('postgres', 'SELECT count(*) FROM ferry_loads'), $before, "$format: nor in the log");
	my $twice = write_file("twice.$format", compress('gzip -c', $file));
	like(error_of("SELECT load_csv('goods', '$twice')"), qr/0A000: gzip data holds $format data/, "$format: compressed twice");
}

like(copy_by_hand('COPY goods FROM STDIN WITH (FORMAT csv, ON_ERROR reject)', substr(compress('gzip -c', $plain), 0, 5000)),
	qr/22P04.*gzip data ends too early.*\\copy sends lines of text.*STDIN, byte 5000/s, 'a client is told what may have cut its data');
like(error_of("COPY goods FROM PROGRAM 'gzip -c $plain | head -c 1000; exit 3' WITH (FORMAT csv, ON_ERROR reject)"),
	qr/38000: program .* failed/, 'of a program that failed, that is told');
like(error_of("COPY goods FROM PROGRAM 'gzip -c $plain | head -c 1000' WITH (FORMAT csv, ON_ERROR reject)"),
	qr/22P04: gzip data ends too early\n.*program "gzip .*", byte 1000/s, 'of one that did not, that its output ends');
my $gzip = "$folder/plain.csv.gzip";
like(load("COPY goods FROM PROGRAM 'zcat $gzip' WITH (FORMAT csv, ON_ERROR reject); SELECT count(*) FROM goods"), qr/^29970$/, 'a program may decompress');

# text that begins like a compressed file
my $text = write_file('bzh.csv', "BZh9 is how files of bzip2 begin\nBZh91AY&SY\n");
is(load("SELECT rows_loaded FROM load_csv('zeros', '$text'); SELECT string_agg(line, '|') FROM zeros"),
	"2\nBZh9 is how files of bzip2 begin|BZh91AY&SY", 'text is no compressed file');

# bytes of zero get through psql where the encoding says that there are some
my $wide = write_file('wide.csv', pack('v*', unpack('C*', "1,Gr\xf6\xdfe\nx,y\n2,two\n")));
load("\\copy goods FROM '$wide' WITH (FORMAT csv, ON_ERROR reject, ENCODING 'utf-16le')");
is($node->safe_psql('postgres', q{SELECT id, name = U&'Gr\00F6\00DFe' FROM goods; SELECT raw_row FROM ferry_rejects ORDER BY load_id DESC LIMIT 1}),
	"1|t\n2|f\nx,y", "UTF-16 from psql's \\copy");

# Avro files that are compressed as a whole
$node->safe_psql('postgres', qq{
	TRUNCATE goods;
	INSERT INTO goods VALUES (1, 'one'), (2, 'two');
	COPY goods TO '$folder/goods.avro' WITH (FORMAT avro)});
system("zstd -q '$folder/goods.avro'; chmod 644 '$folder/goods.avro.zst'");
is($node->safe_psql('postgres', qq{
	SELECT * FROM read_avro('$folder/goods.avro.zst') AS (id int, name text);
	TRUNCATE goods;
	COPY goods FROM '$folder/goods.avro.zst' WITH (FORMAT avro);
	SELECT count(*) FROM goods;
	SELECT rows_loaded FROM create_table_from('$folder/goods.avro.zst', 'made');
	TABLE made;
	DROP TABLE made}), "1|one\n2|two\n2\n2\n1|one\n2|two", 'Avro files may be compressed as a whole');
write_file('cut.avro.zst', substr(read_bytes_of("$folder/goods.avro.zst"), 0, 100));
like(error_of("SELECT * FROM read_avro('$folder/cut.avro.zst') AS (id int, name text)"), qr/22P04: zstandard data ends too early/, 'or cut off');

# --- bombs

# What a statement takes beside what the session had before, in kilobytes.
sub memory_of
{
	my ($statement) = @_;
	my $status = q{substring(pg_read_file('/proc/self/status') FROM '%s:\s+(\d+)')::int};
	my @lines = split /\n/, $node->safe_psql('postgres', 'SELECT ' . sprintf($status, 'RssAnon') . qq{ AS before \\gset
		$statement;
		SELECT } . join(' - ', map { sprintf($status, $_) } 'VmHWM', 'RssShmem', 'RssFile') . ' - :before');
	return ($lines[-1], $lines[0]);
}

# 100 MB of zeros, many times over
write_file('zeros', "\0" x 100_000_000);
foreach my $format (sort keys %programs)
{
	my $member = compress($programs{$format}, "$folder/zeros");
	my $bomb = write_file("bomb.$format", $member x 10);
	my ($kilobytes, $answer) = memory_of("SET pg_ferry.max_record_bytes = '64kB'; SELECT rows_read, rows_rejected FROM load_csv('zeros', '$bomb')");
	is($answer, '1|1', "$format: 1 GB of zeros in " . length($member) * 10 . ' bytes is one reject');
	cmp_ok($kilobytes, '<', 16 * 1024, "$format: it takes $kilobytes kB");
	write_file("bomb.$format", $member x 100);

	my $output = '';
	my $session = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres') . ' application_name=victim', '-c',
		"SELECT load_csv('zeros', '$bomb')" ], '<', '/dev/null', '>', \$output, '2>', \$output, IPC::Run::timeout(180));
	my $pid = '';
	while ($pid eq '')
	{
		$pid = $node->safe_psql('postgres', q{SELECT pid FROM pg_stat_progress_copy JOIN pg_stat_activity USING (pid) WHERE application_name = 'victim' UNION SELECT pid FROM pg_stat_activity WHERE application_name = 'victim' AND state = 'active'});
	}
	sleep(0.3);
	my $milliseconds = $node->safe_psql('postgres', qq{
		SELECT clock_timestamp() AS start, pg_cancel_backend($pid) \\gset
		DO \$\$ BEGIN WHILE EXISTS (SELECT FROM pg_stat_get_activity($pid) WHERE state = 'active') LOOP PERFORM pg_sleep(0.001), pg_stat_clear_snapshot(); END LOOP; END \$\$;
		SELECT round(extract(epoch FROM clock_timestamp() - :'start') * 1000)});
	$session->finish;
	like($output, qr/canceling statement due to user request/, "$format: a bomb can be cancelled");
	cmp_ok($milliseconds, '<', 1000, "$format: within $milliseconds ms");
}

# --- progress counts the bytes of the file

$node->safe_psql('postgres', q{
	TRUNCATE goods;
	CREATE TABLE seen (processed bigint, total bigint);
	CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		PERFORM pg_stat_clear_snapshot();
		INSERT INTO seen SELECT bytes_processed, bytes_total FROM pg_stat_progress_copy WHERE pid = pg_backend_pid();
		RETURN NEW;
	END $$;
	CREATE TRIGGER look BEFORE INSERT ON goods FOR EACH ROW WHEN (NEW.id % 100 = 0) EXECUTE FUNCTION look()});
load("SELECT load_csv('goods', '$gzip')");
my $size = -s $gzip;
is($node->safe_psql('postgres', "SELECT bool_and(processed BETWEEN 0 AND total), bool_and(total = $size), max(processed) > $size / 2 FROM seen"),
	't|t|t', 'progress is that of the bytes of the file');

$node->stop;
done_testing();

# COPY ... ON_ERROR reject as clients see it: psql's \copy as an ordinary user, how the library gets loaded, the messages of the
# protocol, cancels, programs, and other modules in the chain of hooks.
use strict;
use warnings;
use IO::Socket::UNIX;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $node = PostgreSQL::Test::Cluster->new('copy_reject');
$node->init(extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "fsync = off\n");
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION pg_ferry;
	CREATE TABLE goods (id int PRIMARY KEY, name text NOT NULL);
	CREATE ROLE loader LOGIN;
	GRANT INSERT ON goods TO loader;
	CREATE DATABASE plain;
});

my $folder = PostgreSQL::Test::Utils::tempdir();

sub write_file
{
	my ($name, $text) = @_;
	open(my $file, '>:raw', "$folder/$name") or die "$!";
	print $file $text;
	close $file;
	return "$folder/$name";
}

my $small = write_file('small.csv', "1,one\n2,\nx,three\n4,four\n");

# --- how the library gets loaded

my ($status, $out, $error) = $node->psql('postgres', "COPY goods FROM STDIN WITH (FORMAT csv, ON_ERROR reject)");
like($error, qr/on_error.*not recognized/i, 'without the library it is the statement of core');
is($node->safe_psql('postgres', q{
	SET client_min_messages = warning;
	SELECT rows_loaded FROM insert_rows('goods', '[{"id": 100, "name": "a hundred"}]');
	COPY goods FROM PROGRAM 'echo 101,more; echo 102' WITH (FORMAT csv, ON_ERROR reject);
	SELECT count(*) FROM goods}), "1\n2", 'a call of a function loads the library');
$node->safe_psql('postgres', 'TRUNCATE goods');
$node->safe_psql('postgres', "ALTER DATABASE $_ SET session_preload_libraries = 'pg_ferry'") foreach 'postgres', 'plain';

# --- psql's \copy, as a user who may do nothing but INSERT

($status, $out, $error) = $node->psql('postgres', "\\set QUIET off\n\\copy goods FROM '$small' WITH (FORMAT csv, ON_ERROR reject)", extra_params => [ '-U', 'loader' ]);
is($out, 'COPY 2', 'the command tag has the number of rows that were loaded');
like($error, qr/NOTICE:  2 rows were rejected\nHINT:  To see them: SELECT \* FROM ferry_rejects WHERE load_id = (\d+);/, 'a notice tells of the rejects');
my ($hint) = $error =~ /(SELECT .*;)/;
is($node->safe_psql('postgres', $hint =~ s/\*/line_number, sqlstate, raw_row/r, extra_params => [ '-U', 'loader' ]), "2|23502|2,\n3|22P02|x,three",
	'and how to see them');
($status, $out, $error) = $node->psql('postgres', "COPY goods FROM '$small' WITH (FORMAT csv, ON_ERROR reject)", extra_params => [ '-U', 'loader' ]);
like($error, qr/pg_read_server_files/, 'files of the server need the role');
($status, $out, $error) = $node->psql('postgres', "COPY goods FROM PROGRAM 'true' WITH (FORMAT csv, ON_ERROR reject)", extra_params => [ '-U', 'loader' ]);
like($error, qr/pg_execute_server_program/, 'programs need the role');
($status, $out, $error) = $node->psql('plain', "CREATE TABLE t (a int); \nCOPY t FROM STDIN WITH (ON_ERROR reject)");
like($error, qr/extension "pg_ferry" is not installed in this database\nHINT:  Run CREATE EXTENSION pg_ferry/, 'a database without the extension');

# --- a lot of rows, and an error while they are still being sent

my $rows = 300_000;
my $large = write_file('large.csv', join('', map { $_ % 1000 == 0 ? "$_,\n" : "$_,\"name, of $_\"\n" } 1 .. $rows));
$node->safe_psql('postgres', 'TRUNCATE goods');
$node->psql('postgres', "\\copy goods FROM '$large' WITH (FORMAT csv, ON_ERROR reject)", extra_params => [ '-U', 'loader' ]);
is($node->safe_psql('postgres', 'SELECT count(*), sum(id), max(name) FROM goods'),
	join('|', $rows - $rows / 1000, $rows * ($rows + 1) / 2 - 1000 * ($rows / 1000) * ($rows / 1000 + 1) / 2, 'name, of 99999'), 'all good rows of a large file');
is($node->safe_psql('postgres', 'SELECT count(*), min(line_number), max(line_number) FROM ferry_rejects JOIN ferry_loads USING (load_id) WHERE rows_read = 300000'),
	"300|1000|$rows", 'and all bad ones');
$node->safe_psql('postgres', 'TRUNCATE goods');
($status, $out, $error) = $node->psql('postgres',
	"\\copy goods FROM '$large' WITH (FORMAT csv, ON_ERROR reject, REJECT_LIMIT 2)\nSELECT count(*) FROM goods;\n\\copy goods FROM '$small' WITH (FORMAT csv, ON_ERROR reject)\nSELECT count(*) FROM goods;",
	on_error_stop => 0);
like($error, qr/more than 2 rows were rejected\nDETAIL:  line 1000: .*\nline 2000: .*\nline 3000: /, 'over the limit the load ends');
is($out, "0\n2", 'nothing is loaded, and the connection goes on');

# --- the protocol, by hand

my $socket;

sub send_message { my ($type, $body) = @_; $socket->syswrite($type . pack('N', 4 + length $body) . $body) // die "$!"; return; }

sub read_bytes
{
	my ($count) = @_;
	my $bytes = '';
	while (length $bytes < $count)
	{
		my $ready = '';
		vec($ready, fileno($socket), 1) = 1;
		select($ready, undef, undef, $PostgreSQL::Test::Utils::timeout_default) or die 'no answer';
		$socket->sysread($bytes, $count - length $bytes, length $bytes) or return undef;
	}
	return $bytes;
}

# Reads messages until one of a type that is asked for; all of them as "type:content", rows and errors in short.
sub read_until
{
	my ($types) = @_;
	my @seen;
	for (;;)
	{
		my $head = read_bytes(5) // return (@seen, 'end');
		my ($type, $length) = unpack('a1N', $head);
		my $body = $length > 4 ? read_bytes($length - 4) : '';
		$body = join(' ', map { /^[CM](.*)/s ? $1 : () } split /\0/, $body) if $type eq 'E';
		$body =~ s/\0$// if $type eq 'C';
		$body = substr($body, 6) if $type eq 'D';
		$body = unpack('H*', $body) if $type eq 'G';
		$body = '' if $type =~ /[ZTNSKR]/;
		push @seen, "$type:$body" unless $type =~ /[SKRNT]/;
		return @seen if index($types, $type) >= 0;
	}
}

sub connect_by_hand
{
	$socket = IO::Socket::UNIX->new($node->host . '/.s.PGSQL.' . $node->port) or die "$!";
	my $body = pack('N', 196608) . "user\0postgres\0database\0postgres\0\0";
	$socket->syswrite(pack('N', 4 + length $body) . $body);
	read_until('Z');
	return;
}

sub query { my ($sql) = @_; send_message('Q', "$sql\0"); return; }
sub answer { my ($sql) = @_; query($sql); return join(' ', read_until('Z')); }

my $copy = 'COPY goods FROM STDIN WITH (FORMAT csv, ON_ERROR reject)';
connect_by_hand();
$node->safe_psql('postgres', 'TRUNCATE goods');

query("$copy; SELECT 7");
is(join(' ', read_until('G')), 'G:00000200000000', 'two columns in a format of text are asked for');
send_message('d', $_) foreach '1,o', "ne\n2,", "\n", '';
send_message('H', '');
send_message('S', '');
send_message('d', "3,three");
send_message('c', '');
is(join(' ', read_until('Z')), 'C:COPY 2 D:7 C:SELECT 1 Z:', 'records may come in pieces, Flush and Sync mean nothing');

query($copy);
read_until('G');
send_message('d', "4,four\n");
send_message('f', "no more\0");
is(join(' ', read_until('Z')), 'E:57014 COPY from stdin failed: no more Z:', 'the client may give up');
is(answer('SELECT count(*) FROM goods'), 'D:2 C:SELECT 1 Z:', 'then nothing is loaded, and the connection goes on');

query($copy);
read_until('G');
send_message('d', "4,four\n\\.\nthis, is, not, read\n");
send_message('d', "nor,this\n");
send_message('c', '');
my $marker_ends = $node->pg_version < 18;
is(join(' ', read_until('Z')), 'C:COPY 1 Z:', 'what follows the end of the data is read over');
is(answer("SELECT rows_read FROM ferry_loads ORDER BY load_id DESC LIMIT 1"), ($marker_ends ? 'D:1' : 'D:4') . ' C:SELECT 1 Z:', 'in CSV as core of this version does');

query($copy);
read_until('G');
send_message('d', "5,five\n");
send_message('Q', "SELECT 1\0");
like(join(' ', read_until('Z')), qr/E:08P01 unexpected message type 0x51 during COPY from stdin .*end$/, 'a message that does not belong there ends the connection');

connect_by_hand();
send_message('P', "\0$copy\0" . pack('n', 0));
send_message('B', "\0\0" . pack('n3', 0, 0, 0));
send_message('E', "\0" . pack('N', 0));
send_message('H', '');
is((read_until('G'))[-1], 'G:00000200000000', 'the extended protocol');
send_message('d', "6,six\nx,y\n");
send_message('c', '');
send_message('S', '');
is(join(' ', read_until('Z')), 'C:COPY 1 Z:', 'ends as the simple one');

# --- interrupts: while nothing comes, and between rows

answer("SET statement_timeout = '300ms'");
query($copy);
read_until('G');
my $started = time;
like(join(' ', read_until('Z')), qr/^E:57014 .* Z:$/, 'a timeout ends the wait for the client');
ok(time - $started < 5, 'at once');
answer('SET statement_timeout = 0');
my ($pid) = answer('SELECT pg_backend_pid()') =~ /D:(\d+)/;
query($copy);
read_until('G');
send_message('d', join('', map { "$_,name\n" } 1000 .. 3499));
$node->poll_query_until('postgres', "SELECT tuples_processed >= 2000 FROM pg_stat_progress_copy WHERE pid = $pid")
  or die 'no progress';
is($node->safe_psql('postgres', "SELECT command, type, relid::regclass, bytes_total FROM pg_stat_progress_copy WHERE pid = $pid"), 'COPY FROM|PIPE|goods|0', 'progress');
$node->safe_psql('postgres', "SELECT pg_cancel_backend($pid)");
is(join(' ', read_until('Z')), 'E:57014 canceling statement due to user request Z:', 'so does a cancel');
send_message('d', "7,seven\n");
send_message('c', '');
is(answer('SELECT count(*) FROM goods WHERE id >= 1000'), 'D:0 C:SELECT 1 Z:', 'what the client was about to send is ignored');

($status, $out, $error) = $node->psql('postgres', "SET statement_timeout = '300ms'; COPY goods FROM PROGRAM 'sleep 30' WITH (ON_ERROR reject)");
like($error, qr/canceling statement due to statement timeout/, 'a timeout ends the wait for a program');
($status, $out, $error) = $node->psql('postgres', "COPY goods FROM PROGRAM 'yes 1' WITH (ON_ERROR reject, REJECT_LIMIT 10)");
like($error, qr/more than 10 rows were rejected/, 'a program that never ends does not keep an error waiting');
is($node->safe_psql('postgres', q{
	COPY goods FROM PROGRAM 'printf "900\tone\n\\.\n"; yes' WITH (ON_ERROR reject);
	SELECT name FROM goods WHERE id = 900}), 'one', 'one whose output is not wanted to its end does not fail');
unlike($node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%sleep 30%' AND state = 'active' AND pid <> pg_backend_pid()"), qr/[1-9]/, 'nothing is left');

# --- options that not all versions have

SKIP:
{
	skip 'DEFAULT came with 16', 1 if $node->pg_version < 16;
	is($node->safe_psql('postgres', q{
		SET client_min_messages = warning;
		CREATE TABLE defaults (id int, name text DEFAULT 'standard', price int DEFAULT 1 + 1);
		COPY defaults FROM PROGRAM 'printf "1,#D,3\n2,\"#D\",#D\n#D,x,4\n"' WITH (FORMAT csv, DEFAULT '#D', ON_ERROR reject);
		COPY defaults FROM PROGRAM 'printf "4\t#D\t5\n5\t##D\t#D\n"' WITH (DEFAULT '#D', ON_ERROR reject);
		SELECT * FROM defaults ORDER BY id;
		SELECT line_number, sqlstate, column_name, reason, detail FROM ferry_rejects WHERE raw_row LIKE '#D,%'}),
		"1|standard|3\n2|#D|2\n4|standard|5\n5|##D|2\n3|22P04|id|unexpected default marker in COPY data|Column \"id\" has no default value.", 'DEFAULT');
}
SKIP:
{
	skip 'some options came with 17', 1 if $node->pg_version < 17;
	is($node->safe_psql('postgres', q{
		SET client_min_messages = warning;
		CREATE TABLE forced (id int, name text);
		COPY forced FROM PROGRAM 'printf "1,\n,\"\"\n"' WITH (FORMAT csv, FORCE_NULL *, FORCE_NOT_NULL (name), LOG_VERBOSITY verbose, ON_ERROR reject);
		SELECT id, name IS NULL FROM forced ORDER BY id;
		COPY forced FROM PROGRAM 'printf "x\ta\n2\tb\n"' WITH (ON_ERROR ignore);
		SELECT count(*) FROM ferry_loads WHERE table_name = 'forced'}), "1|f\n|t\n1", 'the options of 17; ON_ERROR ignore is the server\'s');
}

# --- another module before ours

SKIP:
{
	skip 'pg_stat_statements is not here', 1 unless $node->safe_psql('postgres', "SELECT 1 FROM pg_available_extensions WHERE name = 'pg_stat_statements'");
	$node->append_conf('postgresql.conf', "shared_preload_libraries = 'pg_ferry, pg_stat_statements'\n");
	$node->restart;
	$node->safe_psql('postgres', "CREATE EXTENSION pg_stat_statements; SELECT pg_stat_statements_reset(); TRUNCATE goods");
	$node->psql('postgres', "\\copy goods FROM '$small' WITH (FORMAT csv, ON_ERROR reject)");
	is($node->safe_psql('postgres', "SELECT calls, rows FROM pg_stat_statements WHERE query ILIKE 'COPY%goods%ON_ERROR%'"), '1|2',
		'pg_stat_statements sees the statement if it is listed behind pg_ferry');
}

$node->stop;
done_testing();

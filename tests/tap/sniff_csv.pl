# What sniff_csv() says of files that Python's csv module wrote in many dialects and encodings, compressed or not, is how they were
# written, and create_table_from() loads every row of them, and so do the statements that sniff_csv() gives and a load
# that sniffs. Each form of a value that it takes for a type is one that the server's
# input function takes.
use strict;
use warnings;
use File::Basename;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
# a style by which 31/12/2021 is no date
$node->append_conf('postgresql.conf', "TimeZone = 'UTC'\nDateStyle = 'ISO, YMD'");
$node->start;
my $folder = PostgreSQL::Test::Utils::tempdir();
my $seed = $ENV{FERRY_SEED} // 17;
my $count = $ENV{FERRY_FILES} // 300;
note("seed $seed");

my ($written, $complaint) = ('', '');
IPC::Run::run([ '/usr/bin/python3', dirname(__FILE__) . '/sniff_files.py', $folder, $count, $seed ], '>', \$written, '2>', \$complaint);
is($complaint, '', 'python writes the files');
append_to_file("$folder/expected", $written);

$node->safe_psql('postgres', qq{
	CREATE EXTENSION pg_ferry;
	CREATE TABLE expected (path text, line_end text, delimiter text, quote text, escape text, comment text, skip_lines integer,
		header boolean, compression text, encoding text, null_strings text[], names name[], types regtype[], rows integer, digest text);
	COPY expected FROM '$folder/expected' (FORMAT csv);
	CREATE FUNCTION digest_of(file expected, OUT digest text) LANGUAGE plpgsql AS \$\$
	DECLARE
		place integer := array_position(file.types, 'text'::regtype);
	BEGIN
		IF place IS NULL THEN RETURN; END IF;
		EXECUTE format('SELECT md5(string_agg(v, ''|'' ORDER BY v COLLATE "C")) FROM (SELECT coalesce(%I, ''NULL'') v FROM data) d', file.names[place]) INTO digest;
	END \$\$;
	CREATE FUNCTION load_each(way text, OUT path text, OUT digest text, OUT loaded bigint, OUT rejected bigint) RETURNS SETOF record LANGUAGE plpgsql
	SET DateStyle FROM CURRENT AS \$\$
	DECLARE
		file expected;
		sniffed record;
		made text;
		load record;
	BEGIN
		FOR file IN SELECT * FROM expected LOOP
			path := file.path;
			SELECT * INTO sniffed FROM sniff_csv(file.path);
			-- a comment where quoted fields stand for NULL
			IF way = 'create_table_from' OR sniffed.load_command LIKE '--%' THEN
				SELECT * INTO load FROM create_table_from(file.path, 'data');
			ELSE
				EXECUTE sniffed.create_table;
				made := substring(sniffed.create_table FROM 'TABLE (\\S+)');
				IF way = 'sniff' THEN
					SELECT * INTO load FROM load_csv(made::regclass, file.path, sniff => true);
				ELSE
					EXECUTE sniffed.load_command INTO load;
				END IF;
				EXECUTE format('ALTER TABLE %s RENAME TO data', made);
				SET DateStyle = 'ISO, YMD';
			END IF;
			loaded := load.rows_loaded;
			rejected := load.rows_rejected;
			digest := digest_of(file);
			DROP TABLE data;
			RETURN NEXT;
		END LOOP;
	END \$\$;
});
is($node->safe_psql('postgres', 'SELECT count(*) FROM expected'), $count, 'all of them');
is( $node->safe_psql(
		'postgres', q{
	SELECT e, s FROM expected e, sniff_csv(e.path) s
	WHERE (e.line_end, e.delimiter, e.quote, e.escape, e.comment, e.skip_lines, e.header, e.compression, e.encoding, e.null_strings, e.names, e.types)
		IS DISTINCT FROM (s.line_end, s.delimiter, s.quote, s.escape, s.comment, s.skip_lines, s.header, s.compression, s.encoding, s.null_strings,
			s.column_names, s.column_types)}),
	'', 'each is what it was written as');
for my $way ('create_table_from', 'load_command', 'sniff')
{
	is( $node->safe_psql('postgres', "SELECT e, l FROM expected e LEFT JOIN load_each('$way') l USING (path)
		WHERE (l.rejected, l.loaded, l.digest) IS DISTINCT FROM (0, e.rows, e.digest)"),
		'', "$way: each row is loaded as it was written");
}

my @forms = (
	'1 | +5 | -0 | 2147483648 | 9223372036854775808 | 1.0 | .5 | 5. | 1e5 | 1E-07 | 1e99 | -1.5e+10 | inf | -Infinity',
	'2021-12-31 | 2021/12/31 | 2021.12.31 | 2021-1-5 | 2021/1/5 | 2021.1.5 | 0001-01-01 | 9999-12-31',
	'31/12/2021 | 31-12-2021 | 31.12.2021 | 31/12/21 | 31-12-21 | 31.12.21 | 12/31/2021 | 12-31-2021 | 12.31.2021 | 12/31/21 | 12.31.21',
	'31 Dec 2021 | 31-Dec-2021 | 1 may 2021 | 31 December 2021 | 31-Dec-21 | 31 Dec 21 | Dec 31, 2021 | December 31 2021',
	'2021-12-31 10:00 | 2021-12-31T10:00:00.5 | 2021-12-31 10:00 PM | 2021-12-31 12:00 am | 2021.12.31 10:00 | 2021/12/31 1:00:00',
	'31/12/2021 10:00 | 31.12.2021 10:00:00.123456 | 31-12-2021 1:05 pm | 12/31/2021 1:05:06 AM | 31-Dec-21 10:00 | 12/31/21 10:00 PM',
	'2021-12-31T10:00:00Z | 2021-12-31 10:00 UTC | 2021-12-31 10:00:00+02 | 2021-12-31 10:00+0230 | 2021-12-31 10:00:00 -14:59 | 31/12/2021 10:00+02:00',
	'10:30 | 1:30 | 23:59:59.999999 | 10:30pm | 12:00 AM',
	'true | FALSE | Yes | no | on | OFF',
	'0b9b7b1c-1c5a-4d3e-8f52-6f2d8d1f5e1a | 0B9B7B1C-1C5A-4D3E-8F52-6F2D8D1F5E1A',
	'{} | [] | {"a":[1,2,{"b":null}]} | {"a":"\n\t\/"} | [1e308]');
my ($number, @refused) = (0);
for my $form (map { split / \| / } @forms)
{
	my $path = "$folder/form" . $number++ . '.csv';
	append_to_file($path, "id\tthing\n1\t$form\n");
	my $loaded = $node->safe_psql('postgres', "SELECT rows_loaded FROM create_table_from('$path', 'form'); SELECT pg_typeof(thing) <> 'text'::regtype FROM form; DROP TABLE form");
	push @refused, $form if $loaded ne "1\nt";
}
is("@refused", '', "$number forms of values are taken by the types that they are given");

$node->stop;
done_testing();

# Folders of files: which file goes into which table, in which order; what is loaded again and what is not; what is wrong with one
# file and what with all. Digests are those of Digest::SHA, rows are counted by hand.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use Encode qw(encode);
use IO::Compress::Gzip qw(gzip);
use IPC::Run ();
use POSIX qw(mkfifo);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('folder');
$node->init(extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "fsync = off\nsession_preload_libraries = 'pg_ferry'\n");
$node->start;
my $top = PostgreSQL::Test::Utils::tempdir();
chmod 0755, $top;
my ($folder, $folders) = ('', 0);

# The files of a test are in a folder of their own, all old.
sub new_folder { $folder = "$top/f" . ++$folders; mkdir $folder; }

sub write_file
{
	my ($name, $bytes) = @_;
	open(my $file, '>:raw', "$folder/$name") or die "$name: $!";
	print $file $bytes;
	close $file;
	age($name);
}

# Another time than the file had before.
my $age = 1_000_000;
sub age { my ($name) = @_; my $time = time - ($age -= 10); utime $time, $time, "$folder/$name"; }

sub append
{
	my ($name, $bytes) = @_;
	open(my $file, '>>:raw', "$folder/$name") or die "$name: $!";
	print $file $bytes;
	close $file;
	age($name);
}

sub read_bytes_of { my ($path) = @_; local $/; open(my $file, '<:raw', $path) or die "$!"; return <$file>; }
sub zipped { my ($bytes) = @_; my $out; gzip(\$bytes, \$out); return $out; }
sub query { my ($sql) = @_; return $node->safe_psql('postgres', $sql); }

# What load_folder says of the files, without the folder: name, table, status, rows loaded and rejected; and the reason, if asked.
sub loaded
{
	my ($arguments, $with_reason) = @_;
	my $reason = $with_reason ? ', reason' : '';
	return query(qq{SELECT regexp_replace(path, '.*/', ''), table_name, status, rows_loaded, rows_rejected$reason
		FROM load_folder('$folder'@{[ $arguments ? ", $arguments" : '' ]})}) =~ s/\Q$folder\E/FOLDER/gr;
}

# The SQLSTATE and the message of a statement that fails.
sub failure
{
	my ($sql, $user) = @_;
	my (undef, undef, $error) = $node->psql('postgres', "\\set VERBOSITY verbose\n" . ($user ? "SET ROLE $user;\n" : '') . $sql);
	return $error =~ /ERROR:  (\w{5}: [^\n]*)/ ? $1 : $error;
}

query(q{
	CREATE EXTENSION pg_ferry;
	CREATE TABLE jobs (id integer PRIMARY KEY, job text NOT NULL);
	CREATE TABLE departments (id integer PRIMARY KEY, department text NOT NULL);
	CREATE TABLE hired_employees (id integer PRIMARY KEY, name text, department_id integer REFERENCES departments, job_id integer REFERENCES jobs);
	CREATE SCHEMA shop;
	CREATE TABLE shop.parts (id integer, name text);
	CREATE TABLE jobs_2021 (id integer, job text);
	CREATE TABLE lines (n integer, line text);
});

# --- which file goes where, in which order

new_folder();
write_file('hired_employees_001.csv.gz', zipped("1,Ann,1,1\n2,Bob,2,9\n3,Cy,1,2\n"));
write_file('hired_employees_002.csv', "4,Di,2,1\n");
write_file('Departments-2021-07.CSV', "department;id\nSales;1\nCare;2\n");
write_file('jobs.tsv', "1\tSailor\n2\tCook\n");
write_file('jobs_2021.csv', "id,job\n7,Old\n");
write_file('shop.parts.csv', "1,Bolt\n2,Nut\n");
write_file('prices.csv', "1,2\n");
write_file('jobs.sql', "1,x\n");
write_file('jobs.csv.md5', "1,x\n");
write_file('.jobs.csv', "1,x\n");
write_file('jobs_3.csv', '');
write_file("na\xffme.csv", "1,x\n");
mkfifo("$folder/jobs_4.csv", 0644);
symlink("$folder/nowhere", "$folder/jobs_5.csv");
mkdir "$folder/jobs";
write_file('six.csv', "6,Six\n");
mkdir "$folder/jobs_8.csv";
rename("$folder/six.csv", "$folder/jobs/six.csv");
symlink('jobs/six.csv', "$folder/jobs_6.csv");
write_file('jobs_7.csv', "9,Hidden\n");
chmod 0, "$folder/jobs_7.csv";
is(loaded('', 1), <<'E' =~ s/\n\z//r, 'parents first, each file into its table, and what cannot be loaded is told');
Departments-2021-07.CSV|departments|loaded|2|0|
jobs.tsv|jobs|loaded|2|0|
jobs_3.csv|jobs|skipped|0|0|it is empty
jobs_4.csv|jobs|failed|0|0|it is no regular file
jobs_5.csv|jobs|failed|0|0|could not stat file: No such file or directory
jobs_6.csv|jobs|loaded|1|0|
jobs_7.csv|jobs|failed|0|0|could not open file "FOLDER/jobs_7.csv" for reading: Permission denied
hired_employees_001.csv.gz|hired_employees|loaded|2|1|
hired_employees_002.csv|hired_employees|loaded|1|0|
jobs_2021.csv|jobs_2021|loaded|1|0|
shop.parts.csv|shop.parts|loaded|2|0|
jobs.csv.md5||skipped|0|0|its name does not end like that of a CSV or Avro file
jobs.sql||skipped|0|0|its name does not end like that of a CSV or Avro file
na?me.csv||skipped|0|0|its name is no text in the encoding of the database
prices.csv||skipped|0|0|there is no table of that name
E
is(query('SELECT string_agg(name, $$,$$ ORDER BY id) FROM hired_employees'), 'Ann,Cy,Di', 'the rows are there');
is(query('SELECT string_agg(department, $$,$$ ORDER BY id) FROM departments'), 'Sales,Care', 'columns went by the names of the header');
is(query("SELECT source_digest, source_bytes FROM ferry_loads WHERE source = '$folder/hired_employees_001.csv.gz'"),
	'sha256:' . sha256_hex(read_bytes_of("$folder/hired_employees_001.csv.gz")) . '|' . -s "$folder/hired_employees_001.csv.gz",
	'the log has size and digest of the file as it is stored');
query("SELECT * FROM load_csv('lines', '$folder/jobs_2021.csv')");
is(query(q{SELECT count(source_digest) FROM ferry_loads WHERE table_name = 'lines'}), 0, 'and of load_csv none');

my $before = query('SELECT count(*) FROM ferry_loads');
is(query(qq{SELECT string_agg(DISTINCT f.status, ' '), sum(f.rows_loaded), bool_and(f.load_id = l.load_id)
	FROM load_folder('$folder/') f JOIN ferry_loads l ON l.source = f.path AND l.source_digest IS NOT NULL}), 'unchanged|0|t',
	'a second time nothing is loaded');
is(query('SELECT count(*) FROM ferry_loads'), $before, 'and nothing logged');
is(query(qq{SELECT string_agg(DISTINCT status, ' ' ORDER BY status)
	FROM load_folder('$folder', changed_only => false, on_conflict => 'skip') WHERE load_id IS NOT NULL}), 'loaded', 'but if it is asked for');

# --- a pattern, a mapping

new_folder();
write_file('a1.dat', "1,x\n");
write_file('a2.dat', "2,x\n");
write_file('b1.dat', "3,x\n");
is(loaded(q{pattern => 'a[2-9].d?t'}, 1), 'a2.dat||skipped|0|0|there is no table of that name', 'a pattern chooses files, whatever they end with');
is(loaded(q{'{"^a": "lines", "^b": "shop.nothing"}'}, 1), <<'E' =~ s/\n\z//r, 'expressions say which table');
a1.dat|lines|loaded|1|0|
a2.dat|lines|loaded|1|0|
b1.dat||skipped|0|0|there is no table shop.nothing
E
is(loaded(q{'{"1": "lines", "^b": "jobs_2021", "a.*": "lines"}'}, 1), <<'E' =~ s/\n\z//r, 'an object has no order, and so no first match');
a1.dat|lines|unchanged|0|0|
a2.dat|lines|unchanged|0|0|
b1.dat||failed|0|0|both "1" and "^b" of mapping match (An array of objects, one for each expression, says which comes first.)
E
is(loaded(q{'[{"^b": "jobs_2021"}, {"": "lines"}]'}), <<'E' =~ s/\n\z//r, 'an array has');
a1.dat|lines|unchanged|0|0
a2.dat|lines|unchanged|0|0
b1.dat|jobs_2021|loaded|1|0
E
is(failure("SELECT load_folder('$folder', '$_->[0]')") =~ /\A(\w+)/ ? $1 : '', $_->[1], "mapping $_->[0]")
	for [ '{"(": "lines"}', '2201B' ], [ '{"a": 1}', '22023' ], [ '{"a": "x..y"}', '42602' ], [ '[1]', '22023' ], [ '"x"', '22023' ];

# --- dialects

new_folder();
query('TRUNCATE lines, jobs_2021; CREATE TABLE people (name text, city text, born date, left_on date)');
write_file('people_1.csv', "city,name\nRome,Ann\nOslo,Bob\n");
write_file('people_2.csv', "name;born;city;left_on\n\"Cy; jun.\";31/12/1980;\"\";\"\"\nDi;01/02/1990;Bonn;25/06/2001\n");
write_file('people_3.csv', encode('UTF-16LE', "\x{feff}name\tcity\nEve\tZ\x{fc}rich\nFil\tK\x{f6}ln\n"));
write_file('people_4.csv', encode('latin1', "name,city\nGus,Z\x{fc}rich\n"));
write_file('people_5.csv', "Report of July\n\nname,city,born\nHal,Lyon,1999-01-01\nIda,Nice,1998-01-01\n");
is(loaded('', 1), join("\n", map { "people_$_.csv|people|loaded|" . ($_ == 4 ? 1 : 2) . '|0|' } 1 .. 5), 'each file is read as it is');
is(query('SELECT name, city, born, left_on FROM people ORDER BY name'), <<"E" =~ s/\n\z//r, 'and the values are those that a person sees');
Ann|Rome||
Bob|Oslo||
Cy; jun.||1980-12-31|
Di|Bonn|1990-02-01|2001-06-25
Eve|Z\xc3\xbcrich||
Fil|K\xc3\xb6ln||
Gus|Z\xc3\xbcrich||
Hal|Lyon|1999-01-01|
Ida|Nice|1998-01-01|
E
is(query('SELECT count(*) FROM people WHERE city = $$$$'), 1, 'an empty text in quotes stays one');
is(query("SELECT string_agg(DISTINCT status, ' ') FROM load_folder('$folder')"), 'unchanged', 'whatever the encoding, a file is known again');
write_file('people_6.csv', "a,b|c,d\n");
is(loaded(q{pattern => '*6*', header => false, delimiter => '|'}, 1), 'people_6.csv|people|loaded|0|1|', 'what is given is not found out');
is(query('SELECT raw_row, reason FROM ferry_rejects ORDER BY load_id DESC LIMIT 1'), 'a,b|c,d|missing data for column "born"', 'by the delimiter that was given');
is(loaded(q{pattern => '*1*', header => false, changed_only => false}, 1), 'people_1.csv|people|loaded|0|3|', 'a header is a record where there is none');

new_folder();
query("COPY (SELECT 1 AS n, 'avro' AS line) TO '$folder/lines.avro' (FORMAT avro)");
age('lines.avro');
is(loaded(), 'lines.avro|lines|loaded|1|0', 'Avro');
is(loaded(), 'lines.avro|lines|unchanged|0|0', 'which is known again');

# --- files that grow

sub continued
{
	my ($name, $start, $more, $expected, $what) = @_;
	new_folder();
	query('TRUNCATE lines');
	write_file($name, $start);
	loaded();
	my $first = query('SELECT max(load_id) FROM ferry_loads');
	append($name, $more);
	is(loaded(), "$name|lines|$expected", $what);
	return $first;
}

my $first = continued('lines_1.csv', "n,line\n1,\"a\nb\"\nx,bad\n", "2,c\ny,bad too\n3,d\n", 'continued|2|1', 'a file that grew is continued');
is(query('SELECT string_agg(n::text, $$ $$ ORDER BY n) FROM lines'), '1 2 3', 'each row is there once');
is(query(qq{SELECT options ->> 'continues' = '$first', source_digest = 'sha256:@{[ sha256_hex(read_bytes_of("$folder/lines_1.csv")) ]}', source_bytes
	FROM ferry_loads ORDER BY load_id DESC LIMIT 1}), 't|t|' . -s "$folder/lines_1.csv", 'the log says what is continued, and of which file');
is(query('SELECT row_number, line_number, raw_row FROM ferry_rejects ORDER BY load_id DESC, row_number LIMIT 1'), '4|6|y,bad too', 'rows and lines are those of the file');
is(loaded(), 'lines_1.csv|lines|unchanged|0|0', 'then it is known');
append('lines_1.csv', "4,e\n");
is(loaded(), 'lines_1.csv|lines|continued|1|0', 'and may grow again');
is(query('SELECT (reload_rejects(max(load_id))).rows_rejected FROM ferry_rejects'), 1, 'rejects of a part can be tried again');

query('CREATE TABLE met (met date, who text)');
new_folder();
write_file('met.csv', "met,who\n01/02/2021,a\n02/02/2021,b\n");
is(loaded(), 'met.csv|met|loaded|2|0', 'dates that may have the day or the month first');
append('met.csv', "31/12/2021,c\n");
is(loaded(), 'met.csv|met|failed|0|0', 'what is to be read otherwise than the first part was is not added to it');
is(query('SELECT count(*) FROM met'), 2, 'and nothing of it is loaded');

continued('lines_2.csv', "1,a\r\n2,b\r\n", "3,c\r\n", 'continued|1|0', 'lines that end with CRLF');
continued('lines_3.csv', "1,a\r2,b\r", "3,c\r", 'continued|1|0', 'lines that end with CR');
continued('lines_4.csv', "n,line\n", "3,c\n", 'continued|1|0', 'a header that was alone');
continued('lines_5.csv', "1,a\n2,b", "c\n3,c\n", 'loaded|3|0', 'a line that was not whole: all of it is loaded');
continued('lines_6.csv', "1,a\n2,\"b\n", "c\"\n3,c\n", 'loaded|3|0', 'a record that was not whole');
continued('lines_7.csv', "1,a\n2,b\r", "\n3,c\r\n", 'loaded|3|0', 'a line end that was not whole');
continued('lines_8.csv', "\xEF\xBB\xBF1,a\n", "\xEF\xBB\xBF2,b\n", 'continued|1|0', 'a mark in the middle');
continued('lines_9.csv.gz', zipped("1,a\n"), zipped("2,b\n"), 'loaded|2|0', 'a compressed file is loaded as a whole');
continued('lines.csv', encode('UTF-16LE', "\x{feff}1,a\n2,b\n"), encode('UTF-16LE', "3,c\n"), 'loaded|3|0', 'and so is one in UTF-16');

new_folder();
query('TRUNCATE lines');
write_file('lines.csv', "1,a\n2,b\n");
loaded();
write_file('lines.csv', "1,A\n2,b\n3,c\n");
is(loaded(), 'lines.csv|lines|loaded|3|0', 'a file that grew and changed is another one');
write_file('lines.csv', "1,Z\n2,b\n3,c\n");
is(loaded(), 'lines.csv|lines|loaded|3|0', 'so is one of the same size');
write_file('lines.csv', "1,Z\n");
is(loaded(), 'lines.csv|lines|loaded|1|0', 'and one that is smaller');
age('lines.csv');
is(loaded(), 'lines.csv|lines|unchanged|0|0', 'the time alone does not matter');
is(loaded(q{'{"lines": "jobs_2021"}'}), 'lines.csv|jobs_2021|loaded|1|0', 'another table has not got it');
utime time, time, "$folder/lines.csv";
is(loaded('changed_only => false, settle_seconds => 60', 1), 'lines.csv|lines|skipped|0|0|it was modified within the last 60 seconds, and may not be whole',
	'a file being written');
is(loaded('changed_only => false, settle_seconds => 0'), 'lines.csv|lines|loaded|1|0', 'unless nobody minds');

# --- what is wrong with one file, and what with all

new_folder();
query('TRUNCATE lines');
write_file('lines_1.csv', "1,a\n");
write_file('lines_2.csv.gz', substr(zipped(join '', map { "$_," . sha256_hex($_) . "\n" } 1 .. 20000), 0, -4000));
write_file('lines_3.csv', "7,c\n8,d\nx,a\n9,e\n10,f\ny,b\n");
write_file('lines_4.csv', "n,no_such\n1,a\n2,b\n");
write_file('lines_5.csv', "\0\1\2\3\0\1\2");
write_file('lines_6.csv', "6,f\n");
write_file('lines_7.csv', "Number,Text\n1,a\n2,b\n");
like(loaded('reject_limit => 1', 1), qr/\Alines_1.csv\|lines\|loaded\|1\|0\|
lines_2.csv.gz\|lines\|failed\|0\|0\|gzip data ends too early [^\n]*
lines_3.csv\|lines\|failed\|0\|0\|more than 1 rows were rejected \(line 3: [^\n]* line 6: [^\n]*
lines_4.csv\|lines\|failed\|0\|0\|column "no_such" of relation "lines" does not exist[^\n]*
lines_5.csv\|lines\|failed\|0\|0\|[^\n]+
lines_6.csv\|lines\|loaded\|1\|0\|
lines_7.csv\|lines\|failed\|0\|0\|header line names no column of table "lines" \(If it is no header, say so by header => false\.\)\z/, 'a file that fails stops nobody');
is(query('SELECT string_agg(n::text, $$ $$ ORDER BY n) FROM lines'), '1 6', 'and leaves nothing behind');
is(query("SELECT count(*) FROM ferry_loads WHERE source ~ '^$folder/lines_[23457]'"), 0, 'nor in the log');
is(query("BEGIN; SELECT status FROM load_folder('$folder', pattern => '*_1*', changed_only => false); ROLLBACK; SELECT count(*) FROM lines"),
	"loaded\n2", 'a rollback takes all back');

query(q{
	CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN NEW; END';
	CREATE TABLE slow (n integer);
	CREATE TRIGGER slow BEFORE INSERT ON slow FOR EACH ROW EXECUTE FUNCTION slow();
	CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no space' USING ERRCODE = '53100'; END $$;
	CREATE TABLE disk (n integer);
	CREATE TRIGGER full_disk BEFORE INSERT ON disk FOR EACH ROW EXECUTE FUNCTION full_disk();
	CREATE ROLE reader; CREATE ROLE stranger; GRANT pg_read_server_files TO reader; GRANT INSERT ON lines TO reader;
});
new_folder();
query('TRUNCATE lines');
write_file('a_lines.csv', "1,a\n");
write_file('slow.csv', "1\n");
my $mapping = q{'{"a_": "lines"}'};
like(failure("SET statement_timeout = '2s'; SELECT load_folder('$folder', $mapping)"), qr/57014/, 'a cancel stops all');
is(query('SELECT count(*) FROM lines'), 0, 'and takes all back');
unlink "$folder/slow.csv";
write_file('disk.csv', "1\n");
like(failure("SELECT load_folder('$folder', $mapping)"), qr/53100/, 'so does a full disk');
unlink "$folder/disk.csv";
like(failure("BEGIN READ ONLY; SELECT load_folder('$folder')"), qr/25006/, 'a read-only transaction');
like(failure("SELECT load_folder('$folder')", 'stranger'), qr/42501: permission denied to read a file of the server/, 'who may not read files of the server');
write_file('jobs.csv', "50,x\n");
is(query("SET ROLE reader; SELECT status, reason FROM load_folder('$folder', $mapping)"), "loaded|\nfailed|permission denied for table jobs", 'who may not insert');
is(query("SELECT string_agg(status, ' ' ORDER BY status) FROM load_folder('$folder', $mapping)"), 'loaded unchanged',
	'a load by another user counts for who may see it');
like(failure("SELECT load_folder('$_->[0]'$_->[1])"), $_->[2], "$_->[0]$_->[1]")
	for [ "$folder/none", '', qr/58P01/ ], [ "$folder/jobs.csv", '', qr/could not open directory/ ], [ 'f1', '', qr/42602/ ], [ '', '', qr/42602/ ],
	[ "$folder/../x", '', qr/42602/ ], [ $folder, ', settle_seconds => -1', qr/22023/ ], [ $folder, ', reject_limit => -1', qr/22023/ ],
	[ $folder, ", delimiter => 'ab'", qr/0A000/ ], [ $folder, ", on_conflict => 'x'", qr/22023/ ], [ $folder, ', changed_only => NULL', qr/22004/ ],
	[ $folder, ', settle_seconds => NULL', qr/22004/ ];
like(failure('SELECT load_folder(NULL)'), qr/22004/, 'no folder');

# --- two at once

new_folder();
query('TRUNCATE lines');
write_file('lines.csv', join '', map { "$_,x\n" } 1 .. 1000);
my @steps = map { ('-c', $_) } 'BEGIN', "SELECT status FROM load_folder('$folder')", 'SELECT pg_sleep(2)', 'COMMIT';
my $other = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), @steps ], '<', '/dev/null', '>', '/dev/null');
$node->poll_query_until('postgres', q{SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 3 AND granted});
is(loaded(), 'lines.csv|lines|unchanged|0|0', 'who comes second waits, and finds it done');
$other->finish;
is(query('SELECT count(*) FROM lines'), 1000, 'nothing is there twice');

# --- memory does not grow with the number of files

new_folder();
query('TRUNCATE lines');
write_file("lines_$_.csv", "$_,x\n") for 1 .. 600;
my ($some, $all, $more) = split /\n/, query(qq{
	SELECT count(*) FROM load_folder('$folder', pattern => 'lines_1*');
	CREATE TEMP TABLE before AS SELECT sum(total_bytes) AS bytes FROM pg_backend_memory_contexts;
	SELECT count(*) FROM load_folder('$folder');
	SELECT sum(total_bytes) - (SELECT bytes FROM before) FROM pg_backend_memory_contexts});
is("$some $all", '111 600', 'many files');
cmp_ok($more, '<', 2_000_000, 'and little more memory');
is(query('SELECT count(*), sum(n) FROM lines'), '600|' . 600 * 601 / 2, 'each of them once');

# --- one line migrates a folder

new_folder();
$node->safe_psql('postgres', 'CREATE DATABASE migrated');
my @migrate = ('psql', '-Xq', '-d', $node->connstr('migrated'), '-v', "dir=$folder", '-f', "$ENV{FERRY_SQL}/migrate.sql");
command_checks_all(\@migrate, 3, [], [qr/ERROR:  folder could not be loaded\nDETAIL:  It has no file for a table\./], 'a folder without a file');
write_file($_, read_bytes_of("$ENV{FERRY_SAMPLES}/$_")) for 'departments.csv', 'jobs.csv', 'hired_employees.csv';
write_file('jobs_2.csv', "\0");
command_checks_all(\@migrate, 3, [], [qr/ERROR:  folder could not be loaded\nDETAIL:  [^\n]*jobs_2.csv: file is no text/], 'a file that cannot be loaded');
is($node->safe_psql('migrated', q{SELECT count(*) FROM pg_extension WHERE extname ~ 'ferry'}), 0, 'leaves nothing');
unlink "$folder/jobs_2.csv";
my $counts = qr/departments +\| +12 \| +12 \| +0 .*jobs +\| +183 \| +183 \| +0 .*hired_employees +\| +2000 \| +1920 \| +80 /s;
command_checks_all(\@migrate, 0, [$counts], [qr/\A\z/], 'a folder') for 1 .. 2;
is($node->safe_psql('migrated', 'SELECT (SELECT count(*) FROM departments), (SELECT count(*) FROM jobs), (SELECT count(*) FROM hired_employees), (SELECT count(*) FROM ferry_loads)'),
	'12|183|1920|3', 'is loaded once');

$node->stop;
done_testing();

# Out and back: tables that are odd as a whole. Names of columns that Avro does not allow, generated, dropped and identity columns,
# 1000 columns, values of 10 MB, no rows, no columns, types of extensions; in databases of several encodings. The oracle is the
# server's own COPY: the CSV of the rows before and after.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $folder = PostgreSQL::Test::Utils::tempdir();
my $node = PostgreSQL::Test::Cluster->new('tables');
$node->init(extra => [ '--locale=C', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "fsync = off\nsession_preload_libraries = 'pg_ferry'");
$node->start;

# Runs statements; returns the output, and fails where one does.
sub run_sql
{
	my ($database, $script) = @_;
	my ($status, $out, $error) = $node->psql($database, "SET client_min_messages = warning;\n$script", on_error_stop => 1);
	is($error, '', "$database: " . substr($script, 0, 60) =~ s/\s+/ /gr) if $status != 0 || $error ne '';
	return $out;
}

# The statement that has the server's own COPY write the rows of a table, ordered by their text.
sub rows_to
{
	my ($table, $name) = @_;
	return qq{COPY (SELECT * FROM $table t ORDER BY t.*::text COLLATE "C") TO '$folder/$name.csv' WITH (FORMAT csv, NULL '\\N', HEADER);\n};
}

# Takes a table out and back in every way, and compares.
sub takes_trips
{
	my ($database, $table, @codecs) = @_;
	my ($script, @ways) = (rows_to($table, 'before'));
	foreach my $profile ('interop', 'lossless')
	{
		foreach my $codec (@codecs)
		{
			push @ways, "$profile-$codec";
			$script .= qq{COPY $table TO '$folder/$ways[-1].avro' WITH (FORMAT avro, PROFILE $profile, CODEC $codec);
				CREATE TABLE back (LIKE $table INCLUDING ALL); COPY back FROM '$folder/$ways[-1].avro' WITH (FORMAT avro);} .
				rows_to('back', $ways[-1]) . 'DROP TABLE back;';
		}
		push @ways, "$profile-read";
		$script .= qq{COPY (SELECT * FROM $table) TO '$folder/$ways[-1].avro' WITH (FORMAT avro, PROFILE $profile);
			CREATE TABLE back AS SELECT * FROM read_avro(NULL::$table, '$folder/$ways[-1].avro');} . rows_to('back', $ways[-1]) . 'DROP TABLE back;';
	}
	push @ways, 'backup';
	run_sql($database, "$script SELECT backup_table('$table', '$folder/backups');
		DELETE FROM $table; SELECT restore_table('$table', directory => '$folder/backups');" . rows_to($table, 'backup'));
	my $before = slurp_file("$folder/before.csv");
	is_deeply([ grep { slurp_file("$folder/$_.csv") ne $before } @ways ], [], "$database: $table") or diag(substr($before, 0, 2000));
	unlink map { ("$folder/$_.csv", "$folder/$_.avro") } @ways;
}

# --- names: each of these is a column; in Avro some are the same
my @names = ('id', 'Id', 'ID', 'a b', 'a-b', 'a_b', 'a_b_2', 'a.b', '_', ' ', '  ', '1st', '"', '""', "'", '\\', '%s', '$1', 'select', 'value', 'pg.name',
	'null', 'tableoid_', 'n' x 63, 'n' x 62 . '-', 'n' x 62 . '_', "tab\t", "line\n");
my %more = (postgres => [ "\x{e9}", "\x{e8}", "\x{e9}" x 31 . 'x', "\x{6f22}\x{5b57}", "\x{1f600}" ], latin1 => [ "\x{e9}", "\x{e8}", "\x{e9}" x 63 ],
	sql_ascii => [ "\x{e9}", "\x{e8}" ]);
foreach my $database ('postgres', 'latin1', 'sql_ascii')
{
	my $encoding = { postgres => 'UTF8', latin1 => 'LATIN1', sql_ascii => 'SQL_ASCII' }->{$database};
	$node->safe_psql('postgres', "CREATE DATABASE $database TEMPLATE template0 ENCODING '$encoding' LOCALE 'C'") if $database ne 'postgres';
	my $columns = join(', ', map { my $name = $_; utf8::encode($name); '"' . $name =~ s/"/""/gr . '" text' } @names, @{ $more{$database} });
	my $value = "'\xc3\xa9 \xc3\x9f'";
	run_sql($database, qq{
		SET client_encoding = 'UTF8';
		CREATE EXTENSION pg_ferry;
		CREATE TABLE names ($columns);
		INSERT INTO names SELECT r.* FROM (SELECT (jsonb_populate_record(NULL::names, jsonb_object_agg(attname, attname || $value))).*
			FROM pg_attribute WHERE attrelid = 'names'::regclass AND attnum > 0) r;
		CREATE TABLE "odd ""table"" \xc3\xa9" ("x" int, t text);
		INSERT INTO "odd ""table"" \xc3\xa9" VALUES (1, $value);
		CREATE TYPE "odd type \xc3\xa9" AS ("a b" text, "a-b" int, "\xc3\xa9" text);
		CREATE TYPE feeling AS ENUM ('\xc3\xa9', 'ok');
		CREATE TABLE words (id serial PRIMARY KEY, t text, v varchar(5), c char(5), n name, x xml, j json, jb jsonb, a text[], o "odd type \xc3\xa9", e feeling,
			v2 tsvector, r "char");
		INSERT INTO words (t, v, c, n, x, j, jb, a, o, e, v2, r) VALUES ($value, $value, $value, $value, '<a>\xc3\xa9</a>', '{"b" :  "\xc3\xa9", "a": "\\u0041"}',
			'{"\xc3\xa9": "\xc3\xa9"}', '[0:1]={\xc3\xa9,NULL}', '("\xc3\xa9 ",2,\xc3\xa9)', '\xc3\xa9', '\xc3\xa9:1', 'x');
	});
	takes_trips($database, 'names', 'deflate');
	{
		local $ENV{PGCLIENTENCODING} = 'UTF8';
		takes_trips($database, qq{"odd ""table"" \xc3\xa9"}, 'none');
	}
	# arrays that do not begin at 1 have no form in interop
	run_sql($database, qq{UPDATE words SET a = ARRAY['x', NULL]});
	takes_trips($database, 'words', 'deflate', 'zstandard');
}

# text that is not UTF-8 has a form in profile lossless
run_sql('sql_ascii', q{CREATE TABLE bytes (t text, v varchar(3), n name, a text[], j json, e text, c char(3));
	INSERT INTO bytes VALUES (E'\xff\xfe', E'\x80\x80\x80', E'\xe9', ARRAY[E'\xe9', NULL], E'"\xe9"', E'\xc3\xa9', E'\xe9')});
run_sql('sql_ascii', rows_to('bytes', 'before') . "COPY bytes TO '$folder/bytes.avro' WITH (FORMAT avro, PROFILE lossless);
	CREATE TABLE back AS SELECT * FROM read_avro(NULL::bytes, '$folder/bytes.avro');" . rows_to('back', 'after'));
is(slurp_file("$folder/after.csv"), slurp_file("$folder/before.csv"), 'text that is not UTF-8');
my ($status, $out, $error) = $node->psql('sql_ascii', "\\set VERBOSITY verbose\nCOPY bytes TO '$folder/bytes.avro' WITH (FORMAT avro)");
like($error, qr/ERROR:  22021: .*\n(.*\n)*CONTEXT:  COPY bytes, row 1, column t/, 'which profile interop has not');
# what a database's encoding lacks is an error that names the row
run_sql('postgres', "COPY (SELECT 1 AS id, 'ok' AS t UNION ALL SELECT 2, '\xe6\xbc\xa2') TO '$folder/words.avro' WITH (FORMAT avro)");
run_sql('latin1', 'CREATE TABLE few (id int, t text)');
($status, $out, $error) = $node->psql('latin1', "\\set VERBOSITY verbose\nCOPY few FROM '$folder/words.avro' WITH (FORMAT avro)");
like($error, qr/ERROR:  22P05: character with byte sequence 0xe6 0xbc 0xa2 in encoding "UTF8" has no equivalent in encoding "LATIN1"\n(.*\n)*CONTEXT:.*COPY few, file ".*words.avro", block 1, record 2, column t/,
	'a character that the encoding lacks');
run_sql('latin1', "COPY few FROM '$folder/words.avro' WITH (FORMAT avro, ON_ERROR reject)");
is(run_sql('latin1', 'SELECT id FROM few'), '1', 'is a reject');
is(run_sql('latin1', 'SELECT row_number, sqlstate, column_name, raw_row, length(raw_bytes) > 0 FROM ferry_rejects'), '2|22P05|t||t', 'whose bytes are kept');

# --- columns that are no plain ones
run_sql('postgres', q{
	CREATE TABLE kinds (gone int, id int GENERATED ALWAYS AS IDENTITY, twice int GENERATED ALWAYS AS (amount * 2) STORED, also_gone text, amount int,
		serial_number serial, twice_too text GENERATED ALWAYS AS ('x' || amount) STORED, note text DEFAULT 'none');
	INSERT INTO kinds (amount) SELECT generate_series(1, 5);
	ALTER TABLE kinds DROP gone, DROP also_gone, ADD late int DEFAULT 7, ADD empty text;
	INSERT INTO kinds (amount, late, note) VALUES (6, NULL, NULL);
	CREATE TABLE no_rows (a int, b text[], c numeric(5,2));
	CREATE TABLE no_columns ();
	INSERT INTO no_columns DEFAULT VALUES;
	INSERT INTO no_columns DEFAULT VALUES;
	CREATE TABLE all_gone (a int);
	INSERT INTO all_gone VALUES (1), (2), (3);
	ALTER TABLE all_gone DROP a;
	CREATE TABLE large (id int, t text, b bytea, j jsonb);
	INSERT INTO large VALUES (1, (SELECT string_agg(md5(g::text), '') FROM generate_series(1, 330000) g)), (2, NULL), (3, repeat('x', 10000000));
	INSERT INTO large (id, b) SELECT 4, decode(left(t, 1000000), 'hex') FROM large WHERE id = 1;
	INSERT INTO large (id, j) SELECT 5, jsonb_build_object('a', left(t, 1000000)) FROM large WHERE id = 1;
});
run_sql('postgres', 'CREATE TABLE wide (' . join(', ', map { "c$_ " . ('int', 'text', 'numeric(9,2)', 'date')[ $_ % 4 ] . ($_ % 3 ? '' : ' NOT NULL') } 1 .. 1000) . ')');
run_sql('postgres', 'INSERT INTO wide SELECT ' . join(', ', map { ("g + $_", "'t' || g", "g / 8.0 + $_", "date '2000-01-01' + g")[ $_ % 4 ] } 1 .. 1000) . ' FROM generate_series(1, 20) g');
run_sql('postgres', 'INSERT INTO wide (' . join(', ', map { 'c' . $_ * 3 } 1 .. 333) . ') SELECT ' . join(', ', map { 'c' . $_ * 3 } 1 .. 333) . ' FROM wide LIMIT 1');
takes_trips('postgres', 'kinds', 'none', 'deflate', 'snappy', 'zstandard', 'bzip2', 'xz');
takes_trips('postgres', 'no_rows', 'none', 'deflate', 'snappy', 'zstandard', 'bzip2', 'xz');
takes_trips('postgres', 'wide', 'zstandard');
takes_trips('postgres', 'large', 'snappy');
foreach my $table ('no_columns', 'all_gone')
{
	my $rows = $table eq 'no_columns' ? 2 : 3;
	run_sql('postgres', "COPY $table TO '$folder/none.avro' WITH (FORMAT avro); CREATE TABLE back (); COPY back FROM '$folder/none.avro' WITH (FORMAT avro)");
	is(run_sql('postgres', 'SELECT count(*) FROM back'), $rows, "$table: rows without columns");
	run_sql('postgres', 'DROP TABLE back');
	run_sql('postgres', "SELECT backup_table('$table', '$folder/backups')");
	run_sql('postgres', "TRUNCATE $table; SELECT restore_table('$table', directory => '$folder/backups')");
	is(run_sql('postgres', "SELECT count(*) FROM $table"), $rows, "$table: a backup");
}
is(run_sql('postgres', 'INSERT INTO kinds (amount) VALUES (9) RETURNING id, serial_number'), '7|7', 'sequences go on');

# --- texts of each length, numbers of each count of digits before and behind the point, to the last that fits
my @scales = (0 .. 5, 8, 12, 16, 18, 37);
run_sql('postgres', 'CREATE TABLE sizes (id int NOT NULL, t text NOT NULL, u text, v uuid NOT NULL, ' .
	join(', ', map { "n$_ numeric(" . ($_ + 18 < 38 ? $_ + 18 : 38) . ", $_)" } @scales) . ')');
run_sql('postgres', "INSERT INTO sizes SELECT g, left(long, g), CASE WHEN g % 3 <> 0 THEN right(long, g) END, md5(g::text)::uuid, " .
	join(', ', map { "CASE g % 4 WHEN 0 THEN -1 ELSE 1 END * left(CASE g % 2 WHEN 0 THEN repeat('9', 38) ELSE long END, 1 + g % "
		. ($_ + 18 < 38 ? $_ + 18 : 38) . ")::numeric / (1::numeric(60, 40) * 10::numeric ^ $_)" } @scales) .
	" FROM generate_series(0, 300) g, (SELECT repeat('7010002000043', 30) AS long) l");
takes_trips('postgres', 'sizes', 'none', 'zstandard');

# --- types of extensions
SKIP:
{
	my $missing = run_sql('postgres', q{SELECT 6 - count(*) FROM pg_available_extensions WHERE name IN ('hstore', 'ltree', 'citext', 'isn', 'seg', 'intarray')});
	skip 'hstore, ltree, citext, isn, seg and intarray are not installed', 1 if $missing > 0;
	run_sql('postgres', q{
		CREATE EXTENSION hstore; CREATE EXTENSION ltree; CREATE EXTENSION citext;
		CREATE TABLE added (h hstore, l ltree, q lquery, lt ltxtquery, c citext, ha hstore[], la ltree[], ca citext[]);
		INSERT INTO added VALUES (hstore(ARRAY['a', NULL, 'b"\\', 'c=>", "', '', 'x', 'NULL', 'NULL', E'\n', ' ']), 'a.b.c', 'a.*.b|c@', 'a & !b', 'CiText',
			'{"",a=>1,NULL}', '{a.b,c}', '{A,b}'), ('', '', '*', 'a', '', '{}', '{}', '{}'), (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)});
	takes_trips('postgres', 'added', 'deflate');
	# of some the text is not all; of three of them the backup says so
	run_sql('postgres', q{
		CREATE EXTENSION isn; CREATE EXTENSION seg; CREATE EXTENSION intarray;
		CREATE TABLE numbers (id integer PRIMARY KEY, u upc, i isbn13, a issn[]);
		INSERT INTO numbers VALUES (1, '220500896712!', '9780393040020!', '{1436-4522!,NULL}'), (2, '220500896716', '978-0-393-04002-9', '{1436-4565}');
		CREATE TABLE numbers_then AS TABLE numbers;
		CREATE TYPE holder AS (s seg[]);
		CREATE TABLE lossy (id integer, h holder, q query_int, t ltxtquery, l ltree);});
	is(run_sql('postgres', "SELECT rows FROM backup_table('numbers', '$folder/backups'); DELETE FROM numbers;
		SELECT rows_restored FROM restore_table('numbers', directory => '$folder/backups');
		SELECT count(*) FROM numbers one JOIN numbers_then two USING (id) WHERE record_image_eq(one, two)"), "2\n2\n2", 'numbers that are marked as invalid');
	my ($code, $told, $notices) = $node->psql('postgres', "SELECT backup_table('lossy', '$folder/backups')");
	is_deeply([ $notices =~ /values of column "(.)" of table "lossy" come back as their text shows them\n/g ], [ 'h', 'q', 't' ], 'what is lost is told');
}
done_testing();

# A load behaves as if each record were loaded alone by core COPY in a savepoint and the bad ones left out: random dirty rows,
# the same rows loaded, the same SQLSTATE for every rejected one. So by load_csv, so by COPY ... ON_ERROR reject of CSV and of
# text, and so by insert_rows, where the oracle has the values of the JSON rows as CSV. A quote that is never closed ends with its
# line, as it does alone in a file. Another seed: FERRY_SEED=7 FERRY_ROWS=20000 prove ...
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use CopyOracle;

my $seed = $ENV{FERRY_SEED} // 20210401;
my $rows = $ENV{FERRY_ROWS} // 1000;
srand($seed);
note("FERRY_SEED=$seed FERRY_ROWS=$rows");

my $node = PostgreSQL::Test::Cluster->new('like_copy');
$node->init(extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "fsync = off\n");
$node->start;

sub pick { return $_[ int(rand(scalar @_)) ]; }

# Tables, each made twice: for COPY and for us. %s is the suffix of their names. Both are loaded after the statements of "before".
# Of a table with "self" the oracle tries rows again whose parent may have come later.
my @schemas = (
	{   name => 'types',
		ddl  => 'CREATE TABLE types%s (a int, b numeric(6,2), c varchar(4), d date, e timestamptz, f bool, g uuid, h jsonb, i float8, j int8[])',
		columns => [qw(int numeric varchar date timestamptz bool uuid jsonb float array)],
	},
	{   name => 'rules',
		ddl  => q{CREATE TABLE rules%1$s (id int PRIMARY KEY, code text UNIQUE DEFERRABLE INITIALLY DEFERRED,
			amount int NOT NULL CHECK (amount > 0) CHECK (100 / amount >= 0), parent int REFERENCES parents DEFERRABLE INITIALLY DEFERRED,
			kind positive, span int4range, twice int GENERATED ALWAYS AS (amount * 1000000) STORED,
			EXCLUDE USING gist (span WITH &&))},
		columns => [qw(key code amount parent positive range)],
		list => '(id, code, amount, parent, kind, span)',
	},
	{   name => 'keys',
		ddl  => q{CREATE TABLE keys%1$s (id bigint PRIMARY KEY, code text COLLATE "C", parent int NOT NULL REFERENCES parents, other int REFERENCES parents,
			amount int CHECK (amount < 90), at timestamptz, on_day date, ok bool, tag varchar(4), u uuid UNIQUE, serial_number serial,
			twice int GENERATED ALWAYS AS (amount * 2) STORED, UNIQUE (code, parent))},
		columns => [qw(key code someone parent amount timestamptz date bool varchar uuid)],
		list => '(id, code, parent, other, amount, at, on_day, ok, tag, u)',
	},
	{   name => 'ascending',
		ddl  => q{CREATE TABLE ascending%1$s (id int PRIMARY KEY, name text NOT NULL, parent int REFERENCES parents, d float8, s smallint UNIQUE)},
		columns => [qw(next name parent float next)],
	},
	{   name => 'nocase',
		ddl  => q{CREATE TABLE nocase%1$s (name text COLLATE nocase UNIQUE, n numeric UNIQUE, t text UNIQUE NULLS NOT DISTINCT)},
		columns => [qw(cased number name)],
	},
	{   name => 'parted',
		ddl  => q{CREATE TABLE parted%1$s (id int, tag text COLLATE "C" NOT NULL, parent int REFERENCES parents, UNIQUE (id, tag)) PARTITION BY LIST (tag);
			CREATE TABLE parted%1$s_a PARTITION OF parted%1$s FOR VALUES IN ('a', 'b');
			CREATE TABLE parted%1$s_c (parent int, junk int, tag text COLLATE "C" NOT NULL, id int);
			ALTER TABLE parted%1$s_c DROP junk;
			ALTER TABLE parted%1$s ATTACH PARTITION parted%1$s_c FOR VALUES IN ('c');
			ALTER TABLE parted%1$s_c ADD CHECK (id <> 7)},
		columns => [qw(small tag parent)],
	},
	{   name => 'triggered',
		ddl  => q{CREATE TABLE triggered%1$s (id int PRIMARY KEY, name text, seen bigint);
			CREATE FUNCTION before%1$s() RETURNS trigger LANGUAGE plpgsql AS $$
			BEGIN
				IF NEW.name = 'skip' THEN RETURN NULL; END IF;
				IF NEW.name = 'raise' THEN RAISE EXCEPTION 'no' USING ERRCODE = pg_catalog.substr('P0001ZZ00122012', 1 + 5 * (NEW.id %% 3), 5); END IF;
				NEW.seen := (SELECT count(*) FROM triggered%1$s WHERE id < NEW.id);
				RETURN NEW;
			END $$;
			CREATE TRIGGER b BEFORE INSERT ON triggered%1$s FOR EACH ROW EXECUTE FUNCTION before%1$s();
			CREATE FUNCTION after%1$s() RETURNS trigger LANGUAGE plpgsql AS $$
			BEGIN IF NEW.id %% 11 = 0 THEN RAISE EXCEPTION 'late' USING ERRCODE = '23514'; END IF; RETURN NULL; END $$;
			CREATE CONSTRAINT TRIGGER c AFTER INSERT ON triggered%1$s DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION after%1$s()},
		columns => [qw(key tname)],
		list => '(id, name)',
	},
	{   name => 'composite',
		ddl  => q{CREATE TABLE composite%1$s (id int PRIMARY KEY, a int, b text, c int, d text,
			FOREIGN KEY (a, b) REFERENCES pairs MATCH FULL, FOREIGN KEY (c, d) REFERENCES pairs)},
		columns => [qw(key pair_a pair_b pair_a pair_b)],
	},
	{   name => 'crossed',
		ddl  => q{CREATE TABLE crossed%1$s (id bigint PRIMARY KEY, a int REFERENCES wide_parents, b smallint REFERENCES parents, c varchar(8) REFERENCES named_parents,
			d parent_id REFERENCES parents, e int REFERENCES numeric_parents, f text COLLATE nocase REFERENCES cased_parents)},
		columns => [qw(key parent parent parent_name parent parent parent_name)],
	},
	{   name => 'to_parted',
		ddl  => q{CREATE TABLE to_parted%1$s (id int PRIMARY KEY, parent int NOT NULL REFERENCES parted_parents DEFERRABLE INITIALLY DEFERRED, other bigint REFERENCES parted_parents)},
		columns => [qw(key someone someone)],
	},
	{   name => 'child',
		ddl  => q{CREATE TABLE base_of_child%1$s (id int NOT NULL, amount int CHECK (amount > 5), parent int REFERENCES parents);
			CREATE TABLE child%1$s (extra text UNIQUE, PRIMARY KEY (id)) INHERITS (base_of_child%1$s);
			ALTER TABLE child%1$s ADD FOREIGN KEY (amount) REFERENCES wide_parents},
		columns => [qw(key amount parent code)],
	},
	{   name => 'base',
		ddl  => q{CREATE TABLE base%1$s (id int PRIMARY KEY, amount int CHECK (amount > 5) NO INHERIT, parent int REFERENCES parents);
			CREATE TABLE child_of_base%1$s () INHERITS (base%1$s); INSERT INTO child_of_base%1$s SELECT g, 1, 99 FROM generate_series(1, 300) g},
		columns => [qw(small amount parent)],
	},
	{   name => 'long_keys',
		ddl  => q{CREATE TABLE long_keys%1$s (id int, k text UNIQUE, v text); CREATE INDEX ON long_keys%1$s (v, id)},
		columns => [qw(int noise noise)],
	},
	{   name => 'indexed',
		ddl  => q{CREATE TABLE indexed%1$s (id int, name text, amount int, ok bool, at date);
			CREATE UNIQUE INDEX ON indexed%1$s (lower(name)) WHERE ok; CREATE UNIQUE INDEX ON indexed%1$s (id) WHERE amount > 20;
			CREATE INDEX ON indexed%1$s ((1000 / (amount - 7))); CREATE UNIQUE INDEX ON indexed%1$s (id, (amount * 20000000))},
		columns => [qw(small cased amount bool date)],
	},
	{   name => 'identity',
		ddl  => q{CREATE TABLE identity%1$s (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n int GENERATED BY DEFAULT AS IDENTITY, serial_number serial UNIQUE,
			made_at timestamptz DEFAULT clock_timestamp(), small smallint, twice smallint GENERATED ALWAYS AS (small * 100) STORED,
			part numeric(6,3) GENERATED ALWAYS AS (10.0 / small) STORED CHECK (part <> 2.5))},
		columns => [qw(key key amount)],
		list => '(id, n, small)',
	},
	{   name => 'not_valid',
		ddl  => q{CREATE TABLE not_valid%1$s (id int PRIMARY KEY, parent int, amount int); INSERT INTO not_valid%1$s SELECT -g, 99, -1 FROM generate_series(1, 9) g;
			ALTER TABLE not_valid%1$s ADD FOREIGN KEY (parent) REFERENCES parents NOT VALID, ADD CHECK (amount > 0) NOT VALID},
		columns => [qw(key parent amount)],
	},
	{   name => 'disabled',
		ddl  => q{CREATE TABLE disabled%1$s (id int PRIMARY KEY, parent int REFERENCES parents, code text UNIQUE DEFERRABLE, boss int REFERENCES disabled%1$s, amount int CHECK (amount > 0));
			ALTER TABLE disabled%1$s DISABLE TRIGGER ALL},
		columns => [qw(key parent code parent amount)],
	},
	{   name => 'replica',
		ddl  => q{CREATE TABLE replica%1$s (id int PRIMARY KEY, parent int REFERENCES parents, other int REFERENCES parents, code text UNIQUE DEFERRABLE, boss int REFERENCES replica%1$s);
			DO $$ DECLARE name text;
			BEGIN
				FOR name IN SELECT tgname FROM pg_trigger WHERE tgconstraint = (SELECT oid FROM pg_constraint WHERE conname = 'replica%1$s_other_fkey') LOOP
					EXECUTE format('ALTER TABLE replica%1$s ENABLE ALWAYS TRIGGER %%I', name);
				END LOOP;
			EXCEPTION WHEN undefined_object THEN NULL;    -- those on the parent
			END $$},
		columns => [qw(key parent parent code parent)],
		before => 'SET session_replication_role = replica',
	},
	{   name => 'tree', self => 1,
		ddl  => q{CREATE TABLE tree%1$s (id int PRIMARY KEY, parent int REFERENCES tree%1$s DEFERRABLE INITIALLY DEFERRED, boss bigint REFERENCES tree%1$s,
			other int REFERENCES parents, name text CHECK (name <> 'b'))},
		record => sub { node() . ',' . other_node() . ',' . other_node() . ',' . pick('', '', int(rand(27))) . ',' . pick(1 .. 30, 'b') },
	},
	{   name => 'composite_tree', self => 1,
		ddl  => q{CREATE TABLE composite_tree%1$s (a int, b text, pa int, pb text, ga int, gb varchar, PRIMARY KEY (b, a),
			FOREIGN KEY (pa, pb) REFERENCES composite_tree%1$s (a, b) MATCH FULL, FOREIGN KEY (gb, ga) REFERENCES composite_tree%1$s)},
		record => sub { node() . ',k,' . pick(other_node() . ',k', ',', ',', ',', rand() < 0.2 ? ',k' : ',') . ',' . other_node() . ',' . pick('k', 'k', 'k', '') },
	},
	{   name => 'parted_tree', self => 1,
		ddl  => q{CREATE TABLE parted_tree%1$s (id int PRIMARY KEY, parent int REFERENCES parted_tree%1$s) PARTITION BY HASH (id);
			CREATE TABLE parted_tree%1$s_0 PARTITION OF parted_tree%1$s FOR VALUES WITH (MODULUS 3, REMAINDER 0);
			CREATE TABLE parted_tree%1$s_1 (junk int, parent int, id int NOT NULL); ALTER TABLE parted_tree%1$s_1 DROP junk;
			ALTER TABLE parted_tree%1$s ATTACH PARTITION parted_tree%1$s_1 FOR VALUES WITH (MODULUS 3, REMAINDER 1)},
		record => sub { node() . ',' . other_node() },
	});

# Trees: every id once, in random order. Which one of two rows with one id is late is not the oracle's to say.
my @nodes;
my $node_count = int($rows / 3);    # the oracle tries many of them again and again
my $last_node;
sub node { @nodes = sort { rand() <=> 0.5 } 1 .. $node_count unless @nodes; return $last_node = pop @nodes; }
# A parent of the last one, none, or one that does not exist. No circles: the oracle could not load them row by row.
sub other_node { return rand() < 0.5 ? '' : rand() < 0.9 && $last_node > 1 ? 1 + int(rand($last_node - 1)) : $node_count + 1 + int(rand(9)); }

my $next = 0;
my %values = (
	next => sub { pick('', 'n', $next - int(rand(50)), $next += 7) }, name => sub { pick('', 'a', 'b', 'name' . int(rand(500))) },
	pair_a => sub { pick('', int(rand(12)), 'x') }, pair_b => sub { pick('', '""', 'k' . int(rand(12))) }, parent_name => sub { pick('', 'P' . int(rand(40)), 'p' . int(rand(40)), 'P1 ') },
	noise => sub { noise(pick(10, 2000, 2690, 2720, 2760, 3000, 9000)) },
	someone => sub { pick('', int(rand(40))) }, cased => sub { pick('', 'A', 'a', 'b', 'B', 'name' . int(rand(500))) }, number => sub { pick('', '1.0', '1.00', '1', '1e0', 'x', int(rand(300))) },
	int => sub { pick('', '1', '-5', ' 7 ', '2147483647', '2147483648', 'x', '1.5', '0x1f', int(rand(1000))) },
	numeric => sub { pick('', '1', '9999.99', '9999.995', '10000', 'NaN', 'Infinity', '1e3', '1e4', 'one', '-0.005', rand(100)) },
	varchar => sub { pick('', '""', 'abcd', 'abcde', 'abc  ', 'ab     ', "\"a\"\"b\"", 'Qué', "\"a\nb\"", 'a b') },
	date => sub { pick('', '2021-01-01', '2021-02-30', 'infinity', 'yesterday', '0044-03-15 BC', '2021-1-2', 'nonsense', '99999999-01-01') },
	timestamptz => sub { pick('', '2021-01-01T00:00:00Z', '2021-01-01 25:00:00', '2021-01-01 00:00:00+05:30', '-infinity', '2021-06-30 23:59:60', '294277-01-01') },
	bool => sub { pick('', 't', 'false', 'yes', 'off', '1', '2', 'maybe') },
	uuid => sub { pick('', '6f9619ff-8b86-d011-b42d-00c04fc964ff', '{6f9619ff8b86d011b42d00c04fc964ff}', '6f9619ff') },
	jsonb => sub { pick('', '"{""a"":1}"', '{', '[1]', '"""\\u0000"""', 'null') },
	float => sub { pick('', '1.5', 'NaN', '1e400', '1e-400', 'inf', 'abc') },
	array => sub { pick('', '{}', '"{1,2}"', '"{1,NULL}"', '"{1,x}"', '{', '[2:3]={1}') },
	key => sub { pick('', 'k', 1 + int(rand(150)), 1 + int(rand(100000))) },
	small => sub { pick('', int(rand(12)), int(rand(400)), 'z') },
	code => sub { pick('', '""', 'c' . int(rand(60)), 'c' . int(rand(100000)), "x" x pick(1, 10, 3000), join('', map { chr(33 + int(rand(90))) } 1 .. 1) =~ s/[",\\]/q/gr) },
	amount => sub { pick('', '0', '-3', '7', '3000', '50', int(1 + rand(100))) },
	parent => sub { pick('', int(rand(40)), int(rand(20)), 'p') },
	positive => sub { pick('', '5', '-5', '13', 'q') },
	range => sub { my $at = int(rand(100000)); pick('', '', "\"[$at," . ($at + 3) . ')"', 'empty', '"[5,1]"', '"[1,3)"') },
	tag => sub { pick('', 'a', 'b', 'c', 'c', 'd', '""') },
	tname => sub { pick('', 'plain', 'skip', 'raise', 'more') });

# Text that cannot be compressed.
sub noise { return join('', map { chr(97 + int(rand(26))) . chr(0x4e00 + int(rand(20000))) } 1 .. $_[0] / 4); }

# Most fields are good, or rows would rarely be.
my %good = (
	pair_a => sub { int(rand(10)) }, pair_b => sub { 'k' . int(rand(5)) }, parent_name => sub { 'p' . int(rand(26)) }, noise => sub { noise(6) },
	next => sub { ++$next }, someone => sub { int(rand(26)) }, name => sub { 'name' . int(rand(1000000)) }, number => sub { int(rand(100000000)) },
	cased => sub { pick('Name', 'name', 'NAME') . int(rand(1000000)) },
	int => sub { int(rand(100000)) - 50000 }, numeric => sub { int(rand(999999)) / 100 }, varchar => sub { pick('', 'a', 'Qué', 'abcd', '"a,b"') },
	date => sub { '20' . (10 + int(rand(15))) . '-0' . (1 + int(rand(9))) . '-1' . int(rand(10)) }, timestamptz => sub { '2021-11-07T02:48:42Z' },
	bool => sub { pick('t', 'f') }, uuid => sub { sprintf('%08x-0000-4000-8000-%012x', rand(2**32), rand(2**32)) },
	jsonb => sub { '"{""k"":' . int(rand(9)) . '}"' }, float => sub { rand(10) }, array => sub { '"{' . int(rand(9)) . ',7}"' },
	key => sub { 1 + int(rand(100000)) }, small => sub { int(rand(100000)) }, code => sub { 'c' . int(rand(1000000)) }, amount => sub { 1 + int(rand(99)) },
	parent => sub { pick('', int(rand(26))) }, positive => sub { 14 + int(rand(1000)) }, range => sub { my $at = int(rand(1000000)); "\"[$at," . ($at + 3) . ')"' },
	tag => sub { pick('a', 'b', 'c') }, tname => sub { 'name' . int(rand(100)) });

# A field of CSV as one of text, with escapes where there must be some and sometimes where there need be none.
sub text_field
{
	my ($field) = @_;
	return '\\N' if $field eq '';
	if ($field =~ s/^"(.*)"$/$1/s) { $field =~ s/""/"/g; }
	$field =~ s/([\\\t])/\\$1/g;
	$field =~ s/\n/pick("\\\n", '\n')/ge;
	$field .= pick('\N', '\x', '\xg1', '\x4', '\0', '\377', '\303\251', '\b\f\v', '\q') if rand() < 0.01;
	$field =~ s/^([0-9a-zA-Z])/sprintf(pick('\x%x', '\%03o'), ord($1))/e if rand() < 0.05;
	return $field;
}

# A field of CSV as a JSON value. What is the same value without quotes goes without them at times.
sub json_value
{
	my ($field, $kind) = @_;
	return 'null' if $field eq '';
	if ($field =~ s/^"(.*)"$/$1/s) { $field =~ s/""/"/g; }
	return $field if $kind eq 'jsonb';
	return '[' . ($field =~ s/[{}]//gr) . ']' if $kind eq 'array' && $field =~ /^\{(\d+(,\d+)*)?\}$/ && rand() < 0.5;
	return $field if $field =~ /^(-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?|true|false)$/ && rand() < 0.5;
	$field =~ s/(["\\])/\\$1/g;
	$field =~ s/([\x00-\x1f])/sprintf('\u%04x', ord($1))/ge;
	$field =~ s/([a-z])/sprintf('\u%04x', ord($1))/e if rand() < 0.1;
	return "\"$field\"";
}

# One random row: as CSV for the oracle, and as JSON with its keys in any order.
sub json_row
{
	my ($schema, $names) = @_;
	my @kinds = @{ $schema->{columns} // [] };
	my @fields = $schema->{record} ? split(/,/, $schema->{record}->(), -1) : map { rand() < 0.85 ? $good{$_}->() : $values{$_}->() } @kinds;
	# what no JSON can say
	foreach my $i (0 .. $#kinds) { $fields[$i] = '' if $kinds[$i] eq 'jsonb' && $fields[$i] =~ /^(\{|null)$/; }
	my @members = map { "\"$names->[$_]\": " . json_value($fields[$_], $kinds[$_] // '') } 0 .. $#fields;
	@members = sort { rand() <=> 0.5 } @members if rand() < 0.1;
	my ($csv, $json) = (join(',', @fields), '{' . join(', ', @members) . '}');
	utf8::encode($_) foreach grep { utf8::is_utf8($_) } $csv, $json;
	return ($csv, $json);
}

# One random record of a schema, as bytes without a line end.
sub record
{
	my ($schema, $format) = @_;
	if ($schema->{record})
	{
		my $text = $schema->{record}->();
		return $format eq 'csv' ? $text : join("\t", map { text_field($_) } split(/,/, $text, -1));
	}
	my @fields = map { rand() < 0.85 ? $good{$_}->() : $values{$_}->() } @{ $schema->{columns} };
	my $what = int(rand(60));
	pop @fields if $what == 0;
	push @fields, 'extra' if $what == 1;
	@fields = ('') if $what == 2;
	my $text = $format eq 'csv' ? join(',', @fields) : join("\t", map { text_field($_) } @fields);
	utf8::encode($text) if utf8::is_utf8($text);
	$text .= "\xff" if $what == 3;
	$text = substr($text, 0, 2) . "\0" . substr($text, 2) if $what == 4;
	$text .= "\r" if $what == 5;    # a CRLF line among LF lines
	return $text;
}

my $setup = q{
	CREATE EXTENSION pg_ferry;
	CREATE TABLE parents (id int PRIMARY KEY);
	INSERT INTO parents SELECT generate_series(0, 25);
	CREATE TABLE pairs (a int, b text, PRIMARY KEY (a, b));
	INSERT INTO pairs SELECT a, 'k' || b FROM generate_series(0, 9) a, generate_series(0, 4) b;
	CREATE TABLE wide_parents (id bigint PRIMARY KEY);
	INSERT INTO wide_parents SELECT generate_series(0, 80);
	CREATE TABLE numeric_parents (id numeric(9,2) PRIMARY KEY);
	INSERT INTO numeric_parents SELECT generate_series(0, 25);
	CREATE TABLE named_parents (name text PRIMARY KEY);
	INSERT INTO named_parents SELECT 'p' || g FROM generate_series(0, 25) g;
	CREATE DOMAIN parent_id AS int CHECK (VALUE <> 24);
	CREATE TABLE parted_parents (id int PRIMARY KEY) PARTITION BY RANGE (id);
	CREATE TABLE parted_parents_a PARTITION OF parted_parents FOR VALUES FROM (0) TO (13);
	CREATE TABLE parted_parents_b PARTITION OF parted_parents DEFAULT;
	INSERT INTO parted_parents SELECT generate_series(0, 25);
	CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
	CREATE TABLE cased_parents (name text COLLATE nocase PRIMARY KEY);
	INSERT INTO cased_parents SELECT 'p' || g FROM generate_series(0, 25) g;
	CREATE FUNCTION not_unlucky(int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
		$$ BEGIN IF $1 = 13 THEN RAISE EXCEPTION 'unlucky' USING ERRCODE = 'UE001'; END IF; RETURN true; END $$;
	CREATE DOMAIN positive AS int CHECK (VALUE > 0) CHECK (not_unlucky(VALUE));
} . $oracle_sql;

sub compare
{
	my ($way, $schema, $format, $load) = @_;
	my $name = $schema->{name};
	my $list = $schema->{list} // '';
	my $rows = $schema->{self} ? $node_count : $rows;
	my $folder = PostgreSQL::Test::Utils::tempdir();
	chmod 0755, $folder;
	$node->safe_psql($way, sprintf($schema->{ddl}, '_copy'));
	$node->safe_psql($way, sprintf($schema->{ddl}, '_load'));
	my @names = split /\n/, $node->safe_psql($way, "SELECT attname FROM pg_attribute WHERE attrelid = '${name}_load'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum");
	@names = split /, */, $list =~ s/[()]//gr if $list ne '';
	open(my $all, '>:raw', "$folder/all") or die "$!";
	print $all '[' if $format eq 'json';
	foreach my $i (1 .. $rows)
	{
		my ($record, $json) = $format eq 'json' ? json_row($schema, \@names) : record($schema, $format);
		print $all $format eq 'json' ? ($i > 1 ? ",\n" : '') . $json : "$record\n";
		open(my $one, '>:raw', "$folder/$i") or die "$!";
		print $one "$record\n";
		close $one;
	}
	print $all ']' if $format eq 'json';
	close $all;
	chmod 0644, "$folder/all";

	my $before = $schema->{before} ? "$schema->{before};" : '';
	my $again = $schema->{self} ? "'%'" : 'NULL';
	$node->safe_psql($way, "$before CALL copy_one_by_one('$name', '${name}_copy', '$list', '@{[$format eq 'json' ? 'csv' : $format]}', '$folder', $rows, $again)");
	# sequences have gaps
	my $shown = q{(to_jsonb(whole) - 'serial_number' - 'made_at')::text};
	my ($read, $loaded, $rejected, $skipped) = split /\|/, $load->($before, "${name}_load", $list, "$folder/all");

	is($read, $rows, "$way, $name: every record was read");
	is($loaded + $rejected + $skipped, $rows, "$way, $name: every record was loaded, rejected or skipped");
	ok($loaded > $rows / 10 && $rejected > $rows / 10, "$way, $name: $loaded loaded and $rejected rejected are enough of each to mean something");
	is($node->safe_psql($way, qq{
		SELECT count(*) FROM (
			(SELECT $shown FROM ${name}_copy whole EXCEPT ALL SELECT $shown FROM ${name}_load whole) UNION ALL
			(SELECT $shown FROM ${name}_load whole EXCEPT ALL SELECT $shown FROM ${name}_copy whole)) d}), '0', "$way, $name: the same rows are in the table");
	is($node->safe_psql($way, qq{
		SELECT coalesce(o.row_number, r.row_number), o.sqlstate, r.sqlstate, r.raw_row, r.reason
		FROM (SELECT * FROM oracle WHERE schema_name = '$name') o
		FULL JOIN (SELECT * FROM ferry_rejects JOIN ferry_loads USING (load_id) WHERE table_name = '${name}_load') r USING (row_number)
		WHERE o.sqlstate IS DISTINCT FROM r.sqlstate ORDER BY 1 LIMIT 20}), '', "$way, $name: the same rows are rejected for the same SQLSTATE");
	# the reason, the constraint and what core says of the key are core's own; its other details hold values that differ; behind the
	# detail stands which lines a record takes in
	my $lines = q{concat(' The record takes in lines ', r.line_number, ' to ', r.line_number + length(regexp_replace(r.raw_row, E'[^\n]', '', 'g')), '.')};
	is($node->safe_psql($way, qq{
		SELECT r.row_number, o.message, r.reason, o.constraint_name, r.constraint_name, o.detail, r.detail
		FROM oracle o JOIN ferry_rejects r USING (row_number) JOIN ferry_loads l USING (load_id)
		WHERE o.schema_name = '$name' AND l.table_name = '${name}_load'
			AND (NOT is_kept(o.message, r.reason) OR o.constraint_name <> coalesce(r.constraint_name, '') OR o.detail LIKE 'Key %' AND NOT is_kept(o.detail, replace(r.detail, $lines, '')))
		ORDER BY 1 LIMIT 20}), '', "$way, $name: for the same reason");
	note($node->safe_psql($way, "SELECT string_agg(sqlstate || ' ' || n, ', ') FROM (SELECT sqlstate, count(*) n FROM oracle WHERE schema_name = '$name' GROUP BY 1 ORDER BY 1) s"));

	return if $format eq 'json';
	# what the log keeps is what came
	open(my $file, '<:raw', "$folder/all") or die "$!";
	local $/ = undef;
	my $whole = <$file>;
	close $file;
	my %line;
	my $number = 1;
	foreach my $record (split /(?<=\n)/, $whole) { $line{ $number++ } = $record; }
	my $wrong = 0;
	my $kept = $node->safe_psql($way, qq{
		SELECT line_number, coalesce(encode(convert_to(raw_row, 'UTF8'), 'hex'), encode(raw_bytes, 'hex'))
		FROM ferry_rejects JOIN ferry_loads USING (load_id) WHERE table_name = '${name}_load'});
	foreach my $row (split /\n/, $kept)
	{
		my ($at, $hex) = split /\|/, $row, 2;
		my $came = pack('H*', $hex // '');
		my $there = join('', map { $line{$_} // '' } $at .. $at + 5);
		$wrong++ unless index($there, $came) == 0 && substr($there, length $came) =~ /^\r?\n/;
	}
	is($wrong, 0, "$way, $name: raw rows are the bytes of their lines");
}

my $counts = 'SELECT rows_read, rows_loaded, rows_rejected, rows_skipped FROM';

sub by_function
{
	my ($before, $table, $list, $file) = @_;
	my $columns = $list eq '' ? 'NULL' : "'{" . ($list =~ s/[()]//gr) . "}'";
	return $node->safe_psql('load_csv', "$before $counts load_csv('$table', '$file', columns => $columns, open_quote => 'resume')");
}

sub by_batch
{
	my ($before, $table, $list, $file) = @_;
	return $node->safe_psql('insert_rows', qq{LOAD 'pg_ferry'; SET pg_ferry.log_batches = 'all'; SET pg_ferry.max_batch_rows = 1000000; SET client_min_messages = warning;
		$before
		SELECT rows_received, rows_loaded, rows_rejected, rows_received - rows_loaded - rows_rejected FROM insert_rows('$table', pg_read_file('$file')::json)});
}

sub by_statement
{
	my ($way, $format, $before, $table, $list, $file) = @_;
	return $node->safe_psql($way, qq{LOAD 'pg_ferry'; SET client_min_messages = warning;
		$before
		COPY $table $list FROM '$file' WITH (FORMAT $format, ON_ERROR reject@{[$format eq 'csv' ? ', OPEN_QUOTE resume' : '']});
		$counts ferry_loads ORDER BY load_id DESC LIMIT 1});
}

foreach my $way ('load_csv', 'copy_csv', 'copy_text', 'insert_rows')
{
	$node->safe_psql('postgres', "CREATE DATABASE $way");
	$node->safe_psql($way, $setup);
	my $format = $way eq 'copy_text' ? 'text' : $way eq 'insert_rows' ? 'json' : 'csv';
	my $load = $way eq 'load_csv' ? \&by_function : $way eq 'insert_rows' ? \&by_batch : sub { by_statement($way, $format, @_) };
	compare($way, $_, $format, $load) foreach @schemas;
}

$node->stop;
done_testing();

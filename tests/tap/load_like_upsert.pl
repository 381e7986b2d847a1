# A load with on_conflict "update" behaves as if each record were loaded alone, in file order, by INSERT ... ON CONFLICT (primary
# key) DO UPDATE SET of the loaded columns, in a savepoint: random dirty rows with many equal keys, the same rows in the table and
# in what triggers wrote, the same SQLSTATE and words for every rejected one. So by load_csv, and so by COPY ... ON_ERROR reject.
# Another seed: FERRY_SEED=7 FERRY_ROWS=20000 prove ...
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seed = $ENV{FERRY_SEED} // 20210402;
my $rows = $ENV{FERRY_ROWS} // 500;
srand($seed);
note("FERRY_SEED=$seed FERRY_ROWS=$rows");

my $node = PostgreSQL::Test::Cluster->new('like_upsert');
$node->init(extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "fsync = off\n");
$node->start;

sub pick { return $_[ int(rand(scalar @_)) ]; }

# Values, of which some break a rule.
my %values = (
	key => sub { pick(('') x 1, 'k', map { 1 + int(rand($rows / 6)) } 1 .. 40) },
	small => sub { pick('', 'z', map { int(rand(12)) } 1 .. 30) },
	amount => sub { pick('', '0', '-3', '2147483648', map { 1 + int(rand(99)) } 1 .. 30) },
	name => sub { pick('', 'abcde', '"a""b"', map { pick('plain', 'name' . int(rand(50))) } 1 .. 6) },
	tname => sub { pick('skip', 'raise', 'change', 'late', '', map { 'n' . int(rand(9)) } 1 .. 12) },
	code => sub { pick('', map { 'c' . int(rand($rows / 3)) } 1 .. 8) },
	cased => sub { pick('', map { pick('a', 'A', 'b', 'B', 'Ab', 'aB', 'AB') . pick('', int(rand($rows / 20))) } 1 .. 20) },
	number => sub { my $n = 1 + int(rand($rows / 12)); pick('x', '', map { pick($n, "$n.0", "$n.00", "0$n") } 1 .. 20) },
	parent => sub { pick('', 26 + int(rand(20)), 'p', map { int(rand(26)) } 1 .. 12) },
	range => sub { my $at = int(rand($rows * 4)); pick('', 'empty', '"[5,1]"', map { "\"[$at," . ($at + 3) . ')"' } 1 .. 8) },
	tag => sub { pick('', 'd', map { pick('a', 'b', 'c') } 1 .. 12) });

# Trees: every id once, in random order. Which one of two rows with one key is late is not the oracle's to say.
my @nodes;
my $last_node;
my $node_count = int($rows / 2);
sub node { @nodes = sort { rand() <=> 0.5 } 1 .. $node_count unless @nodes; return $last_node = pop @nodes; }
sub other_node { return rand() < 0.5 ? '' : rand() < 0.9 && $last_node > 1 ? 1 + int(rand($last_node - 1)) : $node_count + 1 + int(rand(9)); }

# What most row triggers do: by the name they change, suppress or raise, and they look at the table.
my $meddle = q{CREATE FUNCTION %2$s%1$s() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		IF NEW.name = 'skip' THEN RETURN NULL; END IF;
		IF NEW.name = 'raise' THEN RAISE EXCEPTION 'no %% %% of %%', TG_OP, NEW.id, (SELECT count(*) FROM %2$s%1$s); END IF;
		IF NEW.name = 'change' THEN NEW.id := NEW.id / 2; NEW.name := 'changed'; END IF;
		NEW.seen := NEW.seen || TG_OP || (SELECT count(*) FROM %2$s%1$s WHERE id < NEW.id);
		RETURN NEW;
	END $$;};
# What AFTER triggers do.
my $audit = q{CREATE TABLE audit_of_%2$s%1$s (n bigserial, what text);
	CREATE FUNCTION audit_%2$s%1$s() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		IF NEW.name = 'late' AND TG_OP = 'UPDATE' THEN RAISE EXCEPTION 'late' USING ERRCODE = '23514'; END IF;
		INSERT INTO audit_of_%2$s%1$s (what) VALUES (concat_ws(' ', TG_NAME, TG_OP, CASE TG_OP WHEN 'UPDATE' THEN OLD::text END, NEW::text,
			(SELECT count(*) FROM %2$s%1$s)));
		RETURN NULL;
	END $$;};

# The tables, each made twice: %1$s is the suffix of their names, %2$s the name. "list" are the loaded columns. Some rows are there
# before, by "fill". "also" are more tables that must be equal.
my @schemas = (
	{   name => 'plain', list => 'id, a, b', columns => [qw(key amount name)],
		ddl  => q{CREATE TABLE plain%1$s (id int PRIMARY KEY, a int NOT NULL CHECK (a > 0), b varchar(5), kept text DEFAULT 'new', junk int);
			ALTER TABLE plain%1$s DROP junk, ADD later int DEFAULT 7},
		fill => q{INSERT INTO plain%1$s (id, a, b, kept) SELECT g, g, 'old', 'old ' || g FROM generate_series(1, 40) g},
	},
	{   name => 'before_insert', list => 'id, name', columns => [qw(key tname)],
		ddl  => q{CREATE TABLE before_insert%1$s (id int PRIMARY KEY, name text, seen text DEFAULT '');} . $meddle . q{
			CREATE TRIGGER b BEFORE INSERT ON before_insert%1$s FOR EACH ROW EXECUTE FUNCTION before_insert%1$s()},
		fill => q{INSERT INTO before_insert%1$s SELECT g, 'old', 'old' FROM generate_series(1, 40) g},
	},
	{   name => 'before_both', list => 'id, name, seen', columns => [qw(key tname code)],
		ddl  => q{CREATE TABLE before_both%1$s (id int PRIMARY KEY, name text, seen text DEFAULT '');} . $meddle . q{
			CREATE TRIGGER b BEFORE INSERT OR UPDATE ON before_both%1$s FOR EACH ROW EXECUTE FUNCTION before_both%1$s()},
		fill => q{INSERT INTO before_both%1$s SELECT g, 'old', 'old' FROM generate_series(1, 40) g},
	},
	{   name => 'before_update', list => 'id, name', columns => [qw(key tname)],
		ddl  => q{CREATE TABLE before_update%1$s (id int PRIMARY KEY, name text, seen text DEFAULT '');} . $meddle . q{
			CREATE TRIGGER b BEFORE UPDATE ON before_update%1$s FOR EACH ROW EXECUTE FUNCTION before_update%1$s()},
		fill => q{INSERT INTO before_update%1$s SELECT g, 'old', 'old' FROM generate_series(1, 40) g},
	},
	{   name => 'audited', list => 'id, name', columns => [qw(key tname)], also => ['audit_of_audited'],
		ddl  => q{CREATE TABLE audited%1$s (id int PRIMARY KEY, name text, other int DEFAULT 1);} . $audit . q{
			CREATE TRIGGER a AFTER INSERT OR UPDATE ON audited%1$s FOR EACH ROW EXECUTE FUNCTION audit_audited%1$s();
			CREATE TRIGGER of_name AFTER UPDATE OF name ON audited%1$s FOR EACH ROW EXECUTE FUNCTION audit_audited%1$s();
			CREATE TRIGGER of_other AFTER UPDATE OF other ON audited%1$s FOR EACH ROW EXECUTE FUNCTION audit_audited%1$s();
			CREATE CONSTRAINT TRIGGER c AFTER UPDATE ON audited%1$s DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
				WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION audit_audited%1$s()},
		fill => q{INSERT INTO audited%1$s SELECT g, 'old' FROM generate_series(1, 40) g},
	},
	{   name => 'transition', list => 'id, name', columns => [qw(key tname)], also => ['audit_of_transition'],
		ddl  => q{CREATE TABLE transition%1$s (id int PRIMARY KEY, name text);
			CREATE TABLE audit_of_transition%1$s (n bigserial, what text);
			CREATE FUNCTION transition%1$s() RETURNS trigger LANGUAGE plpgsql AS $$
			BEGIN
				INSERT INTO audit_of_transition%1$s (what) SELECT concat_ws(' ', OLD::text, o::text, n::text) FROM old_rows o, new_rows n;
				RETURN NULL;
			END $$;
			CREATE TRIGGER t AFTER UPDATE ON transition%1$s REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
				FOR EACH ROW EXECUTE FUNCTION transition%1$s()},
		fill => q{INSERT INTO transition%1$s SELECT g, 'old' FROM generate_series(1, 40) g},
	},
	{   name => 'parted', list => 'id, tag, amount, name', columns => [qw(small tag amount tname)], also => ['audit_of_parted'],
		ddl  => q{CREATE TABLE parted%1$s (id int, tag text COLLATE "C", amount int, name text, kept text DEFAULT 'new', seen text,
				twice int GENERATED ALWAYS AS (amount * 2) STORED, PRIMARY KEY (id, tag)) PARTITION BY LIST (tag);
			CREATE TABLE parted%1$s_a PARTITION OF parted%1$s FOR VALUES IN ('a', 'b');
			CREATE TABLE parted%1$s_c (name text, amount int CHECK (amount < 90), junk int, kept text, tag text COLLATE "C" NOT NULL, seen text,
				twice int GENERATED ALWAYS AS (amount * 2) STORED, id int NOT NULL);
			ALTER TABLE parted%1$s_c DROP junk;
			ALTER TABLE parted%1$s ATTACH PARTITION parted%1$s_c FOR VALUES IN ('c');
			CREATE FUNCTION parted%1$s() RETURNS trigger LANGUAGE plpgsql AS $$
			BEGIN
				IF NEW.name = 'skip' THEN RETURN NULL; END IF;
				NEW.seen := concat(NEW.seen, lower(TG_OP));
				RETURN NEW;
			END $$;
			CREATE TRIGGER b BEFORE INSERT OR UPDATE ON parted%1$s FOR EACH ROW EXECUTE FUNCTION parted%1$s();} . $audit . q{
			CREATE TRIGGER a AFTER INSERT OR UPDATE ON parted%1$s FOR EACH ROW EXECUTE FUNCTION audit_parted%1$s()},
		fill => q{INSERT INTO parted%1$s SELECT g, 'c', g, 'old', 'old' FROM generate_series(1, 9) g},
	},
	{   name => 'second_key', list => 'id, code, amount, other', columns => [qw(key code amount code)],
		ddl  => q{CREATE TABLE second_key%1$s (id int PRIMARY KEY, code text UNIQUE, amount int CHECK (amount > 0),
			other text UNIQUE DEFERRABLE INITIALLY DEFERRED); CREATE UNIQUE INDEX ON second_key%1$s ((amount * 2)) WHERE id < 20},
		fill => q{INSERT INTO second_key%1$s SELECT g, 'c' || g, 100 + g FROM generate_series(1, 30) g},
	},
	{   name => 'excluding', list => 'id, span, name', columns => [qw(key range name)],
		ddl  => q{CREATE TABLE excluding%1$s (id int PRIMARY KEY, span int4range, name text, EXCLUDE USING gist (span WITH &&))},
		fill => q{INSERT INTO excluding%1$s SELECT g, int4range(g * 30, g * 30 + 4), 'old' FROM generate_series(1, 20) g},
	},
	{   name => 'composite', list => 'n, a, b', columns => [qw(name small cased)],
		ddl  => q{CREATE TABLE composite%1$s (n varchar(6), a smallint, b text COLLATE nocase, kept int DEFAULT 5, PRIMARY KEY (b, a))},
		fill => q{INSERT INTO composite%1$s VALUES ('old', 1, 'a'), ('old', 2, 'B')},
	},
	{   name => 'images', list => 'id, code', columns => [qw(number name)], also => ['child_of_images'],
		ddl  => q{CREATE TABLE images%1$s (id numeric PRIMARY KEY, code text);
			CREATE TABLE child_of_images%1$s (n bigserial, what numeric REFERENCES images%1$s ON UPDATE CASCADE)},
		fill => q{INSERT INTO images%1$s SELECT g FROM generate_series(1, 20) g; INSERT INTO child_of_images%1$s (what) SELECT g FROM generate_series(1, 20) g},
	},
	{   name => 'children', list => 'id, parent, other, amount', columns => [qw(key parent parent amount)],
		ddl  => q{CREATE TABLE children%1$s (id bigint PRIMARY KEY, parent int NOT NULL REFERENCES parents, other int REFERENCES parents DEFERRABLE INITIALLY DEFERRED,
			amount positive, kept int DEFAULT 3 REFERENCES parents)},
		fill => q{INSERT INTO children%1$s SELECT g, 1, 2, 14, 4 FROM generate_series(1, 40) g},
	},
	{   name => 'tree', self => 1, list => 'id, parent, boss, name',
		ddl  => q{CREATE TABLE tree%1$s (id int PRIMARY KEY, parent int REFERENCES tree%1$s DEFERRABLE INITIALLY DEFERRED, boss bigint REFERENCES tree%1$s, name text CHECK (name <> 'b'))},
		fill => q{INSERT INTO tree%1$s SELECT g, nullif(g - 1, 0), NULL, 'old' FROM generate_series(1, 60) g},
		record => sub { node() . ',' . other_node() . ',' . other_node() . ',' . pick(1 .. 30, 'b') },
	},
	{   name => 'generated', list => 'id, small', columns => [qw(key amount)],
		ddl  => q{CREATE TABLE generated%1$s (id int PRIMARY KEY, small smallint, kept int DEFAULT 3, tenth numeric(6,3) GENERATED ALWAYS AS (10.0 / small) STORED CHECK (tenth <> 2.5),
			both_of_them int GENERATED ALWAYS AS (small * kept) STORED UNIQUE, large smallint GENERATED ALWAYS AS (small * 400) STORED)},
		fill => q{INSERT INTO generated%1$s SELECT g, g, 1 FROM generate_series(5, 25) g},
	},
	{   name => 'of_default', list => 'a, b', columns => [qw(amount name)],
		ddl  => q{CREATE TABLE of_default%1$s (id int PRIMARY KEY DEFAULT 1, a int CHECK (a > 0), b varchar(5), kept text DEFAULT 'new', UNIQUE (a, b))},
		fill => q{INSERT INTO of_default%1$s VALUES (2, 5, 'plain', 'old'), (3, 6, 'plain', 'old')},
	},
	{   name => 'key_only', list => 'id', columns => [qw(number)], also => ['audit_of_key_only'],
		ddl  => q{CREATE TABLE key_only%1$s (id numeric PRIMARY KEY, name text DEFAULT 'none');} . $audit . q{
			CREATE TRIGGER a AFTER INSERT OR UPDATE ON key_only%1$s FOR EACH ROW EXECUTE FUNCTION audit_key_only%1$s()},
		fill => q{INSERT INTO key_only%1$s SELECT g, 'old' FROM generate_series(1, 20) g},
	});

my $setup = q{
	CREATE EXTENSION pg_ferry;
	CREATE TABLE parents (id int PRIMARY KEY);
	INSERT INTO parents SELECT generate_series(0, 25);
	CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
	CREATE DOMAIN positive AS int CHECK (VALUE > 0) CHECK (VALUE <> 13);
	-- each record alone, in file order, in a savepoint, with deferrable constraints immediate
	CREATE TABLE oracle (schema_name text, row_number int, outcome text, sqlstate text, message text, constraint_name text, detail text);
	CREATE PROCEDURE upsert_one(name text, list text, upsert text, folder text, i int) LANGUAGE plpgsql AS $$
	DECLARE m text; c text; d text; written int;
	BEGIN
		DELETE FROM oracle WHERE schema_name = name AND row_number = i;
		DELETE FROM staged;
		EXECUTE format('COPY staged (%s) FROM %L (FORMAT csv)', list, folder || '/' || i);
		EXECUTE upsert;
		GET DIAGNOSTICS written = ROW_COUNT;
		INSERT INTO oracle VALUES (name, i, CASE written WHEN 0 THEN 'skipped' ELSE 'loaded' END);
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, c = CONSTRAINT_NAME, d = PG_EXCEPTION_DETAIL;
		DELETE FROM oracle WHERE schema_name = name AND row_number = i;
		INSERT INTO oracle VALUES (name, i, 'rejected', SQLSTATE, replace(m, '_copy', '_load'), replace(c, '_copy', '_load'), replace(d, '_copy', '_load'));
	END $$;
	CREATE PROCEDURE upsert_one_by_one(name text, list text, folder text, row_count int, again boolean) LANGUAGE plpgsql AS $$
	DECLARE i int; missing int; before int := -1; upsert text;
	BEGIN
		SET CONSTRAINTS ALL IMMEDIATE;
		EXECUTE format('CREATE TEMP TABLE staged AS SELECT %s FROM %I WITH NO DATA', list, name || '_copy');
		SELECT format('INSERT INTO %I (%s) SELECT %s FROM staged ON CONFLICT (%s) DO UPDATE SET %s', name || '_copy', list, list,
			(SELECT string_agg(attname, ', ') FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY (conkey)
			 WHERE conrelid = to_regclass(name || '_copy') AND contype = 'p'),
			(SELECT string_agg(format('%1$s = EXCLUDED.%1$s', word), ', ') FROM regexp_split_to_table(list, ', ') word)) INTO upsert;
		FOR i IN 1..row_count LOOP CALL upsert_one(name, list, upsert, folder, i); END LOOP;
		WHILE again LOOP
			SELECT count(*) INTO missing FROM oracle WHERE schema_name = name AND sqlstate = '23503';
			EXIT WHEN missing = before;
			before := missing;
			FOR i IN SELECT row_number FROM oracle WHERE schema_name = name AND sqlstate = '23503' ORDER BY 1 LOOP
				CALL upsert_one(name, list, upsert, folder, i);
			END LOOP;
		END LOOP;
		DROP TABLE staged;
	END $$;
};

sub record
{
	my ($schema) = @_;
	return $schema->{record}->() if $schema->{record};
	my $text = join(',', map { $values{$_}->() } @{ $schema->{columns} });
	$text .= ',more' if rand() < 0.01;
	return $text;
}

sub compare
{
	my ($way, $schema, $load) = @_;
	my $name = $schema->{name};
	my $count = $schema->{self} ? $node_count : $rows;
	my $folder = PostgreSQL::Test::Utils::tempdir();
	chmod 0755, $folder;
	foreach my $suffix ('_copy', '_load')
	{
		$node->safe_psql($way, sprintf($schema->{ddl}, $suffix, $name));
		$node->safe_psql($way, sprintf($schema->{fill}, $suffix));
	}
	open(my $all, '>:raw', "$folder/all") or die "$!";
	foreach my $i (1 .. $count)
	{
		my $record = record($schema);
		print $all "$record\n";
		open(my $one, '>:raw', "$folder/$i") or die "$!";
		print $one "$record\n";
		close $one;
	}
	close $all;
	chmod 0644, "$folder/all";

	$node->safe_psql($way, "CALL upsert_one_by_one('$name', '$schema->{list}', '$folder', $count, @{[$schema->{self} ? 'true' : 'false']})");
	my $counts = $load->("${name}_load", $schema->{list}, "$folder/all");
	is($counts, $node->safe_psql($way, qq{
		SELECT count(*), count(*) FILTER (WHERE outcome = 'loaded'), count(*) FILTER (WHERE outcome = 'rejected'),
			count(*) FILTER (WHERE outcome = 'skipped') FROM oracle WHERE schema_name = '$name'}), "$way, $name: as many rows are loaded, rejected and skipped");
	note($counts);
	foreach my $table ($name, @{ $schema->{also} // [] })
	{
		# sequences have gaps
		my $number = $table eq $name ? '0' : 'row_number() OVER (ORDER BY n)';
		my $shown = sub { qq{SELECT $number, replace((to_jsonb(whole) - 'n')::text, '_copy', '_load') FROM ${table}$_[0] whole} };
		$shown = sub { qq{SELECT 0, to_jsonb(whole)::text FROM ${table}$_[0] whole} } if $table eq $name;
		is($node->safe_psql($way, qq{
			(SELECT 'expected', * FROM (@{[$shown->('_copy')]} EXCEPT ALL @{[$shown->('_load')]}) e) UNION ALL
			(SELECT 'found', * FROM (@{[$shown->('_load')]} EXCEPT ALL @{[$shown->('_copy')]}) f) ORDER BY 2, 3, 1 LIMIT 20}), '',
			"$way, $name: the same rows are in $table");
	}
	is($node->safe_psql($way, qq{
		SELECT coalesce(o.row_number, r.row_number), o.sqlstate, r.sqlstate, o.message, r.reason, r.raw_row
		FROM (SELECT * FROM oracle WHERE schema_name = '$name' AND outcome = 'rejected') o
		FULL JOIN (SELECT * FROM ferry_rejects JOIN ferry_loads USING (load_id) WHERE table_name = '${name}_load') r USING (row_number)
		WHERE o.sqlstate IS DISTINCT FROM r.sqlstate OR replace(o.message, '"staged"', '"${name}_load"') <> r.reason
			OR o.constraint_name <> coalesce(r.constraint_name, '') OR o.detail LIKE 'Key %' AND o.detail <> r.detail
		ORDER BY 1 LIMIT 20}), '', "$way, $name: the same rows are rejected for the same reason");
	note($node->safe_psql($way, "SELECT string_agg(sqlstate || ' ' || n, ', ') FROM (SELECT sqlstate, count(*) n FROM oracle WHERE schema_name = '$name' GROUP BY 1 ORDER BY 1) s"));
}

sub by_function
{
	my ($table, $list, $file) = @_;
	return $node->safe_psql('load_csv', qq{
		SELECT rows_read, rows_loaded, rows_rejected, rows_skipped FROM load_csv('$table', '$file', columns => '{$list}', on_conflict => 'update')});
}

sub by_statement
{
	my ($table, $list, $file) = @_;
	return $node->safe_psql('copy_csv', qq{LOAD 'pg_ferry'; SET client_min_messages = warning;
		COPY $table ($list) FROM '$file' WITH (FORMAT csv, ON_ERROR reject, ON_CONFLICT update);
		SELECT rows_read, rows_loaded, rows_rejected, rows_skipped FROM ferry_loads ORDER BY load_id DESC LIMIT 1});
}

my %ways = (load_csv => \&by_function, copy_csv => \&by_statement);
foreach my $way ('load_csv', 'copy_csv')
{
	$node->safe_psql('postgres', "CREATE DATABASE $way");
	$node->safe_psql($way, $setup);
	compare($way, $_, $ways{$way}) foreach @schemas;
}

$node->stop;
done_testing();

# A load into what only INSERT statements reach behaves as if each record were inserted alone, in a savepoint, and the bad ones left
# out: tables of another engine (tests/engine), views of every kind, tables with policies that apply to the user. Random dirty rows;
# the same rows are there afterwards, with the same SQLSTATE, constraint and text for each reject. Tables are made twice, in schema
# oracle, where the engine has nothing to say, and in schema load. Another seed: FERRY_SEED=7 FERRY_ROWS=5000 prove ...
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seed = $ENV{FERRY_SEED} // 20210402;
my $rows = $ENV{FERRY_ROWS} // 1500;
srand($seed);
note("FERRY_SEED=$seed FERRY_ROWS=$rows");

my $node = PostgreSQL::Test::Cluster->new('like_insert');
$node->init(extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "fsync = off\nsession_preload_libraries = 'pg_ferry, ferry_engine_test'\n");
$node->start;

sub pick { return $_[ int(rand(scalar @_)) ]; }

my %values = (
	key => sub { pick('x', '', (map { int(rand(2 * $rows)) } 1 .. 30)) }, small => sub { int(rand(40)) }, someone => sub { pick('', int(rand(40))) },
	amount => sub { pick('', '-1', '0', map { int(rand(100)) } 1 .. 40) }, word => sub { pick('', 'a', 'b', 'Qué', 'a "b", c', 'name' . int(rand(500))) },
	array => sub { pick('', '{}', '{1,2}', '{{1,2},{3,4}}', '{1', '{NULL}') }, pair => sub { pick('', '(1,a)', '(,)', '(x,a)', '(2,"b, c")') },
	positive => sub { pick('', '1', '5', '-5', 'p') }, pairs => sub { pick('', '{"(1,a)","(2,b)"}', '{}') }, range => sub { pick('', '[1,5)', '[5,1)', 'empty') },
	json => sub { pick('', '{"a": [1, null]}', '{', '"x"') }, time => sub { pick('', '2021-01-01T00:00:00Z', 'never', '2021-02-30') });

# take: tables that the engine gets, those that others refer to first. modes: of on_conflict. user: who loads.
my $plain = q{CREATE TABLE parents (id int PRIMARY KEY); CREATE TABLE kinds (id int PRIMARY KEY);};
my $parents = q{INSERT INTO parents SELECT generate_series(0, 29); INSERT INTO kinds SELECT generate_series(5, 39);};
my @cases = (
	{   name => 'engine', take => [qw(parents events)], columns => [qw(key amount word someone someone)], target => 'events', modes => [qw(reject skip update)],
		ddl => qq{$plain CREATE TABLE events (id int PRIMARY KEY, amount int NOT NULL CHECK (amount >= 0) CHECK (100 / amount < 90), word text DEFAULT 'none',
			parent int REFERENCES parents, kind int REFERENCES kinds, made serial, twice int GENERATED ALWAYS AS (amount * 2) STORED);}, list => 'id, amount, word, parent, kind' },
	{   name => 'engine_types', take => ['types'], columns => [qw(amount array pair positive pairs range json time)], target => 'types', modes => ['reject'],
		ddl => q{CREATE TYPE pair AS (a int, b text); CREATE DOMAIN positive AS int CHECK (VALUE > 0); CREATE DOMAIN filled AS int[] CHECK (VALUE <> '{}');
			CREATE TABLE types (junk int, a int, b int[], c pair, d positive, e pair[], f int4range, g jsonb, h timestamptz, i int GENERATED ALWAYS AS IDENTITY);}, dropped => 'junk', list => 'a, b, c, d, e, f, g, h' },
	{   name => 'engine_keys', take => ['keys'], columns => [qw(key small word amount)], target => 'keys', modes => [qw(reject skip)],
		ddl => q{CREATE TABLE keys (id int, small int, word text, amount int UNIQUE, PRIMARY KEY (id, small), UNIQUE (word) DEFERRABLE INITIALLY DEFERRED);}, list => 'id, small, word, amount' },
	{   name => 'engine_unique', take => ['marked'], columns => [qw(key amount word)], target => 'marked', modes => [qw(reject skip)],
		ddl => q{CREATE TABLE marked (id int NOT NULL, amount int CHECK (amount < 90), word text NOT NULL DEFAULT 'none', UNIQUE (id, word)); CREATE UNIQUE INDEX ON marked (id) WHERE amount = 5;}, list => 'id, amount, word' },
	{   name => 'engine_no_key', take => ['loose'], columns => [qw(small word amount)], target => 'loose', modes => [qw(reject skip)],
		ddl => q{CREATE TABLE loose (small int, word text, amount int CHECK (amount < 95)); CREATE UNIQUE INDEX ON loose (small, lower(word));}, list => 'small, word, amount' },
	{   name => 'engine_parted', take => ['parted'], columns => [qw(key amount word)], target => 'parted', modes => [qw(reject update)],
		ddl => q{CREATE TABLE parted (id int PRIMARY KEY, amount int NOT NULL, word text) PARTITION BY RANGE (id); CREATE TABLE parted_0 PARTITION OF parted FOR VALUES FROM (MINVALUE) TO (MAXVALUE);}, list => 'id, amount, word' },
	{   name => 'view', columns => [qw(key amount word someone)], target => 'shown', modes => [qw(reject skip update)],
		ddl => qq{$plain CREATE TABLE base (id int PRIMARY KEY, amount int NOT NULL CHECK (amount >= 0), word text DEFAULT 'none', parent int REFERENCES parents, made serial UNIQUE DEFERRABLE INITIALLY DEFERRED);
			CREATE VIEW low AS SELECT word AS w, id AS number, parent, amount FROM base WHERE amount < 60; CREATE VIEW shown AS SELECT number AS n, amount, w, parent FROM low WHERE amount <> 7 WITH CASCADED CHECK OPTION;}, list => 'n, amount, w, parent' },
	{   name => 'view_trigger', columns => [qw(key amount word)], target => 'shown', modes => [qw(reject skip)],
		ddl => q{CREATE TABLE base (id int PRIMARY KEY, amount int CHECK (amount > 0), word text); CREATE VIEW shown AS SELECT id, amount, word FROM base;
			CREATE FUNCTION put() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$ BEGIN
				IF NEW.word = 'b' THEN RETURN NULL; END IF;
				IF NEW.word = 'a' THEN RAISE EXCEPTION 'no' USING ERRCODE = 'UE001'; END IF;
				INSERT INTO base VALUES (NEW.id, NEW.amount + (SELECT count(*) FROM base) % 2, NEW.word); RETURN NEW; END $$;
			CREATE TRIGGER put INSTEAD OF INSERT ON shown FOR EACH ROW EXECUTE FUNCTION put();}, list => 'id, amount, word' },
	{   name => 'view_rule', columns => [qw(key amount word)], target => 'shown', modes => ['reject'],
		ddl => q{CREATE TABLE base (id int PRIMARY KEY, amount int CHECK (amount > 0)); CREATE TABLE words (id int, word text NOT NULL); CREATE VIEW shown AS SELECT id, amount, word FROM base JOIN words USING (id);
			CREATE RULE put AS ON INSERT TO shown DO INSTEAD (INSERT INTO base VALUES (NEW.id, NEW.amount); INSERT INTO words VALUES (NEW.id, NEW.word));}, list => 'id, amount, word' },
	{   name => 'policies', columns => [qw(key amount word someone)], target => 'guarded', modes => [qw(reject skip update)], user => 'regress_loader',
		ddl => qq{$plain CREATE TABLE guarded (id int PRIMARY KEY, amount int CHECK (amount >= 0), word text, parent int REFERENCES parents); ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
			CREATE POLICY a ON guarded FOR INSERT WITH CHECK (amount < 60); CREATE POLICY b ON guarded FOR SELECT USING (true); CREATE POLICY c ON guarded FOR UPDATE USING (word IS DISTINCT FROM 'a') WITH CHECK (amount <> 9);}, list => 'id, amount, word, parent' },
	{   name => 'policies_of_counts', columns => [qw(key amount)], target => 'counted', modes => ['reject'], user => 'regress_loader',
		ddl => q{CREATE TABLE counted (id int PRIMARY KEY, amount int); ALTER TABLE counted ENABLE ROW LEVEL SECURITY; CREATE FUNCTION so_many() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS 'SELECT count(*) FROM counted';
			CREATE POLICY a ON counted FOR INSERT WITH CHECK (so_many() % 3 <> amount % 3);}, list => 'id, amount' });

my $setup = q{
	CREATE EXTENSION pg_ferry; LOAD 'pg_ferry'; CREATE SCHEMA engine;
	CREATE FUNCTION engine.changed(regclass) RETURNS void STRICT AS '$libdir/ferry_engine_test', 'engine_changed' LANGUAGE C;
	-- gives a table to the engine, with keys of its own that have a number behind their names
	CREATE FUNCTION engine.shard(target regclass) RETURNS void LANGUAGE plpgsql AS $$
	DECLARE shards text := 'shards_' || target::oid; c record;
	BEGIN
		EXECUTE format('CREATE TABLE engine.%I (LIKE %s INCLUDING ALL)', shards, target);
		FOR c IN SELECT s.conname AS made, t.conname AS name FROM pg_constraint s, pg_constraint t
			WHERE s.conrelid = ('engine.' || shards)::regclass AND t.conrelid = target AND s.contype = t.contype AND t.contype IN ('p', 'u', 'c')
				AND replace(pg_get_constraintdef(s.oid), shards, '') = replace(pg_get_constraintdef(t.oid), target::text, '') LOOP
			EXECUTE format('ALTER TABLE engine.%I RENAME CONSTRAINT %I TO %I', shards, c.made, c.name || '_102439');
		END LOOP;
		FOR c IN SELECT conname AS name, pg_get_constraintdef(oid) AS rule, confrelid::regclass AS parent, to_regclass('engine.shards_' || confrelid::oid) AS sharded
			FROM pg_constraint WHERE conrelid = target AND contype = 'f' ORDER BY oid LOOP
			EXECUTE format('ALTER TABLE engine.%I ADD CONSTRAINT %I %s', shards, c.name || '_102439', replace(c.rule, 'REFERENCES ' || c.parent, 'REFERENCES ' || coalesce(c.sharded::text, c.parent::text)));
		END LOOP;
		EXECUTE format('GRANT ALL ON engine.%I TO PUBLIC', shards);
		PERFORM engine.changed(target);
	END $$;
	CREATE TABLE public.oracle (row_number int, sqlstate text, constraint_name text, message text);
	GRANT ALL ON public.oracle TO PUBLIC;
	CREATE PROCEDURE public.insert_one_by_one(rows jsonb, insert_into text, behind text) LANGUAGE plpgsql AS $$
	DECLARE m text; c text; n bigint; row_values text;
	BEGIN
		TRUNCATE public.oracle;
		SET CONSTRAINTS ALL IMMEDIATE;
		FOR i IN 1 .. jsonb_array_length(rows) LOOP
			SELECT string_agg(quote_nullable(v), ', ' ORDER BY o) INTO row_values FROM jsonb_array_elements_text(rows -> (i - 1)) WITH ORDINALITY AS r(v, o);
			BEGIN
				EXECUTE insert_into || ' VALUES (' || row_values || ')' || behind;
				GET DIAGNOSTICS n = ROW_COUNT;
				IF n = 0 THEN INSERT INTO public.oracle VALUES (i, 'skipped'); END IF;
			EXCEPTION WHEN OTHERS THEN
				GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, c = CONSTRAINT_NAME;
				INSERT INTO public.oracle VALUES (i, SQLSTATE, nullif(c, ''), m);
			END;
		END LOOP;
	END $$;
};

my $folder = PostgreSQL::Test::Utils::tempdir();
chmod 0755, $folder;

# The rows as CSV, as JSON for the oracle, and as objects for insert_rows.
sub make_rows
{
	my ($case) = @_;
	my @names = split(/, /, $case->{list});
	my (@csv, @arrays, @objects);
	foreach (1 .. $rows)
	{
		my @fields = map { $values{$_}->() } @{ $case->{columns} };
		push @csv, join(',', map { my $f = $_; $f =~ /[",{]/ ? '"' . ($f =~ s/"/""/gr) . '"' : $f } @fields);
		my @json = map { my $f = $_; $f eq '' ? 'null' : '"' . ($f =~ s/(["\\])/\\$1/gr) . '"' } @fields;
		push @arrays, '[' . join(', ', @json) . ']';
		push @objects, '{' . join(', ', map { "\"$names[$_]\": $json[$_]" } 0 .. $#names) . '}';
	}
	write_text("$folder/rows.csv", join("\n", @csv) . "\n");
	return ('[' . join(', ', @arrays) . ']', '[' . join(', ', @objects) . ']');
}

sub write_text { my ($file, $text) = @_; open(my $out, '>', $file) or die "$!"; print $out $text; close $out; chmod 0644, $file; }

sub compare
{
	my ($db, $case, $mode, $way) = @_;
	my $name = "$case->{name}, $way, $mode";
	my $psql = sub { return $node->safe_psql($db, "SET client_min_messages = warning; $_[0]"); };
	foreach my $schema ('oracle', 'load')
	{
		$psql->("CREATE SCHEMA $schema; GRANT USAGE ON SCHEMA $schema TO PUBLIC; SET search_path = $schema; $case->{ddl}");
		$psql->("SET search_path = $schema, public; SELECT engine.shard('$_')") foreach $schema eq 'load' ? @{ $case->{take} // [] } : ();
		$psql->(qq{SET search_path = $schema; SELECT 'ALTER TABLE ' || t || ' DROP $case->{dropped}' FROM unnest(ARRAY['$case->{target}', 'engine.shards_' || '$case->{target}'::regclass::oid]) t WHERE to_regclass(t) IS NOT NULL \\gexec\n}) if $case->{dropped};
		$psql->("SET search_path = $schema; $parents") if $case->{ddl} =~ /TABLE kinds/;
		$psql->("GRANT ALL ON ALL TABLES IN SCHEMA $schema TO PUBLIC; GRANT ALL ON ALL SEQUENCES IN SCHEMA $schema TO PUBLIC");
	}
	my ($arrays, $objects) = make_rows($case);
	my $user = $case->{user} ? "SET ROLE $case->{user};" : '';
	my ($key) = $case->{list} =~ /^(\w+)/;
	my $behind = $mode eq 'skip' && $case->{name} !~ /view|keys/ ? ' ON CONFLICT DO NOTHING' : '';
	$behind = " ON CONFLICT ($key) DO UPDATE SET " . join(', ', map { "$_ = EXCLUDED.$_" } split(/, /, $case->{list})) if $mode eq 'update';
	write_text("$folder/arrays.json", $arrays);
	write_text("$folder/objects.json", $objects);
	$psql->("$user SET search_path = oracle; CALL public.insert_one_by_one(pg_read_file('$folder/arrays.json')::jsonb, 'INSERT INTO $case->{target} ($case->{list})', '$behind')");
	# where INSERT has no such clause: a key that is taken
	$psql->(q{UPDATE oracle SET sqlstate = 'skipped' WHERE sqlstate IN ('23505', '23P01')}) if $mode eq 'skip';
	my $columns = "ARRAY['" . join("', '", split(/, /, $case->{list})) . "']::name[]";
	my $load = $way eq 'load_csv' ? "public.load_csv('$case->{target}', '$folder/rows.csv', columns => $columns, on_conflict => '$mode')"
		: "(SELECT rows_loaded, rows_rejected, rows_received - rows_loaded - rows_rejected AS rows_skipped FROM public.insert_rows('$case->{target}', pg_read_file('$folder/objects.json')::json, on_conflict => '$mode')) l";
	my $counts = $psql->("SET pg_ferry.max_batch_rows = 100000; $user SET search_path = load; SELECT rows_loaded, rows_rejected, rows_skipped FROM $load");
	my $expected = $psql->("SELECT $rows - count(*), count(*) FILTER (WHERE sqlstate <> 'skipped'), count(*) FILTER (WHERE sqlstate = 'skipped') FROM oracle");
	is($counts, $expected, "$name: as many rows");
	my $shown = $case->{name} eq 'engine_types' ? 'a, b, c::text, d, e::text, f, g, h' : $case->{list};
	my $from = $case->{target};
	is($psql->("SELECT * FROM (SELECT 'missing', $shown FROM oracle.$from EXCEPT ALL SELECT 'missing', $shown FROM load.$from) a UNION ALL SELECT * FROM (SELECT 'too many', $shown FROM load.$from EXCEPT ALL SELECT 'too many', $shown FROM oracle.$from) b LIMIT 5"),
		'', "$name: the same rows are there");
	# of a row that breaks several rules of an engine's table any may be told; texts of values are those of their types
	is($psql->(qq{SELECT row_number, o.sqlstate, o.constraint_name, o.message, r.sqlstate, r.constraint_name, r.reason FROM (SELECT * FROM oracle WHERE sqlstate <> 'skipped') o
		FULL JOIN (SELECT row_number, sqlstate, constraint_name, regexp_replace(reason, '"shards_[0-9]+"', '"$case->{target}"') AS reason FROM ferry_rejects WHERE load_id = (SELECT max(load_id) FROM ferry_loads)) r USING (row_number)
		WHERE (o.sqlstate IS DISTINCT FROM r.sqlstate AND NOT ('$case->{name}' ~ 'types' AND o.sqlstate <> '' AND r.sqlstate <> '') AND NOT ('$case->{name}' ~ 'engine' AND (o.sqlstate, r.sqlstate) IN (('23505', '23503'), ('23514', '23502'))))
			OR (o.sqlstate = r.sqlstate AND o.sqlstate LIKE '23%' AND '$case->{name}' !~ 'no_key|parted' AND o.constraint_name IS DISTINCT FROM r.constraint_name)
			OR (o.sqlstate = r.sqlstate AND o.sqlstate LIKE '23%' AND '$case->{name}' !~ 'no_key|parted' AND o.message IS DISTINCT FROM r.reason)
		ORDER BY 1 LIMIT 5}), '', "$name: the same rows are rejected for the same reason");
	cmp_ok($psql->('SELECT count(DISTINCT sqlstate) FROM oracle'), '>', 1, "$name: for several reasons");
	is($psql->("COPY load.$_ TO STDOUT"), '', "$name: nothing is in the shell of $_") foreach grep { !/parted/ } @{ $case->{take} // [] };
	$psql->(q{DROP SCHEMA oracle, load CASCADE;
		DO $$ DECLARE t regclass; BEGIN FOR t IN SELECT oid::regclass FROM pg_class WHERE relname LIKE 'shards%' AND relkind IN ('r', 'p') LOOP EXECUTE 'DROP TABLE ' || t || ' CASCADE'; END LOOP; END $$});
}

$node->safe_psql('postgres', 'CREATE ROLE regress_loader; GRANT pg_read_server_files TO regress_loader; GRANT EXECUTE ON FUNCTION pg_read_file(text) TO PUBLIC');
$node->safe_psql('postgres', 'CREATE DATABASE statements');
$node->safe_psql('statements', $setup);
$node->safe_psql('statements', 'GRANT EXECUTE ON FUNCTION pg_read_file(text), pg_read_file(text, bigint, bigint) TO PUBLIC; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO PUBLIC');
foreach my $case (@cases)
{
	next if $ENV{FERRY_CASE} && $case->{name} !~ /$ENV{FERRY_CASE}/;
	foreach my $mode (@{ $case->{modes} })
	{
		compare('statements', $case, $mode, $_) foreach $mode eq 'reject' && $case->{name} !~ /types/ ? ('load_csv', 'insert_rows') : ('load_csv');
	}
}

$node->stop;
done_testing();

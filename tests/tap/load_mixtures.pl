# Loads into random tables with random rules: partitions, keys of every kind, foreign keys, checks and defaults that look at tables,
# row triggers that change rows, keys and parents, or leave rows out. The oracle is core COPY, each record alone in a savepoint
# (CopyOracle.pm): the same rows are in the table and its partitions, in its parents and in what triggers wrote, the same rows are
# rejected for the same reason, the same notifications come. Others: FERRY_SEED=7 FERRY_CASES=1000 FERRY_ROWS=300 prove ...; one of
# them alone: FERRY_ONLY=123.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use CopyOracle;

my $seed = $ENV{FERRY_SEED} // 20210401;
my $cases = $ENV{FERRY_CASES} // 120;
my $rows = $ENV{FERRY_ROWS} // 90;
note("FERRY_SEED=$seed FERRY_CASES=$cases FERRY_ROWS=$rows");

my $node = PostgreSQL::Test::Cluster->new('mixtures');
$node->init(extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\nsession_preload_libraries = 'pg_ferry'\n");
$node->start;
$node->safe_psql('postgres', "CREATE EXTENSION pg_ferry; $oracle_sql");
my $folder = PostgreSQL::Test::Utils::tempdir();
chmod 0755, $folder;

sub pick { return $_[ int(rand(scalar @_)) ]; }
sub one_in { return rand($_[0]) < 1; }

# --- a random table; ~ stands for _copy or _load. What the file has:
my $loaded = '(id, grp, name, uid, amount, p, a, b, boss, span, day)';
my @columns = ('id int', 'grp int', 'name text', 'uid int', 'amount int', 'p int', 'a int', 'b text', 'boss int', 'span int4range', 'day date');
# and what is made of it
my @made = ('touched text', 'seen int', 'mark int', "kind text DEFAULT 'x'");

# Parents, and what triggers and functions read and write.
sub tables_around
{
	my $parent = pick('id int PRIMARY KEY)', 'id bigint PRIMARY KEY)', 'id numeric PRIMARY KEY)', 'id int PRIMARY KEY) PARTITION BY RANGE (id)');
	my $parts = $parent =~ /PARTITION/
		? 'CREATE TABLE parents~_0 PARTITION OF parents~ FOR VALUES FROM (0) TO (13); CREATE TABLE parents~_1 PARTITION OF parents~ DEFAULT;' : '';
	return qq{CREATE TABLE parents~ ($parent; $parts INSERT INTO parents~ SELECT generate_series(0, 25);
		CREATE TABLE pairs~ (a int, b text, PRIMARY KEY (a, b)); INSERT INTO pairs~ SELECT a, 'k' || b FROM generate_series(0, 9) a, generate_series(0, 4) b;
		CREATE TABLE lookup~ (grp int PRIMARY KEY, ok bool); INSERT INTO lookup~ SELECT g, g <> 3 FROM generate_series(0, 9) g;
		CREATE TABLE counter~ (grp int PRIMARY KEY, n int); CREATE TABLE audit~ (what text, id int, x text);
		CREATE FUNCTION allowed~(int) RETURNS boolean STABLE LANGUAGE plpgsql AS \$\$ BEGIN RETURN (SELECT ok FROM lookup~ WHERE grp = \$1); END \$\$;
		CREATE FUNCTION room~(int) RETURNS boolean LANGUAGE plpgsql AS \$\$ BEGIN RETURN (SELECT count(*) < 12 FROM t~ WHERE grp = \$1); END \$\$;
		CREATE FUNCTION lucky~(int) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS
			\$\$ BEGIN IF \$1 = 13 THEN RAISE EXCEPTION 'unlucky' USING ERRCODE = 'UE001'; END IF; RETURN \$1 <> 14; END \$\$;
		CREATE FUNCTION count~() RETURNS int LANGUAGE plpgsql AS \$\$ BEGIN RETURN (SELECT count(*) FROM t~); END \$\$;
		CREATE FUNCTION noted~() RETURNS int LANGUAGE plpgsql AS \$\$ BEGIN INSERT INTO audit~ VALUES ('default'); RETURN (SELECT count(*) FROM audit~); END \$\$;
		CREATE FUNCTION last_ok~() RETURNS int STABLE LANGUAGE plpgsql AS \$\$ BEGIN RETURN (SELECT max(grp) FROM lookup~ WHERE ok); END \$\$;
		CREATE DOMAIN lucky_int~ AS int CHECK (lucky~(VALUE)); CREATE DOMAIN rare~ AS int CHECK (VALUE IS NULL OR VALUE > 90 OR room~(VALUE % 8));};
}

# The table and its partitions: statements, what keys of it must have, whether it is partitioned, its leaves.
sub layout
{
	my ($columns) = @_;
	my $list = join(', ', @$columns);
	# the same columns in another order, and one that was dropped
	my $other = join(', ', reverse(@$columns[ 0 .. 3 ]), 'junk int', @$columns[ 4 .. $#$columns ]);
	my $attached = sub { "CREATE TABLE $_[0] ($other); ALTER TABLE $_[0] DROP junk; ALTER TABLE t~ ATTACH PARTITION $_[0] $_[1];" };
	my $default = one_in(2) ? 'CREATE TABLE t~_d PARTITION OF t~ DEFAULT;' : '';
	my @d = $default ? ('t~_d') : ();
	my $way = pick(qw(plain plain plain child list range hash sub kind));
	return ("CREATE TABLE t~ ($list);", [], 0, ['t~']) if $way eq 'plain';
	return ("CREATE TABLE base~ ($list); CREATE TABLE t~ () INHERITS (base~);", [], 0, ['t~']) if $way eq 'child';
	return ("CREATE TABLE t~ ($list) PARTITION BY LIST (grp); CREATE TABLE t~_0 PARTITION OF t~ FOR VALUES IN (0, 1, NULL);
		" . $attached->('t~_1', 'FOR VALUES IN (2, 3)') . " CREATE TABLE t~_2 PARTITION OF t~ FOR VALUES IN (4, 5); $default", ['grp'], 1, [ 't~_0', 't~_1', 't~_2', @d ]) if $way eq 'list';
	return ("CREATE TABLE t~ ($list) PARTITION BY RANGE (id); CREATE TABLE t~_0 PARTITION OF t~ FOR VALUES FROM (MINVALUE) TO ($rows / 3);
		" . $attached->('t~_1', "FOR VALUES FROM ($rows / 3) TO ($rows)") . $default, ['id'], 1, [ 't~_0', 't~_1', @d ]) if $way eq 'range';
	return ("CREATE TABLE t~ ($list) PARTITION BY HASH (id); CREATE TABLE t~_0 PARTITION OF t~ FOR VALUES WITH (MODULUS 3, REMAINDER 0);
		" . $attached->('t~_1', 'FOR VALUES WITH (MODULUS 6, REMAINDER 1)') . ' CREATE TABLE t~_2 PARTITION OF t~ FOR VALUES WITH (MODULUS 3, REMAINDER 2);', ['id'], 1, [ 't~_0', 't~_1', 't~_2' ]) if $way eq 'hash';
	return ("CREATE TABLE t~ ($list) PARTITION BY LIST (grp); CREATE TABLE t~_0 PARTITION OF t~ FOR VALUES IN (0, 1);
		CREATE TABLE t~_1 PARTITION OF t~ FOR VALUES IN (2, 3, 4, 5) PARTITION BY RANGE (id); CREATE TABLE t~_1a PARTITION OF t~_1 FOR VALUES FROM (0) TO ($rows / 2);
		CREATE TABLE t~_1b PARTITION OF t~_1 FOR VALUES FROM ($rows / 2) TO ($rows); $default", [ 'grp', 'id' ], 1, [ 't~_0', 't~_1a', 't~_1b', @d ]) if $way eq 'sub';
	# a key that no field fills
	return ("CREATE TABLE t~ ($list) PARTITION BY LIST (kind); CREATE TABLE t~_x PARTITION OF t~ FOR VALUES IN ('x'); CREATE TABLE t~_y PARTITION OF t~ FOR VALUES IN ('y');", ['kind'], 1, ['t~_x', 't~_y']);
}

sub deferrable { return pick('', '', '', 'DEFERRABLE', 'DEFERRABLE INITIALLY DEFERRED'); }

# Keys: statements, and whether (id) or (id, grp) can be referred to.
sub keys_of
{
	my ($key, $is_parted, $leaves) = @_;
	my $with = sub { my %had = map { $_ => 1 } @_; return join(', ', @_, grep { !$had{$_} } @$key); };
	my ($sql, $deferrable) = ('', deferrable());
	my $kind = pick('PRIMARY KEY', 'PRIMARY KEY', 'UNIQUE');
	$sql .= 'ALTER TABLE t~ ADD CONSTRAINT t~_key ' . "$kind (" . $with->('id') . ") $deferrable;" unless my $without = one_in(8);
	my @more = (
		sub { 'ALTER TABLE t~ ADD CONSTRAINT t~_uid UNIQUE ' . pick('', 'NULLS NOT DISTINCT') . ' (' . $with->('uid') . ') ' . deferrable() . ';' },
		sub { 'CREATE UNIQUE INDEX t~_lower ON t~ (' . $with->('lower(name)') . ');' },
		sub { 'CREATE UNIQUE INDEX t~_some ON t~ (' . $with->('uid') . ') WHERE amount > 20;' },
		sub { 'CREATE UNIQUE INDEX t~_none ON t~ (' . $with->('p', 'uid') . ') INCLUDE (name) NULLS NOT DISTINCT;' },
		sub { 'CREATE UNIQUE INDEX t~_day ON t~ (' . $with->('day', 'name') . ');' },
		sub { 'ALTER TABLE t~ ADD UNIQUE (' . $with->('twice', 'grp') . ');' },
		sub { 'CREATE INDEX t~_raise ON t~ ((1000 / (amount - 7)));' },
		sub { 'CREATE INDEX t~_gist ON t~ USING gist (span);' },
		# keys of one table alone
		map { my $index = $_; sub { "ALTER TABLE @{[pick(@$leaves)]} ADD EXCLUDE $index " . deferrable() . ';' } }
			('USING gist (span WITH &&)', 'USING gist (span WITH &&) WHERE (amount > 10)', '(uid WITH =)', 'USING hash (name WITH =)'));
	my %taken;
	foreach (1 .. pick(0, 0, 1, 1, 2, 3)) { my $at = int(rand(@more)); $sql .= $more[$at]->() unless $taken{$at}++; }
	my $refers = $without || $deferrable ne '' ? '' : $with->('id');
	return ($sql, $refers);
}

sub foreign_keys
{
	my ($refers, $is_parted) = @_;
	my $action = pick('', '', 'ON DELETE CASCADE', 'ON DELETE SET NULL', 'ON DELETE SET DEFAULT', 'ON DELETE RESTRICT', 'ON DELETE CASCADE ON UPDATE CASCADE');
	my $valid = $is_parted ? '' : pick('', '', 'NOT VALID');
	my ($sql, $again) = ('', 'NULL');
	$sql .= "ALTER TABLE t~ ADD CONSTRAINT t~_p FOREIGN KEY (p) REFERENCES parents~ $action " . deferrable() . " $valid;" unless one_in(5);
	$sql .= 'ALTER TABLE t~ ADD CONSTRAINT t~_ab FOREIGN KEY (a, b) REFERENCES pairs~ ' . pick('', 'MATCH FULL') . " $action;" if one_in(2);
	if (one_in(3) && ($refers eq 'id' || $refers eq 'id, grp'))
	{
		$sql .= 'ALTER TABLE t~ ADD CONSTRAINT t~_boss FOREIGN KEY (' . ($refers =~ s/id/boss/r) . ") REFERENCES t~ ($refers) " . pick('', 'ON DELETE CASCADE') . ' ' . deferrable() . ';';
		$again = q{'%boss'};
	}
	return ($sql, $again);
}

sub checks
{
	my ($leaves) = @_;
	my $leaf = pick(@$leaves);
	my @all = ('ALTER TABLE t~ ADD CHECK (amount <> 13);', 'ALTER TABLE t~ ADD CHECK (allowed~(grp));', 'ALTER TABLE t~ ADD CHECK (room~(grp));', 'ALTER TABLE t~ ADD CHECK (lucky~(amount));',
		"ALTER TABLE $leaf ADD CHECK (amount > 9);", 'ALTER TABLE t~ ALTER name SET NOT NULL;', 'ALTER TABLE t~ ADD CHECK (100 / (amount - 50) < 99);', "ALTER TABLE $leaf ALTER p SET NOT NULL;");
	return join(' ', map { pick(@all) } 1 .. pick(0, 0, 1, 2));
}

# Row triggers, as [when, body]. They see a row without a key at times.
my %triggers = (
	touch => [ 'BEFORE', q{NEW.touched := 'was ' || NEW.name;} ],
	count => [ 'BEFORE', 'NEW.seen := (SELECT count(*) FROM t~);' ],
	leave_out => [ 'BEFORE', q{IF NEW.name = 'skip' THEN INSERT INTO audit~ VALUES ('left out', NEW.id); RETURN NULL; END IF;} ],
	raise => [ 'BEFORE', q{IF NEW.name = 'raise' THEN RAISE EXCEPTION 'no' USING ERRCODE = pg_catalog.substr('P0001ZZ0012201223514', 1 + 5 * (coalesce(NEW.id, 0) % 4), 5); END IF;} ],
	mend_parent => [ 'BEFORE', 'NEW.p := CASE WHEN NEW.p BETWEEN 26 AND 32 THEN NEW.p - 20 WHEN NEW.p IN (3, 4) THEN 77 ELSE NEW.p END;' ],
	mend_pair => [ 'BEFORE', q{IF NEW.a = 11 THEN NEW.a := 1; ELSIF NEW.a = 5 THEN NEW.b := 'gone'; END IF;} ],
	mend_key => [ 'BEFORE', 'NEW.uid := NEW.uid % 40; NEW.amount := CASE NEW.amount WHEN 13 THEN 15 WHEN 15 THEN 13 ELSE NEW.amount END;' ],
	audit => [ 'BEFORE', q{INSERT INTO audit~ VALUES ('before ' || TG_NAME || TG_LEVEL || TG_OP, NEW.id, NEW.p);} ],
	notify => [ 'BEFORE', q{PERFORM pg_notify('mixtures', 'before ' || coalesce(NEW.id, 0));} ],
	setting => [ 'BEFORE', q{NEW.touched := current_setting('mixtures.last', true); PERFORM set_config('mixtures.last', coalesce(NEW.id, 0)::text, false);} ],
	add_parent => [ 'BEFORE', 'INSERT INTO parents~ SELECT 1000 + NEW.id ON CONFLICT DO NOTHING;' ],
	insist_on_parent => [ 'BEFORE', q{BEGIN INSERT INTO parents~ VALUES (NEW.p); EXCEPTION WHEN unique_violation OR not_null_violation THEN INSERT INTO audit~ VALUES ('had it', NEW.id, NEW.p); END;} ],
	delete_parent => [ 'BEFORE', q{IF NEW.id % 7 = 0 THEN DELETE FROM parents~ WHERE id = NEW.id % 26; END IF;} ],
	delete_own_parent => [ 'BEFORE', q{IF NEW.id % 9 = 0 THEN DELETE FROM parents~ WHERE id = NEW.p; END IF;} ],
	swap_parents => [ 'BEFORE', q{IF NEW.id % 5 = 0 THEN DELETE FROM parents~ WHERE id = NEW.id % 26; ELSIF NEW.id % 5 = 2 THEN INSERT INTO parents~ VALUES ((NEW.id - 2) % 26) ON CONFLICT DO NOTHING; END IF;} ],
	move_parent => [ 'BEFORE', q{IF NEW.id % 6 = 0 THEN UPDATE parents~ SET id = id + 500 WHERE id = NEW.id % 26; ELSIF NEW.id % 6 = 3 THEN UPDATE parents~ SET id = id - 500 WHERE id >= 500 AND id < 600; END IF;} ],
	delete_pair => [ 'BEFORE', q{IF NEW.id % 8 = 0 THEN DELETE FROM pairs~ WHERE a = NEW.id % 10; ELSIF NEW.id % 8 = 4 THEN INSERT INTO pairs~ VALUES (NEW.id % 10, 'k1') ON CONFLICT DO NOTHING; END IF;} ],
	add_row => [ 'BEFORE', q{IF NEW.id % 10 = 0 AND pg_trigger_depth() = 1 THEN INSERT INTO t~ (id, grp, name, uid, amount, p) VALUES (NEW.id + 3, NEW.grp, 'added', NEW.uid + 1, 60, NEW.p); END IF;} ],
	delete_row => [ 'BEFORE', q{DELETE FROM t~ WHERE id = NEW.id - 3 AND id % 4 = 0; IF FOUND THEN INSERT INTO audit~ VALUES ('deleted', NEW.id - 3); END IF;} ],
	update_row => [ 'BEFORE', q{UPDATE t~ SET amount = amount + 1, p = CASE WHEN p > 20 THEN p - 1 WHEN p = 7 THEN 99 ELSE p END WHERE id = NEW.id - 2; IF FOUND THEN INSERT INTO audit~ VALUES ('updated', NEW.id - 2); END IF;} ],
	forbid => [ 'BEFORE', q{IF NEW.id % 13 = 0 THEN UPDATE lookup~ SET ok = NOT ok WHERE grp = NEW.grp; END IF;} ],
	quota => [ 'BEFORE', q{INSERT INTO counter~ VALUES (NEW.grp, 1) ON CONFLICT (grp) DO UPDATE SET n = counter~.n + 1; IF (SELECT n > 9 FROM counter~ WHERE grp = NEW.grp) THEN RAISE EXCEPTION 'group % is full', NEW.grp; END IF;} ],
	kind => [ 'BEFORE', q{IF NEW.touched IS NULL THEN NEW.touched := (SELECT max(id)::text FROM t~ WHERE grp = NEW.grp); END IF;} ],
	after_audit => [ 'AFTER', q{INSERT INTO audit~ SELECT 'after ' || TG_NAME, NEW.id, n.name FROM (SELECT NEW.name) n;} ],
	after_raise => [ 'AFTER', q{INSERT INTO audit~ VALUES ('after', NEW.id); IF NEW.id % 11 = 0 THEN RAISE EXCEPTION 'late' USING ERRCODE = '23514'; END IF;} ],
	after_quota => [ 'AFTER', q{INSERT INTO counter~ VALUES (-1 - NEW.grp, 1) ON CONFLICT (grp) DO UPDATE SET n = counter~.n + 1; IF (SELECT n > 8 FROM counter~ WHERE grp = -1 - NEW.grp) THEN RAISE EXCEPTION 'group % is full', NEW.grp; END IF;} ],
	after_notify => [ 'AFTER', q{PERFORM pg_notify('mixtures', 'after ' || coalesce(NEW.id, 0));} ],
	after_count => [ 'AFTER', q{INSERT INTO audit~ SELECT 'rows', NEW.id, count(*) FROM t~;} ],
	after_add_parent => [ 'AFTER', 'INSERT INTO parents~ SELECT 1000 + NEW.id ON CONFLICT DO NOTHING;' ],
	after_delete_parent => [ 'AFTER', q{IF NEW.id % 7 = 0 THEN DELETE FROM parents~ WHERE id = NEW.id % 26; END IF;} ],
	after_delete_own => [ 'AFTER', q{IF NEW.id % 12 = 0 THEN DELETE FROM t~ WHERE id = NEW.id; END IF;} ],
	after_setting => [ 'AFTER', q{PERFORM set_config('mixtures.last', 'after ' || coalesce(NEW.id, 0), false);} ],
	deferred => [ 'CONSTRAINT', q{IF NOT EXISTS (SELECT FROM parents~ WHERE id = coalesce(NEW.p, 1)) THEN RAISE EXCEPTION 'orphan' USING ERRCODE = 'ZZ003'; END IF;} ]);

sub triggers
{
	my ($leaves, $again) = @_;
	my $sql = '';
	foreach my $n (1 .. pick(0, 1, 1, 2, 2, 3, 4))
	{
		my $what = pick(sort keys %triggers);
		next if $what eq 'after_delete_own' && $again ne 'NULL';    # a row that waits for its parent is not looked for any more
		my ($when, $body) = @{ $triggers{$what} };
		my $table = one_in(6) ? pick(@$leaves) : 't~';
		my $name = pick('A', 'a', 'm', 'z') . "_${n}_$what";
		my $on = $when eq 'CONSTRAINT' ? "CONSTRAINT TRIGGER $name AFTER INSERT ON $table " . pick('', 'DEFERRABLE INITIALLY DEFERRED') : "TRIGGER $name $when INSERT ON $table";
		my $if = one_in(5) ? pick('WHEN (NEW.amount > 20)', 'WHEN (NEW.id % 2 = 0)') : '';
		$sql .= "CREATE FUNCTION f_$n~() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN $body RETURN NEW; END \$\$; CREATE $on FOR EACH ROW $if EXECUTE FUNCTION f_$n~();\n";
		$sql .= "ALTER TABLE $table " . pick('ENABLE ALWAYS', 'ENABLE REPLICA', 'DISABLE') . " TRIGGER $name;\n" if one_in(8);
	}
	return $sql;
}

sub random_table
{
	my @columns = (@columns, @made);
	$columns[4] = 'amount ' . pick('lucky_int~', 'rare~', 'smallint') if one_in(5);
	$columns[5] = 'p int DEFAULT 1';
	$columns[7] = 'b varchar(9)' if one_in(3);
	$columns[13] = 'mark int ' . pick('DEFAULT count~()', 'DEFAULT noted~()', 'DEFAULT last_ok~()') if one_in(4);
	push @columns, 'made uuid DEFAULT gen_random_uuid()' if one_in(4);
	push @columns, 'twice int GENERATED ALWAYS AS (amount * 2) STORED';
	my ($tables, $key, $is_parted, $leaves) = layout(\@columns);
	my ($keys, $refers) = keys_of($key, $is_parted, $leaves);
	my ($foreign_keys, $again) = foreign_keys($refers, $is_parted);
	my $ddl = tables_around() . "\n$tables\n$keys\n$foreign_keys\n" . checks($leaves) . "\n";
	# what triggers write themselves waits where constraints are deferred, which the oracle's SET CONSTRAINTS changes
	my $triggers = triggers($leaves, $again);
	s/ INITIALLY DEFERRED//g foreach $triggers =~ /(INTO|FROM|UPDATE) (t|parents|pairs)~ (SELECT|VALUES|WHERE|SET|\()/ ? ($ddl, $triggers) : ();
	$ddl .= $triggers;
	# a trigger that changes a row for another partition than the one that is loaded is refused, as a whole
	return { ddl => $ddl, again => $again, target => one_in(4) && $ddl !~ /NEW\.\w+ :=/ ? pick(@$leaves) : 't~' };
}

# --- random records

sub records
{
	my @ids = 1 .. $rows;
	@ids = sort { rand() <=> 0.5 } @ids if one_in(2);
	my @records;
	foreach my $i (0 .. $#ids)
	{
		my $dirty = sub { return rand() < 0.03 ? pick(@_) : undef; };
		my $before = $i > 0 ? $ids[ int(rand($i)) ] : 1;
		my $id = $dirty->('', 'x', $before, $before, $ids[-1]) // $ids[$i];
		push @records, [
			$id,
			$dirty->('', 6, 'g') // int(rand(6)),
			$dirty->('', 'skip', 'raise', 'N5') // pick("n$i", "N$i", "n$i", pick('skip', 'raise', 'n' . int(rand($rows)))),
			$dirty->('', 'x', '99999999999') // (rand() < 0.9 ? $i + 100 : int(rand(60))),
			$dirty->('', '7', '13', '14', '15', '50') // 1 + int(rand(99)),
			$dirty->('', 'p', 77, 99) // (rand() < 0.1 ? 1000 + $before : rand() < 0.05 ? 26 + int(rand(9)) : int(rand(26))),
			$dirty->('', 11, 5) // int(rand(10)), $dirty->('', '""', 'gone') // 'k' . int(rand(5)),
			# no circles, which COPY cannot load row by row
			rand() < 0.5 || $i == 0 || $id ne $ids[$i] ? '' : rand() < 0.03 ? 9999 : $before,
			$dirty->('empty', '"[5,1]"', '"[1,3)"') // "\"[" . 10 * $i . ',' . (10 * $i + 5) . ')"',
			$dirty->('', '2021-02-30', '2021-01-01') // sprintf('2021-0%d-1%d', 1 + int(rand(9)), int(rand(9))) ];
	}
	return @records;
}

sub json_of
{
	my ($record) = @_;
	my @names = split /, /, $loaded =~ s/[()]//gr;
	return '{' . join(', ', map { my $v = $record->[$_] =~ s/^"(.*)"$/$1/r; "\"$names[$_]\": " . ($record->[$_] eq '' ? 'null' : $v =~ /^[1-9]\d*$/ ? $v : "\"$v\"") } 0 .. $#names) . '}';
}

sub write_records
{
	my ($format, @records) = @_;
	open(my $all, '>', "$folder/all") or die "$!";
	print $all $format eq 'json' ? '[' . join(",\n", map { json_of($_) } @records) . ']' : join('', map { join(',', @$_) . "\n" } @records);
	close $all;
	foreach my $i (1 .. @records)
	{
		open(my $one, '>', "$folder/$i") or die "$!";
		print $one join(',', @{ $records[ $i - 1 ] }) . "\n";
		close $one;
	}
	chmod 0644, "$folder/all";
	return;
}

# --- one case

# What is different, a line each; nothing where all is as it should be.
sub differences
{
	my ($skips) = @_;
	my $sql = '';
	foreach my $table ('t', 'parents', 'pairs', 'lookup', 'counter', 'audit')
	{
		my $shown = sub { my $part = $table eq 't' ? "replace(w.tableoid::regclass::text, '_$_[0]', '')" : "''"; "SELECT $part AS part, (to_jsonb(w) - 'made')::text AS w FROM ${table}_$_[0] w" };
		my ($copy, $load) = ($shown->('copy'), $shown->('load'));
		$sql .= "(SELECT '$table: only COPY has ' || part || w FROM ($copy EXCEPT ALL $load) d LIMIT 5) UNION ALL
			(SELECT '$table: only the load has ' || part || w FROM ($load EXCEPT ALL $copy) d LIMIT 5) UNION ALL\n";
	}
	# a key that is taken in the table itself is skipped
	my $left = $skips ? q{WHERE NOT (sqlstate IN ('23505', '23P01') AND table_name LIKE 't\_load%')} : '';
	return $sql . qq{(SELECT 'rejects: ' || coalesce(o.row_number, r.row_number) || ' COPY: ' || coalesce(o.sqlstate || ' ' || o.message, 'good') || ' load: ' || coalesce(r.sqlstate || ' ' || r.reason, 'good')
		FROM (SELECT * FROM oracle $left) o FULL JOIN (SELECT * FROM ferry_rejects WHERE load_id = :load AND resolved_at IS NULL) r USING (row_number)
		WHERE o.sqlstate IS DISTINCT FROM r.sqlstate OR NOT is_kept(o.message, r.reason) OR o.constraint_name <> coalesce(r.constraint_name, '')
			OR o.detail LIKE 'Key %' AND NOT is_kept(o.detail, r.detail) ORDER BY coalesce(o.row_number, r.row_number) LIMIT 5);};
}

sub run_case
{
	my ($case) = @_;
	srand($seed * 100003 + $case);
	my $table = random_table();
	my $way = pick('load_csv', 'load_csv', 'copy', 'insert_rows');
	write_records($way eq 'insert_rows' ? 'json' : 'csv', records());
	my $skips = $way eq 'load_csv' && one_in(4);
	my $reload = !$skips && one_in(4);
	# JSON has no order of columns but that of the table
	$table->{target} = 't~' if $way eq 'insert_rows';
	my $role = one_in(12) ? pick('replica', 'local') : 'origin';
	my $target = $table->{target} =~ s/~/_load/r;
	my $load = $way eq 'load_csv' ? "load_csv('$target', '$folder/all', '$loaded', on_conflict => '" . ($skips ? 'skip' : 'reject') . "')"
		: "insert_rows('$target', pg_read_file('$folder/all')::json)";
	$load =~ s/'\((.*?)\)'/'{$1}'/;
	my $statement = $way eq 'copy' ? "COPY $target $loaded FROM '$folder/all' WITH (FORMAT csv, ON_ERROR reject);" : "SELECT count(*) FROM $load;";
	my $oracle = "'t', '@{[$table->{target} =~ s/~/_copy/r]}', '$loaded', 'csv', '$folder'";
	my $setting = q{coalesce(current_setting('mixtures.last', true), '')};
	my $counts = $skips ? '' : qq{SELECT 'counts: ' || rows_read || ' ' || rows_loaded || ' ' || rows_rejected || ' ' || rows_skipped FROM ferry_loads
		WHERE load_id = :load AND (rows_read <> $rows OR rows_read <> rows_loaded + rows_rejected + rows_skipped);};
	my @again = ("SET session_replication_role = $role; SET mixtures.last = ''; CALL copy_rejects($oracle, $table->{again});", q{SET mixtures.last = '';}, 'SELECT count(*) AS reloads FROM reload_rejects(:load) \gset', 'RESET session_replication_role;', '\echo reloaded', differences($skips));
	my ($status, $out, $error) = $node->psql('postgres', join("\n",
		"SET client_min_messages = warning; SET pg_ferry.log_batches = 'all'; SET pg_ferry.max_batch_rows = 1000000; CREATE SCHEMA case_$case; SET search_path = case_$case, public; SET mixtures.last = '';",
		'TRUNCATE oracle;', map({ $table->{ddl} =~ s/~/$_/gr } '_copy', '_load'), "SET session_replication_role = $role; LISTEN mixtures;",
		"CALL copy_one_by_one($oracle, $rows, $table->{again});", "SELECT $setting AS said \\gset", q{SET mixtures.last = '';}, '\echo loaded',
		$statement, 'RESET session_replication_role;', 'SELECT max(load_id) AS load FROM ferry_loads \gset', '\echo checked', "SELECT 'setting: ' || $setting || ' for ' || :'said' WHERE $setting <> :'said';", $counts, differences($skips), $reload ? @again : ()));
	$node->safe_psql('postgres', "DROP SCHEMA case_$case CASCADE");
	return ($table, $statement, $status, $out, $error, $reload);
}

foreach my $case ($ENV{FERRY_ONLY} // (1 .. $cases))
{
	my ($table, $statement, $status, $out, $error, $reload) = run_case($case);
	my ($copied, $loaded, @checked) = split /^(?:loaded|checked|reloaded)(?:\n|\z)/m, $out;
	my $notices = sub { return join(' ', sort $_[0] =~ /with payload "(.*?)" received/g); };
	my $shown = sub { return $_[0] =~ s/^Asynchronous notification .*\n//gmr; };
	my $found = join('', map { $shown->($_) } @checked);
	$found .= "notified: " . $notices->($copied) . "\n     but: " . $notices->($loaded) . "\n" if $notices->($copied) ne $notices->($loaded);
	ok($status == 0 && $error eq '' && $found eq '', "case $case") or diag("FERRY_SEED=$seed FERRY_ROWS=$rows FERRY_ONLY=$case: $statement\n$table->{ddl}\n$found\n$error");
}

my ($all, $some, $kinds) = split /\|/, $node->safe_psql('postgres', 'SELECT sum(rows_loaded), sum(rows_rejected), (SELECT count(DISTINCT sqlstate) FROM ferry_rejects) FROM ferry_loads');
note("$all rows loaded, $some rejected, $kinds SQLSTATEs");
ok($ENV{FERRY_ONLY} || $all > $cases * $rows / 5 && $some > $cases * $rows / 10 && $kinds > 10, 'enough was loaded and rejected to mean something');

$node->stop;
done_testing();

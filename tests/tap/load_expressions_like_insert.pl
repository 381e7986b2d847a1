# Columns that are computed: a load of random dirty records must load what one-record INSERT ... SELECT loads from a table of texts,
# each in a block of its own, and reject the others; whichever way the rows of the table go in. The same by COPY, and with Python's
# csv as the writer of the file. The seed is FERRY_SEED.
use strict;
use warnings FATAL => 'all';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seed = $ENV{FERRY_SEED} // 1;
my $rows = $ENV{FERRY_ROWS} // 3000;
note("FERRY_SEED=$seed FERRY_ROWS=$rows");

my $folder = PostgreSQL::Test::Utils::tempdir();
chmod 0755, $folder;
my $file = "$folder/dirty.csv";
my $writer = <<'PYTHON';
import csv, random, sys
path, seed, rows = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
random.seed(seed)
pick = random.choice
with open(path, "w", newline="", encoding="utf-8") as out:
    csv.writer(out, lineterminator="\n").writerows([
        [pick([i, i, i, i, i, max(i - 3, 0), "x", ""]), pick(["1,5", "1.234,50", "0,005", "-7", "99999999,99", "6000", "n/a", ""]),
         pick(["31/12/2021", "29/02/2020", "01/02/2021", "31/04/2021", "1/1", ""]), pick([" ab ", "Zürich", "a,\"b\"", "toolong", "\n", ""]),
         pick(["1", "2", "3", "77", "one", ""])] for i in range(rows)])
PYTHON
system_or_bail('/usr/bin/python3', '-c', $writer, $file, $seed, $rows);

my $node = PostgreSQL::Test::Cluster->new('computed');
$node->init(extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "fsync = off\nsession_preload_libraries = 'pg_ferry'");
$node->start;
$node->safe_psql('postgres', <<"SQL");
CREATE EXTENSION pg_ferry;
CREATE TABLE raw (n bigint GENERATED ALWAYS AS IDENTITY, f1 text, f2 text, f3 text, f4 text, f5 text);
COPY raw (f1, f2, f3, f4, f5) FROM '$file' (FORMAT csv);
CREATE TABLE parents (id int PRIMARY KEY);
INSERT INTO parents VALUES (1), (2), (3);
CREATE FUNCTION bang() RETURNS trigger LANGUAGE plpgsql AS \$\$BEGIN NEW.label := NEW.label || '!'; RETURN NEW; END\$\$;
SQL

my $columns = q{(id int PRIMARY KEY, amount numeric(8,2) CHECK (amount < 5000), day date, label varchar(6) NOT NULL, parent int REFERENCES parents, seen bigint)};
my %made = (
	amount => q{replace(replace(f2, '.', ''), ',', '.')::numeric},
	day => q{to_date(f3, 'DD/MM/YYYY')},
	label => q{upper(btrim(f4))},
	parent => q{CASE WHEN f5 ~ '^[0-9]+$' THEN f5::int END},
	seen => q{length(f4)},);
my %tables = (
	plain => { table => "CREATE TABLE T $columns" },
	triggered => { table => "CREATE TABLE T $columns; CREATE TRIGGER b BEFORE INSERT ON T FOR EACH ROW EXECUTE FUNCTION bang()" },
	parted => { table => "CREATE TABLE T $columns PARTITION BY RANGE (id); CREATE TABLE T_1 PARTITION OF T FOR VALUES FROM (0) TO (1000); CREATE TABLE T_2 PARTITION OF T FOR VALUES FROM (1000) TO (2500)" },
	looking => {
		table => "CREATE TABLE T $columns; CREATE FUNCTION T_seen(text) RETURNS bigint LANGUAGE plpgsql AS \$\$BEGIN RETURN (SELECT count(*) FROM T); END\$\$",
		seen => 'T_seen(f4)'
	},);

foreach my $name (sort keys %tables)
{
	my %expressions = (%made, seen => $tables{$name}{seen} // $made{seen});
	foreach my $way ('load_csv', 'copy', 'insert')
	{
		my $table = "${name}_$way";
		my %own = map { $_ => $expressions{$_} =~ s/\bT_/${table}_/gr } keys %expressions;
		my $json = '{' . join(', ', map { "\"$_\": \"" . $own{$_} =~ s/\\/\\\\/gr . '"' } sort keys %own) . '}';
		my $list = join ', ', map { $own{$_} } sort keys %own;
		my $names = join ', ', sort keys %own;
		$node->safe_psql('postgres', $tables{$name}{table} =~ s/\bT\b/$table/gr =~ s/\bT_/${table}_/gr);
		my $sql = $way eq 'load_csv' ? "SELECT rows_rejected FROM load_csv('$table', '$file', '{id,amount,day,label,parent}', expressions => \$x\$$json\$x\$)"
		  : $way eq 'copy' ? "COPY $table (id, amount, day, label, parent) FROM '$file' (FORMAT csv, ON_ERROR reject, EXPRESSIONS \$x\$$json\$x\$)"
		  : "DO \$x\$DECLARE r raw; BEGIN FOR r IN SELECT * FROM raw ORDER BY n LOOP BEGIN INSERT INTO $table (id, $names) SELECT f1::int, $list FROM (SELECT r.*) f;"
		  . " EXCEPTION WHEN OTHERS THEN NULL; END; END LOOP; END\$x\$";
		$node->safe_psql('postgres', $sql);
	}
	my $differences = join ' UNION ALL ', map { "(TABLE ${name}_$_ EXCEPT TABLE ${name}_insert) UNION ALL (TABLE ${name}_insert EXCEPT TABLE ${name}_$_)" } 'load_csv', 'copy';
	is($node->safe_psql('postgres', $differences), '', "$name: the same rows");
	my ($loaded, $rejected) = split /\|/, $node->safe_psql('postgres',
		"SELECT (SELECT count(*) FROM ${name}_load_csv), (SELECT sum(rows_rejected) FROM ferry_loads WHERE table_name = '${name}_load_csv')");
	is($loaded + $rejected, $rows, "$name: all others, $rejected of $rows, are rejects");
	cmp_ok($loaded, '>', $rows / 20, "$name: $loaded rows are good");
}
is($node->safe_psql('postgres', "SELECT count(*) FROM ferry_rejects WHERE sqlstate IN ('XX000', '42601', '42883')"), '0', 'for reasons of their own');
$node->stop;
done_testing();

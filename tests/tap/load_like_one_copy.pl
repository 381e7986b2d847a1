# Whole files whose lines and quotes do not end as they should, against core COPY of the same file: what COPY loads is loaded
# without rejects; where COPY stops, there is a reject with its SQLSTATE and, for quotes, its message, and no value holds what COPY
# would not have taken.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('one_copy');
$node->init(extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "fsync = off\nsession_preload_libraries = 'pg_ferry'\n");
$node->start;
my $folder = PostgreSQL::Test::Utils::tempdir();
chmod 0755, $folder;
$node->safe_psql('postgres', q{
	CREATE EXTENSION pg_ferry;
	CREATE TABLE copied (id int, words text);
	CREATE TABLE loaded (id int, words text);
	CREATE FUNCTION try(path text, format text, OUT state text, OUT message text, OUT copied_rows text, OUT loaded_rows text, OUT rejects text) LANGUAGE plpgsql AS $$
	BEGIN
		TRUNCATE copied, loaded;
		BEGIN
			EXECUTE format('COPY copied FROM %L (FORMAT %s)', path, format);
		EXCEPTION WHEN OTHERS THEN
			state := SQLSTATE; message := SQLERRM;
		END;
		EXECUTE format('COPY loaded FROM %L (FORMAT %s, ON_ERROR reject)', path, format);
		SELECT string_agg(c::text, E'\n') INTO copied_rows FROM copied c;
		SELECT string_agg(l::text, E'\n') INTO loaded_rows FROM loaded l;
		SELECT string_agg(concat_ws('|', row_number, line_number, sqlstate, reason, raw_row), E'\n' ORDER BY row_number) INTO rejects
		FROM ferry_rejects WHERE load_id = (SELECT max(load_id) FROM ferry_loads);
	END $$;
});
my $files = 0;

sub file_of
{
	my $path = "$folder/" . ++$files;
	open(my $file, '>:raw', $path) or die "$!";
	print $file $_[0];
	close $file;
	return $path;
}

my %end = (LF => "\n", CR => "\r", CRLF => "\r\n");
sub shown { return $_[0] =~ s/\n/<LF>/gr =~ s/\r/<CR>/gr; }

# All cases are tried in one session; what comes back is compared here.
sub try_all
{
	my ($format, @cases) = @_;
	my $sql = "SET client_min_messages = warning;\n";
	$sql .= sprintf "SELECT %d, encode(convert_to(coalesce(to_jsonb(t)::text, ''), 'UTF8'), 'base64') FROM try('%s', '%s') t;\n", $_, file_of($cases[$_]{file}), $format foreach 0 .. $#cases;
	my $out = $node->safe_psql('postgres', "\\pset format unaligned\n\\pset tuples_only on\n\\pset recordsep_zero on\n$sql");
	require MIME::Base64;
	require JSON::PP;
	foreach my $line (split /\0/, $out)
	{
		my ($i, $json) = $line =~ /^\s*(\d+)\|(.*)$/s or next;
		$cases[$i]{result} = JSON::PP::decode_json(MIME::Base64::decode_base64($json));
	}
	return @cases;
}

# --- text: backslashes before line ends of every kind, in files of every kind, on every line, and at the end of the file

my @cases;
foreach my $kind (sort keys %end)
{
	foreach my $inner (sort keys %end, 'NONE')
	{
		foreach my $backslashes (0 .. 3)
		{
			foreach my $place (0 .. 2)
			{
				foreach my $last_end (0, 1)
				{
					my @lines = ("1\tone", "2\ttwo", "3\tthree");
					$lines[$place] .= '\\' x $backslashes . ($inner eq 'NONE' ? '' : $end{$inner} . 'more');
					my $file = join($end{$kind}, @lines) . ($last_end ? $end{$kind} : '');
					# without an odd backslash that is a stream of mixed line ends, which COPY refuses and a load does not
					my $mixed = $backslashes % 2 == 0 && $inner ne 'NONE' && $inner ne $kind && $kind ne 'CR';
					push @cases, { file => $file } unless $mixed;
				}
			}
		}
	}
}
# the end of a line behind the backslash is the line's own, or that of a file of other lines
push @cases, map { { file => $_ } } "1\tx\r\n2\ty\\\r\n3\tz", "1\tx\n2\ty\\\r\n3\tz", "1\tx\r2\ty\\\r\n3\tz\r", "1\tx\\\r\n", "1\tx\\\r\n2\ty\n",
	"1\tx\\\r\n2\ty\r\n", "1\tx\\\r\n2\ty\\\r\n3\tz\r\n", "1\tx\r\n2\ty\\\\\\\r\n3\tz\r\n", "1\tx\r\n2\ty\\", "1\tx\r\n2\ty\\\r", "1\tx\\";
foreach my $case (try_all('text', @cases))
{
	my ($name, $r) = ("text " . shown($case->{file}), $case->{result});
	if (defined $r->{state})
	{
		like($r->{rejects} // '', qr/^\d+\|\d+\|$r->{state}\|/m, "$name: a reject for $r->{message}");
		my $is_crlf = $case->{file} !~ /\r(?!\n)|(?<!\r)\n/;
		unlike($r->{loaded_rows} // '', qr/\r/, "$name: no half of a line end became data") if $is_crlf;
	}
	else
	{
		is($r->{rejects}, undef, "$name: no reject");
		is($r->{loaded_rows}, $r->{copied_rows}, "$name: COPY's rows");
	}
}

# --- CSV: quotes that are never closed

@cases = ();
foreach my $kind (sort keys %end)
{
	foreach my $place (0 .. 2)
	{
		foreach my $last_end (0, 1)
		{
			foreach my $words ('"open', 'open"', 'a ""b"" "open', '"open ""')
			{
				my @lines = ('1,one', '2,two', '3,three');
				$lines[$place] = ($place + 1) . ",$words";
				my $e = $end{$kind};
				push @cases, { file => join($e, @lines) . ($last_end ? $e : ''), before => $place, lines => 3 - $place, rest => join($e, @lines[ $place .. 2 ]) };
			}
		}
	}
}
foreach my $case (try_all('csv', @cases))
{
	my ($name, $r) = ("csv " . shown($case->{file}), $case->{result});
	is("$r->{state} $r->{message}", '22P04 unterminated CSV quoted field', "$name: COPY stops");
	my $n = $case->{before} + 1;
	my $taken = $case->{lines} > 1 ? " takes in $case->{lines} lines, to the end of the data" : '';
	is($r->{rejects}, "$n|$n|22P04|$r->{message}$taken|$case->{rest}", "$name: one reject to the end of the file");
	is($r->{loaded_rows} // '', join("\n", ('(1,one)', '(2,two)')[ 0 .. $n - 2 ]), "$name: the rows before it are loaded");
}

# --- text: the marker \. of the end, which no line end needs to follow

foreach my $kind (sort keys %end)
{
	my $e = $end{$kind};
	foreach my $case ([ "1\tx$e\\.$e" . "2\ty$e", undef ], [ "1\tx$e\\.", undef ], [ "1\tx$e" . "2\ty\\.z$e", '2|2|22P04|end-of-copy marker is not alone on its line|2' . "\ty\\.z" ], [ "1\tx$e" . "\\.2\ty$e", '2|2|22P04|end-of-copy marker is not alone on its line|\\.2' . "\ty" ])
	{
		my ($result) = try_all('text', { file => $case->[0] });
		is($result->{result}{loaded_rows}, '(1,x)', 'text ' . shown($case->[0]) . ': the row before the marker');
		is($result->{result}{rejects}, $case->[1], 'text ' . shown($case->[0]) . ': rejects');
	}
}

# --- a field longer than the limit in a valid file is one reject, and memory does not grow with the field

my $log = join("\n", map { "line $_ of a log, with \"\"quotes\"\" and, commas" } 1 .. 400_000);
my $long = file_of("1,one\n2,\"$log\"\n3,three\n4,\"$log");
my $text = file_of("1\tone\n2\t" . ('x' x 18_000_000) . "\n3\tthree\n");
my $resident = q{SELECT substring(pg_read_file('/proc/self/status') FROM 'VmHWM:\s+(\d+)')::bigint;};
my $result = $node->safe_psql('postgres', qq{
	TRUNCATE loaded; SET client_min_messages = warning;
	COPY loaded FROM '$long' (FORMAT csv, ON_ERROR reject);
	SELECT string_agg(l::text, ' ') FROM loaded l;
	SELECT row_number, line_number, sqlstate, reason, left(raw_row, 12), octet_length(raw_row) BETWEEN 1 AND 16777216
	FROM ferry_rejects WHERE load_id = (SELECT max(load_id) FROM ferry_loads) ORDER BY 1;
	TRUNCATE loaded;
	COPY loaded FROM '$text' (FORMAT text, ON_ERROR reject);
	SELECT string_agg(l::text, ' ') FROM loaded l;
	SELECT row_number, line_number, sqlstate, left(raw_row, 4) FROM ferry_rejects WHERE load_id = (SELECT max(load_id) FROM ferry_loads);});
is($result, "(1,one) (3,three)\n2|2|54000|record is too long|2,\"line 1 of|t\n4|400003|22P04|unterminated CSV quoted field takes in 400000 lines, to the end of the data|4,\"line 1 of|t\n(1,one) (3,three)\n2|2|54000|2\txx",
	'a record over the limit is one reject, and the records behind it are loaded');
$result = $node->safe_psql('postgres', qq{
	SET pg_ferry.max_record_bytes = '1MB'; SET client_min_messages = warning;
	COPY loaded FROM PROGRAM 'echo "1,\\"a"; head -c 1000000 /dev/zero | tr "\\0" x; echo "\\",x"' (FORMAT csv, ON_ERROR reject);
	$resident
	COPY loaded FROM PROGRAM 'echo "1,\\"a"; head -c 300000000 /dev/zero | tr "\\0" x; echo "\\",x"; echo "2,\\"b"; head -c 300000000 /dev/zero | tr "\\0" x' (FORMAT csv, ON_ERROR reject);
	$resident
	SELECT rows_read, rows_rejected FROM ferry_loads ORDER BY load_id DESC LIMIT 1;});
my ($before, $after, $counts) = split /\n/, $result;
cmp_ok($after - $before, '<', 16 * 1024, "600 MB in quotes: $before kB before, $after kB after");
is($counts, '2|2', 'two records of 300 MB are two rejects');

$node->stop;
done_testing();

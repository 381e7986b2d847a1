# The examples of README.md and of the guides are run as they stand there, and print what stands there. DocPage.pm says what is run.
# Each page goes on where README.md ends, in a database of its own. For pages whose output is not right,
#
#   FERRY_DOCS_OUTPUT=/tmp/pages FERRY_TAP=doc_examples scripts/test tap
#
# writes them there and into its folder docs, which the server's user can write, with the output that was printed. FERRY_PAGE=files names
# one page.
use strict;
use warnings FATAL => 'all';
use File::Basename qw(basename);
use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use DocPage;

my ($docs, $samples, $scripts) = @ENV{qw(FERRY_DOCS FERRY_SAMPLES FERRY_SQL)};
# the folder that stands for the root of the paths in the examples
my $root = PostgreSQL::Test::Utils::tempdir();
my $paths = qr{/(?:tmp/ferry|srv/|data/)};
my %named = map { $_ => 1 } split ' ', $ENV{FERRY_PAGE} // '';

my $node = PostgreSQL::Test::Cluster->new('examples');
$node->init(extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "session_preload_libraries = 'pg_ferry'\nlisten_addresses = '127.0.0.1'");
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE postgres SUPERUSER LOGIN') if $node->safe_psql('postgres', 'SELECT current_user') ne 'postgres';
local @ENV{qw(PGHOST PGPORT PGUSER PGCONNECT_TIMEOUT)} = ($node->host, $node->port, 'postgres', 10);
delete local @ENV{qw(PGDATABASE PSQL_PAGER PAGER)};

# here(TEXT): with the paths and the server of this test
sub here
{
	my ($text) = @_;
	my ($host, $port) = ($node->host, $node->port);
	return $text =~ s{(?<![\w.:/])(?=$paths)}{$root}gr =~ s{/var/run/postgresql}{$host}gr =~ s/localhost:5432/127.0.0.1:$port/gr =~ s/port=5432/port=$port/gr;
}

# file(NAME, TEXT): a command that makes the file
sub file { return "cat >'$_[0]' <<'END OF FILE'\n$_[1]END OF FILE\n"; }

# script(PAGE): a program for bash that runs the steps, with a line of its own behind the output of each.
sub script
{
	my ($page) = @_;
	my ($text, $psql, $arguments) = ("exec 2>&1 </dev/null; trap 'kill \$(jobs -p) 2>/dev/null' EXIT\n", '', 'ferry');
	for my $index (0 .. $#{ $page->{steps} })
	{
		my $step = $page->{steps}[$index];
		next if $step->{not_run};
		my $input = here($step->{input});
		my $interactive = $step->{kind} eq 'shell' && $input =~ /^psql\b(?!.* -[cfl] )(.*)/ ? $1 : undef;
		# "ferry=> " is the session that psql was last called for, "ferry=# " that of a superuser
		my $session = $step->{kind} =~ /^(?:psql|sql)$/ ? ($step->{prompt} // '') eq 'ferry=>' ? $arguments : 'ferry' : '';
		if ($psql ne $session)
		{
			$text .= "END OF SESSION\n" if $psql;
			$text .= "stdbuf -oL psql -X $session <<'END OF SESSION'\n" if $session;
			$psql = $session;
		}
		if ($session)
		{
			$text .= "$input\n\\echo '\\n\\x01 $index'\n";
			next;
		}
		$arguments = $interactive if defined $interactive;
		if (defined $interactive) { $text .= ''; }
		elsif ($step->{kind} eq 'file') { $text .= file($step->{name}, $input); }
		elsif ($input =~ /^cat (\S+)$/) { $text .= "[ -e $1 ] || " . file($1, here($page->expected($step))) . "$input\n"; }
		elsif ($input =~ m{^scripts/sample_data (\S+)$}) { $text .= "mkdir -p $1 && cp $samples/* $1/\n"; }
		else { $text .= "$input\n"; }
		$text .= "status=\$?; printf '\\n\\001 $index\\n'; (exit \$status)\n";
	}
	return $text . ($psql ? "END OF SESSION\n" : '');
}

# run(PAGE): sets the output of each step that is run
sub run
{
	my ($page) = @_;
	my $folder = PostgreSQL::Test::Utils::tempdir();
	system_or_bail('bash', '-c', "rm -rf $root/tmp/ferry* $root/srv/* $root/data/*; mkdir -p $root/tmp/ferry $root/srv $root/data;
		cp $samples/* $root/tmp/ferry/; ln -s $scripts $folder/sql; chmod 755 $folder");
	for my $step (@{ $page->{steps} })
	{
		$step->{not_run} //= "\"$step->{condition}\" fails" if $step->{condition} && system("$step->{condition} >/dev/null 2>&1");
	}
	local $ENV{HOME} = $folder;
	my $output = '';
	IPC::Run::run([ 'bash', '-c', script($page) ], '>', \$output, init => sub { chdir $folder }, IPC::Run::timeout(300));
	while ($output =~ /\G(.*?)\n\x01 (\d+)\n/gs) { $page->{steps}[$2]{output} = DocPage::without_root($1, $root); }
	return;
}

# check(PAGE): compares; returns how many steps were run
sub check
{
	my ($page, $name) = @_;
	my $ran = 0;
	for my $step (@{ $page->{steps} })
	{
		my $what = "$name:$step->{line}: " . (($step->{input} // $step->{kind}) =~ s/\s+/ /gr =~ s/^(.{70}).*/$1 .../r);
		if ($step->{not_run}) { note("not run: $what ($step->{not_run})"); next; }
		$ran++;
		if (!defined $step->{output}) { fail("$what: it was not come to"); }
		elsif ($step->{setup} || $step->{kind} =~ /^(?:sql|file)$/) { unlike($step->{output}, qr/^(?:psql:[^ ]* )?(?:ERROR|FATAL):|: not found$/m, $what); }
		else { is(DocPage::same_every_time($step->{output}), DocPage::same_every_time($page->expected($step)), $what); }
	}
	return $ran;
}

# start_over(TEMPLATE): makes the database anew, and removes the roles that a page has made
sub start_over
{
	my ($template) = @_;
	$node->safe_psql('postgres', 'DROP DATABASE IF EXISTS ferry WITH (FORCE)');
	$node->safe_psql('postgres', $_) for split /\n/, $node->safe_psql('postgres',
		"SELECT format('DROP ROLE %I', rolname) FROM pg_roles WHERE NOT rolsuper AND oid >= 16384");
	$node->safe_psql('postgres', "CREATE DATABASE ferry TEMPLATE $template") if $template;
	return;
}

my @pages = ('README.md', map { 'docs/' . basename($_) } sort glob("$docs/*.md"));
for my $name (@pages)
{
	my $first = $name eq 'README.md';
	next if %named && !$named{ basename($name, '.md') } && !$first;
	my $page = DocPage->read("$docs/../$name");
	next unless @{ $page->{steps} };
	start_over($first ? undef : 'readme');
	local $ENV{PGDATABASE} = 'ferry' unless $first;
	run($page);
	note("$name: " . check($page, $name) . ' of ' . @{ $page->{steps} } . ' steps were run');
	if ($ENV{FERRY_DOCS_OUTPUT})
	{
		open my $file, '>', "$ENV{FERRY_DOCS_OUTPUT}/$name" or die "could not write: $!";
		print $file $page->with_outputs();
		close $file;
	}
	$node->safe_psql('postgres', 'ALTER DATABASE ferry RENAME TO readme') if $first;
}
done_testing();

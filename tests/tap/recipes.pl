# Each example of docs/recipes.md is run as it stands there, and must print what it prints there.
use strict;
use warnings FATAL => 'all';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('recipes');
$node->init;
$node->append_conf('postgresql.conf', "session_preload_libraries = 'pg_ferry'");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION pg_ferry');
my $folder = PostgreSQL::Test::Utils::tempdir();
chmod 0755, $folder;

# The page, with the folder of this test instead of that of the examples.
my $page = slurp_file("$ENV{FERRY_DOCS}/recipes.md");
$page =~ s{/tmp/ferry/}{$folder/}g;

sub write_file
{
	my ($path, $text) = @_;
	open my $file, '>', $path or die "could not write $path: $!";
	print $file $text;
	close $file;
	return;
}

my $examples = 0;
for my $block ($page =~ /^```\n(.*?)^```$/msg)
{
	# parts of a session at a shell: the output of cat is a file, that of psql what is to be seen
	while ($block =~ /^\$ (\w+) (\S+)\n(.*?)(?=^\$ |\z)/msg)
	{
		my ($command, $argument, $output) = ($1, $2, $3);
		if ($command eq 'cat')
		{
			write_file($argument, $output);
			next;
		}
		while ($output =~ /^ferry=# (.*?;)\n(.*?)(?=^ferry=# |\z)/msg)
		{
			my ($statement, $expected) = ($1, $2);
			my ($printed, $errors) = ('', '');
			IPC::Run::run([ 'psql', '-X', '-d', $node->connstr('postgres'), '-c', $statement ], '>', \$printed, '2>', \$errors);
			s/\n+\z/\n/ for $printed, $expected;
			is($printed . $errors, $expected, $statement =~ s/\s+/ /gr);
			$examples++;
		}
	}
}
is($examples, scalar(() = $page =~ /^ferry=# /mg), 'every example of the page was run');
done_testing();

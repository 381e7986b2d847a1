# A page of the guides as a list of steps that can be run, and its text with the output that they really have.
#
# What is run: the blocks ```console, a session at a shell ("$ ") and in psql ("ferry=# ", "ferry=> "), and the blocks ```sql, whose
# statements must not fail. Lines of comment right before a block say more of it:
#
#   <!-- not run: WHY -->      it is not run here
#   <!-- run if: COMMAND -->   it is run where the shell command succeeds
#   <!-- file: NAME -->        the block, of any language, becomes that file in the folder where the session is
#   <!-- setup                 what the examples find: a session whose output nobody sees, up to a line "-->"
package DocPage;
use strict;
use warnings FATAL => 'all';

# What is different each time: columns of results, and names of backups.
my $varying = qr/^(?:elapsed_ms|pid|bytes|sha256|taken_at|percent|bar|rows_per_second|eta|seconds)$/;
my $backup_id = qr/\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{8}/;

# read(PATH): the page. steps has a hash for each: kind (shell, psql, sql, file), input, line (its number), the place of its output in
# lines as first and count, setup, and why it is not run or a command that says whether.
sub read
{
	my ($class, $path) = @_;
	open my $file, '<', $path or die "could not open $path: $!";
	my $self = bless { path => $path, lines => [ map { chomp; $_ } <$file> ], steps => [] }, $class;
	my ($lines, $at, %marks) = ($self->{lines}, 0);
	while ($at < @$lines)
	{
		my $line = $lines->[$at];
		if ($line =~ /^<!-- (not run|run if|file): (.*) -->$/) { $marks{$1} = $2; }
		elsif ($line =~ /^<!-- setup$/) { $at = $self->_session($at + 1, qr/^-->$/, setup => 1, condition => $marks{'run if'}); %marks = (); }
		elsif ($line =~ /^( *)```(\w*)$/) { $at = $self->_block($at + 1, $1, $2, %marks); %marks = (); }
		elsif ($line ne '') { %marks = (); }
		$at++;
	}
	return $self;
}

# _block(AT, INDENT, LANGUAGE, MARKS): adds the steps of a block; returns the line that ends it.
sub _block
{
	my ($self, $at, $indent, $language, %marks) = @_;
	my $end = $at;
	$end++ until $self->{lines}[$end] =~ /^ *```$/;
	my %step = (not_run => $marks{'not run'}, condition => $marks{'run if'});
	if ($marks{file} || $language eq 'sql')
	{
		my $text = join '', map { "$_\n" } @{ $self->{lines} }[ $at .. $end - 1 ];
		push @{ $self->{steps} },
		  { %step, kind => $marks{file} ? 'file' : 'sql', name => $marks{file}, input => $text, line => $at, first => $end, count => 0 };
	}
	elsif ($language eq 'console') { $self->_session($at, qr/^ *```$/, indent => $indent, %step); }
	elsif ($marks{'not run'}) { push @{ $self->{steps} }, { %step, kind => 'text', line => $at }; }
	return $end;
}

# _session(AT, END, ATTRIBUTES): adds the steps of a session; returns the line that matches END.
sub _session
{
	my ($self, $at, $end, %attributes) = @_;
	my ($lines, $indent) = ($self->{lines}, $attributes{indent} // '');
	while ($lines->[$at] !~ $end)
	{
		my ($prompt, $input) = $lines->[$at] =~ /^$indent(\$|ferry=[#>]) (.*)$/ or die "$self->{path}:" . ($at + 1) . ': no prompt';
		my $line = ++$at;
		my $open = $prompt eq '$' ? qr/\\$/ : $input =~ /^\\/ ? qr/^(?!)/ : qr/^(?!.*(?:;|\\g[a-z]*(?: .*)?|\\watch.*)$)/s;
		$input .= "\n" . $lines->[ $at++ ] =~ s/^$indent//r while $input =~ $open;
		my $first = $at;
		$at++ until $lines->[$at] =~ $end || $lines->[$at] =~ /^$indent(?:\$|ferry=[#>]) /;
		push @{ $self->{steps} },
		  { %attributes, kind => $prompt eq '$' ? 'shell' : 'psql', prompt => $prompt, input => $input, line => $line, first => $first, count => $at - $first };
	}
	return $at;
}

# expected(STEP): the output that the page has for it.
sub expected
{
	my ($self, $step) = @_;
	my $indent = $step->{indent} // '';
	return join '', map { s/^$indent//r . "\n" } @{ $self->{lines} }[ $step->{first} .. $step->{first} + $step->{count} - 1 ];
}

# _shown(STEP): the lines of its output; the last of a block without the empty one behind a table
sub _shown
{
	my ($self, $step) = @_;
	my $output = $step->{output} =~ s/\n\z//r;
	$output =~ s/\n+\z// if $self->{lines}[ $step->{first} + $step->{count} ] =~ /^ *```$/;
	return $output eq '' ? () : split /\n/, $output, -1;
}

# with_outputs(): the text of the page with the output of each step that was run in the place of what it has.
sub with_outputs
{
	my ($self) = @_;
	my @lines = @{ $self->{lines} };
	for my $step (reverse @{ $self->{steps} })
	{
		next unless defined $step->{output} && !$step->{setup} && $step->{kind} =~ /shell|psql/;
		my $indent = $step->{indent} // '';
		splice @lines, $step->{first}, $step->{count}, map { $_ eq '' ? '' : $indent . $_ } $self->_shown($step);
	}
	return join '', map { "$_\n" } @lines;
}

# without_root(TEXT, ROOT): without that folder at the beginning of paths, and tables as wide as psql makes them then
sub without_root
{
	my ($text, $root) = @_;
	my @lines = split /\n/, $text, -1;
	for my $at (0 .. $#lines - 1)
	{
		next unless $lines[ $at + 1 ] =~ /^-+(?:\+-+)*$/;
		my $end = $at + 2;
		$end++ while $end < $#lines && $lines[$end] =~ /\|/;
		my @rows = map { [ split /\|/, $_, -1 ] } @lines[ $at, $at + 2 .. $end - 1 ];
		my @dashes = split /\+/, $lines[ $at + 1 ];
		for my $column (0 .. $#dashes)
		{
			next unless grep { index($_->[$column] // '', $root) >= 0 } @rows;
			my @cells = map { ($_->[$column] // '') =~ s/\Q$root\E//gr =~ s/^ +| +$//gr } @rows;
			my ($width) = sort { $b <=> $a } map { length } @cells;
			my $left = int(($width - length $cells[0]) / 2);
			$dashes[$column] = '-' x ($width + 2);
			$rows[0][$column] = sprintf " %-${width}s ", ' ' x $left . $cells[0];
			$rows[$_][$column] = $column == $#dashes ? " $cells[$_]" : sprintf " %-${width}s ", $cells[$_] for 1 .. $#rows;
		}
		@lines[ $at, $at + 2 .. $end - 1 ] = map { join '|', @$_ } @rows;
		$lines[ $at + 1 ] = join '+', @dashes;
	}
	return join("\n", @lines) =~ s/\Q$root\E//gr;
}

# same_every_time(TEXT): without what is different in each run, and without the width of columns.
sub same_every_time
{
	my @lines = split /\n/, shift;
	my %columns;
	for my $at (0 .. $#lines)
	{
		my @cells = split /\|/, $lines[$at];
		if ($at < $#lines && $lines[ $at + 1 ] =~ /^-+(?:\+-+)*$/)
		{
			%columns = map { $cells[$_] =~ s/ //gr =~ $varying ? ($_ => 1) : () } 0 .. $#cells;
		}
		elsif ($lines[$at] =~ /^(\w+) +\|/ && $1 =~ $varying) { @cells = ($cells[0], '?'); }
		elsif (@cells > 1 || %columns)
		{
			exists $cells[$_] and $cells[$_] = '?' for keys %columns;
			%columns = () if $lines[$at] =~ /^\(\d+ rows?\)$/ || $lines[$at] eq '';
		}
		$lines[$at] = join '|', @cells unless $lines[$at] =~ /^\(\d+ rows?\)$/;
		for ($lines[$at]) { s/$backup_id/<backup>/g; s/^-.*-$/---/; s/ +/ /g; s/ $//; s/ ?\| ?/|/g; }
	}
	pop @lines while @lines && $lines[-1] eq '';
	return join '', map { "$_\n" } @lines;
}

1;

# An S3-compatible store for the length of a test, and plain requests to it: signed here, and not by what is tested.
package ObjectStore;
use strict;
use warnings;
use Digest::SHA qw(sha256_hex hmac_sha256 hmac_sha256_hex);
use FindBin;
use HTTP::Tiny;
use POSIX qw(strftime);

# Those that a test leaves running end with it, however it ends.
my @running;
END { my $status = $?; $_->stop foreach @running; $? = $status; }

# The store, in a folder that it makes, or nothing where there is none to be had.
sub start
{
	my ($class, $folder) = @_;
	my %told = _run("$FindBin::RealBin/../store/store.py", 'start', $folder);
	return unless $told{FERRY_STORE_ENDPOINT};
	my $self = bless { folder => $folder, %told, http => HTTP::Tiny->new(timeout => 60) }, $class;
	push @running, $self;
	return $self;
}

# What makes faults in front of it, see tests/store/proxy.py.
sub start_proxy
{
	my ($self) = @_;
	my %told = _run("$FindBin::RealBin/../store/proxy.py", 'start', "$self->{folder}.proxy", $self->endpoint);
	die 'there is no proxy' unless $told{FERRY_PROXY_HTTP};
	$self->{proxy} = \%told;
	return;
}

sub stop
{
	my ($self) = @_;
	@running = grep { $_ != $self } @running;
	_run("$FindBin::RealBin/../store/proxy.py", 'stop', "$self->{folder}.proxy") if $self->{proxy};
	_run("$FindBin::RealBin/../store/store.py", 'stop', $self->{folder});
	return;
}

# NAME=VALUE, as a program writes them. Its status 77 is that there is no store to be had.
sub _run
{
	my ($program, @arguments) = @_;
	open(my $out, '-|', $program, @arguments) or die "$program: $!";
	my $said = join('', <$out>);
	die "$program @arguments ended with $?" unless close($out) || $? >> 8 == 77;
	return $said =~ /^(\w+)=(.*)$/mg;
}

sub endpoint { return $_[0]{FERRY_STORE_ENDPOINT}; }
sub proxy { my ($self, $what) = @_; return $self->{proxy}{"FERRY_PROXY_$what"}; }
sub access_key { return $_[0]{FERRY_STORE_ACCESS_KEY_ID}; }
sub secret_key { return $_[0]{FERRY_STORE_SECRET_ACCESS_KEY}; }

# What goes wrong from now on: a rule a line; nothing: all is well.
sub faults
{
	my ($self, @rules) = @_;
	my $file = $self->proxy('FAULTS');
	open(my $out, '>', "$file.new") or die "$file: $!";
	print $out "$_\n" foreach @rules;
	close $out;
	rename "$file.new", $file or die "$file: $!";
	return;
}

# The requests since the last call, a line each.
sub requests
{
	my ($self) = @_;
	open(my $in, '<', $self->proxy('REQUESTS')) or return;
	my @lines = <$in>;
	my $seen = $self->{seen} // 0;
	$self->{seen} = @lines;
	chomp @lines;
	return @lines[$seen .. $#lines];
}

# The options of a user mapping with its keys.
sub keys_sql { my ($self) = @_; return sprintf("OPTIONS (access_key_id '%s', secret_access_key '%s')", $self->access_key, $self->secret_key); }

sub escape { my ($text, $kept) = @_; $text =~ s/([^A-Za-z0-9._~\Q$kept\E-])/sprintf('%%%02X', ord $1)/ge; return $text; }

# request(method, "/bucket/key", query, content): status and content of the answer. The query is names and values; all are bytes.
sub request
{
	my ($self, $method, $path, $query, $content) = @_;
	$content //= '';
	my $escaped = escape($path, '/');
	my $asked = join('&', map { escape($_, '') . '=' . escape($query->{$_}, '') } sort keys %{ $query // {} });
	my ($host) = $self->endpoint =~ m{//(.*)};
	my $time = strftime('%Y%m%dT%H%M%SZ', gmtime);
	my $scope = join('/', substr($time, 0, 8), $self->{FERRY_STORE_REGION}, 's3', 'aws4_request');
	my $hash = sha256_hex($content);
	my $canonical = join("\n", $method, $escaped, $asked, "host:$host", "x-amz-content-sha256:$hash", "x-amz-date:$time", '', 'host;x-amz-content-sha256;x-amz-date', $hash);
	my $key = 'AWS4' . $self->secret_key;
	$key = hmac_sha256($_, $key) foreach split m{/}, $scope;
	my $signature = hmac_sha256_hex(join("\n", 'AWS4-HMAC-SHA256', $time, $scope, sha256_hex($canonical)), $key);
	my $answer = $self->{http}->request($method, $self->endpoint . $escaped . ($asked eq '' ? '' : "?$asked"), {
		content => $content,
		headers => { 'x-amz-date' => $time, 'x-amz-content-sha256' => $hash,
			authorization => 'AWS4-HMAC-SHA256 Credential=' . $self->access_key . "/$scope, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=$signature" } });
	return ($answer->{status}, $answer->{content});
}

sub make_bucket { my ($self, $bucket) = @_; my ($status) = $self->request('PUT', "/$bucket"); die "bucket $bucket: $status" unless $status == 200; return; }

sub put
{
	my ($self, $key, $content) = @_;
	my ($status, $told) = $self->request('PUT', "/$key", {}, $content);
	die "could not put $key: $status $told" unless $status == 200;
	return;
}

# The content of an object, or nothing where there is none.
sub get
{
	my ($self, $key) = @_;
	my ($status, $content) = $self->request('GET', "/$key");
	die "could not get $key: $status" unless $status == 200 || $status == 404;
	return $status == 200 ? $content : undef;
}

sub remove { my ($self, $key) = @_; my ($status) = $self->request('DELETE', "/$key"); die "could not remove $key: $status" unless $status == 204; return; }

# The keys of a bucket, and those of uploads that were begun and not ended.
sub list { my ($self, $bucket) = @_; my ($status, $xml) = $self->request('GET', "/$bucket", { 'list-type' => 2 }); return $xml =~ m{<Key>([^<]*)</Key>}g; }
sub uploads { my ($self, $bucket) = @_; my ($status, $xml) = $self->request('GET', "/$bucket", { uploads => '' }); return $xml =~ m{<Key>([^<]*)</Key>}g; }

1;

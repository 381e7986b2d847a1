# Both pages in headless Chromium: light and dark, on a desk and on a phone; nothing in them runs, whatever the data is, nothing is
# wider than the window, and the line of the mean crosses no name. What the pages say is tested in tests/regress.
use strict;
use warnings;
use Encode qw(decode);
use IPC::Run ();
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my ($chromium) = grep { -x $_ } map { ("$_/chromium", "$_/chromium-browser", "$_/google-chrome") } split /:/, $ENV{PATH};
plan skip_all => 'there is no Chromium' unless $chromium;

my $node = PostgreSQL::Test::Cluster->new('pages');
$node->init(extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "fsync = off\n");
$node->start;
my $folder = PostgreSQL::Test::Utils::tempdir();

# Looks at a page in a window of that width, in a frame, for Chromium has no window as narrow as a phone. What it finds:
# whether it is dark, how wide the page is, errors and what has run, elements that the pages have no use for, and the text.
sub look_at
{
	my ($page, $width, $dark) = @_;
	$page =~ s{<head>}{<head><script>window.alert = function () { parent.found.ran++; }; window.onerror = function () { parent.found.errors++; };</script>};
	my $json = JSON::PP->new->ascii->encode([$page]);
	$json =~ s{</}{<\\/}g;
	open(my $file, '>', "$folder/page.html") or die $!;
	print $file <<"HTML";
<!DOCTYPE html><html><head><meta charset="utf-8"/></head><body><iframe width="$width" height="900" style="border: 0"></iframe><pre id="found"></pre><script>
window.found = { ran: 0, errors: 0 };
const frame = document.querySelector('iframe');
frame.onload = function () {
  const page = frame.contentDocument, view = frame.contentWindow, root = page.documentElement;
  found.width = view.innerWidth;
  found.scroll = root.scrollWidth;
  found.dark = view.matchMedia('(prefers-color-scheme: dark)').matches;
  found.background = view.getComputedStyle(page.body).backgroundColor.match(/[0-9]+/g).slice(0, 3).map(Number);
  found.strange = page.querySelectorAll('script:not(head > script:first-child), img, iframe, object, embed, link, form, [onerror], [onclick]').length;
  found.text = page.body.innerText;
  found.marks = [...page.querySelectorAll('mark')].map(m => m.innerText);
  found.crossed = 0;
  const line = page.querySelector('.mean-line');
  if (line) {
    const at = line.getBoundingClientRect(), [dash, gap] = view.getComputedStyle(line).strokeDasharray.match(/[0-9.]+/g).map(Number);
    for (const text of page.querySelectorAll('svg svg text')) {
      const name = text.getBoundingClientRect();
      for (let y = at.top; y < at.bottom; y += dash + gap)
        if (name.left < at.right && name.right > at.left && name.top < y + dash && name.bottom > y) found.crossed++;
      found.names = (found.names || 0) + 1;
    }
  }
  document.getElementById('found').textContent = JSON.stringify(found);
};
frame.srcdoc = ${json}[0];
</script></body></html>
HTML
	close $file;
	my ($out, $errors) = ('', '');
	IPC::Run::run([ $chromium, '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', "--user-data-dir=$folder/profile", '--virtual-time-budget=10000',
		'--window-size=1400,1000', '--blink-settings=preferredColorScheme=' . ($dark ? 0 : 1), '--dump-dom', "file://$folder/page.html" ],
		'>', \$out, '2>', \$errors, IPC::Run::timeout(120));
	my ($found) = $out =~ m{<pre id="found">(.+?)</pre>}s or die "nothing found: $errors";
	$found =~ s/&lt;/</g; $found =~ s/&gt;/>/g; $found =~ s/&nbsp;/ /g; $found =~ s/&amp;/&/g;
	return JSON::PP->new->utf8->decode($found);
}

sub check
{
	my ($name, $sql, @texts) = @_;
	my $page = decode('UTF-8', $node->safe_psql('postgres', $sql));
	my $found;
	foreach my $look ([ 1200, 0 ], [ 1200, 1 ], [ 390, 0 ], [ 390, 1 ])
	{
		my ($width, $dark) = @$look;
		$found = look_at($page, $width, $dark);
		my $what = "$name, " . ($dark ? 'dark' : 'light') . ", $width pixels";
		is($found->{width}, $width, "$what: the window");
		cmp_ok($found->{scroll}, '<=', $width, "$what: nothing is wider");
		is(($found->{dark} ? 1 : 0) . ($found->{background}[0] < 128 ? 1 : 0), $dark . $dark, "$what: the colours");
		is("$found->{ran} $found->{errors} $found->{strange}", '0 0 0', "$what: nothing runs, fails, or comes from elsewhere");
		is($found->{crossed}, 0, "$what: no name is crossed");
		like($found->{text}, qr/\Q$_\E/, "$what: text is text") for @texts;
	}
	return $found;
}

my $hostile = q{<script>alert(1)</script>};
my $arabic = "\x{625}\x{62f}\x{627}\x{631}\x{629}";
open(my $csv, '>:encoding(UTF-8)', "$folder/parts.csv") or die $!;
print $csv qq{1,"$hostile",9\n2,"a "" ' & <img src=x onerror=alert(1)>",9\n3,$arabic \x{202e}abc,9\n4,a\x01\x1fb,\n};
print $csv qq{x,fine,1\n5,}, 'long' x 500, qq{,9\n6,too,many,fields\n7,fine,1\n};
close $csv;
chmod 0755, $folder;
chmod 0644, "$folder/parts.csv";
$node->safe_psql('postgres', qq{
	CREATE EXTENSION pg_ferry_hiring CASCADE;
	SELECT create_hiring_tables();
	INSERT INTO departments VALUES (1, '$hostile'), (2, 'A department with a name that is rather long, so that the line of the mean would cross it'), (3, 'x'), (4, 'y'), (5, E'\\u0625\\u062f\\u0627\\u0631\\u0629');
	INSERT INTO jobs VALUES (1, '"><img src=x onerror=alert(1)>'), (2, 'j');
	INSERT INTO hired_employees (name, datetime, department_id, job_id)
		SELECT 'n', timestamptz '2021-01-01Z' + i * interval '5 days', CASE WHEN i < 40 THEN 1 WHEN i < 65 THEN 2 WHEN i < 67 THEN 3 ELSE 5 END, 1 + i % 2 FROM generate_series(1, 70) i;
	CREATE TABLE parents (id integer PRIMARY KEY);
	INSERT INTO parents VALUES (1);
	CREATE TABLE parts (id integer PRIMARY KEY, "<b>name" text, parent integer NOT NULL CONSTRAINT "<i>parent" REFERENCES parents);
	SELECT load_csv('parts', '$folder/parts.csv');
});
my $hiring = check('hiring_report_page', 'SELECT hiring_report_page()', $hostile, '"><img src=x onerror=alert(1)>');
cmp_ok($hiring->{names}, '>', 1, 'names are in the chart');
my $load = check('load_report_page', 'SELECT load_report_page(1)', $hostile, q{' & <img src=x onerror=alert(1)>}, $arabic, '<i>parent', "a\x{fffd}\x{fffd}b");
is(join('|', @{ $load->{marks} }), '9|9|9| |x', 'the fields are marked');
$node->safe_psql('postgres', "COPY parents TO '$folder/parents.csv'; CREATE TABLE more (id integer); SELECT load_csv('more', '$folder/parents.csv')");
check('a page without rejects', 'SELECT load_report_page(2)', 'No row was rejected.');

$node->stop;
done_testing();

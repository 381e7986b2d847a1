# Installations of PostgreSQL of a test's own, and what an extension has in a catalog.
package Installation;
use strict;
use warnings FATAL => 'all';
use Exporter 'import';
use File::Basename;
use PostgreSQL::Test::Utils;
our @EXPORT = qw(copy_installation replace_file make_next_version extension_catalog);

# copy_installation(FOLDER): hard links of the installation whose programs are first in PATH, below the folder. Gives the bin's parent,
# and a hash of the other folders by the option of pg_config that tells them.
sub copy_installation
{
	my ($folder) = @_;
	my %copies;
	foreach my $option ('bindir', 'pkglibdir', 'sharedir')
	{
		chomp(my $from = `pg_config --$option`);
		$copies{$option} = "$folder$from";
		system_or_bail('mkdir', '-p', $copies{$option});
		system_or_bail('cp', '-al', "$from/.", $copies{$option});
	}
	return (dirname($copies{bindir}), \%copies);
}

# replace_file(PATH, TEXT): writes a new one, for the old one may be a link to a file of others.
sub replace_file
{
	my ($path, $text) = @_;
	unlink $path;
	append_to_file($path, $text);
	return;
}

# make_next_version(FOLDERS): makes version "next" of the installation in these folders out of its files: a function with one argument
# more, a function less, a column more in the log and its view, and the library for it.
sub make_next_version
{
	my ($folders) = @_;
	my $scripts = "$folders->{sharedir}/extension";
	my $control = slurp_file("$scripts/pg_ferry.control");
	my ($version) = $control =~ /^default_version = '(.+)'$/m;
	my $install_script = slurp_file("$scripts/pg_ferry--$version.sql");
	my $change = sub {
		my ($from, $to) = @_;
		$install_script =~ s/$from/$to/ or die "not in the install script: $from";
		return;
	};
	my $column_comment = q{COMMENT ON COLUMN @extschema@.ferry_loads.pauses IS 'how often it waited';};
	my ($function) = $install_script =~ /(CREATE FUNCTION \@extschema\@\.load_json\([^;]*;)/;
	my ($comment, $types) = $install_script =~ /(COMMENT ON FUNCTION \@extschema\@\.load_json\(([^)]*)\)[^;]*;)/;
	my ($table) = $install_script =~ /(CREATE TABLE \@extschema\@\.ferry_load_log [^;]*;)/;
	my ($view) = $install_script =~ /(CREATE VIEW \@extschema\@\.ferry_loads [^;]*;)/;
	my ($new_function, $new_comment, $new_table, $new_view) = ($function, $comment, $table, $view);
	$new_function =~ s/,(?=\s*OUT load_id)/, title text = NULL,/;
	$new_comment =~ s/\Q($types)/($types, text)/;
	$new_table =~ s/(?=\n\);)/,\n    pauses integer NOT NULL DEFAULT 0/;
	$new_view =~ s/(?=\s+FROM)/, pauses/;

	$change->(qr/\Q$function/, $new_function);
	$change->(qr/\Q$comment/, $new_comment);
	$change->(qr/\Q$table/, $new_table);
	$change->(qr/\Q$view/, $new_view);
	$change->(qr/(?=COMMENT ON COLUMN \@extschema\@\.ferry_rejects\.row_number)/, "$column_comment\n");
	$change->(qr/CREATE FUNCTION \@extschema\@\.purge_loads\([^;]*;/, '');
	$change->(qr/COMMENT ON FUNCTION \@extschema\@\.purge_loads\([^;]*;/, '');

	(my $replacing_view = $new_view) =~ s/^CREATE VIEW/CREATE OR REPLACE VIEW/;
	my $update_script = <<"END";
\\echo Use "ALTER EXTENSION pg_ferry UPDATE" to load this file. \\quit
DROP FUNCTION \@extschema\@.load_json($types);
$new_function
$new_comment
ALTER TABLE \@extschema\@.ferry_load_log ADD COLUMN pauses integer NOT NULL DEFAULT 0;
$replacing_view
$column_comment
DROP FUNCTION \@extschema\@.purge_loads(timestamptz);
END
	replace_file("$scripts/pg_ferry--next.sql", $install_script);
	replace_file("$scripts/pg_ferry--$version--next.sql", $update_script);
	replace_file("$scripts/pg_ferry.control", $control =~ s/^default_version = .*$/default_version = 'next'/mr);
	system_or_bail('cp', '--remove-destination', "$folders->{pkglibdir}/ferry_next_test.so", "$folders->{pkglibdir}/pg_ferry.so");
	return;
}

# extension_catalog(NODE, DATABASE, EXTENSION): all that the catalogs have of an extension and its members, a line each.
sub extension_catalog
{
	my ($node, $database, $extension) = @_;
	return $node->safe_psql($database, qq{
		WITH
		extension AS (SELECT * FROM pg_extension WHERE extname = '$extension'),
		members AS (
			SELECT d.classid, d.objid, (pg_identify_object(d.classid, d.objid, 0)).identity AS name, obj_description(d.objid, c.relname) AS comment
			FROM extension e JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
				JOIN pg_class c ON c.oid = d.classid
		),
		relations AS (SELECT m.name, c.* FROM members m JOIN pg_class c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid),
		rights AS (
			SELECT m.name || coalesce('.' || r.attname, '') AS name, a.grantee, a.privilege_type, a.is_grantable, a.kind
			FROM members m
				CROSS JOIN LATERAL (
					SELECT NULL::name, p.proacl FROM pg_proc p WHERE m.classid = 'pg_proc'::regclass AND p.oid = m.objid
					UNION ALL SELECT NULL, c.relacl FROM pg_class c WHERE m.classid = 'pg_class'::regclass AND c.oid = m.objid
					UNION ALL SELECT t.attname, t.attacl FROM pg_attribute t WHERE m.classid = 'pg_class'::regclass AND t.attrelid = m.objid
				) r(attname, acl)
				CROSS JOIN LATERAL (
					SELECT 'now' AS kind, x.* FROM aclexplode(r.acl) x
					UNION ALL SELECT 'at first', x.*
						FROM pg_init_privs i CROSS JOIN LATERAL aclexplode(i.initprivs) x
						WHERE i.classoid = m.classid AND i.objoid = m.objid AND i.objsubid = 0 AND r.attname IS NULL
				) a
		)
		SELECT line FROM (
			SELECT format('extension %s %s, relocatable %s, dumped: %s', extname, extversion, extrelocatable,
					ARRAY(SELECT t::regclass || ' ' || w FROM unnest(extconfig, extcondition) u(t, w) ORDER BY 1)) AS line FROM extension
			UNION ALL SELECT format('member %s: %s', name, comment) FROM members
			UNION ALL SELECT format('function %s: %s', m.name, pg_get_functiondef(p.oid))
				FROM members m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
			UNION ALL SELECT format('relation %s: %s %s %s %s', name, relkind, relpersistence, reloptions, pg_get_viewdef(oid)) FROM relations
			UNION ALL SELECT format('sequence %s: %s', r.name, s) FROM relations r JOIN pg_sequence q ON q.seqrelid = r.oid,
				concat_ws(' ', seqtypid::regtype, seqstart, seqincrement, seqmax, seqmin, seqcache, seqcycle) s
			UNION ALL SELECT format('column %s %s %s: %s %s, not null %s, default %s, %s', r.name, a.attnum, a.attname,
					format_type(a.atttypid, a.atttypmod), a.attstorage, a.attnotnull, pg_get_expr(d.adbin, d.adrelid), col_description(r.oid, a.attnum))
				FROM relations r JOIN pg_attribute a ON a.attrelid = r.oid LEFT JOIN pg_attrdef d ON d.adrelid = r.oid AND d.adnum = a.attnum
				WHERE a.attnum > 0
			UNION ALL SELECT format('constraint %s %s: %s', r.name, c.conname, pg_get_constraintdef(c.oid))
				FROM relations r JOIN pg_constraint c ON c.conrelid = r.oid
			UNION ALL SELECT 'index ' || pg_get_indexdef(i.indexrelid) FROM relations r JOIN pg_index i ON i.indrelid = r.oid
			UNION ALL SELECT format('right %s %s: %s %s %s', kind, name, grantee::regrole, privilege_type, is_grantable) FROM rights
		) lines ORDER BY line COLLATE "C"});
}

1;

# What a load is compared with: each record alone, in file order, by core COPY in a savepoint, with deferrable constraints immediate.
# Tables are made twice, those for COPY with _copy in their names, those for the load with _load.
package CopyOracle;
use strict;
use warnings;
use Exporter 'import';
our @EXPORT = qw($oracle_sql);

# Table oracle gets what COPY said of the rows that it did not take. copy_one_by_one() reads record i from file i of a folder; it
# tries rows again that failed for a constraint like "again", until that helps no more. copy_rejects() tries all rejects once more.
our $oracle_sql = q{
	-- whether a text of the log is what the server said, or its beginning where that is long
	CREATE FUNCTION is_kept(said text, kept text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $f$
		SELECT said IS NOT DISTINCT FROM kept OR (octet_length(kept) BETWEEN 2045 AND 2048 AND kept LIKE '%...' AND starts_with(said, left(kept, -3))) $f$;
	CREATE TABLE oracle (schema_name text, row_number int, sqlstate text, message text, constraint_name text, table_name text, detail text);
	CREATE PROCEDURE copy_one(name text, target text, list text, format text, folder text, i int) LANGUAGE plpgsql AS $$
	DECLARE m text; c text; t text; d text;
	BEGIN
		DELETE FROM public.oracle WHERE schema_name = name AND row_number = i;
		EXECUTE format('COPY %I %s FROM %L (FORMAT %I)', target, list, folder || '/' || i, format);
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, c = CONSTRAINT_NAME, t = TABLE_NAME, d = PG_EXCEPTION_DETAIL;
		DELETE FROM public.oracle WHERE schema_name = name AND row_number = i;
		INSERT INTO public.oracle VALUES (name, i, SQLSTATE, replace(m, '_copy', '_load'), replace(c, '_copy', '_load'), replace(t, '_copy', '_load'), replace(d, '_copy', '_load'));
	END $$;
	CREATE PROCEDURE copy_waiting(name text, target text, list text, format text, folder text, again text) LANGUAGE plpgsql AS $$
	DECLARE i int; missing int; before int := -1;
	BEGIN
		LOOP
			SELECT count(*) INTO missing FROM public.oracle WHERE schema_name = name AND sqlstate = '23503' AND constraint_name LIKE again;
			EXIT WHEN missing = before;
			before := missing;
			FOR i IN SELECT row_number FROM public.oracle WHERE schema_name = name AND sqlstate = '23503' AND constraint_name LIKE again ORDER BY 1 LOOP
				CALL public.copy_one(name, target, list, format, folder, i);
			END LOOP;
		END LOOP;
	END $$;
	CREATE PROCEDURE copy_one_by_one(name text, target text, list text, format text, folder text, row_count int, again text = NULL) LANGUAGE plpgsql AS $$
	DECLARE i int;
	BEGIN
		SET CONSTRAINTS ALL IMMEDIATE;
		FOR i IN 1..row_count LOOP CALL public.copy_one(name, target, list, format, folder, i); END LOOP;
		IF again IS NOT NULL THEN CALL public.copy_waiting(name, target, list, format, folder, again); END IF;
	END $$;
	CREATE PROCEDURE copy_rejects(name text, target text, list text, format text, folder text, again text = NULL) LANGUAGE plpgsql AS $$
	DECLARE i int;
	BEGIN
		SET CONSTRAINTS ALL IMMEDIATE;
		FOR i IN SELECT row_number FROM public.oracle WHERE schema_name = name ORDER BY 1 LOOP CALL public.copy_one(name, target, list, format, folder, i); END LOOP;
		IF again IS NOT NULL THEN CALL public.copy_waiting(name, target, list, format, folder, again); END IF;
	END $$;
};

1;

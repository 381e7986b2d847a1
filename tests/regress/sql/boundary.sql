-- Errors of C++ and of the server cross the boundary whole, and leave nothing behind.
SET client_min_messages = warning;
CREATE FUNCTION boundary_fail(kind text) RETURNS integer STRICT AS '$libdir/ferry_boundary_test' LANGUAGE C;
CREATE FUNCTION boundary_swallow(kind text) RETURNS text STRICT AS '$libdir/ferry_boundary_test' LANGUAGE C;
CREATE FUNCTION boundary_swallow_many(count bigint) RETURNS bigint STRICT AS '$libdir/ferry_boundary_test' LANGUAGE C;
CREATE FUNCTION boundary_live_objects() RETURNS bigint AS '$libdir/ferry_boundary_test' LANGUAGE C;
CREATE FUNCTION boundary_loop() RETURNS void AS '$libdir/ferry_boundary_test' LANGUAGE C;
CREATE FUNCTION boundary_allocate() RETURNS void AS '$libdir/ferry_boundary_test' LANGUAGE C;

-- what a caller sees of an error, the throw site without its line
CREATE FUNCTION seen(statement text, OUT state text, OUT message text, OUT detail text, OUT hint text, OUT context text,
                     OUT column_name text, OUT constraint_name text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
        hint = PG_EXCEPTION_HINT, context = PG_EXCEPTION_CONTEXT, column_name = COLUMN_NAME, constraint_name = CONSTRAINT_NAME;
    context := split_part(context, E'\n', 1);
END $$;

SELECT kind, (seen(format('SELECT boundary_fail(%L)', kind))).*
FROM unnest(ARRAY['server', 'cpp', 'through_guard', 'nested', 'out_of_memory', 'exception', 'unknown']) kind;

-- the throw site is that of the C++ throw, not of the boundary
\set VERBOSITY verbose
SELECT boundary_fail('cpp');
SELECT boundary_fail('through_guard');
SELECT boundary_fail('server');
\set VERBOSITY terse
-- texts that are too long are cut, not lost
SELECT length(message), length(detail) FROM seen('SELECT boundary_fail(''too_long'')');
-- a real failure to allocate
SELECT state, message FROM seen('SELECT boundary_allocate()');

-- swallowed in a subtransaction: only what the caller may swallow, with everything known of it
SELECT boundary_swallow('server');
SELECT boundary_swallow('cpp');
SELECT boundary_swallow('none');
SELECT boundary_swallow('out_of_memory');
SELECT boundary_swallow('exception');
-- a subtransaction of ours inside of one of the caller's leaves the caller's whole
DO $$
BEGIN
    CREATE TEMP TABLE kept (n int);
    INSERT INTO kept VALUES (1);
    BEGIN
        INSERT INTO kept VALUES (2);
        PERFORM boundary_swallow('exception');
    EXCEPTION WHEN OTHERS THEN
        INSERT INTO kept VALUES (3);
    END;
    PERFORM boundary_swallow('server');
    INSERT INTO kept VALUES (4);
END $$;
SELECT * FROM kept ORDER BY n;

-- a C++ loop obeys statement_timeout
SET statement_timeout = '200ms';
SELECT boundary_loop();
\echo :SQLSTATE
RESET statement_timeout;

-- 100,000 errors of each kind in one session leak no object and no memory
SELECT boundary_swallow_many(2000);
CREATE TEMP TABLE memory AS SELECT sum(total_bytes) AS bytes FROM pg_backend_memory_contexts;
CREATE TEMP TABLE resident AS SELECT substring(pg_read_file('/proc/self/status') FROM 'VmRSS:\s+(\d+)')::bigint AS kilobytes;
SELECT boundary_swallow_many(100000);
SELECT boundary_live_objects();
SELECT sum(total_bytes) - (SELECT bytes FROM memory) < 500000 AS contexts_do_not_grow FROM pg_backend_memory_contexts;
SELECT substring(pg_read_file('/proc/self/status') FROM 'VmRSS:\s+(\d+)')::bigint - kilobytes < 4000 AS process_does_not_grow FROM resident;
-- and so do 1,000 that reach the client's level
DO $$
BEGIN
    FOR i IN 1..1000 LOOP
        BEGIN PERFORM boundary_fail('cpp'); EXCEPTION WHEN OTHERS THEN NULL; END;
        BEGIN PERFORM boundary_fail('nested'); EXCEPTION WHEN OTHERS THEN NULL; END;
    END LOOP;
END $$;
SELECT boundary_live_objects();
DROP FUNCTION boundary_fail, boundary_swallow, boundary_swallow_many, boundary_live_objects, boundary_loop, boundary_allocate, seen;

-- Servers of ferry_store: their options, scopes and rights. Nothing here leaves the machine, nor is anybody asked: an endpoint
-- without encryption elsewhere is refused before a connection, and that is what somebody is told whose rights suffice.
\set VERBOSITY default
\set SHOW_CONTEXT never

-- Options. Each error says what would be valid, and what is missing.
CREATE SERVER lake FOREIGN DATA WRAPPER ferry_store;
CREATE SERVER lake FOREIGN DATA WRAPPER ferry_store OPTIONS (scope 's3://lake');
CREATE SERVER lake FOREIGN DATA WRAPPER ferry_store OPTIONS (scope 's3://lake', endpoint 'https://store.example', host 'x');
CREATE SERVER lake FOREIGN DATA WRAPPER ferry_store OPTIONS (scope 's3://lake', endpoint 'https://store.example', secret_access_key 'x');
CREATE SERVER lake FOREIGN DATA WRAPPER ferry_store OPTIONS (scope 'https://files.example', endpoint 'https://store.example');
CREATE SERVER lake FOREIGN DATA WRAPPER ferry_store OPTIONS (scope 'https://files.example', writable 'true');

CREATE FUNCTION try_server(options text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    message text;
    hint text;
BEGIN
    EXECUTE 'CREATE SERVER tried FOREIGN DATA WRAPPER ferry_store OPTIONS (' || options || ')';
    EXECUTE 'DROP SERVER tried';
    RETURN 'ok';
EXCEPTION WHEN others THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(' | ', SQLSTATE, message, nullif(hint, ''));
END $$;
SELECT o AS options, try_server($$scope 's3://lake', endpoint 'https://store.example', $$ || o) AS outcome FROM unnest(ARRAY[
    $$writable 'true'$$, $$writable 'on'$$, $$writable 'maybe'$$, $$anonymous ''$$, $$url_style 'virtual'$$, $$url_style 'dns'$$,
    $$region 'eu-central-1'$$, $$region 'a b'$$, $$allow_http 'yes'$$, $$verify_certificate 'false'$$, $$verify_certificate '2'$$,
    $$ca_file '/etc/ssl/ca.pem'$$, $$ca_file 'ca.pem'$$, $$scope 's3://twice'$$, $$"Scope" 's3://lake'$$]) AS o;
SELECT e AS endpoint, try_server($$scope 's3://lake', endpoint '$$ || e || $$'$$) AS outcome FROM unnest(ARRAY[
    'https://store.example', 'https://store.example/', 'https://store.example:9000', 'http://127.0.0.1:8080', 'https://[::1]:8080',
    'store.example', 'ftp://store.example', 'https://', 'https://store.example/path', 'https://user:password@store.example',
    'https://store.example?x', 'https://store.example:0', 'https://store.example:65536', 'http://127.0.0.1:90x', 'https://store.example:',
    'https://[::1', 'https://-store', '']) AS e;
SELECT s AS scope, try_server($$endpoint 'https://store.example', scope '$$ || s || $$'$$) AS outcome FROM unnest(ARRAY[
    's3://lake', 's3://lake/', 's3://lake/a b/+%/ü/..', 's3://', 's3:///x', 'lake', '/lake', 'ftp://lake', 'http://lake', 'S3://lake', '']) AS s;
SELECT s AS scope, try_server($$scope '$$ || s || $$'$$) AS outcome FROM unnest(ARRAY[
    'https://files.example', 'https://files.example:8443/open/', 'https://', 'https://a b/', 'https://u@files.example']) AS s;

-- User mappings: their values are in no message.
CREATE SERVER lake FOREIGN DATA WRAPPER ferry_store OPTIONS (scope 's3://lake', endpoint 'http://192.0.2.1');
CREATE USER MAPPING FOR CURRENT_USER SERVER lake;
CREATE USER MAPPING FOR CURRENT_USER SERVER lake OPTIONS (access_key_id 'AK');
CREATE USER MAPPING FOR CURRENT_USER SERVER lake OPTIONS (access_key_id 'AK', secret_access_key 'k', password 'p');
CREATE USER MAPPING FOR CURRENT_USER SERVER lake OPTIONS (access_key_id 'AK', secret_access_key '');
CREATE USER MAPPING FOR CURRENT_USER SERVER lake OPTIONS (access_key_id 'A K', secret_access_key 'k');
CREATE USER MAPPING FOR CURRENT_USER SERVER lake OPTIONS (access_key_id 'AK', secret_access_key E'k\r\nHost: x');
CREATE USER MAPPING FOR CURRENT_USER SERVER lake OPTIONS (access_key_id 'AK', secret_access_key 'k', session_token 't');
ALTER USER MAPPING FOR CURRENT_USER SERVER lake OPTIONS (DROP secret_access_key);
ALTER SERVER lake OPTIONS (DROP scope);
ALTER SERVER lake OPTIONS (SET endpoint 'x');
ALTER SERVER lake OPTIONS (ADD writable 'true', SET scope 's3://lake/landing');
CREATE FOREIGN TABLE not_there (a int) SERVER lake OPTIONS (path 'x');
ALTER FOREIGN DATA WRAPPER ferry_store OPTIONS (scope 's3://lake');

-- Which server: the longest scope in whole segments. No right, no mapping, no server: each is told before a connection.
CREATE TABLE parts (id int PRIMARY KEY, name text);
CREATE FUNCTION try_read(path text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    message text;
BEGIN
    PERFORM load_csv('parts', path);
    RETURN 'ok';
EXCEPTION WHEN others THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT;
    RETURN concat_ws(' | ', SQLSTATE, message);
END $$;
CREATE FUNCTION try_write(path text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    message text;
BEGIN
    EXECUTE format('COPY (SELECT 1 AS a) TO %L (FORMAT avro)', path);
    RETURN 'ok';
EXCEPTION WHEN others THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT;
    RETURN concat_ws(' | ', SQLSTATE, message);
END $$;
DROP USER MAPPING FOR CURRENT_USER SERVER lake;
CREATE SERVER shore FOREIGN DATA WRAPPER ferry_store OPTIONS (scope 's3://lake/landing/hr', endpoint 'http://192.0.2.1');
CREATE SERVER files FOREIGN DATA WRAPPER ferry_store OPTIONS (scope 'https://127.0.0.1:1/open');
CREATE ROLE regress_store_reader;
CREATE ROLE regress_store_loader;
GRANT ALL ON parts TO regress_store_reader, regress_store_loader;
GRANT USAGE ON FOREIGN SERVER lake, files TO regress_store_reader;
SET ROLE regress_store_reader;
SELECT p AS path, try_read(p) AS reading, try_write(p) AS writing FROM unnest(ARRAY[
    's3://lake/landing/a.csv', 's3://lake/landing', 's3://lake/landing/hr/a.csv', 's3://lake/landing/hr2.csv', 's3://lake/landings/a.csv',
    's3://lake/landing/../a.csv', 's3://lake', 's3://lakes/a.csv', 'https://127.0.0.1:1/opened', 'https://127.0.0.1/open/a',
    'https://127.0.0.1:1/open/../a', 'http://127.0.0.1:1/open/a', 'file:///etc/passwd', 'ftp://lake/a', 's3://', 'S3://lake/landing/a']) AS p;
RESET ROLE;
-- a superuser has no keys of its own; PUBLIC's will do for all
SELECT replace(try_read('s3://lake/landing/a.csv'), current_user, 'me'), try_write('s3://lake/landing/hr/a.avro'), try_write('https://127.0.0.1:1/open/a');
CREATE USER MAPPING FOR PUBLIC SERVER lake OPTIONS (access_key_id 'AK', secret_access_key 'k');
SELECT try_read('s3://lake/landing/a.csv');
SET ROLE regress_store_reader;
SELECT try_read('s3://lake/landing/a.csv'), try_write('s3://lake/landing/a.avro');
RESET ROLE;
ALTER SERVER shore OPTIONS (ADD anonymous 'true');
SELECT try_read('s3://lake/landing/hr/a.csv'), try_write('s3://lake/landing/hr/a.csv');
-- USAGE is all that is needed, and the role for files of the server is of no use here
GRANT pg_read_server_files, pg_write_server_files TO regress_store_loader;
SET ROLE regress_store_loader;
SELECT try_read('s3://lake/landing/a.csv'), try_write('s3://lake/landing/a.avro'), try_read('https://127.0.0.1:1/open/a.csv');
COPY parts FROM 's3://lake/landing/a.csv' (FORMAT csv, ON_ERROR reject);
SELECT * FROM sniff_csv('s3://lake/landing/a.csv');
SELECT * FROM load_folder('s3://lake/landing');
SELECT create_table_from('s3://lake/landing/a.csv', 'made');
SELECT load_json('parts', 's3://lake/landing/a.json');
SELECT avro_file_schema('s3://lake/landing/a.avro');
SELECT export_rejects(1, 's3://lake/landing/rejects.csv');
RESET ROLE;
-- the server's own COPY knows no addresses
COPY parts FROM 's3://lake/landing/a.csv' (FORMAT csv);
COPY parts TO 's3://lake/landing/a.csv' (FORMAT csv);

-- two servers for one place
CREATE SERVER lake2 FOREIGN DATA WRAPPER ferry_store OPTIONS (scope 's3://lake/landing', endpoint 'http://192.0.2.1', anonymous 'true');
SELECT regexp_replace(try_read('s3://lake/landing/a.csv'), 'servers .*', 'servers') AS reading;
ALTER SERVER lake2 OPTIONS (SET scope 's3://lake/landing/');
SELECT try_read('s3://lake/landing/a.csv'), try_write('s3://lake/landing/a.csv');
DROP SERVER lake2;

-- who was given USAGE on the wrapper defines servers that lead to named hosts with checked certificates
GRANT USAGE ON FOREIGN DATA WRAPPER ferry_store TO regress_store_reader;
SET ROLE regress_store_reader;
SELECT o AS options, try_server($$scope 's3://lake', $$ || o) AS outcome FROM unnest(ARRAY[
    $$endpoint 'https://store.example', writable 'true', anonymous 'true'$$, $$endpoint 'http://127.0.0.1:8080'$$,
    $$endpoint 'https://127.0.0.1:8080'$$, $$endpoint 'https://[::1]'$$, $$endpoint 'https://2130706433'$$, $$endpoint 'https://0x7f000001.'$$,
    $$endpoint 'https://store.example', allow_http 'true'$$, $$endpoint 'https://store.example', verify_certificate 'false'$$,
    $$endpoint 'https://store.example', ca_file '/etc/ssl/ca.pem'$$]) AS o;
SELECT try_server($$scope 'https://169.254.169.254/'$$), try_server($$scope 'https://files.example/'$$);
RESET ROLE;

DROP SERVER lake CASCADE;
DROP SERVER shore, files CASCADE;
REVOKE USAGE ON FOREIGN DATA WRAPPER ferry_store FROM regress_store_reader;
DROP TABLE parts;
DROP FUNCTION try_server, try_read, try_write;
DROP ROLE regress_store_reader, regress_store_loader;

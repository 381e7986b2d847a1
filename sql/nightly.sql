-- Backs up a schema every night, and removes old backups half an hour later, by the extension pg_cron. Loads the new and the
-- changed files of a folder before that, if there is one. Run it again to change a job; it is known by its name.
--
--   psql -d ferry [-v schema=public] [-v dir=/path] [-v keep=14] [-v at='0 2 * * *'] [-v prune_at='30 2 * * *']
--        [-v load_dir=/path] [-v load_at='0 1 * * *'] -f sql/nightly.sql
--
-- schema    of the tables
-- dir       folder of the backups, as the server sees it; default: the setting pg_ferry.backup_directory
-- keep      how many backups stay
-- at        when, in cron's words and the time zone of pg_cron: minute, hour, day of the month, month, day of the week
-- prune_at  when old ones go
-- load_dir  folder of CSV and Avro files for tables of the schema, as the server sees it; default: nothing is loaded
-- load_at   when they are loaded; a file that cannot be is a WARNING in the server's log
--
-- Connect to the database that is to be backed up; it must have pg_cron (cron.database_name). The jobs run as you.
-- An error ends it, with exit status 3, and no job is made or changed.

\set ON_ERROR_STOP on
\pset footer off
\if :{?schema} \else
  \set schema public
\endif
\if :{?dir} \else
  \set dir ''
\endif
\if :{?keep} \else
  \set keep 14
\endif
\if :{?at} \else
  \set at '0 2 * * *'
\endif
\if :{?prune_at} \else
  \set prune_at '30 2 * * *'
\endif
\if :{?load_at} \else
  \set load_at '0 1 * * *'
\endif

-- what is missing or wrong ends the script
SELECT format('DO $do$ BEGIN RAISE EXCEPTION %L USING HINT = %L; END $do$', problem, hint)
FROM (VALUES (NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_cron'),
              'extension "pg_cron" is not available', 'Install its package for this server, such as postgresql-15-cron.'),
             (to_regnamespace(quote_ident(:'schema')) IS NULL,
              'schema "' || :'schema' || '" does not exist', 'Say it as -v schema=public.'),
             (NOT :'keep' ~ '^[1-9][0-9]{0,8}$',
              'variable "keep" must be a whole number above 0', 'Say it as -v keep=14.')) c(is_so, problem, hint)
WHERE is_so LIMIT 1
\gexec

BEGIN;
SET LOCAL client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_cron;
CREATE EXTENSION IF NOT EXISTS pg_ferry;

-- pg_cron connects with a search_path of its own, so the functions are named with the schema of the extension.
SELECT cron.schedule(:'schema' || ' backup', :'at',
                     format('SELECT %I.backup_schema(%L, nullif(%L, %L))',
                            n.nspname, quote_ident(:'schema')::regnamespace, :'dir', ''))
           AS backup_job,
       cron.schedule(:'schema' || ' prune', :'prune_at',
                     format('SELECT %I.prune_backups(%s, nullif(%L, %L))', n.nspname, :'keep'::integer, :'dir', '')) AS prune_job
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname = 'pg_ferry';

\if :{?load_dir}
SELECT cron.schedule(:'schema' || ' load', :'load_at',
                     format($job$SET search_path TO %I, %I;
DO $load$
DECLARE
    file record;
BEGIN
    FOR file IN SELECT path, reason FROM load_folder(%L) WHERE status = 'failed' LOOP
        RAISE WARNING 'file "%%" was not loaded: %%', file.path, file.reason;
    END LOOP;
END $load$$job$, :'schema', n.nspname, :'load_dir')) AS load_job
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname = 'pg_ferry';
\endif
COMMIT;

SELECT string_agg(format('%s at %s', jobname, schedule), ', ' ORDER BY jobname) AS summary
FROM cron.job WHERE jobname IN (:'schema' || ' backup', :'schema' || ' prune', :'schema' || ' load') AND username = current_user
\gset
\echo 'jobs:' :summary

-- Backs up a schema every night, and removes old backups half an hour later, by the extension pg_cron. Run it again to change
-- a job; it is known by its name.
--
--   psql -d ferry [-v schema=public] [-v dir=/path] [-v keep=14] [-v at='0 2 * * *'] [-v prune_at='30 2 * * *'] -f sql/nightly.sql
--
-- schema    of the tables
-- dir       folder of the backups, as the server sees it; default: the setting pg_ferry.backup_directory
-- keep      how many backups stay
-- at        when, in cron's words and the time zone of pg_cron: minute, hour, day of the month, month, day of the week
-- prune_at  when old ones go
--
-- Connect to the database that is to be backed up; it must have pg_cron (cron.database_name). The jobs run as you.

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

-- hiring_report_page: well-formed, its figures are those of the tables, and names are text whatever is in them.
\set SHOW_CONTEXT never
SELECT setting !~ '--with-libxml' AS no_xml FROM pg_config WHERE name = 'CONFIGURE' \gset
\if :no_xml
\echo this server has no XML
\quit
\endif
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_ferry;
CREATE EXTENSION pg_ferry_hiring;
RESET client_min_messages;
CREATE SCHEMA company;
SELECT create_hiring_tables('company');
SET search_path = company, public;
SET TimeZone = 'Pacific/Kiritimati';

-- What an XML parser finds in the page
CREATE FUNCTION pg_temp.page(year integer) RETURNS xml LANGUAGE sql AS $$ SELECT xmlparse(document hiring_report_page(year)) $$;
CREATE FUNCTION pg_temp.texts(path text, page xml) RETURNS text[] LANGUAGE sql AS $$
    SELECT array_agg(replace(replace(replace(t, '&lt;', '<'), '&gt;', '>'), '&amp;', '&') ORDER BY n)
    FROM unnest(xpath(path, page)) WITH ORDINALITY u(x, n),
        -- an attribute comes as its value
        LATERAL (SELECT CASE WHEN x::text LIKE '<%' THEN (xpath('string(.)', x))[1] ELSE x END::text) s(t) $$;
CREATE FUNCTION pg_temp.numbers(path text, page xml) RETURNS numeric[] LANGUAGE sql AS $$
    SELECT array_agg(translate(t, ',%', '')::numeric ORDER BY n) FROM unnest(pg_temp.texts(path, page)) WITH ORDINALITY u(t, n) $$;
CREATE FUNCTION pg_temp.jobs(page xml) RETURNS TABLE (department text, job text, counts numeric[]) LANGUAGE sql AS $$
    SELECT (pg_temp.texts('/tbody/tr[@class="group"]/th', g))[1], (pg_temp.texts('/tr/th', j))[1], pg_temp.numbers('/tr/td', j)
    FROM unnest(xpath('//tbody[tr/@class="group"]', page)) g, unnest(xpath('/tbody/tr[@class="job"]', g)) j $$;

-- A year without hires, without departments even; years that are none
SELECT pg_temp.texts('//h1', p), pg_temp.texts('//dd', p), pg_temp.texts('//main//p', p) FROM pg_temp.page(2021) p;
SELECT hiring_report_page(NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT hiring_report_page(0);

-- 30 departments, where i hires are those of number i, spread over 7 jobs and the year
INSERT INTO departments SELECT i, 'Department ' || i FROM generate_series(1, 30) i;
INSERT INTO jobs SELECT i, 'Job ' || i FROM generate_series(1, 7) i;
INSERT INTO hired_employees (name, datetime, department_id, job_id)
    SELECT 'n', timestamptz '2021-01-01Z' + (d * 37 + i * 11) % 365 * interval '24 hours', d, 1 + (d + i) % 7
    FROM generate_series(1, 30) d, generate_series(1, d * 5) i;
INSERT INTO hired_employees (name, datetime, department_id, job_id) VALUES ('too early', '2020-12-31T23:59:59Z', 1, 1);
CREATE TEMP TABLE page AS SELECT pg_temp.page(2021) AS p;

-- 2325 = 5 * (1 + ... + 30) hires, 77.5 for each department; those from 16 (80) on are above.
SELECT pg_temp.texts('//dd', p) FROM page;
-- Each job of each department, as counted without the reports
CREATE TEMP TABLE counted AS
    SELECT department, job, array_agg(n ORDER BY quarter) || sum(n) AS counts
    FROM (SELECT d.department, j.job, q.quarter,
                 (SELECT count(*)::numeric FROM hired_employees h
                  WHERE h.department_id = d.id AND h.job_id = j.id
                    AND to_char(h.datetime AT TIME ZONE 'UTC', 'YYYY"Q"Q') = '2021Q' || q.quarter) AS n
          FROM departments d, jobs j, generate_series(1, 4) q(quarter)) c
    GROUP BY department, job HAVING sum(n) > 0;
CREATE TEMP TABLE found AS SELECT j.* FROM page, pg_temp.jobs(p) j;
SELECT count(*) > 100 AS many FROM counted;
SELECT count(*) FROM (TABLE counted EXCEPT ALL TABLE found) missing;
SELECT count(*) FROM (TABLE found EXCEPT ALL TABLE counted) surplus;
-- Sums of departments, the last line, and the columns of the chart
CREATE TEMP VIEW quarters AS
    SELECT array_agg(n ORDER BY quarter) AS counts
    FROM (SELECT extract(quarter FROM datetime AT TIME ZONE 'UTC') AS quarter, count(*)::numeric AS n FROM hired_employees
          WHERE extract(year FROM datetime AT TIME ZONE 'UTC') = 2021 GROUP BY 1) c;
SELECT pg_temp.numbers('//tr[@class="group"]/td[5]', p) = (SELECT array_agg(n ORDER BY department COLLATE "C")
    FROM (SELECT d.department, count(*)::numeric AS n FROM hired_employees h JOIN departments d ON d.id = h.department_id
          WHERE h.datetime >= '2021-01-01Z' GROUP BY d.department) c) AS departments,
       pg_temp.numbers('//tfoot//td', p) = counts || 2325.0 AS last_line,
       pg_temp.numbers('//*[@class="columns"]/*[@class="value"]', p) = counts AS columns
FROM page, quarters;
-- A column is as high as its count says; one colour, since there are more than 6 departments
SELECT pg_temp.numbers('//*[@class="columns"]/rect/@height', p)
           = (SELECT array_agg(round(80 * n / (SELECT max(m) FROM unnest(counts) m), 2) ORDER BY place)
              FROM unnest(counts) WITH ORDINALITY u(n, place)) AS heights,
       (SELECT array_agg(DISTINCT c::text) FROM unnest(xpath('//*[@class="columns"]/rect/@class', p)) c) AS colours,
       xpath_exists('//ul', p) AS legend
FROM page, quarters;
-- The table of the second report: all 15, of 80 to 150 hires; their bars and the line are percentages of 150.
SELECT pg_temp.texts('//table[@class="short"]/tbody/tr/td[1]', p) AS ids, pg_temp.texts('//table[@class="short"]/tbody/tr/td[2]', p) AS hired
FROM page;
SELECT pg_temp.numbers('//rect[@rx]/@width', p) AS widths, pg_temp.numbers('//line[@class="mean-line"]/@x1', p) AS mean,
       round(100 * 77.5 / 150, 2) AS expected, pg_temp.texts('//p[@class="note"]', p) AS note
FROM page;
-- 70 departments more, without hires: 26 are above the mean, 20 have a bar.
BEGIN;
INSERT INTO departments SELECT i, 'Empty ' || i FROM generate_series(31, 100) i;
SELECT pg_temp.texts('//dd', p) AS figures, pg_temp.texts('//p[@class="note"]', p) AS note, cardinality(xpath('//rect[@rx]', p)) AS bars,
       cardinality(xpath('//table[@class="short"]/tbody/tr', p)) AS rows
FROM pg_temp.page(2021) p;
ROLLBACK;

-- Names are text: markup, quotes, controls, directions, none at all.
TRUNCATE hired_employees, departments, jobs;
ALTER TABLE departments DROP CONSTRAINT departments_department_not_blank;
INSERT INTO departments VALUES
    (1, '<script>alert("x")</script>'), (2, '&amp; ''R&D'' ]]> <!-- %s'), (3, ''), (4, E'a\u0001b\u0085c\uFFFEd\u202Ee'), (5, repeat('long ', 100)),
    (6, 'إدارة');
INSERT INTO jobs VALUES (1, '"><img src=x onerror=alert(1)>');
INSERT INTO hired_employees (name, datetime, department_id, job_id)
    SELECT 'n', timestamptz '2021-02-01Z' + i * interval '91 days', d, 1 FROM generate_series(1, 6) d, generate_series(0, 3) i WHERE d < 3 OR i < 2;
TRUNCATE page;
INSERT INTO page SELECT pg_temp.page(2021);
SELECT d.id, left(translate((pg_temp.texts('/tr/th', g))[1], U&'\202E', '^'), 40) AS name,
       (pg_temp.texts('/tr/th', g))[1] = d.department AS same
FROM page, unnest(xpath('//tr[@class="group"]', p)) WITH ORDINALITY u(g, n)
    JOIN (SELECT *, row_number() OVER (ORDER BY department COLLATE "C") AS n FROM departments) d USING (n) ORDER BY d.id;
SELECT DISTINCT job FROM page, pg_temp.jobs(p);
-- nothing but what the page itself is made of, and nothing from elsewhere
SELECT DISTINCT (xpath('name(/*)', x))[1]::text COLLATE "C" AS element FROM page, unnest(xpath('//*', p)) x ORDER BY 1;
SELECT DISTINCT a[1] COLLATE "C" AS attribute FROM regexp_matches(hiring_report_page(), ' ([a-zA-Z0-9-]+)="', 'g') a ORDER BY 1;
SELECT hiring_report_page() ~* '<script|<img|url\(|@import|https?:' AS foreign_matter;
-- A part of a column for each of up to 6 departments: they add up, and are named, shortened to 60 characters
SELECT class, count(*), sum(height) AS height
FROM page, unnest(xpath('//*[@class="columns"]/rect', p)) r,
    LATERAL (SELECT (xpath('string(/*/@class)', r))[1]::text COLLATE "C", (xpath('string(/*/@height)', r))[1]::text) c(class, percent),
    LATERAL (SELECT rtrim(percent, '%')::numeric) h(height)
GROUP BY class ORDER BY class;
SELECT length(t), right(t, 1) = U&'\2026' AS cut FROM page, unnest(pg_temp.texts('//li', p)) t WHERE t ~ 'long';

-- All the same: nobody is above the mean
DELETE FROM hired_employees WHERE datetime >= '2021-03-01Z';
SELECT pg_temp.texts('//section[2]/p', p) AS above, xpath_exists('//table[@class="short"]', p) AS with_table FROM pg_temp.page(2021) p;

\set VERBOSITY terse
SET client_min_messages = warning;
DROP EXTENSION pg_ferry_hiring;
DROP SCHEMA company CASCADE;

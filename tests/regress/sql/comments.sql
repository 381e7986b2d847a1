-- Everything that the extensions bring has a comment: what \dx+ lists, each column of a view, each setting.
SET client_min_messages = warning;
CREATE EXTENSION pg_ferry_hiring CASCADE;

CREATE TEMP VIEW members AS
    SELECT e.extname, d.classid, d.objid
    FROM pg_extension e JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
    WHERE e.extname IN ('pg_ferry', 'pg_ferry_hiring')
      -- from 17 on the types of rows are members, too
      AND NOT EXISTS (SELECT FROM pg_type t WHERE d.classid = 'pg_type'::regclass AND t.oid = d.objid AND (t.typrelid <> 0 OR t.typelem <> 0));
SELECT extname, count(*) > 5 AS "there are members" FROM members GROUP BY extname ORDER BY extname;

SELECT m.extname, pg_describe_object(m.classid, m.objid, 0) AS "without a comment"
FROM members m JOIN pg_class c ON c.oid = m.classid
WHERE obj_description(m.objid, c.relname) IS NULL
ORDER BY 1, 2;

SELECT v.relname, a.attname AS "without a comment"
FROM members m JOIN pg_class v ON m.classid = 'pg_class'::regclass AND v.oid = m.objid JOIN pg_attribute a ON a.attrelid = v.oid
WHERE v.relkind = 'v' AND a.attnum > 0 AND NOT a.attisdropped AND col_description(v.oid, a.attnum) IS NULL
ORDER BY 1, 2;

LOAD 'pg_ferry';
SELECT count(*) > 5 AS "there are settings" FROM pg_settings WHERE name LIKE 'pg_ferry.%';
SELECT name AS "without a description" FROM pg_settings WHERE name LIKE 'pg_ferry.%' AND coalesce(short_desc, '') = '';

SELECT extname AS "without a comment" FROM pg_extension e
WHERE extname LIKE 'pg_ferry%' AND obj_description(oid, 'pg_extension') IS NULL;

DROP VIEW members;
DROP EXTENSION pg_ferry CASCADE;

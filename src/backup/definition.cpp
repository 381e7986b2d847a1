#include "backup/definition.hpp"

#include <cstdio>

#include "map/types/output_settings.hpp"
#include "pg/compat.hpp"
#include "pg/encoding.hpp"
#include "pg/error_context.hpp"
#include "pg/guard.hpp"
#include "pg/memory.hpp"
#include "pg/names.hpp"

#include "pg/server.hpp"

extern "C" {
#include "executor/executor.h"
#include "parser/analyze.h"
#include "tcop/tcopprot.h"
}

namespace ferry::backup {
namespace {

// With an empty search_path names of others have their schema, and those of pg_catalog need none but for tables and types.
// What the server cannot describe any more, because it was dropped meanwhile, is null and left out. An inherited NOT NULL of
// version 18 is a constraint of type n, and is told with its column. CREATE TABLE would make constraints valid that are not.
// What a partition has and its parent has not comes right behind it, so that its own partitions inherit it; foreign keys come
// behind all of them.
constexpr const char* kQuery = R"(
WITH sequences AS (
    SELECT s.oid::pg_catalog.regclass AS name, s.relpersistence, q.seqtypid, a.attnum, a.attname, d.is_owned, d.is_identity,
        concat('START WITH ', q.seqstart, ' INCREMENT BY ', q.seqincrement, ' MINVALUE ', q.seqmin, ' MAXVALUE ', q.seqmax,
               ' CACHE ', q.seqcache, CASE WHEN q.seqcycle THEN ' CYCLE' END) AS options
    FROM (SELECT objid, bool_or(deptype IN ('a', 'i')) AS is_owned, bool_or(deptype = 'i') AS is_identity,
              max(attnum) FILTER (WHERE deptype IN ('a', 'i')) AS attnum
          FROM (SELECT e.objid, e.deptype, e.refobjsubid AS attnum FROM pg_catalog.pg_depend e
                WHERE e.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND e.refobjid = $1 AND e.deptype IN ('a', 'i')
                  AND e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                UNION ALL
                SELECT e.refobjid, e.deptype, 0 FROM pg_catalog.pg_attrdef f JOIN pg_catalog.pg_depend e ON e.objid = f.oid
                WHERE f.adrelid IN (SELECT $1 UNION ALL SELECT p.relid FROM pg_partition_tree($1) p)
                  AND e.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND e.deptype = 'n'
                  AND e.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass) found
          GROUP BY objid) d
        JOIN pg_catalog.pg_class s ON s.oid = d.objid
        JOIN pg_catalog.pg_sequence q ON q.seqrelid = s.oid
        LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = $1 AND a.attnum = d.attnum AND a.attnum > 0
), later AS (
    SELECT k.oid, k.conname, k.contype, k.conkey FROM pg_catalog.pg_constraint k
    WHERE k.conrelid = $1 AND k.contype IN ('c', 'f', 'n') AND NOT k.convalidated
), own_constraints AS (
    SELECT p.relid, k.contype, concat(E'\nALTER TABLE ', p.relid, ' ADD CONSTRAINT ', quote_ident(k.conname), ' ',
                                      pg_get_constraintdef(k.oid), ';') AS text
    FROM pg_partition_tree($1) p JOIN pg_catalog.pg_constraint k ON k.conrelid = p.relid
    WHERE p.level > 0 AND k.conparentid = 0 AND k.coninhcount = 0
      AND (k.contype IN ('p', 'u', 'x', 'c', 'f') OR (k.contype = 'n' AND NOT k.convalidated))
), own AS (
    SELECT p.relid, concat(
        (SELECT string_agg(concat(
                    CASE WHEN a.attgenerated = '' AND e.text IS DISTINCT FROM u.text
                         THEN concat(E'\nALTER TABLE ', p.relid, ' ALTER ', quote_ident(a.attname),
                                     coalesce(' SET DEFAULT ' || e.text, ' DROP DEFAULT'), ';') END,
                    CASE WHEN a.attnotnull AND NOT b.attnotnull
                              AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k
                                              WHERE k.conrelid = p.relid AND k.contype = 'n' AND NOT k.convalidated
                                                AND k.conkey[1] = a.attnum)
                         THEN concat(E'\nALTER TABLE ', p.relid, ' ALTER ', quote_ident(a.attname), ' SET NOT NULL;') END),
                    '' ORDER BY a.attnum)
         FROM pg_catalog.pg_attribute a
             JOIN pg_catalog.pg_attribute b ON b.attrelid = p.parentrelid AND b.attname = a.attname
             LEFT JOIN LATERAL (SELECT pg_get_expr(d.adbin, d.adrelid) AS text FROM pg_catalog.pg_attrdef d
                                WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum) e ON true
             LEFT JOIN LATERAL (SELECT pg_get_expr(d.adbin, d.adrelid) AS text FROM pg_catalog.pg_attrdef d
                                WHERE d.adrelid = b.attrelid AND d.adnum = b.attnum) u ON true
         WHERE a.attrelid = p.relid AND a.attnum > 0 AND NOT a.attisdropped),
        (SELECT string_agg(k.text, '' ORDER BY k.text) FROM own_constraints k WHERE k.relid = p.relid AND k.contype <> 'f'),
        (SELECT string_agg(concat(E'\n', pg_get_indexdef(x.indexrelid), ';'), ''
                           ORDER BY x.indexrelid::pg_catalog.regclass::pg_catalog.text)
         FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
         WHERE x.indrelid = p.relid AND NOT i.relispartition
           AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k
                           WHERE k.conrelid = p.relid AND k.conindid = x.indexrelid AND k.contype IN ('p', 'u', 'x')))) AS text
    FROM pg_partition_tree($1) p WHERE p.level > 0
)
SELECT concat(
    (SELECT string_agg(concat('CREATE ', CASE s.relpersistence WHEN 'u' THEN 'UNLOGGED ' END, 'SEQUENCE IF NOT EXISTS ',
                              s.name, ' AS ', format_type(s.seqtypid, NULL), ' ', s.options, E';\n'), '' ORDER BY s.name)
     FROM sequences s WHERE NOT s.is_identity),
    'CREATE ', CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED ' END, 'TABLE ', c.oid::pg_catalog.regclass, E' (\n    ',
    concat_ws(E',\n    ',
        (SELECT string_agg(concat(
                    quote_ident(a.attname), ' ', format_type(a.atttypid, a.atttypmod),
                    ' COLLATE ' || (SELECT concat(quote_ident(n.nspname), '.', quote_ident(l.collname))
                                    FROM pg_catalog.pg_collation l JOIN pg_catalog.pg_namespace n ON n.oid = l.collnamespace
                                    WHERE l.oid = a.attcollation AND a.attcollation <> t.typcollation),
                    CASE a.attidentity WHEN 'a' THEN ' GENERATED ALWAYS AS IDENTITY'
                                       WHEN 'd' THEN ' GENERATED BY DEFAULT AS IDENTITY' END,
                    (SELECT concat(' (SEQUENCE NAME ', s.name, ' ', s.options, ')') FROM sequences s
                     WHERE s.is_identity AND s.attnum = a.attnum),
                    CASE a.attgenerated WHEN 's' THEN concat(' GENERATED ALWAYS AS (', e.text, ') STORED')
                                        WHEN 'v' THEN concat(' GENERATED ALWAYS AS (', e.text, ')')
                                        ELSE ' DEFAULT ' || e.text END,
                    CASE WHEN a.attnotnull AND NOT EXISTS (SELECT FROM later k WHERE k.contype = 'n' AND k.conkey[1] = a.attnum)
                         THEN ' NOT NULL' END), E',\n    ' ORDER BY a.attnum)
         FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
             LEFT JOIN LATERAL (SELECT pg_get_expr(d.adbin, d.adrelid) AS text FROM pg_catalog.pg_attrdef d
                                WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum) e ON true
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
        (SELECT string_agg(concat('CONSTRAINT ', quote_ident(k.conname), ' ', pg_get_constraintdef(k.oid)), E',\n    '
                           ORDER BY position(k.contype::pg_catalog.text IN 'puxcf'), k.conname)
         FROM pg_catalog.pg_constraint k
         WHERE k.conrelid = c.oid AND k.contype IN ('p', 'u', 'x', 'c', 'f')
           AND k.convalidated
           AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint w WHERE w.oid = k.conparentid AND w.conrelid = c.oid))),
    E'\n)',
    E'\nINHERITS (' || (SELECT string_agg(i.inhparent::pg_catalog.regclass::pg_catalog.text, ', ' ORDER BY i.inhseqno)
                        FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid AND NOT c.relispartition) || ')',
    E'\nPARTITION BY ' || CASE c.relkind WHEN 'p' THEN pg_get_partkeydef(c.oid) END,
    ';',
    (SELECT string_agg(concat(E'\n', pg_get_indexdef(x.indexrelid), ';'), ''
                       ORDER BY x.indexrelid::pg_catalog.regclass::pg_catalog.text)
     FROM pg_catalog.pg_index x
     WHERE x.indrelid = c.oid
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k
                       WHERE k.conrelid = c.oid AND k.conindid = x.indexrelid AND k.contype IN ('p', 'u', 'x'))),
    (SELECT string_agg(concat(E'\nCREATE ', CASE r.relpersistence WHEN 'u' THEN 'UNLOGGED ' END, 'TABLE ', p.relid,
                              ' PARTITION OF ', p.parentrelid, ' ', pg_get_expr(r.relpartbound, r.oid),
                              ' PARTITION BY ' || CASE r.relkind WHEN 'p' THEN pg_get_partkeydef(r.oid) END, ';', o.text), ''
                       ORDER BY p.level, p.relid::pg_catalog.text)
     FROM pg_partition_tree(c.oid) p JOIN pg_catalog.pg_class r ON r.oid = p.relid LEFT JOIN own o ON o.relid = r.oid
     WHERE c.relkind = 'p' AND p.level > 0),
    (SELECT string_agg(k.text, '' ORDER BY k.relid::pg_catalog.text, k.text) FROM own_constraints k WHERE k.contype = 'f'),
    (SELECT string_agg(concat(E'\nALTER SEQUENCE ', s.name,
                              ' OWNED BY ', c.oid::pg_catalog.regclass, '.', quote_ident(s.attname), ';'), '' ORDER BY s.name)
     FROM sequences s WHERE s.is_owned AND NOT s.is_identity),
    (SELECT string_agg(concat(E'\nALTER TABLE ', c.oid::pg_catalog.regclass, ' ADD CONSTRAINT ', quote_ident(k.conname), ' ',
                              pg_get_constraintdef(k.oid), ';'), '' ORDER BY k.conname)
     FROM later k),
    (SELECT string_agg(concat(E'\nCOMMENT ON ', CASE WHEN d.objsubid = 0 THEN 'TABLE ' ELSE 'COLUMN ' END,
                              c.oid::pg_catalog.regclass, '.' || quote_ident(a.attname), ' IS ',
                              quote_literal(d.description), ';'), '' ORDER BY d.objsubid)
     FROM pg_catalog.pg_description d
         LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = $1 AND a.attnum = d.objsubid AND a.attnum > 0
     WHERE d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objoid = $1))
FROM pg_catalog.pg_class c WHERE c.oid = $1)";

/// By the executor itself: SPI would show the whole query as the context of a cancel. Calls the server without a guard.
char* read_definition(Oid table) {
  Oid types[] = {OIDOID};
  auto* const statement = linitial_node(RawStmt, pg_parse_query(kQuery));
  Query* const query = parse_analyze_fixedparams(statement, kQuery, types, 1, nullptr);
  PlannedStmt* const plan = pg::compat::plan_query(query, kQuery, 0);
  ParamListInfo const parameters = makeParamList(1);
  parameters->params[0] = {ObjectIdGetDatum(table), false, PARAM_FLAG_CONST, OIDOID};
  QueryDesc* const run =
      CreateQueryDesc(plan, kQuery, GetActiveSnapshot(), InvalidSnapshot, None_Receiver, parameters, nullptr, 0);
  ExecutorStart(run, 0);
  TupleTableSlot* const row = pg::in_context(run->estate->es_query_cxt, [run] { return ExecProcNode(run->planstate); });
  bool is_null = true;
  const Datum value = TupIsNull(row) ? Datum{0} : slot_getattr(row, 1, &is_null);
  char* const definition = is_null ? nullptr : TextDatumGetCString(value);
  ExecutorFinish(run);
  ExecutorEnd(run);
  FreeQueryDesc(run);
  return definition;
}

}  // namespace

std::string definition_of(Relation table) {
  const char* const definition = pg::call([table] {
    const char* const name = pg::qualified_name(RelationGetRelid(table));
    const auto tell = [name](std::span<char> out) { std::snprintf(out.data(), out.size(), "backup of %s", name); };
    return pg::with_context(tell, [table] {
      map::OutputSettings settings(map::Profile::lossless);
      settings.enter();
      char* const text = read_definition(RelationGetRelid(table));
      settings.leave();
      return text;
    });
  });
  return definition == nullptr ? std::string() : pg::shown_in_utf8(definition);
}

}  // namespace ferry::backup

#include <string>

#include "avro/schema_json.hpp"
#include "base/concat.hpp"
#include "base/error.hpp"
#include "map/types/table.hpp"
#include "pg/arguments.hpp"
#include "pg/encoding.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/relation.h"
}

// What is shown is in the catalogs, which everybody reads; so there is no privilege to check.
namespace ferry::query {
namespace {

void check_has_rows(Relation relation) {
  switch (relation->rd_rel->relkind) {
    case RELKIND_RELATION:
    case RELKIND_PARTITIONED_TABLE:
    case RELKIND_VIEW:
    case RELKIND_MATVIEW:
    case RELKIND_FOREIGN_TABLE:
    case RELKIND_COMPOSITE_TYPE:
      return;
    default:
      throw Error("42809", concat("\"", RelationGetRelationName(relation), "\" is not a table"))
          .hint("Tables, views, foreign tables and composite types have rows.");
  }
}

Datum avro_schema_of(FunctionCallInfo fcinfo) {
  const pg::Arguments arguments(fcinfo);
  const Oid target = arguments.oid(0, "target");
  const map::Profile profile = map::profile_of(arguments.text(1, "profile"));
  Relation const relation = pg::call(try_relation_open, target, LOCKMODE{AccessShareLock});
  if (relation == nullptr) throw Error("42P01", concat("table with OID ", target, " does not exist"));
  check_has_rows(relation);
  const map::Table table = map::describe(relation);
  pg::call(relation_close, relation, LOCKMODE{AccessShareLock});
  return pg::text_datum(pg::from_utf8(avro::to_json(map::record_schema(table, {.profile = profile}).root())));
}

}  // namespace
}  // namespace ferry::query

FERRY_SQL_FUNCTION(ferry_avro_schema_of) {
  return ferry::pg::boundary([&]() -> Datum { return ferry::query::avro_schema_of(fcinfo); });
}

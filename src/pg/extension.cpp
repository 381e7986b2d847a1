#include "pg/extension.hpp"

#include <cstdint>
#include <cstring>

extern "C" {
#include "access/genam.h"
#include "catalog/indexing.h"
#include "catalog/pg_extension.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/syscache.h"
}

namespace ferry::pg {

namespace {

/// How often something was changed that an update of the extension changes, and what that was when the version was right.
std::uint64_t changes = 1, checked_at = 0;

/// A template for the type of a cache's number, which differs from version to version.
template <class CacheId>
void forget(Datum /*unused*/, CacheId /*unused*/, std::uint32_t /*unused*/) {
  changes++;
}

/// Once in a session: no place of a callback is ever given back. There is no callback for pg_extension itself.
void watch_catalogs() {
  static bool is_watching = false;
  if (is_watching) return;
  is_watching = true;
  CacheRegisterSyscacheCallback(PROCOID, forget, Datum{0});
  CacheRegisterSyscacheCallback(RELOID, forget, Datum{0});
}

}  // namespace

// get_extension_schema() of the server is public from 16 on.
Oid extension_schema() {
  Relation const extensions = table_open(ExtensionRelationId, AccessShareLock);
  ScanKeyData key;
  ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber, F_NAMEEQ, CStringGetDatum("pg_ferry"));
  SysScanDesc const scan = systable_beginscan(extensions, ExtensionNameIndexId, true, nullptr, 1, &key);
  HeapTuple const tuple = systable_getnext(scan);
  Oid schema = InvalidOid;
  char* version = nullptr;
  if (HeapTupleIsValid(tuple)) {
    bool is_null = false;
    schema = reinterpret_cast<Form_pg_extension>(GETSTRUCT(tuple))->extnamespace;
    version = TextDatumGetCString(heap_getattr(tuple, Anum_pg_extension_extversion, RelationGetDescr(extensions), &is_null));
  }
  systable_endscan(scan);
  table_close(extensions, AccessShareLock);
  if (!OidIsValid(schema))
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("extension \"pg_ferry\" is not installed in this database"),
                    errhint("Run CREATE EXTENSION pg_ferry.")));
  if (std::strcmp(version, kLibraryVersion) != 0)
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                    errmsg("extension \"pg_ferry\" is version %s, but its library is for version %s", version, kLibraryVersion),
                    errhint("Run ALTER EXTENSION pg_ferry UPDATE. Where that was done already, connect again, or restart a "
                            "server that preloads the library.")));
  pfree(version);
  return schema;
}

void require_version() {
  if (checked_at == changes) return;
  watch_catalogs();
  const std::uint64_t before = changes;
  (void)extension_schema();
  checked_at = before;
}

}  // namespace ferry::pg

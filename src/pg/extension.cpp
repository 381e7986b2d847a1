#include "pg/extension.hpp"

extern "C" {
#include "access/genam.h"
#include "catalog/indexing.h"
#include "catalog/pg_extension.h"
#include "utils/fmgroids.h"
}

namespace ferry::pg {

// get_extension_schema() of the server is public from 16 on.
Oid extension_schema() {
  Relation const extensions = table_open(ExtensionRelationId, AccessShareLock);
  ScanKeyData key;
  ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber, F_NAMEEQ, CStringGetDatum("pg_ferry"));
  SysScanDesc const scan = systable_beginscan(extensions, ExtensionNameIndexId, true, nullptr, 1, &key);
  HeapTuple const tuple = systable_getnext(scan);
  Oid schema = InvalidOid;
  if (HeapTupleIsValid(tuple)) schema = reinterpret_cast<Form_pg_extension>(GETSTRUCT(tuple))->extnamespace;
  systable_endscan(scan);
  table_close(extensions, AccessShareLock);
  if (!OidIsValid(schema))
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("extension \"pg_ferry\" is not installed in this database"),
                    errhint("Run CREATE EXTENSION pg_ferry.")));
  return schema;
}

}  // namespace ferry::pg

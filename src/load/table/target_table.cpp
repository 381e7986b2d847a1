#include "load/table/target_table.hpp"

#include "base/concat.hpp"
#include "pg/compat.hpp"
#include "pg/names.hpp"
#include "pg/table/table_engine.hpp"
#include "pg/table/table_use.hpp"
#include "pg/table/table_writer.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/genam.h"
#include "access/relation.h"
#include "catalog/partition.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_inherits.h"
#include "executor/executor.h"
#include "tcop/utility.h"
#include "utils/rls.h"
}

namespace ferry::load {

using pg::call;

TargetTable::TargetTable(Oid table, RecordColumns record_columns) : record_columns_(record_columns) {
  relation_ = call([table] {
    if (RecoveryInProgress()) PreventCommandDuringRecovery("a load");
    Relation const relation = try_table_open(table, RowExclusiveLock);
    if (relation == nullptr)
      ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE), errmsg("table with OID %u does not exist", table)));
    if (relation->rd_rel->relkind != RELKIND_VIEW) pg::TableWriter::check_target(relation);
    PreventCommandIfReadOnly("a load");  // into a temporary table too: the log is none
    // a row of defaults alone needs the privilege too, on any column
    if (pg_class_aclcheck(table, GetUserId(), ACL_INSERT) != ACLCHECK_OK &&
        pg_attribute_aclcheck_all(table, GetUserId(), ACL_INSERT, ACLMASK_ANY) != ACLCHECK_OK)
      aclcheck_error(ACLCHECK_NO_PRIV, get_relkind_objtype(relation->rd_rel->relkind), RelationGetRelationName(relation));
    return relation;
  });
  storage_ = call([this] {
    if (relation_->rd_rel->relkind == RELKIND_VIEW) return Storage::view;
    if (!pg::is_stored_here(relation_)) return Storage::engine;
    return Storage::here;
  });
  schema_name_ = call(get_namespace_name, RelationGetNamespace(relation_));
  table_name_ = RelationGetRelationName(relation_);
  facts_.emplace(relation_);
  copy_columns();
}

void TargetTable::close() { call(table_close, relation_, NoLock); }

/// The facts are for many loads; what the server's functions remember of values, and what a user may do, is of this one.
void TargetTable::copy_columns() {
  columns_ = (*facts_)->columns;
  for (std::size_t i = 0; i < columns_.size(); i++) {
    TargetColumn& column = columns_[i];
    column.input.fn_extra = nullptr;
    column.input.fn_mcxt = CurrentMemoryContext;
    column.loaded = true;
    field_columns_.push_back(i);
  }
}

void TargetTable::leave_defaults() {
  for (TargetColumn& column : columns_) {
    column.default_value = nullptr;
    column.default_may_look = false;
    column.default_elsewhere = true;
  }
}

const TargetColumn* TargetTable::find_column(std::string_view name) const {
  for (const TargetColumn& column : columns_)
    if (column.name == name) return &column;
  return nullptr;
}

void TargetTable::fail_no_column(const std::string& name) const {
  if (call(get_attnum, RelationGetRelid(relation_), name.c_str()) > 0)
    throw Error("42P10", concat("column \"", name, "\" is a generated column"))
        .detail("Generated columns are computed and cannot be loaded.");
  throw Error("42703", concat("column \"", name, "\" of relation \"", table_name_, "\" does not exist"));
}

void TargetTable::choose_columns(const std::vector<std::string>& names) {
  field_columns_.clear();
  for (TargetColumn& column : columns_) column.loaded = false;
  for (const std::string& name : names) {
    const TargetColumn* const found = find_column(name);
    if (found == nullptr) fail_no_column(name);
    TargetColumn& column = columns_[static_cast<std::size_t>(found - columns_.data())];
    if (column.loaded) throw Error("42701", concat("column \"", name, "\" specified more than once"));
    column.loaded = true;
    field_columns_.push_back(static_cast<std::size_t>(found - columns_.data()));
  }
}

std::vector<LoadedColumn> TargetTable::loaded_columns() const {
  std::vector<LoadedColumn> loaded;
  loaded.reserve(field_columns_.size());
  for (const std::size_t at : field_columns_) {
    const TargetColumn& column = columns_[at];
    loaded.push_back({column.name, column.type, column.typmod, column.default_value != nullptr});
  }
  return loaded;
}

std::string TargetTable::qualified_name() const { return call(pg::qualified_name, RelationGetRelid(relation_)); }

std::string TargetTable::owner() const { return call(GetUserNameFromId, relation_->rd_rel->relowner, false); }

bool TargetTable::is_own_table(const std::string& schema, const std::string& table) const {
  if (schema == schema_name_ && table == table_name_) return true;
  const char* const schema_text = schema.c_str();
  const char* const table_text = table.c_str();
  const Oid own = OidIsValid((*facts_)->base_table) ? (*facts_)->base_table : RelationGetRelid(relation_);
  const bool has_partitions = relation_->rd_rel->relkind == RELKIND_PARTITIONED_TABLE;
  return call([=] {
    const Oid space = get_namespace_oid(schema_text, true);
    const Oid found = OidIsValid(space) ? get_relname_relid(table_text, space) : InvalidOid;
    if (!OidIsValid(found)) return false;
    // a partition has few ancestors, a table may have thousands of partitions
    if (has_partitions) return list_member_oid(get_partition_ancestors(found), own);
    return list_member_oid(find_all_inheritors(own, NoLock, nullptr), found);
  });
}

std::string TargetTable::columns_of_constraint(const std::string& schema, const std::string& table,
                                               const std::string& constraint) const {
  if (constraint.empty() || !is_own_table(schema, table)) return {};
  const char* const schema_text = schema.c_str();
  const char* const table_text = table.c_str();
  const char* const constraint_text = constraint.c_str();
  Bitmapset* attributes = nullptr;
  Oid found = InvalidOid;
  call([&attributes, &found, schema_text, table_text, constraint_text] {
    const Oid space = get_namespace_oid(schema_text, true);
    found = get_relname_relid(table_text, space);
    Oid constraint_oid = InvalidOid;
    attributes = get_relation_constraint_attnos(found, constraint_text, true, &constraint_oid);
    if (OidIsValid(constraint_oid)) return;
    // a unique index without a constraint
    const Oid index = get_relname_relid(constraint_text, space);
    if (!OidIsValid(index) || get_rel_relkind(index) != RELKIND_INDEX) return;
    Relation const open = index_open(index, AccessShareLock);
    for (int i = 0; i < open->rd_index->indnkeyatts; i++)
      if (open->rd_index->indrelid == found && open->rd_index->indkey.values[i] > 0)
        attributes = bms_add_member(attributes, open->rd_index->indkey.values[i] - FirstLowInvalidHeapAttributeNumber);
    index_close(open, AccessShareLock);
  });
  std::string names;
  for (int member = -1; (member = bms_next_member(attributes, member)) >= 0;) {
    const auto attribute = static_cast<AttrNumber>(member + FirstLowInvalidHeapAttributeNumber);
    const char* const name = call(get_attname, found, attribute, true);
    if (name == nullptr) continue;
    if (!names.empty()) names += ", ";
    names += name;
  }
  return names;
}

Problem TargetTable::no_such_column(const std::string& name) const {
  if (call(get_attnum, RelationGetRelid(relation_), name.c_str()) > 0)
    return {"428C9",
            name,
            {},
            concat("column \"", name, "\" is a generated column"),
            "Generated columns are computed and cannot be given a value."};
  return {"42703", name, {}, concat("column \"", name, "\" of relation \"", table_name_, "\" does not exist"), {}};
}

Problem TargetTable::explain(const pg::CaughtError& error, const TargetColumn* converted) const {
  Problem problem{error.sqlstate, {}, error.constraint, error.message, error.detail, error.hint};
  if (converted != nullptr)
    problem.column = converted->name;
  else if (!error.column.empty() && is_own_table(error.schema, error.table))
    problem.column = error.column;
  else
    problem.column = columns_of_constraint(error.schema, error.table, error.constraint);
  return problem;
}

void TargetTable::show_use(bool replaces) const { pg::show_use(relation_, replaces ? ACL_INSERT | ACL_UPDATE : ACL_INSERT); }

void TargetTable::check_may_insert(TargetColumn& column) const {
  if (column.may_insert) return;
  const Oid table = RelationGetRelid(relation_);
  const AttrNumber attribute = column.attribute;
  const char* const name = table_name_.c_str();
  const ObjectType kind = call(get_relkind_objtype, relation_->rd_rel->relkind);
  const AclMode needed = replaces_rows_ ? ACL_INSERT | ACL_UPDATE | ACL_SELECT : ACL_INSERT;
  call([=] {
    for (const AclMode one : {ACL_INSERT, ACL_UPDATE, ACL_SELECT})
      if ((needed & one) != 0 && pg_class_aclcheck(table, GetUserId(), one) != ACLCHECK_OK &&
          pg_attribute_aclcheck(table, attribute, GetUserId(), one) != ACLCHECK_OK)
        aclcheck_error(ACLCHECK_NO_PRIV, kind, name);
  });
  column.may_insert = true;
}

void TargetTable::check_may_insert() {
  for (const std::size_t at : field_columns_) check_may_insert(columns_[at]);
  may_insert_all_ = true;
}

void TargetTable::check_columns_of(const Fields& fields) {
  bool may_insert_all = fields.valid == field_columns_.size();
  for (std::size_t i = 0; i < fields.valid; i++) {
    TargetColumn& column = columns_[field_columns_[i]];
    if (fields.values[i].state != Field::State::absent) check_may_insert(column);
    may_insert_all = may_insert_all && column.may_insert;
  }
  may_insert_all_ = may_insert_all;
}

Bitmapset* TargetTable::written_columns() const {
  Bitmapset* written = nullptr;
  if (record_columns_ == RecordColumns::chosen) return written;
  for (const TargetColumn& column : columns_)
    if (column.loaded) written = bms_add_member(written, column.attribute - FirstLowInvalidHeapAttributeNumber);
  return written;
}

void TargetTable::check_may_update() {
  replaces_rows_ = records_choose();
  Relation const table = relation_;
  Bitmapset* const written = call([this] { return written_columns(); });
  call([=] {
    ParseState* const state = make_parsestate(nullptr);
    ParseNamespaceItem* const item = addRangeTableEntryForRelation(state, table, RowExclusiveLock, nullptr, false, false);
    pg::compat::Permissions* const permissions = pg::compat::permissions_of(item);
    permissions->requiredPerms = written == nullptr ? ACL_SELECT : ACL_SELECT | ACL_UPDATE;
    permissions->updatedCols = written;
    permissions->selectedCols = bms_union(written, RelationGetIndexAttrBitmap(table, INDEX_ATTR_BITMAP_PRIMARY_KEY));
    pg::check_permissions(state, permissions);
  });
}

bool TargetTable::has_row_security() const {
  return call(check_enable_rls, RelationGetRelid(relation_), InvalidOid, false) == RLS_ENABLED;
}

}  // namespace ferry::load

#pragma once

#include <optional>
#include <string>

#include "export/export_query.hpp"
#include "export/file_export.hpp"
#include "map/types/table.hpp"

#include "pg/server.hpp"

extern "C" {
#include "nodes/parsenodes.h"
#include "parser/parse_node.h"
}

namespace ferry::copy {

/// What COPY TO reads: a plain table, or the leaves of a partitioned one, by scans; what else has rows (views, queries, tables
/// whose rows or partitions are elsewhere, and tables where row-level security applies) by a query.
class ExportSource {
 public:
  /// Opens and locks what the statement names, under the user's privileges, and begins the query if there is one.
  /// Errors: 42501; 42809 a relation without rows to copy; 42703, 42701 columns; those of ExportQuery::begin().
  ExportSource(ParseState* state, const PlannedStmt& planned);

  /// The columns to export.
  [[nodiscard]] const map::Table& table() const { return table_; }
  /// Of the table in messages and progress; empty and InvalidOid for a query.
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] Oid relation_oid() const { return oid_; }

  /// Gives all rows to out, and runs what triggers they fire.
  void run(exporter::FileExport& out);

 private:
  void open_relation(ParseState* state, const CopyStmt& statement);

  Relation relation_ = nullptr;  ///< null: a query
  List* leaves_ = NIL;           ///< its tables: itself, or its leaf partitions
  Oid oid_ = InvalidOid;
  std::string name_;
  map::Table table_;
  std::optional<exporter::ExportQuery> query_;
};

}  // namespace ferry::copy

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "pg/guard.hpp"
#include "pg/subtransaction.hpp"
#include "pg/table/table_writer.hpp"

namespace ferry::load {

/// Whether rows of the two tables may be in one heap: they are one table, or one is a partition, however deep, of the other.
[[nodiscard]] bool may_share_rows(Oid table, Oid other);

/// A row that was written without a look at its parents in the same table.
struct WrittenRow {
  pg::RowLocation location;
  std::uint32_t number;  ///< the caller's
};

/// The foreign keys by which rows of a load may refer to each other: from the table, its partitions included, to the table, a
/// partitioned table that it is part of, or a partition of it. Keys with a period are none of them: the server checks those row
/// by row.
class SelfReferences {
 public:
  /// table outlives the object.
  explicit SelfReferences(Relation table);

  /// Whether the error says that a row breaks one of them.
  [[nodiscard]] bool is_violation(const pg::CaughtError& error);
  /// The tables that they refer to: a list of OIDs, for TableWriter::leave_out_references_to().
  [[nodiscard]] List* tables();

  /// The numbers of those rows that have no parent, or, with_dependents, an orphan for a parent. Asks as the server's own
  /// trigger does: with its query, for every row that is still there, with the rights of the parent's owner, and locks the
  /// parents that it finds. Afterwards rows are in any order. Memory: some 12 bytes a row, besides rows.
  [[nodiscard]] std::vector<std::uint32_t> find_orphans(std::vector<WrittenRow>& rows, bool with_dependents);

 private:
  Relation table_;
  MemoryContext context_;
  List* tables_ = NIL;
  std::map<std::string, bool> known_;  ///< constraint -> whether it is one of them
};

}  // namespace ferry::load

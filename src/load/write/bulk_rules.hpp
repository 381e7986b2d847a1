#pragma once

#include <cstddef>

#include "load/table/target_table.hpp"
#include "load/write/result.hpp"

extern "C" {
#include "nodes/execnodes.h"
}

// What a table allows that is loaded in bulk.
namespace ferry::load {

/// Rows and keys up to these sizes fit a page of heap and btree, whatever becomes of them on the way.
inline constexpr std::size_t kMaxSafeRowBytes = 2000;

/// What comes with the rows of a table and of its partitions; kept with its facts.
[[nodiscard]] const RowCompany& row_company_of(TargetTable& target);

/// Whether a table can be loaded in bulk, if its unique and foreign keys are such that UniqueKey and pg::ForeignKey can speak for
/// them; of a partitioned one those partitions that is_bulk_heap() finds.
[[nodiscard]] bool allows_bulk(TargetTable& target, OnConflict on_conflict);

/// Whether a table or partition is a heap whose row triggers are those of its keys.
[[nodiscard]] bool is_bulk_heap(Relation table);

/// How many bytes a row has at most beyond those of its record, where all columns but texts are of fixed width; 0: not known.
[[nodiscard]] std::size_t fixed_row_bytes(const TargetTable& target);

/// Whether writing an entry of a safe row may raise an error: other access methods and operator classes, expressions, and entries
/// that may be longer than the row.
[[nodiscard]] bool may_raise(Relation index, const IndexInfo* info);

/// Whether another session may write into the table, on which this one holds its lock.
[[nodiscard]] bool has_other_writers(Relation table);

}  // namespace ferry::load

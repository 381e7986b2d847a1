#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "load/record/source.hpp"
#include "load/table/parents_elsewhere.hpp"
#include "load/table/self_references.hpp"
#include "load/table/target_table.hpp"
#include "load/write/forecast.hpp"
#include "load/write/portion.hpp"
#include "load/write/result.hpp"
#include "load/write/row_converter.hpp"
#include "pg/subtransaction.hpp"
#include "pg/table/table_writer.hpp"

namespace ferry::load {

/// What becomes of a row that refers to a row of the same table which is not there.
enum class MissingParent : std::uint8_t {
  waits,    ///< Result::State::waiting
  ignored,  ///< it is written all the same
  rejects,
};

/// Puts records into the table row by row, as if each were loaded alone by COPY in a savepoint, in file order, with deferrable
/// constraints immediate, and the bad ones left out. The records of a call are written in one subtransaction; an error rolls it
/// back, its row is rejected, and the rows before it are written again. With a forecast, rows that look bad have a
/// subtransaction of their own within it, and only their error is rolled back. Exact for every table, and slower than in bulk.
class RowByRowWriter {
 public:
  /// All arguments but options outlive the writer. Rows that policies of row-level security do not allow are rejected.
  /// Errors: 42501; of on_conflict update what TableWriter::check_replaceable() says; what RowPolicies::plan() says.
  RowByRowWriter(Source& source, TargetTable& target, SelfReferences& self_references, const WriterOptions& options);

  /// Loads those of the records whose result is pending; results[i] tells what became of records[i]. forecast: of these records,
  /// or null. Errors: those that may not become rejects, see is_rejectable().
  void write(std::span<const Record> records, std::span<Result> results, MissingParent missing_parent,
             Forecast* forecast = nullptr);

  /// For a forecast, which asks for many at once.
  [[nodiscard]] ParentsElsewhere& parents_elsewhere() { return elsewhere_; }
  [[nodiscard]] const FarthestValues& farthest_values() const { return farthest_; }
  /// Goes back to what they were before rows that the caller has taken back.
  void restore_farthest_values(FarthestValues values) { farthest_ = std::move(values); }

 private:
  struct Attempt;
  void open(Attempt& attempt);
  void write_range(std::span<const Record> records, std::span<Result> results, Attempt& attempt);
  void write_doubtful(Attempt& attempt, Result& result);
  void write_record(Attempt& attempt, Result& result);
  [[nodiscard]] Bitmapset* columns_with_values(const pg::TableWriter& table) const;
  void take_row(const Attempt& attempt, TupleTableSlot* slot) const;
  [[nodiscard]] bool make_row(Attempt& attempt, TupleTableSlot* slot, Result& result);
  [[nodiscard]] const TargetColumn* column_at_work(const Attempt& attempt) const;
  bool passes_filter(Attempt& attempt, TupleTableSlot* slot);
  void settle_failed(const pg::CaughtError& error, const Attempt& attempt, Result& result);
  [[nodiscard]] bool is_conflict(const pg::CaughtError& error, const Attempt& attempt) const;

  Source& source_;
  TargetTable& target_;
  SelfReferences& self_references_;
  ParentsElsewhere elsewhere_;
  WriterOptions options_;
  RowNotes notes_;
  Portion portion_;
  Fields fields_;
  MemoryContext batch_context_;
  Bitmapset* loaded_ = nullptr;
  std::optional<pg::RowPolicies> policies_;  ///< where row-level security applies to the user
  FarthestValues farthest_;
};

/// Whether an error with that SQLSTATE may become a reject: classes 22, 23, 44, 54, P0 (but for P0004) and those of users.
/// Everything else (a full disk, a cancel, a deadlock, a damaged file) ends the load.
[[nodiscard]] bool is_rejectable(const char* sqlstate);
/// The same while the value of a field is converted, where the input functions of some types (tsvector, jsonpath, regclass) find
/// the value wrong in words of classes 42 and 0A, and those of types that are not the server's own in XX000, too; converting: the
/// column, or null. Without one, 54001 ends loads that nest. May look at the catalogs: for pg::attempt().
[[nodiscard]] bool is_rejectable(const char* sqlstate, const TargetColumn* converting);

}  // namespace ferry::load

#pragma once

#include <optional>
#include <vector>

#include "load/table/foreign_keys.hpp"
#include "load/table/unique_keys.hpp"
#include "load/write/batch_converter.hpp"
#include "load/write/portion.hpp"
#include "load/write/result.hpp"
#include "pg/subtransaction.hpp"
#include "pg/table/query_writer.hpp"
#include "pg/table/table_writer.hpp"

namespace ferry::load {

/// Puts records into relations that only INSERT statements reach: tables of another engine, views, tables whose policies have to
/// decide what an update may replace. Rows are made here, and checked as far as the catalogs go; then many of them go in by one
/// statement, where nothing in it can tell them from rows that come alone, else each by one of its own. Where a statement fails
/// and does not say for which row, halves of the rows are tried; the last ones alone, which tells the reason.
class StatementWriter {
 public:
  /// So many records make a batch at most: an engine has its own costs of a statement.
  static constexpr std::size_t kMostRows = 10'000;

  /// All arguments outlive the object. What it keeps lives in the current memory context. Errors: those of an INSERT into the
  /// relation that need no row; 42P10 of on_conflict update without a key.
  StatementWriter(Source& source, TargetTable& target, const WriterOptions& options);
  void close();

  /// Decides all records of the batch that are pending. Errors: those that may not become rejects.
  void write(const Batch& batch);
  [[nodiscard]] const FarthestValues& farthest_values() const { return farthest_; }

 private:
  struct Attempt {
    std::vector<std::size_t> written{};  ///< whose results are no more than a hope until the subtransaction is released
    std::vector<std::size_t> absent{};   ///< that a statement for many rows has left out
    std::size_t current = 0;
    bool is_of_many = false;  ///< nobody knows which row an error is of
    FarthestValues farthest{};
  };
  using OnStatement = pg::QueryWriter::OnConflict;

  void find_ways();
  void read_indexes();
  void choose_columns(const Record& record);
  void ask_foreign_keys(const Batch& batch);
  void write_pending(const Batch& batch);
  void write_portion(const Batch& batch, Attempt& attempt);
  void write_many(const Batch& batch, Attempt& attempt, std::span<const std::size_t> rows);
  void write_one(const Batch& batch, std::size_t at, Attempt& attempt);
  void convert_one(const Batch& batch, std::size_t at);
  void decide_absent(const Batch& batch, const std::vector<std::size_t>& absent);
  void note(std::size_t at, bool is_alone, Result& result, FarthestValues& farthest) const;
  void settle_failed(const pg::CaughtError& error, Result& result);
  [[nodiscard]] bool may_swallow(const char* sqlstate, const Attempt& attempt) const;
  /// Whether a row that has nothing but its key leaves the row with that key as it is, and counts as loaded.
  [[nodiscard]] bool keeps_others() const { return !columns_.key.empty() && columns_.replaced.empty(); }
  [[nodiscard]] TupleTableSlot* row(std::size_t at) const { return converter_.row_of_table(at); }

  Source& source_;
  TargetTable& target_;
  WriterOptions options_;
  const bool names_all_;  ///< the statements name all columns: defaults are computed here
  bool is_of_engine_;     ///< else rows may look at each other, whatever the catalogs say
  pg::TableWriter table_;
  BatchConverter converter_;
  bool writes_many_ = false;             ///< rows may go in many at once
  bool tells_conflicts_ = false;         ///< statements for many leave out rows whose key is taken, and tell which came
  Relation key_index_ = nullptr;         ///< of only_key_
  std::optional<UniqueKey> only_key_{};  ///< of each row, where there is no other unique one
  pg::QueryWriter query_;
  pg::QueryWriter::Columns columns_{};
  const bool has_row_security_;  ///< policies apply to the user
  const bool allows_returning_;  ///< the relation's rules do
  RowNotes notes_;
  std::vector<pg::ForeignKey> foreign_keys_{};
  Portion portion_{};
  Fields fields_{};
  FarthestValues farthest_{};
};

}  // namespace ferry::load

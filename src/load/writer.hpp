#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "load/rules.hpp"
#include "load/source.hpp"
#include "pg/subtransaction.hpp"
#include "pg/table_writer.hpp"

namespace ferry::load {

enum class OnConflict : std::uint8_t {
  reject,  ///< a row whose key is taken is rejected
  skip,    ///< it is left out
  update,  ///< it replaces the row with the same primary key
};

/// What became of a record.
struct Result {
  enum class State : std::uint8_t {
    pending,
    loaded,
    rejected,
    skipped,     ///< its key is taken and on_conflict says skip
    suppressed,  ///< a BEFORE trigger returned NULL
  } state = State::pending;
  Problem problem{};  ///< of a rejected one
  std::string key{};  ///< of a loaded one: its primary key as JSON, if the writer was asked for it
};

struct WriterOptions {
  OnConflict on_conflict = OnConflict::reject;
  bool want_keys = false;  ///< fill Result::key
};

/// Puts records into the table as if each were loaded alone by COPY in a savepoint, in file order, with deferrable constraints
/// immediate, and the bad ones left out. A batch is written in one subtransaction; an error rolls it back, its row is rejected,
/// and the rows before it are written again.
class Writer {
 public:
  /// source and rules outlive the writer.
  Writer(Source& source, Rules& rules, const WriterOptions& options);

  /// Fires the table's statement triggers before and after all batches. Errors: theirs.
  void begin();
  void end();

  /// Loads the records of a batch that can be loaded; results[i] tells what became of records[i].
  /// Errors: those that may not become rejects, see is_rejectable().
  void write(const std::vector<Record>& records, std::vector<Result>& results);

  /// Column -> largest value that rows gave to it, for the columns that a sequence feeds.
  [[nodiscard]] const std::map<const Column*, std::int64_t>& largest_values() const { return largest_; }

 private:
  struct Attempt;
  void write_range(const std::vector<Record>& records, std::vector<Result>& results, Attempt& attempt, std::size_t to);
  void write_record(Attempt& attempt, Result& result);
  void convert(Attempt& attempt, TupleTableSlot* slot);
  void note_stored(Attempt& attempt, Result& result);
  std::string key_json(const pg::TableWriter& table) const;
  [[nodiscard]] Problem explain(const pg::CaughtError& error, const Column* converted) const;
  [[nodiscard]] bool is_conflict(const pg::CaughtError& error) const;

  Source& source_;
  Rules& rules_;
  WriterOptions options_;
  Fields fields_;
  MemoryContext batch_context_;
  std::vector<AttrNumber> key_;
  std::string key_constraint_;
  Bitmapset* loaded_ = nullptr;
  std::map<const Column*, std::int64_t> largest_;
  std::optional<pg::TableWriter> statement_;
};

/// Whether an error with that SQLSTATE may become a reject: classes 22, 23, 44, 54, P0 (but for P0004) and those of users.
/// Everything else (a full disk, a cancel, a deadlock, a damaged file) ends the load.
[[nodiscard]] bool is_rejectable(const char* sqlstate);

}  // namespace ferry::load

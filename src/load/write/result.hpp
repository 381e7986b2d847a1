#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "load/record/record.hpp"
#include "load/table/target_table.hpp"
#include "load/write/load_position.hpp"
#include "pg/table/table_writer.hpp"

namespace ferry::load {

enum class OnConflict : std::uint8_t {
  reject,  ///< a row whose key is taken is rejected
  skip,    ///< it is left out
  update,  ///< it replaces the row with the same primary key
};

/// The primary key of a loaded row: nothing where nobody asked for it, an integer, or what it is as JSON.
using RowKey = std::variant<std::monostate, std::int64_t, std::string>;

/// null where it is nothing.
[[nodiscard]] std::string json_of(const RowKey& key);

/// What became of a record.
struct Result {
  enum class State : std::uint8_t {
    pending,
    loaded,
    rejected,
    skipped,     ///< its key is taken and on_conflict says skip
    suppressed,  ///< a BEFORE trigger returned NULL
    filtered,    ///< the filter is not true for it
    waiting,     ///< its parent, a row of the same table, may come later
  } state = State::pending;
  RowKey key{};                        ///< of a loaded one, if the writer was asked for it
  pg::RowLocation location{};          ///< of a loaded one that was written row by row
  std::unique_ptr<Problem> problem{};  ///< of a rejected one

  /// Of long texts, which may have whole values in them, only the beginning is kept.
  void reject(Problem why);

  /// Makes it one of a record that nothing is known of. Its location, which that state has no use for, is left as it is.
  void reset() {
    state = State::pending;
    key = {};
    problem.reset();
  }
};

/// Whether a record was neither loaded nor rejected.
[[nodiscard]] constexpr bool is_left_out(Result::State state) {
  return state == Result::State::skipped || state == Result::State::suppressed || state == Result::State::filtered;
}

struct WriterOptions {
  OnConflict on_conflict = OnConflict::reject;
  bool want_keys = false;      ///< fill Result::key
  bool small_batches = false;  ///< too small for buffers of their own, and none waits for the next
  List* filter = nullptr;      ///< planned conditions on the columns of the table; rows for which one is not true are left out
  LoadPosition* position = nullptr;  ///< told which records are at work
};

/// Column -> the value that rows gave to it which is the farthest on the way of the sequence that feeds it.
using FarthestValues = std::map<const TargetColumn*, std::int64_t>;

/// What a load remembers of the rows it has written: keys and the values that sequences have to move past.
class RowNotes {
 public:
  RowNotes(TargetTable& target, const WriterOptions& options);

  /// value_of(attribute, is_null): the value in the row just written, by the table's attribute numbers.
  template <class F>
  void take(F&& value_of, Result& result, FarthestValues& farthest) const {
    for (const auto& [column, type] : fed_) {
      bool is_null = false;
      const Datum value = value_of(column->attribute, &is_null);
      if (!is_null) note_value(*column, type, value, farthest);
    }
    if (!key_.empty()) result.key = key_of(value_of);
  }
  /// The same for the row of a slot. map: from the table's columns to those of the slot; null where they are equal.
  void take_from(TupleTableSlot* slot, const AttrMap* map, Result& result, FarthestValues& farthest) const;
  [[nodiscard]] bool is_empty() const { return fed_.empty() && key_.empty(); }

 private:
  static void note_value(const TargetColumn& column, Oid type, Datum value, FarthestValues& farthest);
  static RowKey simple_key(Oid type, Datum value);
  [[nodiscard]] const FormData_pg_attribute& attribute(AttrNumber number) const;
  void add_member(std::string& json, AttrNumber number, const RowKey& value) const;

  /// The primary key: its value, or an object of several.
  template <class F>
  RowKey key_of(F& value_of) const {
    std::string json;
    for (const AttrNumber number : key_) {
      bool is_null = false;
      RowKey value = simple_key(attribute(number).atttypid, value_of(number, &is_null));
      if (key_.size() == 1) return value;
      add_member(json, number, value);
    }
    return json + "}";
  }

  TargetTable& target_;
  std::vector<std::pair<const TargetColumn*, Oid>> fed_;  ///< loaded columns with a sequence, and the type below domains
  std::vector<AttrNumber> key_;
};

/// Adds the values of one batch to those of the load.
void merge(FarthestValues& into, const FarthestValues& from);

}  // namespace ferry::load

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "pg/guard.hpp"

extern "C" {
#include "executor/spi.h"
}

namespace ferry::pg {

/// Writes rows into a relation by INSERT statements of the current user, for relations whose rows the server does not put where
/// the catalogs say: tables of other engines, views, rules. What an INSERT does the rows undergo: defaults of the columns that
/// they give no value for, triggers, rules, policies, privileges. A value for GENERATED ALWAYS AS IDENTITY is taken, as by COPY.
///
/// Plans live as long as the context that is current when the object is made, and may be used in any (sub)transaction meanwhile.
class QueryWriter {
 public:
  /// What becomes of a row whose key is taken.
  enum class OnConflict : std::uint8_t {
    raise,   ///< an error
    skip,    ///< it is left out: ON CONFLICT DO NOTHING
    update,  ///< it replaces the row that has the key of Columns, which stays as it is where there is nothing to replace
  };
  /// The columns of an INSERT: attribute numbers of the relation.
  struct Columns {
    std::vector<AttrNumber> given{};     ///< that rows have values for; none: all take their defaults
    std::vector<AttrNumber> replaced{};  ///< of those, the ones that OnConflict::update sets; without the key
    std::vector<AttrNumber> key{};       ///< that OnConflict::update finds rows by
    std::vector<AttrNumber> returned{};  ///< to be told of each row that went in; needs SELECT on them
    bool operator==(const Columns&) const = default;
  };

  /// relation: open and locked as long as the object is used.
  explicit QueryWriter(Relation relation);

  /// Raises what is wrong with the statement for one row before there is any.
  void prepare(const Columns& columns, OnConflict on_conflict);

  /// Inserts all rows by one statement; how many went in, as far as the relation tells: triggers, rules and OnConflict may leave
  /// some out. slots: rows of the relation's row type, all attributes in place. Errors: those of the statement, of which nobody
  /// knows what row it was; nothing went in then if the caller's subtransaction is rolled back.
  std::uint64_t insert_many(std::span<TupleTableSlot* const> slots, const Columns& columns, OnConflict on_conflict);
  /// Which of those rows went in, told by the returned columns, which must be all the columns of a key and come back as they were
  /// sent. Of equal rows the first ones. came: one for each row.
  void tell_which_came(std::span<TupleTableSlot* const> slots, const std::vector<AttrNumber>& returned, std::vector<bool>& came);

  /// Inserts one row by a statement without arrays, which engines run as they run any program's INSERT. False: it did not go in.
  bool insert_one(TupleTableSlot* slot, const Columns& columns, OnConflict on_conflict);
  /// Whether insert_one() was told anything of its row.
  [[nodiscard]] bool has_returned() const { return !returned_.empty(); }
  /// A returned column of the row that went in by insert_one().
  Datum returned_value(const std::vector<AttrNumber>& returned, AttrNumber attribute, bool* is_null) const;

  /// The bytes of a row's values in these columns; rows with equal ones have equal values.
  [[nodiscard]] std::string image_of(TupleTableSlot* slot, const std::vector<AttrNumber>& columns) const;

 private:
  struct Plans;
  struct Kind {
    Columns columns;
    OnConflict on_conflict;
    bool is_for_many;
    bool operator==(const Kind&) const = default;
  };
  struct Known {
    Kind kind;
    SPIPlanPtr plan;
  };

  [[nodiscard]] const char* name_of(AttrNumber attribute) const;
  [[nodiscard]] std::string names_of(const std::vector<AttrNumber>& columns, const char* before) const;
  [[nodiscard]] std::string statement_for(const Kind& kind) const;
  SPIPlanPtr plan_for(const Kind& kind);
  std::uint64_t run(const Kind& kind, Datum* values, const char* nulls);
  void note_returned(const Columns& columns);
  void append_column(std::string& image, AttrNumber attribute, Datum value, bool is_null) const;

  Relation relation_;
  MemoryContext context_;
  Plans* plans_;
  std::vector<Known> known_;
  std::vector<Datum> returned_;  ///< of the last row that insert_one() wrote
  std::vector<char> returned_nulls_;
  std::unordered_map<std::string, std::size_t> images_;  ///< of the returned columns of the last statement -> rows
};

}  // namespace ferry::pg

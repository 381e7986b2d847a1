#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/key_set.hpp"
#include "load/record/record.hpp"
#include "pg/guard.hpp"
#include "pg/table/key_search.hpp"

namespace ferry::load {

/// Tells before a row is written whether its key in one unique index is free: in the table, by a probe of the index, and among
/// the rows accepted before it whose entries it may not have yet. Keys beyond the largest one, which is the usual case of
/// ascending data, need no probe. What it says of the table may be overtaken by another session, so that writing still has to
/// watch for a conflict.
class UniqueKey {
 public:
  enum class Answer : std::uint8_t {
    free,
    taken,    ///< by a row of the table, or one accepted before
    unknown,  ///< a transaction that is still open adds or removes the key; under SERIALIZABLE also: taken
  };

  /// Whether the index is one that this class can speak for: a btree of whole columns without a predicate, and, where it is
  /// deferrable, with a trigger that fires.
  static bool supports(Relation table, Relation index);

  /// index: open as long as the object is used.
  UniqueKey(Relation table, Relation index);

  /// Among the triggers of the table, the position of the one that checks a deferrable key; less than that of all otherwise.
  [[nodiscard]] int trigger_position() const { return trigger_position_; }
  /// Whether the keys accepted are known by their bytes, and stay when their rows are gone.
  [[nodiscard]] bool has_image() const { return has_image_; }

  /// Whether keys beyond the largest one are known to be free without a look into the index.
  [[nodiscard]] bool can_know_largest() const { return is_number_; }
  /// Whether each row's key is beyond those of all rows before. Needs can_know_largest().
  [[nodiscard]] bool ascends(const std::vector<TupleTableSlot*>& rows) const;

  /// Releases what the constructor took.
  void close();

  /// Looks for the largest key anew at the next batch.
  void forget_largest() { knows_largest_ = has_largest_ = false; }

  /// Opens the probe for a batch. To be closed in the same (sub)transaction.
  void begin_batch();
  /// Forgets the keys accepted before: the index has them now. Needed before their rows are gone, unless has_image().
  void forget_accepted();
  void end_batch();
  /// Looks once whether the table has any key between the smallest and the largest of the rows, which spares a probe of each.
  void find_gap(const std::vector<TupleTableSlot*>& rows);
  /// Whether the row's key has a null, so that it is equal to none, unless the index says otherwise.
  [[nodiscard]] bool is_never_taken(TupleTableSlot* slot) const;
  /// Whether the row's key is free: among those accepted, and, if probe says so, in the table. Errors: the server's.
  Answer ask(TupleTableSlot* slot, bool probe);
  /// Whether another row than this one, which is in the table, has its key for certain. Errors: the server's.
  [[nodiscard]] bool has_other(TupleTableSlot* slot);
  /// Takes the key of a row that ask() found free, until forget_accepted().
  void accept(TupleTableSlot* slot);
  /// Whether it was accepted, and is not forgotten. Needs has_image().
  [[nodiscard]] bool has_accepted(const Key& key);
  [[nodiscard]] Oid index() const { return RelationGetRelid(index_); }
  /// Whether keys have an order that is of use to write them in: that of the index, more or less.
  [[nodiscard]] bool has_order() const { return types_.size() == 1 && has_image_; }
  [[nodiscard]] bool less(TupleTableSlot* a, TupleTableSlot* b) const;
  /// Whether the rows accepted since forget_accepted(), so many, are known to have come in that order.
  [[nodiscard]] bool came_in_order(std::size_t count) const { return ascending_.size() == count; }
  /// What is wrong with a row whose key is taken.
  [[nodiscard]] Problem violation(TupleTableSlot* slot);

 private:
  [[nodiscard]] int compare(TupleTableSlot* a, TupleTableSlot* b) const;
  [[nodiscard]] std::vector<TupleTableSlot*>::iterator find_accepted(TupleTableSlot* slot);
  Key key(TupleTableSlot* slot);
  bool beyond_largest(TupleTableSlot* slot);
  void find_largest();
  void find_out_what_is_shown(TupleTableSlot* slot);
  std::string detail(TupleTableSlot* slot);

  Relation table_, index_;
  std::vector<AttrNumber> attributes_;
  std::vector<Oid> types_;
  int trigger_position_ = -1;
  bool has_image_ = false;  ///< equal keys have equal bytes, of key()
  bool is_number_ = false;  ///< one column that is a number, not null, of which the largest is known
  bool has_largest_ = false, knows_largest_ = false;
  std::int64_t largest_ = 0;
  bool in_gap_ = false;  ///< the keys of the batch are in a gap of the table's
  SnapshotData dirty_{};
  std::optional<pg::KeySearch> search_;
  TupleTableSlot* found_ = nullptr;
  KeySet accepted_;
  std::vector<TupleTableSlot*> accepted_rows_;  ///< instead of those where there is no image, in the order of the index
  std::vector<std::int64_t> ascending_;         ///< accepted beyond the largest, not in accepted_ yet
  std::string image_;
  std::string shown_columns_;  ///< empty where the user is shown no keys
  std::vector<Oid> outputs_;   ///< empty until find_out_what_is_shown()
};

}  // namespace ferry::load

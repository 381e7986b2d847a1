#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/key_set.hpp"
#include "pg/guard.hpp"

extern "C" {
#include "executor/spi.h"
}

namespace ferry::pg {

/// What the catalogs say of a foreign key that ForeignKey can check.
struct ForeignKeyDefinition {
  Oid constraint = InvalidOid;
  std::string name, table_name, parent_name;
  std::vector<AttrNumber> attributes{};  ///< of the referring table, in the order of the key
  std::vector<Oid> types{};              ///< of those
  int trigger_position = 0;              ///< of the trigger that checks it, among those of the table
  Oid parent = InvalidOid, parent_owner = InvalidOid;
  bool is_full = false;            ///< MATCH FULL
  bool is_self_reference = false;  ///< of one column, then, and returns_keys
  AttrNumber referenced = 0;       ///< the first column of the parent's key
  Oid parent_index = InvalidOid;   ///< of the parent's key
  bool parent_is_partitioned = false;
  bool parent_is_elsewhere = false;  ///< at another engine, which its query goes through: see table_engine.hpp
  std::string query;                 ///< for the keys of many rows
  bool returns_keys =
      false;                ///< query takes an array of keys and returns those that are there, else arrays and positions in them
  Oid index = InvalidOid;   ///< of the parent, where lock_parents() can use it
  bool keeps_plan = false;  ///< else the query is prepared each time
  SPIPlanPtr plan = nullptr;  ///< of the query, once it was needed
};

/// The foreign key of table, or null where it needs the server's own trigger: a key with a period, an operator
/// of a user's, a column of a type that has no arrays, a self-reference that is not of one column with an image. Locks the parent
/// as that trigger does.
[[nodiscard]] std::shared_ptr<ForeignKeyDefinition> read_foreign_key(Relation table, Oid constraint);

/// Frees the plan that a definition keeps. Errors: the server's.
void release_plan(ForeignKeyDefinition& definition);

/// Checks one foreign key for many rows at once: one query for the keys of a batch that are not known yet, with the lock that
/// the server's own check takes, run with the rights of the parent's owner. Good keys are remembered, as many as 4 MB hold;
/// their rows stay locked to the end of the transaction. A missing key is asked for again in the next batch: somebody
/// may have added it. Where that owner lacks a right, the context of the error names the key and the owner.
class ForeignKey {
 public:
  explicit ForeignKey(std::shared_ptr<ForeignKeyDefinition> definition) : definition_(std::move(definition)) {}
  ForeignKey(ForeignKey&&) = default;
  ForeignKey& operator=(ForeignKey&&) = default;

  /// Tells of each row whether its key is null or has a parent; true where all are good, and good is then not filled. slots: rows
  /// of the table, the columns of the key in place. Errors: the server's.
  /// promised: keys that are taken for good without a look at the parent; the caller decides. May be null.
  bool check(TupleTableSlot** slots, std::size_t count, std::vector<bool>& good, const KeySet* promised = nullptr);
  /// Whether a row's key is null or remembered as good. Errors: the server's, where it reads a long value.
  [[nodiscard]] bool has_passed(TupleTableSlot* slot);
  /// Whether two rows of the table have the same key for sure: byte by byte.
  [[nodiscard]] bool is_same_key(TupleTableSlot* row, TupleTableSlot* other) const;
  /// One that has no good keys yet.
  [[nodiscard]] ForeignKey anew() const { return ForeignKey(definition_); }
  /// Forgets the good keys: what the caller has run may have changed the parent.
  void forget();
  /// Whether a key is remembered as good. Of a definition that returns keys.
  [[nodiscard]] bool knows(const Key& key) const { return known_.has(key); }
  [[nodiscard]] const ForeignKeyDefinition& definition() const { return *definition_; }

 private:
  enum class Nulls : std::uint8_t { none, some, all };
  [[nodiscard]] Nulls nulls_of(TupleTableSlot* slot) const;
  Key key_of_row(TupleTableSlot* slot);
  void ask_engine(const std::vector<TupleTableSlot*>& rows);
  void ask(const std::vector<TupleTableSlot*>& rows);
  void ask_by_query(const std::vector<TupleTableSlot*>& rows);
  void know(const Key& key);

  std::shared_ptr<ForeignKeyDefinition> definition_;
  KeySet known_;
  std::size_t known_bytes_ = 0;
  std::string image_;  ///< of a key of several columns, or of a type that has no other
};

}  // namespace ferry::pg

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/key_set.hpp"
#include "load/source.hpp"
#include "pg/guard.hpp"

extern "C" {
#include "executor/spi.h"
}

namespace ferry::load {

struct TableFacts;

/// What the catalogs say of a foreign key that ForeignKey can check.
struct ForeignKeyDefinition {
  std::string name, query, parent_name;
  AttrNumber attribute = 0;
  Oid parent = InvalidOid, parent_owner = InvalidOid, type = InvalidOid;
  Oid index = InvalidOid;     ///< of the parent, where lock_parents() can use it
  bool keeps_plan = false;    ///< else the query is prepared each time
  SPIPlanPtr plan = nullptr;  ///< of the query, once it was needed
};

/// Frees the plan that a definition keeps. Errors: the server's.
void release_plan(ForeignKeyDefinition& definition);

/// Checks one foreign key for many rows at once: one query for the keys of a batch that are not known yet, with the lock that
/// the server's own check takes, run with the rights of the parent's owner. Good keys are remembered, as many as 4 MB hold;
/// their rows stay locked to the end of the transaction. A missing key is asked for again in the next batch: somebody
/// may have added it.
class ForeignKey {
 public:
  /// The foreign keys that a row inserted into table has to pass, those whose trigger fires; nothing where one of them needs
  /// the server's own trigger: more than one column, a self-reference, a partitioned parent, types other than int2, int4,
  /// int8, text and uuid or different ones, a collation under which equal keys may differ.
  /// facts: of the table, keep what was found out.
  static std::optional<std::vector<ForeignKey>> of_table(Relation table, TableFacts& facts);

  ForeignKey(ForeignKey&&) = default;
  ForeignKey& operator=(ForeignKey&&) = default;

  /// Tells of each row whether its key is null or has a parent; true where all are good, and good is then not filled. slots: rows
  /// of the table. Errors: the server's.
  bool check(TupleTableSlot** slots, std::size_t count, std::vector<bool>& good);
  /// What is wrong with a row that check() did not find good.
  [[nodiscard]] Problem violation(Relation table, TupleTableSlot* slot) const;

 private:
  explicit ForeignKey(std::shared_ptr<ForeignKeyDefinition> definition) : definition_(std::move(definition)) {}
  void ask(std::vector<Datum> keys);
  void ask_by_query(std::vector<Datum> keys);
  void know(const Key& key);

  std::shared_ptr<ForeignKeyDefinition> definition_;
  KeySet known_;
  std::size_t known_bytes_ = 0;
};

/// The key that a value of one of these types is. bytes() of it live as long as the value.
[[nodiscard]] Key key_of(Oid type, Datum value);
/// Whether key_of() knows the type, and its equality under the collation is that of bytes.
[[nodiscard]] bool has_key_image(Oid type, Oid collation);

}  // namespace ferry::load

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/key_set.hpp"
#include "load/source.hpp"
#include "pg/guard.hpp"

namespace ferry::load {

/// Checks one foreign key for many rows at once: one query for the keys of a batch that are not known yet, with the lock that
/// the server's own check takes, run with the rights of the parent's owner. Good keys are remembered, as many as 4 MB hold;
/// their rows stay locked to the end of the transaction. A missing key is asked for again in the next batch: somebody
/// may have added it.
class ForeignKey {
 public:
  /// The foreign keys that a row inserted into table has to pass, those whose trigger fires; nothing where one of them needs
  /// the server's own trigger: more than one column, a self-reference, a partitioned parent, types other than int2, int4,
  /// int8, text and uuid or different ones, a collation under which equal keys may differ.
  static std::optional<std::vector<ForeignKey>> of_table(Relation table);

  ForeignKey(ForeignKey&&) = default;
  ForeignKey& operator=(ForeignKey&&) = default;

  /// Tells of each row whether its key is null or has a parent; true where all are good, and good is then not filled. slots: rows
  /// of the table. Errors: the server's.
  bool check(TupleTableSlot** slots, std::size_t count, std::vector<bool>& good);
  /// What is wrong with a row that check() did not find good.
  [[nodiscard]] Problem violation(Relation table, TupleTableSlot* slot) const;

 private:
  ForeignKey() = default;
  static std::optional<ForeignKey> read(Relation table, HeapTuple constraint);
  void ask(std::vector<Datum> keys);

  std::string name_, query_, parent_name_;
  AttrNumber attribute_ = 0;
  Oid parent_owner_ = InvalidOid, type_ = InvalidOid;
  KeySet known_;
  std::size_t known_bytes_ = 0;
};

/// The key that a value of one of these types is. bytes() of it live as long as the value.
[[nodiscard]] Key key_of(Oid type, Datum value);
/// Whether key_of() knows the type, and its equality under the collation is that of bytes.
[[nodiscard]] bool has_key_image(Oid type, Oid collation);

}  // namespace ferry::load

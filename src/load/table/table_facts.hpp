#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pg/guard.hpp"
#include "pg/table/column_sequence.hpp"

namespace ferry::pg {
struct ForeignKeyDefinition;
struct RowLayout;
}  // namespace ferry::pg

namespace ferry::load {

/// A column that a load may fill.
struct TargetColumn {
  std::string name;
  AttrNumber attribute;
  FmgrInfo input;
  Oid input_parameter;
  std::int32_t typmod;
  Oid type;
  Expr* default_value;      ///< not planned, which might raise; null where there is none
  bool default_may_look;    ///< see may_look_at_tables()
  bool default_elsewhere;   ///< it is not for us to compute
  pg::ColumnSequence from;  ///< the sequence that feeds it (serial, identity, default)
  bool descends;            ///< that sequence counts down
  bool loaded;              ///< the load gives it values; the others take their default
  bool may_insert;          ///< the user's privilege was looked up and is there
};

/// What comes with a row of a table or one of its partitions that may look at other rows, or change it.
struct RowCompany {
  bool looking_types = false;        ///< the input or the rules of a type: see may_look_at_tables()
  bool looking_expressions = false;  ///< CHECKs or generated columns
  bool before_triggers = false;      ///< row triggers that may change or suppress it
  bool after_triggers = false;       ///< others, but for those of keys
  bool user_triggers = false;        ///< one of both whose function is not an extension's own
  bool update_triggers = false;      ///< row triggers for UPDATE, but for those of keys
  bool foreign_tables = false;
};

/// The foreign keys of a table that can be asked for many rows at once.
struct ForeignKeyDefinitions {
  std::vector<std::shared_ptr<pg::ForeignKeyDefinition>> keys{};  ///< in the order in which the server fires them
  bool are_all = true;                                            ///< else there are some for the server's own trigger
};

/// What the catalogs say of a table, kept from one load of the session to the next: nothing that is open, nothing that a user
/// may or may not do. Somebody's change of the table, of a parent, or of any function, type, constraint, sequence or schema
/// ends it: then it is stale, and the next load makes it anew.
struct TableFacts {
  Oid table = InvalidOid;
  MemoryContext context = nullptr;  ///< of what the server's functions made
  std::vector<TargetColumn> columns{};
  std::vector<AttrNumber> primary_key{};
  Oid base_table = InvalidOid;  ///< of a view that shows rows of one table: that table
  std::optional<RowCompany> row_company{};
  std::optional<ForeignKeyDefinitions> foreign_keys{};
  int replication_role = 0;       ///< for which foreign_keys is
  std::vector<Oid> parents{};     ///< whose changes count
  TupleDesc slot_type = nullptr;  ///< of the slots: a copy
  const pg::RowLayout* row_layout = nullptr;
  std::vector<TupleTableSlot*> slots{};  ///< that nobody uses now
  std::size_t used_slots = 0;            ///< so many of them may hold rows of a load that an error has ended
  bool is_stale = false;
  int users = 0;
  TableFacts* next = nullptr;
};

/// The facts of a table for as long as a load needs them.
class FactsInUse {
 public:
  /// table: open and locked. Errors: the server's.
  explicit FactsInUse(Relation table);
  ~FactsInUse() { facts_->users--; }
  FactsInUse(const FactsInUse&) = delete;
  FactsInUse& operator=(const FactsInUse&) = delete;
  TableFacts& operator*() const { return *facts_; }
  TableFacts* operator->() const { return facts_; }

 private:
  TableFacts* facts_;
};

/// Slots of a table for rows of one batch, which stay for the next load.
class SlotPool {
 public:
  /// facts outlives the object.
  explicit SlotPool(TableFacts& facts) : facts_(facts), used_(std::exchange(facts.used_slots, 0)) { slots_.swap(facts.slots); }
  ~SlotPool();
  SlotPool(const SlotPool&) = delete;
  SlotPool& operator=(const SlotPool&) = delete;

  /// Makes at least so many of them, for table. Rows that are formed in them are put into rows_context.
  void provide(std::size_t count, Relation table, MemoryContext rows_context);
  [[nodiscard]] TupleTableSlot* operator[](std::size_t index) const { return slots_[index]; }
  /// Empties those that were provided since it was called last, and leaves the rows that were formed in them to their context.
  void clear();

 private:
  TableFacts& facts_;
  std::vector<TupleTableSlot*> slots_;
  std::size_t used_;  ///< so many may hold rows
};

}  // namespace ferry::load

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "load/table/self_references.hpp"
#include "load/write/record_store.hpp"
#include "load/write/row_by_row_writer.hpp"

namespace ferry::load {

/// Called with a record and what became of it.
using Settle = std::function<void(const Record&, const Result&)>;

/// Rows whose parent, a row of the same table, was not there when they came. When all other rows are loaded they are written
/// together, in file order, without that check, in one subtransaction. Then their parents are looked up. If some have none, it
/// is rolled back, and begins again without them, and without all that depend on them unless another row has the same key;
/// triggers and subscribers never see more of those. So chains in any order and circles are loaded whole.
class WaitingRows {
 public:
  /// All arguments outlive the object. Rows are kept in what is the current memory context now.
  WaitingRows(RowByRowWriter& writer, SelfReferences& references);

  void add(const Record& record);
  /// Decides all rows, and tells settle of each once. Those that stay rejected have the reason that the server gives for them.
  /// Errors: those of RowByRowWriter and of settle.
  void settle_all(const Settle& settle);
  /// Releases the rows.
  void close();

 private:
  enum class State : std::uint8_t { candidate, orphan, loaded, suppressed, rejected, settled };

  template <class Wanted, class Use>
  void for_each_batch(Wanted&& is_wanted, Use&& use);
  [[nodiscard]] bool has(State state) const;
  [[nodiscard]] bool load_candidates(bool is_patient);
  void write_candidates();
  void settle_loaded(const Settle& settle);
  bool settle_rest(MissingParent missing_parent, const Settle& settle);

  RowByRowWriter& writer_;
  SelfReferences& references_;
  MemoryContext context_, batch_context_ = nullptr;
  std::optional<RecordStore> records_;    ///< made for the first one: most loads have none
  std::vector<State> states_;             ///< of each record
  std::map<std::uint32_t, RowKey> keys_;  ///< of loaded ones, where they were asked for
  std::vector<WrittenRow> written_;
  bool hides_rows_ = false;  ///< another row with the same key is not in the table for one that is
};

}  // namespace ferry::load

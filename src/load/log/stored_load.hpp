#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pg/server.hpp"

namespace ferry::load {

/// A load as the log has it.
struct LoggedLoad {
  std::string schema_name, table_name, source;
  std::string loaded_by, table_owner;  ///< the roles that may see it
  std::vector<std::string> columns;    ///< those that it filled, in the order of a record's fields
  std::string options_json;
  std::int64_t rejects_not_kept = 0;
};

enum class LoadLock : std::uint8_t {
  none,
  until_end,  ///< of the transaction: its rejects are nobody else's meanwhile
};

/// A load in its table, which is open. Waits for those who have it locked, if it is to be locked; nobody waits for one that he
/// may not see. Errors: 42704 no such load, or none that the current user may see; 40001 one to lock, under REPEATABLE READ and
/// higher, that the transaction's snapshot does not see.
[[nodiscard]] LoggedLoad find_logged_load(Relation loads, std::int64_t load_id, LoadLock lock);

}  // namespace ferry::load

#include "load/log/last_load.hpp"

#include <memory>
#include <vector>

#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/xact.h"
}

namespace ferry::load {

namespace {

using LoadNumber = std::optional<std::int64_t>;

/// What a (sub)transaction found when it noted its first load.
struct Found {
  int level;  ///< as deep as it is nested
  LoadNumber number;
};

constinit LoadNumber current{};

/// Those of the open (sub)transactions that have noted one, from the outside in. The object is never destroyed: a session may
/// end in the middle of a statement.
std::vector<Found>& open_levels() {
  static auto& levels = *std::make_unique<std::vector<Found>>().release();
  return levels;
}

/// Called by the server; raises nothing.
void end_transaction(XactEvent event, void* /*unused*/) {
  if (event == XACT_EVENT_ABORT && !open_levels().empty()) current = open_levels().front().number;
  if (event == XACT_EVENT_ABORT || event == XACT_EVENT_COMMIT || event == XACT_EVENT_PREPARE) open_levels().clear();
}

/// The same of a subtransaction, which is still the current one.
void end_subtransaction(SubXactEvent event, SubTransactionId /*own*/, SubTransactionId /*parent*/, void* /*unused*/) {
  auto& levels = open_levels();
  const int level = GetCurrentTransactionNestLevel();
  if (levels.empty() || levels.back().level < level) return;
  if (event == SUBXACT_EVENT_ABORT_SUB) {
    current = levels.back().number;
    levels.pop_back();
  } else if (event == SUBXACT_EVENT_COMMIT_SUB) {
    levels.back().level--;
    const bool is_noted = levels.size() > 1 && levels[levels.size() - 2].level == levels.back().level;
    if (is_noted) levels.pop_back();
  }
}

}  // namespace

void note_last_load(std::int64_t load_id) {
  static bool is_registered = false;
  if (!is_registered) {
    pg::call([] {
      RegisterXactCallback(end_transaction, nullptr);
      RegisterSubXactCallback(end_subtransaction, nullptr);
    });
    is_registered = true;
  }
  auto& levels = open_levels();
  const int level = GetCurrentTransactionNestLevel();
  if (levels.empty() || levels.back().level < level) levels.push_back({level, current});
  current = load_id;
}

std::optional<std::int64_t> last_load() { return current; }

}  // namespace ferry::load

FERRY_SQL_FUNCTION(ferry_last_load) {
  return ferry::pg::boundary([&]() -> Datum {
    const auto number = ferry::load::last_load();
    fcinfo->isnull = !number.has_value();
    return Int64GetDatum(number.value_or(0));
  });
}

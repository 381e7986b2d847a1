#pragma once

#include <cstdint>
#include <optional>

namespace ferry::load {

/// Notes the number of a load that the session has written into the log. A rollback of it, or to a savepoint before it, brings
/// the one before back.
void note_last_load(std::int64_t load_id);

/// The number of the session's last load that was not rolled back; nothing where there is none.
[[nodiscard]] std::optional<std::int64_t> last_load();

}  // namespace ferry::load

#pragma once

#include <string>

#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "utils/guc.h"
}

namespace ferry::load {

/// Whether the values of a type depend on the setting datestyle when they are read. Errors: the server's.
[[nodiscard]] bool depends_on_date_style(Oid type);

/// The session's value of the setting.
[[nodiscard]] std::string session_date_style();

/// Runs body with that value of the setting datestyle; empty: with the session's. Errors set it back, too: those of the
/// (sub)transaction.
template <class F>
auto with_date_style(const std::string& date_style, F&& body) {
  const int settings_level = pg::call(NewGUCNestLevel);
  if (!date_style.empty())
    pg::call([value = date_style.c_str()] {
      (void)set_config_option("datestyle", value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
    });
  auto result = body();
  pg::call(AtEOXact_GUC, true, settings_level);
  return result;
}

}  // namespace ferry::load

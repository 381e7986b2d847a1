#pragma once

#include <cstdint>
#include <string_view>

#include "pg/server.hpp"

namespace ferry::load {

/// A column that a load fills, as far as a source has to know it. The name lives as long as the load.
struct LoadedColumn {
  std::string_view name;
  Oid type;
  std::int32_t typmod;
  bool has_default;
};

}  // namespace ferry::load

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "pg/server.hpp"

namespace ferry::pg {

/// How much of a long value is worked on between two looks for interrupts.
inline constexpr std::size_t kLongStepBytes = std::size_t{4} << 20;

/// As std::memcpy(), for values that may be long: it does not keep a cancel waiting. Calls the server without a guard.
inline void long_copy(void* out, const void* in, std::size_t size_bytes) {
  for (std::size_t done = 0; done < size_bytes;) {
    const std::size_t step = std::min(size_bytes - done, kLongStepBytes);
    std::memcpy(static_cast<char*>(out) + done, static_cast<const char*>(in) + done, step);
    done += step;
    if (done < size_bytes) CHECK_FOR_INTERRUPTS();
  }
}

}  // namespace ferry::pg

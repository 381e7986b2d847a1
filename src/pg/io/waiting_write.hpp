#pragma once

#include <cstddef>

#include "base/bytes.hpp"

namespace ferry::pg {

/// The most that one write() is given: no interrupt ends it.
inline constexpr std::size_t kMaxWriteBytes = std::size_t{1} << 20;

/// Makes write() on a descriptor return where it would have to wait. Errors: by errno.
void make_nonblocking(int descriptor);

/// Writes all of bytes to a descriptor that does not block, and waits for its reader in between; an interrupt ends the wait.
/// Returns 0, or the errno of what failed.
[[nodiscard]] int write_waiting(int descriptor, ByteView bytes);

}  // namespace ferry::pg

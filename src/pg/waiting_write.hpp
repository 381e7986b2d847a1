#pragma once

#include "base/bytes.hpp"

namespace ferry::pg {

/// Makes write() on a descriptor return where it would have to wait. Errors: by errno.
void make_nonblocking(int descriptor);

/// Writes all of bytes to a descriptor that does not block, and waits for its reader in between; an interrupt ends the wait.
/// Returns 0, or the errno of what failed.
[[nodiscard]] int write_waiting(int descriptor, ByteView bytes);

}  // namespace ferry::pg

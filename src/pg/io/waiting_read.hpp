#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>

struct stat;

namespace ferry::pg {

/// For a descriptor that was opened with O_NONBLOCK, so that a FIFO without a writer does not hold the server up where no
/// interrupt reaches it: whether it is a FIFO, which is to be read with has_to_wait. What is none blocks from now on. Raises no
/// errors.
[[nodiscard]] bool is_fifo(int descriptor, const struct ::stat& status);

/// read(), which sleeps until there is something where has_to_wait: of a pipe or FIFO. An interrupt ends it. Returns what read()
/// does, 0 at the end and -1 with errno.
[[nodiscard]] ssize_t read_waiting(int descriptor, bool has_to_wait, std::span<std::uint8_t> out);

}  // namespace ferry::pg

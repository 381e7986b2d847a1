#include "pg/io/waiting_read.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "storage/latch.h"
#include "utils/wait_event.h"
}

namespace ferry::pg {

namespace {

/// Sleeps until there is something to read, or an interrupt; whether there is. Calls the server without a guard.
bool wait_for_input(int descriptor) {
  constexpr int kEvents = WL_LATCH_SET | WL_SOCKET_READABLE | WL_EXIT_ON_PM_DEATH;
  const int events = WaitLatchOrSocket(MyLatch, kEvents, descriptor, -1, PG_WAIT_EXTENSION);
  if ((events & WL_LATCH_SET) != 0) ResetLatch(MyLatch);
  CHECK_FOR_INTERRUPTS();
  return (events & WL_SOCKET_READABLE) != 0;
}

}  // namespace

bool is_fifo(int descriptor, const struct ::stat& status) {
  if (S_ISFIFO(status.st_mode)) return true;
  const int flags = ::fcntl(descriptor, F_GETFL);
  if (flags >= 0) (void)::fcntl(descriptor, F_SETFL, flags & ~O_NONBLOCK);
  return false;
}

ssize_t read_waiting(int descriptor, bool has_to_wait, std::span<std::uint8_t> out) {
  for (;;) {
    check_interrupts();
    // a FIFO that nobody has opened for writing yet looks to read() like one at its end
    if (has_to_wait && !call(wait_for_input, descriptor)) continue;
    const ssize_t count = ::read(descriptor, out.data(), out.size());
    if (count >= 0 || (errno != EINTR && errno != EAGAIN)) return count;
  }
}

}  // namespace ferry::pg

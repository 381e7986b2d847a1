#include "pg/io/waiting_write.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "storage/latch.h"
#include "utils/wait_event.h"
}

namespace ferry::pg {

void make_nonblocking(int descriptor) {
  const int flags = ::fcntl(descriptor, F_GETFL);
  if (flags >= 0 && ::fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) >= 0) return;
  call([] { ereport(ERROR, (errcode_for_socket_access(), errmsg("could not set pipe to nonblocking mode: %m"))); });
}

int write_waiting(int descriptor, ByteView bytes) {
  while (!bytes.empty()) {
    check_interrupts();
    errno = 0;
    const ssize_t count = ::write(descriptor, bytes.data(), std::min(bytes.size(), kMaxWriteBytes));
    if (count > 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(count));
      continue;
    }
    if (errno == EINTR) continue;
    // a write that takes nothing and says nothing met a full disk
    if (errno == 0) return ENOSPC;
    if (errno != EAGAIN) return errno;
    call([descriptor] {
      const int events =
          WaitLatchOrSocket(MyLatch, WL_LATCH_SET | WL_SOCKET_WRITEABLE | WL_EXIT_ON_PM_DEATH, descriptor, -1, PG_WAIT_EXTENSION);
      if ((events & WL_LATCH_SET) != 0) ResetLatch(MyLatch);
      CHECK_FOR_INTERRUPTS();
    });
  }
  return 0;
}

}  // namespace ferry::pg

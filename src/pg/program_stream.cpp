#include "pg/program_stream.hpp"

#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "storage/fd.h"
#include "storage/latch.h"
#include "utils/wait_event.h"
}

namespace ferry::pg {

ProgramStream::ProgramStream(const std::string& command) : command_(command) {
  const char* const text = command_.c_str();
  pipe_ = call([text] {
    FILE* const pipe = OpenPipeStream(text, PG_BINARY_R);
    if (pipe == nullptr) ereport(ERROR, (errcode_for_file_access(), errmsg("could not execute command \"%s\": %m", text)));
    return pipe;
  });
}

std::size_t ProgramStream::read(std::span<std::uint8_t> out) {
  const int descriptor = fileno(pipe_);
  for (;;) {
    call([descriptor] {
      const int events =
          WaitLatchOrSocket(MyLatch, WL_LATCH_SET | WL_SOCKET_READABLE | WL_EXIT_ON_PM_DEATH, descriptor, -1, PG_WAIT_EXTENSION);
      if ((events & WL_LATCH_SET) != 0) ResetLatch(MyLatch);
      CHECK_FOR_INTERRUPTS();
    });
    const ssize_t count = ::read(descriptor, out.data(), out.size());
    reached_end_ = count == 0;
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) call([] { ereport(ERROR, (errcode_for_file_access(), errmsg("could not read from COPY program: %m"))); });
  }
}

void ProgramStream::close() {
  const char* const text = command_.c_str();
  call([text, this] {
    const int result = ClosePipeStream(pipe_);
    if (result == -1) ereport(ERROR, (errcode_for_file_access(), errmsg("could not close pipe to external command: %m")));
    // a program whose output was not wanted to its end cannot help but fail so
    if (result == 0 || (!reached_end_ && wait_result_is_signal(result, SIGPIPE))) return;
    ereport(ERROR, (errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION), errmsg("program \"%s\" failed", text),
                    errdetail_internal("%s", wait_result_to_str(result))));
  });
}

}  // namespace ferry::pg

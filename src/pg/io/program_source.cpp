#include "pg/io/program_source.hpp"

#include <csignal>

#include "pg/guard.hpp"
#include "pg/io/waiting_read.hpp"

#include "pg/server.hpp"

extern "C" {
#include "storage/fd.h"
}

namespace ferry::pg {

ProgramSource::ProgramSource(const std::string& command) : command_(command) {
  const char* const text = command_.c_str();
  pipe_ = call([text] {
    FILE* const pipe = OpenPipeStream(text, PG_BINARY_R);
    if (pipe == nullptr) ereport(ERROR, (errcode_for_file_access(), errmsg("could not execute command \"%s\": %m", text)));
    return pipe;
  });
}

std::size_t ProgramSource::read(std::span<std::uint8_t> out) {
  const ssize_t count = read_waiting(fileno(pipe_), true, out);
  if (count < 0) call([] { ereport(ERROR, (errcode_for_file_access(), errmsg("could not read from COPY program: %m"))); });
  reached_end_ = count == 0;
  return static_cast<std::size_t>(count);
}

void ProgramSource::close() {
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

#include "pg/io/program_sink.hpp"

#include <cerrno>

#include "pg/guard.hpp"
#include "pg/io/waiting_write.hpp"

#include "pg/server.hpp"

extern "C" {
#include "storage/fd.h"
}

namespace ferry::pg {

ProgramSink::ProgramSink(const std::string& command) : command_(command) {
  const char* const text = command_.c_str();
  pipe_ = call([text] {
    FILE* const pipe = OpenPipeStream(text, PG_BINARY_W);
    if (pipe == nullptr) ereport(ERROR, (errcode_for_file_access(), errmsg("could not execute command \"%s\": %m", text)));
    return pipe;
  });
  make_nonblocking(fileno(pipe_));
}

void ProgramSink::write(ByteView bytes) {
  const int error = write_waiting(fileno(pipe_), bytes);
  if (error == 0) return;
  // how the program ended says more than that it does not read
  if (error == EPIPE) close();
  call([error] {
    errno = error;
    ereport(ERROR, (errcode_for_file_access(), errmsg("could not write to COPY program: %m")));
  });
}

void ProgramSink::close() {
  const char* const text = command_.c_str();
  call([text, this] {
    const int result = ClosePipeStream(pipe_);
    if (result == -1) ereport(ERROR, (errcode_for_file_access(), errmsg("could not close pipe to external command: %m")));
    if (result == 0) return;
    ereport(ERROR, (errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION), errmsg("program \"%s\" failed", text),
                    errdetail_internal("%s", wait_result_to_str(result))));
  });
}

}  // namespace ferry::pg

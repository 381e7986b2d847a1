#include "pg/io/held_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "pg/guard.hpp"
#include "pg/io/waiting_read.hpp"

#include "pg/server.hpp"

extern "C" {
#include "storage/fd.h"
}

namespace ferry::pg {
namespace {

/// Gives back a descriptor, and its place among those that the server lets others have. Raises no errors.
void release(int descriptor) {
  ::close(descriptor);
  ReleaseExternalFD();
}

/// Calls the server without a guard.
int open_held(const char* name, bool* has_to_wait) {
  if (!AcquireExternalFD())
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_RESOURCES), errmsg("could not open file \"%s\" for reading: %m", name),
                    errhint("Close cursors that read files.")));
  const int descriptor = BasicOpenFile(name, O_RDONLY | O_NONBLOCK | PG_BINARY | O_CLOEXEC);
  if (descriptor < 0) {
    const int error = errno;
    ReleaseExternalFD();
    errno = error;
    ereport(ERROR, (errcode_for_file_access(), errmsg("could not open file \"%s\" for reading: %m", name)));
  }
  struct ::stat status {};
  const bool has_status = ::fstat(descriptor, &status) == 0;
  if (has_status && !S_ISDIR(status.st_mode)) {
    *has_to_wait = is_fifo(descriptor, status);
    return descriptor;
  }
  const int error = errno;
  release(descriptor);
  errno = error;
  if (!has_status) ereport(ERROR, (errcode_for_file_access(), errmsg("could not stat file \"%s\": %m", name)));
  ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("\"%s\" is a directory", name)));
}

}  // namespace

HeldFile::HeldFile(const std::string& path) : path_(path) {
  bool* const has_to_wait = &is_fifo_;
  descriptor_ = call(open_held, path_.c_str(), has_to_wait);
}

HeldFile::~HeldFile() { release(descriptor_); }

std::size_t HeldFile::read(std::span<std::uint8_t> out) {
  const ssize_t count = read_waiting(descriptor_, is_fifo_, out);
  const char* const name = path_.c_str();
  if (count < 0) call([name] { ereport(ERROR, (errcode_for_file_access(), errmsg("could not read file \"%s\": %m", name))); });
  return static_cast<std::size_t>(count);
}

}  // namespace ferry::pg

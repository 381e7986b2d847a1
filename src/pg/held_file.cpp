#include "pg/held_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "pg/guard.hpp"

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
int open_held(const char* name) {
  if (!AcquireExternalFD())
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_RESOURCES), errmsg("could not open file \"%s\" for reading: %m", name),
                    errhint("Close cursors that read files.")));
  const int descriptor = BasicOpenFile(name, O_RDONLY | PG_BINARY | O_CLOEXEC);
  if (descriptor < 0) {
    const int error = errno;
    ReleaseExternalFD();
    errno = error;
    ereport(ERROR, (errcode_for_file_access(), errmsg("could not open file \"%s\" for reading: %m", name)));
  }
  struct ::stat status {};
  const bool has_status = ::fstat(descriptor, &status) == 0;
  if (has_status && !S_ISDIR(status.st_mode)) return descriptor;
  const int error = errno;
  release(descriptor);
  errno = error;
  if (!has_status) ereport(ERROR, (errcode_for_file_access(), errmsg("could not stat file \"%s\": %m", name)));
  ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("\"%s\" is a directory", name)));
}

}  // namespace

HeldFile::HeldFile(const std::string& path) : path_(path), descriptor_(call(open_held, path_.c_str())) {}

HeldFile::~HeldFile() { release(descriptor_); }

std::size_t HeldFile::read(std::span<std::uint8_t> out) {
  for (;;) {
    check_interrupts();
    const ssize_t count = ::read(descriptor_, out.data(), out.size());
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno == EINTR) continue;
    const char* const name = path_.c_str();
    call([name] { ereport(ERROR, (errcode_for_file_access(), errmsg("could not read file \"%s\": %m", name))); });
  }
}

}  // namespace ferry::pg

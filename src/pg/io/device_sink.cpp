#include "pg/io/device_sink.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>

#include "base/concat.hpp"
#include "pg/guard.hpp"
#include "pg/io/waiting_write.hpp"

#include "pg/server.hpp"

extern "C" {
#include "storage/fd.h"
#include "storage/latch.h"
#include "utils/wait_event.h"
}

namespace ferry::pg {
namespace {

constexpr const char* kHint =
    "COPY TO instructs the PostgreSQL server process to write a file. You may want a client-side facility such as psql's "
    "\\copy.";

[[noreturn]] void fail_to_open(const std::string& path, int error) {
  const char* const name = path.c_str();
  call([name, error] {
    errno = error;
    ereport(ERROR, (errcode_for_file_access(), errmsg("could not open file \"%s\" for writing: %m", name),
                    error == ENOENT || error == EACCES ? errhint("%s", kHint) : 0));
  });
  __builtin_unreachable();
}

/// What lies there leads to open files of the process, which may be the log.
bool is_of_process(const std::string& path) { return path.rfind("/dev/", 0) == 0 || path.rfind("/proc/", 0) == 0; }

/// Where a symbolic link leads to, where that is nothing yet; path itself where it is no link.
std::string link_target(const std::string& path) {
  char target[PATH_MAX];
  std::string at = path;
  constexpr int kMaxLinks = 40;
  for (int i = 0; i < kMaxLinks; i++) {
    const ssize_t length = ::readlink(at.c_str(), target, sizeof target);
    if (length < 0) return at;
    const std::string next(target, static_cast<std::size_t>(length));
    at = next.starts_with('/') ? next : at.substr(0, at.rfind('/') + 1) + next;
  }
  return at;
}

}  // namespace

OutputDestination find_destination(const std::string& path) {
  struct ::stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    if (errno != ENOENT) fail_to_open(path, errno);
    const std::string target = link_target(path);
    const std::string folder = target.substr(0, target.rfind('/') + 1);
    if (::access(folder.c_str(), W_OK | X_OK) != 0) fail_to_open(path, errno);
    return {.path = target};
  }
  if (S_ISDIR(status.st_mode)) throw Error("42809", concat("\"", path, "\" is a directory"));
  if (!S_ISREG(status.st_mode) || is_of_process(path)) return {.path = path, .is_device = true};
  // a file is replaced, and that takes no right to it; who protects one means this, too
  if (::access(path.c_str(), W_OK) != 0) fail_to_open(path, errno);
  char real[PATH_MAX];
  if (::realpath(path.c_str(), real) == nullptr) fail_to_open(path, errno);
  return {.path = real, .mode = status.st_mode & 0777};
}

DeviceSink::DeviceSink(const std::string& path) : path_(path) {
  const char* const name = path_.c_str();
  constexpr long kRetryMs = 50;
  for (;;) {
    descriptor_ = call([name] { return OpenTransientFile(name, O_WRONLY | O_TRUNC | O_NONBLOCK | PG_BINARY); });
    if (descriptor_ >= 0) return;
    if (errno != ENXIO) fail_to_open(path_, errno);
    call([] {
      (void)WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, kRetryMs, PG_WAIT_EXTENSION);
      ResetLatch(MyLatch);
      CHECK_FOR_INTERRUPTS();
    });
  }
}

void DeviceSink::write(ByteView bytes) {
  const int error = write_waiting(descriptor_, bytes);
  if (error == 0) return;
  call([error] {
    errno = error;
    ereport(ERROR, (errcode_for_file_access(), errmsg("could not write to COPY file: %m")));
  });
}

void DeviceSink::close() {
  const char* const name = path_.c_str();
  const int descriptor = descriptor_;
  call([=] {
    if (CloseTransientFile(descriptor) != 0)
      ereport(ERROR, (errcode_for_file_access(), errmsg("could not close file \"%s\": %m", name)));
  });
}

}  // namespace ferry::pg

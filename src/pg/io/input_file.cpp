#include "pg/io/input_file.hpp"

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

InputFile::InputFile(const std::string& path, const char* hint) : path_(path) {
  const char* const name = path_.c_str();
  struct ::stat status {};
  descriptor_ = call([&status, name, hint] {
    const int descriptor = OpenTransientFile(name, O_RDONLY | O_NONBLOCK | PG_BINARY);
    const char* const denied_hint = errno == EACCES ? "The server reads files as its own user of the operating system." : nullptr;
    const char* const shown_hint = hint != nullptr && (errno == ENOENT || errno == EACCES) ? hint : denied_hint;
    if (descriptor < 0)
      ereport(ERROR, (errcode_for_file_access(), errmsg("could not open file \"%s\" for reading: %m", name),
                      shown_hint != nullptr ? errhint("%s", shown_hint) : 0));
    if (::fstat(descriptor, &status) != 0)
      ereport(ERROR, (errcode_for_file_access(), errmsg("could not stat file \"%s\": %m", name)));
    if (S_ISDIR(status.st_mode)) ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("\"%s\" is a directory", name)));
    return descriptor;
  });
  is_fifo_ = is_fifo(descriptor_, status);
  if (S_ISREG(status.st_mode)) size_bytes_ = status.st_size;
}

std::size_t InputFile::read(std::span<std::uint8_t> out) {
  const ssize_t count = read_waiting(descriptor_, is_fifo_, out);
  const char* const name = path_.c_str();
  if (count < 0) call([name] { ereport(ERROR, (errcode_for_file_access(), errmsg("could not read file \"%s\": %m", name))); });
  return static_cast<std::size_t>(count);
}

void InputFile::close() { call(CloseTransientFile, descriptor_); }

}  // namespace ferry::pg

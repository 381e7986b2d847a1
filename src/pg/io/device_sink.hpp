#pragma once

#include <cstdint>
#include <string>

#include "base/io.hpp"

namespace ferry::pg {

/// Where a file that is to be written goes.
struct OutputDestination {
  std::string path;        ///< of a regular file without symbolic links
  bool is_device = false;  ///< a FIFO, a device, the server's own output: nothing that could be replaced
  std::uint32_t mode = 0;  ///< permission bits of the file that is there; 0: there is none
};

/// Looks at what is there under an absolute name. Errors: 42809 a directory; by errno, also for a file that the server may not
/// write.
[[nodiscard]] OutputDestination find_destination(const std::string& path);

/// A FIFO, a device, the server's own output: written as it is, from what comes first. The descriptor belongs to the
/// (sub)transaction that opened it.
class DeviceSink : public ByteSink {
 public:
  /// Waits for somebody to read a FIFO; an interrupt ends the wait. Errors: by errno.
  explicit DeviceSink(const std::string& path);
  /// Waits for the reader; an interrupt ends the wait. Errors: by errno.
  void write(ByteView bytes) override;
  void close();

 private:
  std::string path_;
  int descriptor_;
};

}  // namespace ferry::pg

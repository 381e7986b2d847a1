#pragma once

#include <cstdint>
#include <string>

#include "pg/io/input.hpp"

namespace ferry::pg {

/// A file of the server's machine, read from front to back with read(): a mapped file that somebody truncates would kill the
/// server. The descriptor belongs to the (sub)transaction that opened it.
class InputFile : public Input {
 public:
  /// Opens path. hint: for one that is not there or closed to the server; may be null. Errors: by errno; 42809 a directory.
  /// Checks no privilege: see check_may_read().
  explicit InputFile(const std::string& path, const char* hint = nullptr);
  /// Errors: by errno. An interrupt stops it.
  [[nodiscard]] std::size_t read(std::span<std::uint8_t> out) override;
  void close() override;
  /// 0 for what has no size, such as a pipe.
  [[nodiscard]] std::int64_t size_bytes() const override { return size_bytes_; }

 private:
  std::string path_;
  int descriptor_;
  bool is_fifo_ = false;
  std::int64_t size_bytes_ = 0;
};

}  // namespace ferry::pg

#pragma once

#include <cstdint>
#include <string>

#include "pg/io/input.hpp"

namespace ferry::pg {

/// A file of the server's machine as InputFile, but the descriptor belongs to the object: a cursor reads on after the rollback
/// of the subtransaction that fetched its first rows. Objects on the stack and those of a memory context with a callback both
/// close it, after errors, too.
class HeldFile : public Input {
 public:
  /// Errors: by errno; 42809 a directory; 53000 too many files held. Checks no privilege: see check_may_read().
  explicit HeldFile(const std::string& path);
  ~HeldFile() override;
  HeldFile(const HeldFile&) = delete;
  HeldFile& operator=(const HeldFile&) = delete;
  /// Errors: by errno. An interrupt stops it.
  [[nodiscard]] std::size_t read(std::span<std::uint8_t> out) override;
  /// Nothing: the destructor does it.
  void close() override {}

 private:
  std::string path_;
  int descriptor_ = -1;
  bool is_fifo_ = false;
};

}  // namespace ferry::pg

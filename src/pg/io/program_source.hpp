#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

#include "pg/io/input.hpp"

namespace ferry::pg {

/// What a program of the server's machine writes to its standard output. The pipe belongs to the (sub)transaction that opened it.
class ProgramSource : public Input {
 public:
  /// Starts the command in a shell. Errors: by errno. Checks no privilege.
  explicit ProgramSource(const std::string& command);
  /// Waits for the program; an interrupt ends the wait. Errors: by errno.
  [[nodiscard]] std::size_t read(std::span<std::uint8_t> out) override;
  /// Waits for the program's end. Errors: 38000 it failed, but for one that was stopped before it had written everything.
  void close() override;
  /// What is missing in the output of a program that failed is not the error to tell of.
  void raise_cause() override {
    if (reached_end_) close();
  }

 private:
  std::string command_;
  FILE* pipe_;
  bool reached_end_ = false;
};

}  // namespace ferry::pg

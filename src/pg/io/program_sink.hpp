#pragma once

#include <cstdio>
#include <string>

#include "base/io.hpp"

namespace ferry::pg {

/// The standard input of a program on the server's machine. The pipe belongs to the (sub)transaction that opened it.
class ProgramSink : public ByteSink {
 public:
  /// Starts the command in a shell. Errors: by errno. Checks no privilege.
  explicit ProgramSink(const std::string& command);
  /// Waits for the program to read; an interrupt ends the wait. Errors: 38000 the program has ended and failed; by errno.
  void write(ByteView bytes) override;
  /// Ends the program's input and waits for its end. Errors: 38000 it failed.
  void close();

 private:
  std::string command_;
  FILE* pipe_;
};

}  // namespace ferry::pg

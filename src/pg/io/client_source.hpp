#pragma once

#include <cstdint>

#include "pg/io/input.hpp"

#include "pg/server.hpp"

extern "C" {
#include "lib/stringinfo.h"
}

namespace ferry::pg {

/// The data that the client of the session sends for COPY FROM STDIN, protocol 3.
class ClientSource : public Input {
 public:
  enum class Format : std::uint8_t { text, binary };
  /// Tells the client to send, in lines of text or in a binary format. Errors: 0A000 there is no client.
  ClientSource(Format format, int column_count);
  /// Waits for the client; an interrupt ends the wait.
  /// Errors: 57014 the client gave up; 08006 it is gone; 08P01 a message that does not belong here.
  [[nodiscard]] std::size_t read(std::span<std::uint8_t> out) override;
  /// Reads over what the client still sends, to its end.
  void close() override;

 private:
  bool next_message();

  StringInfo message_;
  bool ended_ = false;
};

}  // namespace ferry::pg

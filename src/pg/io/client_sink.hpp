#pragma once

#include "base/io.hpp"

namespace ferry::pg {

/// What the client of the session gets from COPY TO STDOUT, protocol 3.
class ClientSink : public ByteSink {
 public:
  /// Tells the client that data of a binary format come. Errors: 0A000 there is no client.
  explicit ClientSink(int column_count);
  /// Sends bytes in messages of up to 64 kB. Errors: interrupts, of which a client that is gone is one.
  void write(ByteView bytes) override;
  /// Tells the client that this was all. After an error it is told by that.
  void finish();
};

}  // namespace ferry::pg

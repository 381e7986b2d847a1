#pragma once

#include <cstdint>
#include <string_view>

#include "base/io.hpp"

namespace ferry::pg {

/// Bytes that come from outside of the server: see open_source().
class Input : public ByteSource {
 public:
  /// How many there are, as they are stored; 0 where nobody knows.
  [[nodiscard]] virtual std::int64_t size_bytes() const { return 0; }
  /// The format of compressed files from which they are decompressed; empty: none.
  [[nodiscard]] virtual std::string_view compression() const { return {}; }
  /// What a store calls this state of an object; empty: it does not, or there is none.
  [[nodiscard]] virtual std::string_view etag() const { return {}; }
  /// To be called by a reader that has what it wants, even if there is more. Errors: those that only the end tells.
  virtual void close() = 0;
  /// To be called where the bytes turned out to be wrong: raises what the source itself has failed with, if that is known, and it
  /// gave no more bytes for this reason.
  virtual void raise_cause() {}
};

}  // namespace ferry::pg

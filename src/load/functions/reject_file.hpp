#pragma once

#include <cstdint>
#include <memory>

#include "base/io.hpp"
#include "load/log/reject_scan.hpp"
#include "load/log/stored_load.hpp"
#include "load/logged_options.hpp"

namespace ferry::load {

/// Rejects on their way into a file.
class RejectFile {
 public:
  virtual ~RejectFile() = default;
  virtual void begin() = 0;
  /// Whether it has anything to write.
  virtual bool add(const StoredReject& reject) = 0;
  virtual void end() = 0;
};

/// In the format of their source: the bytes that came, below the header that the source had. Of JSON an array, or lines. All
/// outlive it. Errors: 0A000 the source was Avro.
[[nodiscard]] std::unique_ptr<RejectFile> source_file(ByteSink& sink, const LoggedLoad& load, const LoggedOptions& options);

/// As CSV in the client's encoding, for people who look into it: line_number, sqlstate, column_name, reason, hint, raw_row. Bytes
/// that are no text are there as those of a bytea.
[[nodiscard]] std::unique_ptr<RejectFile> report_file(ByteSink& sink);

}  // namespace ferry::load

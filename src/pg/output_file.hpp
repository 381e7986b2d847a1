#pragma once

#include <cstdint>
#include <string>

#include "base/io.hpp"
#include "pg/sha256.hpp"

namespace ferry::pg {

/// A new file of the server's machine that appears under its name complete and on disk, or not at all. It is written under a
/// temporary name beside the target, which the destructor removes unless commit() was called; a crash leaves the temporary
/// file, never one that looks finished. Mode 0600. The descriptor belongs to the (sub)transaction that opened it.
class OutputFile : public ByteSink {
 public:
  /// Creates the temporary file. Errors: by errno. Checks no privilege: see check_may_write().
  explicit OutputFile(const std::string& path);
  ~OutputFile() override;
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  /// Writes straight from bytes. Errors: by errno. An interrupt stops it.
  void write(ByteView bytes) override;
  /// Brings the contents to disk, gives the file its name and brings the folder to disk.
  void commit();

  [[nodiscard]] std::int64_t bytes_written() const { return bytes_written_; }
  /// Of all that was written. Precondition: commit() was called.
  [[nodiscard]] const std::string& sha256() const { return sha256_; }

 private:
  std::string path_, temporary_path_, sha256_;
  int descriptor_;
  bool is_committed_ = false;
  std::int64_t bytes_written_ = 0;
  Sha256 hash_;
};

/// The right to write files of the server, and an absolute path without "..", as COPY TO demands the first and more.
/// Errors: 42501; 42602 path.
void check_may_write(const std::string& path);

/// Makes a folder that only the server's user may enter, and those above it that are missing, and brings its entry to disk.
/// Errors: by errno; one that is there already is none.
void make_folder(const std::string& path);

}  // namespace ferry::pg

#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/io.hpp"
#include "pg/io/sha256.hpp"

#include "pg/server.hpp"

namespace ferry::pg {

struct OutputFileOptions {
  std::uint32_t mode = 0600;  ///< permission bits, whatever the umask
  bool has_digest = true;     ///< compute sha256()
};

/// A new file of the server's machine that appears under its name complete and on disk, or not at all. It is written under a
/// temporary name beside the target, which the destructor removes unless commit() was called, and so does the end of a session
/// that never comes back here; a crash leaves the temporary file, never one that looks finished. The descriptor belongs to the
/// (sub)transaction that opened it.
class OutputFile : public ByteSink {
 public:
  /// Creates the temporary file. Errors: by errno. Checks no privilege: see check_may_write().
  explicit OutputFile(const std::string& path, const OutputFileOptions& options = {});
  ~OutputFile() override;
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  /// Writes straight from bytes. Errors: by errno. An interrupt stops it.
  void write(ByteView bytes) override;
  /// Brings the contents to disk, gives the file its name and brings the folder to disk.
  void commit();

  [[nodiscard]] std::int64_t bytes_written() const { return bytes_written_; }
  /// Of all that was written. Precondition: commit() was called; the file has a digest.
  [[nodiscard]] const std::string& sha256() const { return sha256_; }

 private:
  void enlist();
  void delist();
  static void remove_unfinished(int code, Datum unused);

  std::string path_, temporary_path_, sha256_;
  int descriptor_ = -1;
  bool is_committed_ = false;
  std::int64_t bytes_written_ = 0;
  std::optional<Sha256> hash_;
  OutputFile* next_ = nullptr;  ///< of the session's unfinished files
};

/// Makes a folder that only the server's user may enter, and those above it that are missing, and brings its entry to disk.
/// Errors: by errno; one that is there already is none.
void make_folder(const std::string& path);

}  // namespace ferry::pg

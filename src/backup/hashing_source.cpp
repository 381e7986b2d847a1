#include "backup/hashing_source.hpp"

#include "base/concat.hpp"
#include "base/error.hpp"

#include "pg/server.hpp"

namespace ferry::backup {

std::size_t HashingSource::read(std::span<std::uint8_t> out) {
  const std::size_t count = file_->read(out);
  hash_.update(ByteView(out).first(count));
  return count;
}

void HashingSource::check(const TableEntry& entry) {
  // says more than the digest would, and a pipe would make the reader wait for ever
  if (file_->size_bytes() != entry.bytes)
    throw Error("22P04", concat("file \"", path_, "\" has ", file_->size_bytes(), " bytes, but its manifest says ", entry.bytes));
  Bytes rest(std::size_t{256} << 10);
  while (read(rest) != 0) {
  }
  file_->close();
  const std::string digest = hash_.finish();
  if (digest != entry.sha256)
    throw Error("22P04", concat("file \"", path_, "\" does not match the SHA-256 digest in its manifest"));
}

void verify_file(const std::string& path, const TableEntry& entry) {
  HashingSource source(path);
  source.check(entry);
}

}  // namespace ferry::backup

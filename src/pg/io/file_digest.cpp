#include "pg/io/file_digest.hpp"

#include <algorithm>

#include "base/concat.hpp"

#include "pg/server.hpp"

namespace ferry::pg {
namespace {

std::string named(Sha256& hash) { return concat("sha256:", hash.finish()); }

}  // namespace

FileDigest::FileDigest(std::uint64_t start_bytes) : start_bytes_(start_bytes) {
  if (start_bytes > 0) start_.emplace();
}

void FileDigest::update(ByteView bytes) {
  whole_.update(bytes);
  if (start_) start_->update(bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), start_bytes_ - bytes_))));
  bytes_ += bytes.size();
  if (!start_ || bytes_ < start_bytes_) return;
  of_start_ = named(*start_);
  start_.reset();
}

std::string FileDigest::finish() {
  // the server wants all of them ended
  if (start_) (void)start_->finish();
  start_.reset();
  return named(whole_);
}

}  // namespace ferry::pg

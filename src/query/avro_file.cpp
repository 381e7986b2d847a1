#include "query/avro_file.hpp"

#include "base/concat.hpp"
#include "pg/io/open_source.hpp"
#include "pg/io/path.hpp"
#include "settings.hpp"

namespace ferry::query {
namespace {

const std::string& checked(const std::string& path) {
  pg::check_may_read(path);
  return path;
}

avro::ReaderLimits limits() {
  const auto max_bytes = static_cast<std::size_t>(settings::max_block_bytes);
  return {.max_block_bytes = max_bytes,
          .max_stored_block_bytes = max_bytes,
          .check_interrupts = pg::check_interrupts,
          .block_hint = settings::kBlockHint};
}

}  // namespace

AvroFile::AvroFile(const std::string& path)
    : path_(checked(path)),
      file_(pg::open_source(pg::HeldFileOrigin{path}, pg::Compression::automatic)),
      container_(open_container()) {}

avro::ContainerReader AvroFile::open_container() {
  try {
    return avro::ContainerReader(*file_, limits());
  } catch (Error& error) {
    fail(error);
  }
}

bool AvroFile::next_block(avro::Block& out) {
  pg::check_interrupts();
  try {
    return container_.next_block(out);
  } catch (Error& error) {
    fail(error);
  }
}

bool AvroFile::next_stored_block(avro::Block& out) {
  pg::check_interrupts();
  try {
    return container_.next_stored_block(out);
  } catch (Error& error) {
    fail(error);
  }
}

void AvroFile::fail(Error& error) const { throw Error(std::move(error)).context(concat("file \"", path_, '"')); }

}  // namespace ferry::query

// Any bytes are a container or an error, and cost no more memory than the limits allow.
#include <cstdlib>

#include "../support/memory_io.hpp"
#include "avro/container.hpp"
#include "avro/decode.hpp"
#include "base/error.hpp"

using namespace ferry;

namespace {

constexpr std::size_t kLimitBytes = 1 << 20;
constexpr std::int64_t kSkippedRecords = 1000;

void read(ByteView bytes, std::size_t chunk_bytes) {
  test::MemorySource source(bytes, chunk_bytes);
  avro::ContainerReader reader(
      source, {.max_block_bytes = kLimitBytes, .max_stored_block_bytes = kLimitBytes, .max_metadata_bytes = kLimitBytes});
  avro::Block block;
  while (reader.next_block(block)) {
    if (block.payload.size() > kLimitBytes || block.stored_bytes > bytes.size() || block.record_count < 0) std::abort();
    avro::Decoder decoder(block.payload);
    for (std::int64_t i = 0; i < std::min(block.record_count, kSkippedRecords); i++) decoder.skip(reader.schema());
  }
  if (reader.position() != bytes.size()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (const std::size_t chunk_bytes : {SIZE_MAX, std::size_t{3}}) {
    try {
      read({data, size}, chunk_bytes);
    } catch (const Error& error) {
      if (error.sqlstate() != "22P04" && error.sqlstate() != "54000" && error.sqlstate() != "0A000") std::abort();
    }
  }
  return 0;
}

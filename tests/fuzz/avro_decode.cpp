// A schema, a zero byte, and values of it: skipping ends where reading ends.
#include <algorithm>
#include <cstdlib>
#include <string>

#include "../support/value_json.hpp"

using namespace ferry;

namespace {

void check_sqlstate(const Error& error) {
  if (error.sqlstate() != "22P04" && error.sqlstate() != "54000") std::abort();
}

void decode(const avro::Schema& schema, ByteView payload) {
  avro::Decoder reader(payload), skipper(payload);
  std::string out;
  test::ValueReader values(reader, out);
  while (!reader.at_end()) {
    const std::size_t before = reader.position();
    values.read(schema);
    const bool must_agree = !values.saw_sized_block();
    try {
      skipper.skip(schema);
    } catch (const Error&) {
      // Skipping counts depth without unions, reading with them, so it never fails first.
      if (must_agree) std::abort();
      return;
    }
    if (must_agree && skipper.position() != reader.position()) std::abort();
    if (!must_agree || reader.position() == before) return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::uint8_t* const end = data + size;
  const std::uint8_t* const zero = std::find(data, end, 0);
  if (zero == end) return 0;
  try {
    const avro::SchemaDocument document = avro::parse_schema(as_text({data, zero}));
    const ByteView payload(zero + 1, end);
    try {
      decode(document.root(), payload);
    } catch (const Error& error) {
      check_sqlstate(error);
    }
    avro::Decoder skipper(payload);
    skipper.skip(document.root());
  } catch (const Error& error) {
    check_sqlstate(error);
  }
  return 0;
}

// A schema, a zero byte, and a value of it: its JSON is JSON, and writing it ends where skipping ends.
#include <algorithm>
#include <cstdlib>
#include <string>

#include <simdjson.h>

#include "avro/schema_json.hpp"
#include "avro/value_text.hpp"
#include "base/error.hpp"

using namespace ferry;

namespace {

constexpr std::size_t kMaxBytes = 1 << 20;

void check_sqlstate(const Error& error) {
  for (const char* const known : {"22P04", "22003", "22008", "22021", "54000"})
    if (error.sqlstate() == known) return;
  std::abort();
}

void check_json(const std::string& text) {
  simdjson::dom::parser parser;
  if (parser.allocate(std::max<std::size_t>(text.size(), 32), avro::kMaxValueDepth + 16) != simdjson::SUCCESS) return;
  const simdjson::error_code error = parser.parse(text).error();
  if (error == simdjson::SUCCESS || error == simdjson::NUMBER_ERROR) return;
  // numbers that neither a double nor 64 bits hold are JSON, too; newer versions of the parser have a code of their own for them
  if (std::string(simdjson::error_message(error)).find("64 bits") == std::string::npos) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::uint8_t* const end = data + size;
  const std::uint8_t* const zero = std::find(data, end, 0);
  if (zero == end) return 0;
  try {
    const avro::SchemaDocument document = avro::parse_schema(as_text({data, zero}));
    avro::Decoder decoder({zero + 1, end}), again({zero + 1, end});
    std::string json, text;
    avro::append_json(json, decoder, document.root(), kMaxBytes);
    check_json(json);
    avro::append_text(text, again, document.root(), kMaxBytes);
    if (again.position() != decoder.position()) std::abort();
  } catch (const Error& error) {
    check_sqlstate(error);
  }
  return 0;
}

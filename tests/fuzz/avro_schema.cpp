// A text is a schema or an error; a schema written and read again is the same schema.
#include <cstdlib>

#include "../support/schema_equal.hpp"
#include "avro/schema_json.hpp"
#include "base/bytes.hpp"
#include "base/error.hpp"

using namespace ferry;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  avro::SchemaDocument document;
  try {
    document = avro::parse_schema(as_text({data, size}));
  } catch (const Error& error) {
    if (error.sqlstate() != "22P04" && error.sqlstate() != "54000") std::abort();
    return 0;
  }
  // From here on an error is a fault of ours and ends the fuzzer.
  const std::string text = avro::to_json(document.root());
  if (!test::equal(avro::parse_schema(text).root(), document.root())) std::abort();
  return 0;
}

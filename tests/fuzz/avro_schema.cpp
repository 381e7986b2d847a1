// A text is a schema or an error; a schema written and read again is the same schema; a default in binary is a value of its type.
#include <cstdlib>
#include <set>

#include "../support/schema_equal.hpp"
#include "avro/decode.hpp"
#include "avro/default_value.hpp"
#include "avro/schema_json.hpp"
#include "base/error.hpp"

using namespace ferry;

namespace {

class DefaultCheck {
 public:
  void check(const avro::Schema& schema) {
    if (!seen_.insert(&schema).second) return;
    for (const avro::Field& field : schema.fields) {
      if (field.default_json) check_default(*field.schema, *field.default_json);
      check(*field.schema);
    }
    for (const avro::Schema* branch : schema.branches) check(*branch);
    if (schema.items != nullptr) check(*schema.items);
  }

 private:
  static void check_default(const avro::Schema& schema, const std::string& json) {
    Bytes out;
    try {
      if (!avro::put_default(out, schema, json)) return;
    } catch (const Error& error) {
      if (error.sqlstate() != "54000") std::abort();
      return;
    }
    avro::Decoder decoder(out);
    decoder.skip(schema);
    if (!decoder.at_end()) std::abort();
  }

  std::set<const avro::Schema*> seen_;
};

}  // namespace

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
  DefaultCheck().check(document.root());
  return 0;
}

#include "avro/default_value.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include <simdjson.h>

#include "avro/encode.hpp"
#include "base/error.hpp"

namespace ferry::avro {
namespace {

namespace dom = simdjson::dom;

/// Each member that puts returns false where the JSON does not fit; what it has written by then is put_default's to take back.
class DefaultWriter {
 public:
  explicit DefaultWriter(Bytes& out) : out_(out) {}

  bool put_text(const Schema& schema, std::string_view json) {
    spend(json.size());
    dom::parser parser;
    dom::element value;
    if (parser.parse(json.data(), json.size()).get(value)) return false;
    return put(schema, value);
  }

 private:
  void spend(std::size_t work) {
    if (work > kMaxDefaultWork - work_) throw Error("54000", "default of a field is too large");
    work_ += work;
  }

  bool put(const Schema& schema, dom::element value) {
    if (depth_ == kMaxDefaultDepth) throw Error("54000", "default of a field is nested too deep");
    spend(1);
    depth_++;
    const std::size_t before = out_.size();
    const bool fits = put_at_depth(schema, value);
    depth_--;
    if (!fits) out_.resize(before);
    return fits;
  }

  bool put_at_depth(const Schema& schema, dom::element value) {
    switch (schema.type) {
      case Type::null_:
        return value.is_null();
      case Type::boolean:
        return put_boolean_of(value);
      case Type::int_:
        return put_integer(value, std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max());
      case Type::long_:
        return put_integer(value, std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max());
      case Type::float_:
      case Type::double_:
        return put_number(schema.type, value);
      case Type::string:
        return put_string_of(value);
      case Type::bytes:
      case Type::fixed:
        return put_code_points(schema, value);
      case Type::enum_:
        return put_symbol(schema, value);
      case Type::union_:
        return std::any_of(schema.branches.begin(), schema.branches.end(),
                           [&, i = 0](const Schema* branch) mutable { return put_branch(i++, *branch, value); });
      case Type::record:
        return put_record(schema, value);
      case Type::array:
        return put_array(*schema.items, value);
      case Type::map:
        return put_map(*schema.items, value);
    }
    return false;
  }

  bool put_boolean_of(dom::element value) {
    bool result;
    if (value.get(result)) return false;
    put_boolean(out_, result);
    return true;
  }

  bool put_integer(dom::element value, std::int64_t min, std::int64_t max) {
    std::int64_t result;
    if (value.get(result) || result < min || result > max) return false;
    put_long(out_, result);
    return true;
  }

  bool put_number(Type type, dom::element value) {
    double result;
    if (value.get(result)) return false;
    if (type == Type::double_) {
      put_double(out_, result);
      return true;
    }
    if (std::fabs(result) > std::numeric_limits<float>::max()) return false;
    put_float(out_, static_cast<float>(result));
    return true;
  }

  bool put_string_of(dom::element value) {
    std::string_view text;
    if (value.get(text)) return false;
    spend(text.size());
    put_string(out_, text);
    return true;
  }

  /// UTF-8 has the code points 0 to 127 in a byte, and those to 255 as 110000xx 10xxxxxx.
  bool put_code_points(const Schema& schema, dom::element value) {
    std::string_view text;
    if (value.get(text)) return false;
    spend(text.size());
    Bytes bytes;
    for (std::size_t i = 0; i < text.size(); i++) {
      auto byte = static_cast<std::uint8_t>(text[i]);
      if (byte > 0xc3) return false;
      if (byte >= 0x80) byte = static_cast<std::uint8_t>(byte << 6 | (static_cast<std::uint8_t>(text[++i]) & 0x3f));
      bytes.push_back(byte);
    }
    if (schema.type == Type::bytes)
      put_bytes(out_, bytes);
    else if (bytes.size() == schema.size_bytes)
      put_fixed(out_, bytes);
    else
      return false;
    return true;
  }

  bool put_symbol(const Schema& schema, dom::element value) {
    std::string_view text;
    if (value.get(text)) return false;
    spend(schema.symbols.size());
    const auto symbol = std::find(schema.symbols.begin(), schema.symbols.end(), text);
    if (symbol == schema.symbols.end()) return false;
    put_long(out_, symbol - schema.symbols.begin());
    return true;
  }

  bool put_branch(std::int64_t index, const Schema& branch, dom::element value) {
    const std::size_t before = out_.size();
    put_long(out_, index);
    if (put(branch, value)) return true;
    out_.resize(before);
    return false;
  }

  bool put_record(const Schema& schema, dom::element value) {
    dom::object object;
    if (value.get(object)) return false;
    for (const Field& field : schema.fields) {
      spend(1 + object.size());  // a look-up goes through all keys
      dom::element given;
      if (!object.at_key(field.name).get(given)) {
        if (!put(*field.schema, given)) return false;
      } else if (!field.default_json || !put_text(*field.schema, *field.default_json)) {
        return false;
      }
    }
    return true;
  }

  bool put_array(const Schema& items, dom::element value) {
    dom::array array;
    if (value.get(array)) return false;
    std::int64_t count = 0;
    for ([[maybe_unused]] const dom::element item : array) count++;
    if (count != 0) put_long(out_, count);
    for (const dom::element item : array)
      if (!put(items, item)) return false;
    put_long(out_, 0);
    return true;
  }

  bool put_map(const Schema& values, dom::element value) {
    dom::object object;
    if (value.get(object)) return false;
    std::int64_t count = 0;
    for ([[maybe_unused]] const dom::key_value_pair entry : object) count++;
    if (count != 0) put_long(out_, count);
    for (const dom::key_value_pair entry : object) {
      spend(entry.key.size());
      put_string(out_, entry.key);
      if (!put(values, entry.value)) return false;
    }
    put_long(out_, 0);
    return true;
  }

  Bytes& out_;
  std::size_t work_ = 0;
  int depth_ = 0;
};

}  // namespace

bool put_default(Bytes& out, const Schema& schema, std::string_view json) { return DefaultWriter(out).put_text(schema, json); }

}  // namespace ferry::avro

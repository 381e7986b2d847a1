#pragma once

#include <cmath>
#include <cstdio>
#include <string>

#include "avro/decode.hpp"
#include "avro/schema_json.hpp"
#include "base/concat.hpp"
#include "base/error.hpp"
#include "base/json_text.hpp"

namespace ferry::test {

/// Reads values with the typed calls of a Decoder and writes them as JSON: bytes and fixed as hexadecimal strings, enums as their
/// symbol, unions as the value of their branch, NaN and the infinities as strings. Logical types stay the numbers they are.
class ValueReader {
 public:
  ValueReader(avro::Decoder& decoder, std::string& out) : decoder_(decoder), out_(out) {}

  void read(const avro::Schema& schema, int depth = 0) {
    using avro::Type;
    if (depth > 2 * avro::kMaxValueDepth) throw Error("54000", "value is nested too deep");
    switch (schema.type) {
      case Type::null_:
        out_ += "null";
        return;
      case Type::boolean:
        out_ += decoder_.boolean() ? "true" : "false";
        return;
      case Type::int_:
        out_ += concat(decoder_.int_());
        return;
      case Type::long_:
        out_ += concat(decoder_.long_());
        return;
      case Type::float_:
        number(decoder_.float_());
        return;
      case Type::double_:
        number(decoder_.double_());
        return;
      case Type::bytes:
        hexadecimal(decoder_.bytes());
        return;
      case Type::string:
        append_json_string(out_, decoder_.string());
        return;
      case Type::fixed:
        hexadecimal(decoder_.fixed(schema.size_bytes));
        return;
      case Type::enum_:
        append_json_string(out_, schema.symbols[decoder_.index(schema.symbols.size())]);
        return;
      case Type::union_:
        read(*schema.branches[decoder_.index(schema.branches.size())], depth + 1);
        return;
      case Type::record:
        record(schema, depth + 1);
        return;
      case Type::array:
      case Type::map:
        items(schema, depth + 1);
        return;
    }
  }

  /// True when a block of items told its size: Decoder::skip() believes it, read() does not look at it.
  [[nodiscard]] bool saw_sized_block() const { return saw_sized_block_; }

 private:
  void record(const avro::Schema& schema, int depth) {
    out_ += '{';
    for (const avro::Field& field : schema.fields) {
      if (out_.back() != '{') out_ += ',';
      append_json_string(out_, field.name);
      out_ += ':';
      read(*field.schema, depth);
    }
    out_ += '}';
  }

  void items(const avro::Schema& schema, int depth) {
    const bool is_map = schema.type == avro::Type::map;
    const char open = is_map ? '{' : '[';
    out_ += open;
    for (avro::ItemBlock block = decoder_.item_block(schema); block.count != 0; block = decoder_.item_block(schema)) {
      saw_sized_block_ |= block.size_bytes != 0;
      for (std::size_t i = 0; i < block.count; i++) {
        if (out_.back() != open) out_ += ',';
        if (is_map) {
          append_json_string(out_, decoder_.string());
          out_ += ':';
        }
        read(*schema.items, depth);
      }
    }
    out_ += is_map ? '}' : ']';
  }

  void number(double value) {
    char digits[40];
    const int length = std::snprintf(digits, sizeof digits, std::isfinite(value) ? "%.17g" : "\"%f\"", value);
    out_.append(digits, static_cast<std::size_t>(length));
  }

  void hexadecimal(ByteView bytes) {
    constexpr char kHex[] = "0123456789abcdef";
    out_ += '"';
    for (const std::uint8_t byte : bytes) {
      out_ += kHex[byte >> 4];
      out_ += kHex[byte & 15];
    }
    out_ += '"';
  }

  avro::Decoder& decoder_;
  std::string& out_;
  bool saw_sized_block_ = false;
};

}  // namespace ferry::test

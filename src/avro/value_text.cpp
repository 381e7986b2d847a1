#include "avro/value_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include <simdjson.h>

#include "avro/calendar_text.hpp"
#include "base/concat.hpp"
#include "base/error.hpp"
#include "base/json_text.hpp"

namespace ferry::avro {
namespace {

/// Writes one value. Quotes around strings are left out at the top where text is wanted.
class ValueWriter {
 public:
  ValueWriter(std::string& out, Decoder& decoder, std::size_t max_bytes) : out_(out), decoder_(decoder), max_bytes_(max_bytes) {}

  void value(const Schema& schema, int depth, bool is_quoted);

 private:
  void integer(const Schema& schema, std::int64_t number, bool is_quoted);
  void real(double number, std::to_chars_result (*format)(char*, char*, double), bool is_quoted);
  void bytes(const Schema& schema, ByteView data, bool is_quoted);
  void string(std::string_view text, bool is_quoted);
  void decimal(ByteView unscaled, std::int64_t scale, bool is_quoted);
  void hex(ByteView data, bool is_quoted);
  void record(const Schema& schema, int depth);
  void array(const Schema& schema, int depth);
  void map(const Schema& schema, int depth);
  /// Text in which there is nothing to escape.
  template <class F>
  void plain(bool is_quoted, F&& append) {
    if (is_quoted) out_ += '"';
    append();
    if (is_quoted) out_ += '"';
  }
  void check_size() const {
    if (out_.size() > max_bytes_) throw Error("54000", concat("text of a value has more than ", max_bytes_, " bytes"));
  }
  static void check_depth(int depth) {
    if (depth > kMaxValueDepth) throw Error("54000", concat("value is nested more than ", kMaxValueDepth, " levels deep"));
  }

  std::string& out_;
  Decoder& decoder_;
  std::size_t max_bytes_;
};

void ValueWriter::value(const Schema& schema, int depth, bool is_quoted) {
  check_size();
  switch (schema.type) {
    case Type::null_:
      out_ += "null";
      return;
    case Type::boolean:
      out_ += decoder_.boolean() ? "true" : "false";
      return;
    case Type::int_:
      return integer(schema, decoder_.int_(), is_quoted);
    case Type::long_:
      return integer(schema, decoder_.long_(), is_quoted);
    case Type::float_:
      return real(
          decoder_.float_(), [](char* b, char* e, double n) { return std::to_chars(b, e, static_cast<float>(n)); }, is_quoted);
    case Type::double_:
      return real(
          decoder_.double_(), [](char* b, char* e, double n) { return std::to_chars(b, e, n); }, is_quoted);
    case Type::bytes:
      return bytes(schema, decoder_.bytes(), is_quoted);
    case Type::fixed:
      return bytes(schema, decoder_.fixed(schema.size_bytes), is_quoted);
    case Type::string:
      return string(decoder_.string(), is_quoted);
    case Type::enum_:
      return string(schema.symbols[decoder_.index(schema.symbols.size())], is_quoted);
    case Type::union_:
      return value(*schema.branches[decoder_.index(schema.branches.size())], depth, is_quoted);
    case Type::record:
      return record(schema, depth + 1);
    case Type::array:
      return array(schema, depth + 1);
    case Type::map:
      return map(schema, depth + 1);
  }
}

void ValueWriter::integer(const Schema& schema, std::int64_t number, bool is_quoted) {
  const std::string& logical = schema.logical_type;
  if (logical.empty()) {
    out_ += concat(number);
    return;
  }
  const bool is_int = schema.type == Type::int_;
  const std::int64_t largest = is_int ? std::numeric_limits<std::int32_t>::max() : std::numeric_limits<std::int64_t>::max();
  const bool is_infinite = (number == largest || number == -largest - 1) && find_property(schema.properties, "pg.infinity");
  if (is_infinite) return plain(is_quoted, [&] { out_ += number < 0 ? "-infinity" : "infinity"; });
  if (logical == "date") return plain(is_quoted, [&] { append_date(out_, number); });
  if (const std::int64_t unit = timestamp_unit(logical); unit != 0)
    return plain(is_quoted, [&] { append_timestamp(out_, number, unit, !logical.starts_with("local-")); });
  std::string time;
  if (!append_time(time, number, logical == "time-millis" ? 1000 : 1'000'000)) {
    out_ += concat(number);
    return;
  }
  plain(is_quoted, [&] { out_ += time; });
}

void ValueWriter::real(double number, std::to_chars_result (*format)(char*, char*, double), bool is_quoted) {
  if (std::isnan(number)) return plain(is_quoted, [&] { out_ += "NaN"; });
  if (std::isinf(number)) return plain(is_quoted, [&] { out_ += number < 0 ? "-Infinity" : "Infinity"; });
  char digits[32];
  out_.append(digits, format(digits, digits + sizeof digits, number).ptr);
}

void ValueWriter::bytes(const Schema& schema, ByteView data, bool is_quoted) {
  const std::string& logical = schema.logical_type;
  if (logical == "decimal") return decimal(data, schema.scale, is_quoted);
  if (logical == "big-decimal") {
    Decoder parts(data);
    const BigDecimal number = read_big_decimal(parts);
    return decimal(number.unscaled, number.scale, is_quoted);
  }
  if (logical == "duration") {
    std::uint32_t parts[3];
    std::memcpy(parts, data.data(), sizeof parts);
    return plain(is_quoted, [&] { append_duration(out_, parts[0], parts[1], parts[2]); });
  }
  if (logical != "uuid") return hex(data, is_quoted);
  constexpr char kHex[] = "0123456789abcdef";
  plain(is_quoted, [&] {
    for (std::size_t i = 0; i < data.size(); i++) {
      if (i == 4 || i == 6 || i == 8 || i == 10) out_ += '-';
      out_ += kHex[data[i] >> 4];
      out_ += kHex[data[i] & 15];
    }
  });
}

void ValueWriter::decimal(ByteView unscaled, std::int64_t scale, bool is_quoted) {
  const bool has_digits = !unscaled.empty() && unscaled.size() <= kMaxDecimalBytes && scale >= 0 && scale <= kMaxDecimalScale;
  if (!has_digits) return hex(unscaled, is_quoted);
  append_decimal(out_, unscaled, static_cast<int>(scale), decoder_.interrupt_check());
}

void ValueWriter::hex(ByteView data, bool is_quoted) {
  constexpr char kHex[] = "0123456789abcdef";
  plain(is_quoted, [&] {
    out_ += is_quoted ? "\\\\x" : "\\x";
    for (const std::uint8_t byte : data) {
      out_ += kHex[byte >> 4];
      out_ += kHex[byte & 15];
    }
  });
  check_size();
}

void ValueWriter::string(std::string_view text, bool is_quoted) {
  if (!simdjson::validate_utf8(text.data(), text.size())) throw Error("22021", "string is not valid UTF-8");
  if (is_quoted)
    append_json_string(out_, text);
  else
    out_ += text;
  check_size();
}

void ValueWriter::record(const Schema& schema, int depth) {
  check_depth(depth);
  out_ += '{';
  for (const Field& field : schema.fields) {
    if (&field != schema.fields.data()) out_ += ", ";
    append_json_string(out_, field.name);
    out_ += ": ";
    value(*field.schema, depth, true);
  }
  out_ += '}';
}

void ValueWriter::array(const Schema& schema, int depth) {
  check_depth(depth);
  out_ += '[';
  bool is_first = true;
  for (ItemBlock block = decoder_.item_block(schema); block.count != 0; block = decoder_.item_block(schema))
    for (std::size_t i = 0; i < block.count; i++, is_first = false) {
      decoder_.check_interrupts();
      if (!is_first) out_ += ", ";
      value(*schema.items, depth, true);
    }
  out_ += ']';
}

void ValueWriter::map(const Schema& schema, int depth) {
  check_depth(depth);
  out_ += '{';
  bool is_first = true;
  for (ItemBlock block = decoder_.item_block(schema); block.count != 0; block = decoder_.item_block(schema))
    for (std::size_t i = 0; i < block.count; i++, is_first = false) {
      decoder_.check_interrupts();
      if (!is_first) out_ += ", ";
      string(decoder_.string(), true);
      out_ += ": ";
      value(*schema.items, depth, true);
    }
  out_ += '}';
}

}  // namespace

void append_json(std::string& out, Decoder& decoder, const Schema& schema, std::size_t max_bytes) {
  ValueWriter writer(out, decoder, max_bytes);
  writer.value(schema, 0, true);
}

void append_text(std::string& out, Decoder& decoder, const Schema& schema, std::size_t max_bytes) {
  ValueWriter writer(out, decoder, max_bytes);
  writer.value(schema, 0, false);
}

void append_decimal(std::string& out, ByteView unscaled, int scale, CheckInterrupts check_interrupts) {
  constexpr std::uint32_t kGroup = 1'000'000'000;
  constexpr std::size_t kGroupDigits = 9;
  const bool is_negative = (unscaled.front() & 0x80) != 0;
  // the magnitude in words of 32 bits, the lowest first
  std::vector<std::uint32_t> words((unscaled.size() + 3) / 4, is_negative ? ~std::uint32_t{0} : 0);
  for (std::size_t i = 0; i < unscaled.size(); i++) {
    const std::size_t place = unscaled.size() - 1 - i, shift = place % 4 * 8;
    words[place / 4] &= ~(std::uint32_t{0xff} << shift);
    words[place / 4] |= std::uint32_t{unscaled[i]} << shift;
  }
  std::uint64_t carry = is_negative ? 1 : 0;
  for (std::uint32_t& word : words) {
    if (!is_negative) break;
    carry += static_cast<std::uint32_t>(~word);
    word = static_cast<std::uint32_t>(carry);
    carry >>= 32;
  }
  std::string digits;  // the lowest first
  while (!words.empty()) {
    if (check_interrupts != nullptr) check_interrupts();
    std::uint64_t rest = 0;
    for (std::size_t i = words.size(); i-- > 0;) {
      rest = rest << 32 | words[i];
      words[i] = static_cast<std::uint32_t>(rest / kGroup);
      rest %= kGroup;
    }
    for (std::size_t i = 0; i < kGroupDigits; i++, rest /= 10) digits += static_cast<char>('0' + rest % 10);
    while (!words.empty() && words.back() == 0) words.pop_back();
  }
  const auto fraction_digits = static_cast<std::size_t>(scale);
  digits.erase(digits.find_last_not_of('0') + 1);
  if (digits.size() < fraction_digits + 1) digits.append(fraction_digits + 1 - digits.size(), '0');
  if (is_negative) out += '-';
  out.append(digits.rbegin(), digits.rend() - static_cast<std::ptrdiff_t>(fraction_digits));
  if (scale == 0) return;
  out += '.';
  out.append(digits.rend() - static_cast<std::ptrdiff_t>(fraction_digits), digits.rend());
}

BigDecimal read_big_decimal(Decoder& decoder) {
  BigDecimal number{decoder.bytes(), 0};
  number.scale = decoder.int_();
  if (!decoder.at_end()) throw Error("22P04", concat("big-decimal has ", decoder.remaining(), " bytes after its scale"));
  return number;
}

std::int64_t timestamp_unit(std::string_view logical_type) {
  if (logical_type.starts_with("local-")) logical_type.remove_prefix(6);
  if (logical_type == "timestamp-millis") return 1000;
  if (logical_type == "timestamp-micros") return 1'000'000;
  return logical_type == "timestamp-nanos" ? 1'000'000'000 : 0;
}

}  // namespace ferry::avro

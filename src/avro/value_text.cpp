#include "avro/value_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include <simdjson.h>

#include "avro/calendar_text.hpp"
#include "avro/logical_type.hpp"
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
  void decimal(const Decimal& number);
  void hex(ByteView data, bool is_quoted);
  void record(const Schema& schema, int depth);
  void array(const Schema& schema, int depth);
  void map(const Schema& schema, int depth);
  /// Takes a long text a step at a time, so that a cancel need not wait for the whole.
  template <class F>
  void for_steps(std::string_view text, F&& append) {
    constexpr std::size_t kStepBytes = std::size_t{1} << 20;
    for (; !text.empty(); text.remove_prefix(std::min(text.size(), kStepBytes))) {
      decoder_.check_interrupts();
      append(text.substr(0, kStepBytes));
    }
  }
  /// What append() appends has nothing to escape left.
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
      if (schema.logical_type == kScaledDecimal) return append_scaled_decimal(out_, decoder_);
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
  const std::int64_t unit = time_unit(logical);
  check_time(number, unit);
  plain(is_quoted, [&] { append_time(out_, number, unit); });
}

void ValueWriter::real(double number, std::to_chars_result (*format)(char*, char*, double), bool is_quoted) {
  if (std::isnan(number)) return plain(is_quoted, [&] { out_ += "NaN"; });
  if (std::isinf(number)) return plain(is_quoted, [&] { out_ += number < 0 ? "-Infinity" : "Infinity"; });
  char digits[32];
  out_.append(digits, format(digits, digits + sizeof digits, number).ptr);
}

void ValueWriter::bytes(const Schema& schema, ByteView data, bool is_quoted) {
  const std::string& logical = schema.logical_type;
  if (logical == "decimal") return decimal({data, schema.scale});
  if (logical == "big-decimal") return decimal(read_big_decimal(data));
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

void ValueWriter::decimal(const Decimal& number) {
  check_decimal(number);
  append_decimal(out_, number, decoder_.interrupt_check());
}

void ValueWriter::hex(ByteView data, bool is_quoted) {
  constexpr char kHex[] = "0123456789abcdef";
  plain(is_quoted, [&] {
    out_ += is_quoted ? "\\\\x" : "\\x";
    for_steps(as_text(data), [&](std::string_view step) {
      for (const char c : step) {
        const auto byte = static_cast<std::uint8_t>(c);
        out_ += kHex[byte >> 4];
        out_ += kHex[byte & 15];
      }
    });
  });
  check_size();
}

void ValueWriter::string(std::string_view text, bool is_quoted) {
  if (!simdjson::validate_utf8(text.data(), text.size())) throw Error("22021", "string is not valid UTF-8");
  plain(is_quoted, [&] {
    for_steps(text, [&](std::string_view step) {
      if (is_quoted)
        append_json_characters(out_, step);
      else
        out_ += step;
    });
  });
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

void append_decimal(std::string& out, const Decimal& decimal, CheckInterrupts check_interrupts) {
  const ByteView unscaled = decimal.unscaled;
  constexpr std::uint32_t kGroup = 1'000'000'000;
  constexpr std::size_t kGroupDigits = 9;
  const bool is_negative = (unscaled.front() & 0x80) != 0;
  // the magnitude in words of 32 bits, the lowest first
  std::vector<std::uint32_t> words((unscaled.size() + 3) / 4, is_negative ? ~std::uint32_t{0} : 0);
  for (std::size_t i = 0; i < unscaled.size(); i++) {
    const std::size_t index = unscaled.size() - 1 - i, shift = index % 4 * 8;
    words[index / 4] &= ~(std::uint32_t{0xff} << shift);
    words[index / 4] |= std::uint32_t{unscaled[i]} << shift;
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
    check(check_interrupts);
    std::uint64_t rest = 0;
    for (std::size_t i = words.size(); i-- > 0;) {
      rest = rest << 32 | words[i];
      words[i] = static_cast<std::uint32_t>(rest / kGroup);
      rest %= kGroup;
    }
    for (std::size_t i = 0; i < kGroupDigits; i++, rest /= 10) digits += static_cast<char>('0' + rest % 10);
    while (!words.empty() && words.back() == 0) words.pop_back();
  }
  const auto fraction_digits = static_cast<std::size_t>(decimal.scale);
  digits.erase(digits.find_last_not_of('0') + 1);
  if (digits.size() < fraction_digits + 1) digits.append(fraction_digits + 1 - digits.size(), '0');
  if (is_negative) out += '-';
  out.append(digits.rbegin(), digits.rend() - static_cast<std::ptrdiff_t>(fraction_digits));
  if (decimal.scale == 0) return;
  out += '.';
  out.append(digits.rend() - static_cast<std::ptrdiff_t>(fraction_digits), digits.rend());
}

Decimal read_big_decimal(ByteView stored) {
  Decoder parts(stored);
  Decimal decimal{parts.bytes(), 0};
  decimal.scale = parts.int_();
  if (!parts.at_end()) throw Error("22P04", concat("big-decimal has ", parts.remaining(), " bytes after its scale"));
  return decimal;
}

void append_scaled_decimal(std::string& out, Decoder& decoder) {
  const std::int32_t scale = decoder.int_();
  const Decimal decimal{decoder.bytes(), std::max(scale, 0)};
  check_decimal(decimal);
  check_decimal({decimal.unscaled, scale < -kMaxDecimalScale ? scale : std::abs(scale)});
  append_decimal(out, decimal, decoder.interrupt_check());
  if (scale < 0) out.append(static_cast<std::size_t>(-scale), '0');
}

void check_decimal(const Decimal& decimal) {
  const std::size_t size_bytes = decimal.unscaled.size();
  if (size_bytes == 0) throw Error("22P04", "decimal of 0 bytes");
  if (size_bytes > kMaxDecimalBytes || decimal.scale < 0 || decimal.scale > kMaxDecimalScale)
    throw Error("22003", concat("decimal of ", size_bytes, " bytes and scale ", decimal.scale, " is out of range"));
}

std::int64_t time_unit(std::string_view logical_type) {
  if (logical_type == kTimeNanos) return 1'000'000'000;
  if (logical_type == "time-millis") return 1000;
  return logical_type == "time-micros" ? 1'000'000 : 0;
}

void check_time(std::int64_t value, std::int64_t unit) {
  constexpr std::int64_t kSecondsPerDay = 86'400;
  if (value < 0 || value > kSecondsPerDay * unit)
    throw Error("22008", concat("time of ", value,
                                unit == 1000        ? " milliseconds"
                                : unit == 1'000'000 ? " microseconds"
                                                    : " nanoseconds",
                                " is out of range"));
}

std::int64_t timestamp_unit(std::string_view logical_type) {
  if (logical_type.starts_with("local-")) logical_type.remove_prefix(6);
  if (logical_type == "timestamp-millis") return 1000;
  if (logical_type == "timestamp-micros") return 1'000'000;
  return logical_type == "timestamp-nanos" ? 1'000'000'000 : 0;
}

}  // namespace ferry::avro

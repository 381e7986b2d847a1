#include "map/types/decimal.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <limits>

extern "C" {
#include "lib/stringinfo.h"
#include "port/pg_bswap.h"
#include "utils/fmgrprotos.h"
}

namespace ferry::map {
namespace {

constexpr int kGroup = 10000;  // a numeric's digits are groups of four decimal ones
constexpr int kGroupDigits = 4;

constexpr auto kPowersOfTen = [] {
  std::array<Int128, kMaxDecimalDigits + 1> powers{1};
  for (std::size_t i = 1; i < powers.size(); i++) powers[i] = powers[i - 1] * 10;
  return powers;
}();

/// The parts of a stored numeric.
struct Stored {
  bool is_special, is_negative;
  int display_scale, weight, group_count;
  const char* groups;

  [[nodiscard]] int group(int index) const {
    if (index < 0 || index >= group_count) return 0;
    std::int16_t value;
    std::memcpy(&value, groups + 2 * index, sizeof value);
    return value;
  }
};

Stored parse(const varlena* number) {
  const char* data = VARDATA_ANY(number);
  int size_bytes = static_cast<int>(VARSIZE_ANY_EXHDR(number));
  std::uint16_t header;
  std::memcpy(&header, data, sizeof header);
  data += 2, size_bytes -= 2;
  Stored stored{};
  if ((header & 0xc000) == 0xc000) {  // NaN, the infinities
    stored.is_special = true;
    return stored;
  }
  if ((header & 0xc000) == 0x8000) {  // the short form: all in one word
    stored.is_negative = (header & 0x2000) != 0;
    stored.display_scale = (header & 0x1f80) >> 7;
    stored.weight = (header & 0x3f) - (header & 0x40);
  } else {
    stored.is_negative = (header & 0x4000) != 0;
    stored.display_scale = header & 0x3fff;
    std::int16_t weight;
    std::memcpy(&weight, data, sizeof weight);
    stored.weight = weight;
    data += 2, size_bytes -= 2;
  }
  stored.groups = data;
  stored.group_count = size_bytes / 2;
  return stored;
}

void put_word(char*& out, int value) {
  const std::uint16_t word = pg_hton16(static_cast<std::uint16_t>(value));
  std::memcpy(out, &word, sizeof word);
  out += sizeof word;
}

/// The digits down to the scale as one number, without a sign; nothing where there are others below or it exceeds Value.
template <class Value>
std::optional<Value> magnitude(const Stored& stored, int scale, int fraction_groups) {
  Value value = 0;
  for (int at = std::max(stored.weight, 0); at >= -fraction_groups; at--) {
    int group = stored.group(stored.weight - at);
    int factor = kGroup;
    if (at == -fraction_groups && scale % kGroupDigits != 0) {  // only the upper digits of this group are within the scale
      factor = static_cast<int>(power_of_ten(scale % kGroupDigits));
      if (group % (kGroup / factor) != 0) return std::nullopt;
      group /= kGroup / factor;
    }
    if (__builtin_mul_overflow(value, Value{factor}, &value) || __builtin_add_overflow(value, Value{group}, &value))
      return std::nullopt;
  }
  for (int i = stored.weight + fraction_groups + 1; i < stored.group_count; i++)
    if (stored.group(i) != 0) return std::nullopt;
  return value;
}

}  // namespace

Int128 power_of_ten(int exponent) { return kPowersOfTen[exponent]; }

std::optional<Int128> scaled_value(const varlena* number, int precision, int scale) {
  const Stored stored = parse(number);
  if (stored.is_special || stored.display_scale != scale) return std::nullopt;
  if ((stored.weight + 1) * kGroupDigits > kMaxDecimalDigits + kGroupDigits) return std::nullopt;
  const int fraction_groups = (scale + kGroupDigits - 1) / kGroupDigits;
  const bool is_short =
      (std::max(stored.weight, 0) + 1 + fraction_groups) * kGroupDigits <= std::numeric_limits<std::int64_t>::digits10;
  std::optional<Int128> value;
  if (is_short)
    value = magnitude<std::int64_t>(stored, scale, fraction_groups);
  else
    value = magnitude<Int128>(stored, scale, fraction_groups);
  if (!value || *value >= power_of_ten(precision)) return std::nullopt;
  return stored.is_negative ? -*value : *value;
}

Datum numeric_from_scaled(Int128 value, int scale, std::int32_t type_modifier) {
  int groups[kMaxDecimalDigits / kGroupDigits + 3];
  int count = 0;
  const bool is_negative = value < 0;
  auto rest = static_cast<unsigned __int128>(value);
  if (is_negative) rest = -rest;
  if (const int odd_digits = scale % kGroupDigits; odd_digits != 0) {
    const int power = static_cast<int>(power_of_ten(odd_digits));
    groups[count++] = static_cast<int>(rest % static_cast<unsigned>(power)) * (kGroup / power);
    rest /= static_cast<unsigned>(power);
  }
  for (; rest != 0; rest /= kGroup) groups[count++] = static_cast<int>(rest % kGroup);
  // the form that binary COPY has, which the server reads and checks itself
  char message[8 + 2 * std::size(groups)];
  char* out = message;
  put_word(out, count);
  put_word(out, count - 1 - (scale + kGroupDigits - 1) / kGroupDigits);
  put_word(out, is_negative ? 0x4000 : 0);
  put_word(out, scale);
  while (count > 0) put_word(out, groups[--count]);
  StringInfoData buffer{};
  buffer.data = message;
  buffer.len = buffer.maxlen = static_cast<int>(out - message);
  return DirectFunctionCall3(numeric_recv, PointerGetDatum(&buffer), ObjectIdGetDatum(InvalidOid), Int32GetDatum(type_modifier));
}

void store_decimal(std::uint8_t* out, int size_bytes, Int128 value) {
  for (int i = size_bytes - 1; i >= 0; i--, value >>= 8) out[i] = static_cast<std::uint8_t>(value & 0xff);
}

Int128 load_decimal(const std::uint8_t* in, int size_bytes) {
  Int128 value = static_cast<std::int8_t>(in[0]);
  for (int i = 1; i < size_bytes; i++) value = value * 256 + in[i];
  return value;
}

}  // namespace ferry::map

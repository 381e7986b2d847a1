#include "text/column_names.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "base/concat.hpp"

namespace ferry::text {
namespace {

constexpr std::size_t kMaxNameBytes = 63;

bool is_small(char c) { return c >= 'a' && c <= 'z'; }
bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter_byte(char c) { return is_small(c) || is_capital(c) || (c & 0x80) != 0; }

/// Bytes of a blank, a dash or another mark beyond ASCII at a place of a text: U+0080 to U+00BF, U+2000 to U+206F, U+3000,
/// U+FEFF. 0: there is none.
std::size_t mark_bytes(std::string_view text, std::size_t at) {
  const std::string_view rest = text.substr(at);
  if (rest.size() >= 2 && rest[0] == '\xC2') return 2;
  if (rest.size() >= 3 && rest[0] == '\xE2' && (rest[1] == '\x80' || rest[1] == '\x81')) return 3;
  return rest.starts_with("\xE3\x80\x80") || rest.starts_with("\xEF\xBB\xBF") ? 3 : 0;
}

/// Whether a word starts at a capital: departmentId, HTTPStatus.
bool starts_word(std::string_view text, std::size_t at) {
  if (at == 0 || !is_capital(text[at])) return false;
  const bool before_small = at + 1 < text.size() && is_small(text[at + 1]);
  return is_small(text[at - 1]) || is_digit(text[at - 1]) || (is_capital(text[at - 1]) && before_small);
}

/// The front of a text that has at most so many bytes and ends with a whole character of UTF-8.
std::string_view clip(std::string_view text, std::size_t most_bytes) {
  if (text.size() <= most_bytes) return text;
  std::size_t size = most_bytes;
  while (size > 0 && (text[size] & 0xC0) == 0x80) size--;
  return text.substr(0, size);
}

bool is_plain_already(std::string_view text) {
  return !text.empty() && !is_digit(text.front()) &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_small(c) || is_digit(c) || c == '_'; });
}

bool belongs_to_system(std::string_view name) {
  constexpr std::array<std::string_view, 6> kNames{"tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

std::string with_tail(std::string_view name, std::string_view tail) {
  return concat(clip(name, kMaxNameBytes - tail.size()), tail);
}

}  // namespace

std::string plain_name(std::string_view text) {
  if (is_plain_already(text)) return std::string(clip(text, kMaxNameBytes));
  std::string name;
  const auto separate = [&name] {
    if (!name.empty() && name.back() != '_') name += '_';
  };
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (const std::size_t size = mark_bytes(text, at); size > 0) {
      separate();
      at += size;
      continue;
    }
    if (c == '%') {
      separate();
      name += "percent_";
    } else if (is_letter_byte(c) || is_digit(c)) {
      if (starts_word(text, at)) separate();
      name += is_capital(c) ? static_cast<char>(c | 0x20) : c;
    } else if (c != '\'') {
      separate();
    }
    at++;
  }
  while (!name.empty() && name.back() == '_') name.pop_back();
  if (!name.empty() && is_digit(name.front())) name.insert(name.begin(), '_');
  return std::string(clip(name, kMaxNameBytes));
}

std::vector<std::string> column_names(const std::vector<std::string>& header) {
  std::vector<std::string> names;
  std::set<std::string> taken;
  for (std::size_t i = 0; i < header.size(); i++) {
    std::string wanted = plain_name(header[i]);
    if (wanted.empty()) wanted = concat("column_", i + 1);
    if (belongs_to_system(wanted)) wanted += '_';
    std::string name = wanted;
    for (std::size_t number = 2; !taken.insert(name).second; number++) name = with_tail(wanted, concat('_', number));
    names.push_back(std::move(name));
  }
  return names;
}

}  // namespace ferry::text

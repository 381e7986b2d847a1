#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace ferry::text {

/// The grammar of one JSON value (RFC 8259), which takes the text in pieces of any size. Values may be nested as deeply as they
/// like: a level costs a bit. What is in strings need not be valid UTF-8.
class JsonSyntax {
 public:
  enum class Verdict : std::uint8_t {
    open,   ///< there has to be more
    ended,  ///< the value is there
    wrong,  ///< no more text makes it a value
  };

  /// Begins a new value.
  void begin();
  /// Takes text up to the value's end or to the first byte that cannot be there; how many bytes. Of a number only the byte
  /// behind it, or end(), tells that it has ended.
  [[nodiscard]] std::size_t take(std::string_view text);
  /// The text has no more bytes.
  void end();
  [[nodiscard]] Verdict verdict() const { return verdict_; }
  /// What could have stood where the text is wrong, or has to follow, for people: a colon, "a value".
  [[nodiscard]] const char* expected() const;

 private:
  enum class State : std::uint8_t {
    value,
    value_or_end,
    key,
    key_or_end,
    colon,
    more,  ///< behind a value in an array or object
    text,
    escape,
    hex,
    literal,
    minus,
    zero,
    integer,
    point,
    fraction,
    exponent,
    exponent_sign,
    exponent_digits,
  };

  bool step(char c);
  bool begin_value(char c);
  bool step_number(char c);
  bool end_number(char c);
  bool close(bool object);
  bool end_text();
  void end_value();
  bool go(State state) {
    state_ = state;
    return true;
  }

  State state_ = State::value;
  Verdict verdict_ = Verdict::open;
  bool is_key_ = false;              ///< the text is one
  int hex_left_ = 0;                 ///< digits
  std::string_view literal_left_{};  ///< of true, false, null
  std::vector<bool> levels_{};       ///< open arrays and objects: whether it is an object
};

/// Where a text is no JSON value, and what could have stood there.
struct JsonFault {
  std::size_t at = 0;
  const char* expected = nullptr;
};

/// Whether a text is one JSON value, blanks around it aside: nothing, or the first fault.
[[nodiscard]] std::optional<JsonFault> find_json_fault(std::string_view text);

/// A blank of JSON.
[[nodiscard]] constexpr bool is_json_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

}  // namespace ferry::text

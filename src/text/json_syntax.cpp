#include "text/json_syntax.hpp"

#include <algorithm>

namespace ferry::text {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex_digit(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

}  // namespace

void JsonSyntax::begin() {
  state_ = State::value;
  verdict_ = Verdict::open;
  levels_.clear();
}

std::size_t JsonSyntax::take(std::string_view text) {
  std::size_t at = 0;
  while (verdict_ == Verdict::open && at < text.size()) {
    if (state_ == State::text) {  // most bytes are in texts
      const auto special = std::find_if(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(),
                                        [](char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < ' '; });
      at = static_cast<std::size_t>(special - text.begin());
      if (at == text.size()) break;
    }
    if (step(text[at]))
      at++;
    else if (verdict_ == Verdict::open)
      verdict_ = Verdict::wrong;
  }
  return at;
}

void JsonSyntax::end() {
  if (verdict_ == Verdict::open && levels_.empty()) end_number('\0');
  if (verdict_ == Verdict::open) verdict_ = Verdict::wrong;
}

/// Takes a byte; false where it does not belong to the value.
bool JsonSyntax::step(char c) {
  switch (state_) {
    case State::text:
      if (c == '"') return end_text();
      return c == '\\' && go(State::escape);
    case State::escape:
      if (c == 'u') {
        hex_left_ = 4;
        return go(State::hex);
      }
      return std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos && go(State::text);
    case State::hex:
      return is_hex_digit(c) && (--hex_left_ > 0 || go(State::text));
    case State::literal:
      if (c != literal_left_.front()) return false;
      literal_left_.remove_prefix(1);
      if (literal_left_.empty()) end_value();
      return true;
    case State::value:
    case State::value_or_end:
      return is_json_blank(c) || (c == ']' && state_ == State::value_or_end ? close(false) : begin_value(c));
    case State::key:
    case State::key_or_end:
      if (c == '}' && state_ == State::key_or_end) return close(true);
      is_key_ = true;
      return is_json_blank(c) || (c == '"' && go(State::text));
    case State::colon:
      return is_json_blank(c) || (c == ':' && go(State::value));
    case State::more:
      if (c == ',') return go(levels_.back() ? State::key : State::value);
      return is_json_blank(c) || ((c == ']' || c == '}') && close(c == '}'));
    default:
      return step_number(c);
  }
}

bool JsonSyntax::begin_value(char c) {
  switch (c) {
    case '{':
      levels_.push_back(true);
      return go(State::key_or_end);
    case '[':
      levels_.push_back(false);
      return go(State::value_or_end);
    case '"':
      is_key_ = false;
      return go(State::text);
    case 't':
      literal_left_ = "rue";
      return go(State::literal);
    case 'f':
      literal_left_ = "alse";
      return go(State::literal);
    case 'n':
      literal_left_ = "ull";
      return go(State::literal);
    case '-':
      return go(State::minus);
    case '0':
      return go(State::zero);
    default:
      return is_digit(c) && go(State::integer);
  }
}

bool JsonSyntax::step_number(char c) {
  const bool may_have_exponent = state_ == State::zero || state_ == State::integer || state_ == State::fraction;
  if (may_have_exponent && (c == 'e' || c == 'E')) return go(State::exponent);
  if (c == '.' && (state_ == State::zero || state_ == State::integer)) return go(State::point);
  if ((c == '+' || c == '-') && state_ == State::exponent) return go(State::exponent_sign);
  if (!is_digit(c) || state_ == State::zero) return end_number(c);
  if (state_ == State::minus) return go(c == '0' ? State::zero : State::integer);
  if (state_ == State::point) return go(State::fraction);
  if (state_ == State::exponent || state_ == State::exponent_sign) return go(State::exponent_digits);
  return true;
}

/// The number has no more digits; then c is taken behind it, unless the whole value has ended.
bool JsonSyntax::end_number(char c) {
  const bool may_end =
      state_ == State::zero || state_ == State::integer || state_ == State::fraction || state_ == State::exponent_digits;
  if (!may_end || is_digit(c)) return false;
  end_value();
  return verdict_ == Verdict::open && step(c);
}

bool JsonSyntax::close(bool object) {
  if (levels_.back() != object) return false;
  levels_.pop_back();
  end_value();
  return true;
}

bool JsonSyntax::end_text() {
  if (is_key_) return go(State::colon);
  end_value();
  return true;
}

void JsonSyntax::end_value() {
  state_ = State::more;
  if (levels_.empty()) verdict_ = Verdict::ended;
}

const char* JsonSyntax::expected() const {
  switch (state_) {
    case State::value:
      return "a value";
    case State::value_or_end:
      return "a value or \"]\"";
    case State::key:
      return "a key in quotes";
    case State::key_or_end:
      return "a key in quotes or \"}\"";
    case State::colon:
      return "\":\"";
    case State::more:
      return levels_.empty() ? "the end of the row" : levels_.back() ? "\",\" or \"}\"" : "\",\" or \"]\"";
    case State::text:
      return "a character of a string or its closing quote";
    case State::escape:
      return "an escape sequence";
    case State::hex:
      return "a hexadecimal digit";
    case State::literal:
      return "true, false or null";
    case State::zero:
      return "no digit behind a leading zero";
    default:
      return "a digit";
  }
}

std::optional<JsonFault> find_json_fault(std::string_view text) {
  JsonSyntax syntax;
  syntax.begin();
  std::size_t at = syntax.take(text);
  if (at == text.size()) syntax.end();
  while (syntax.verdict() == JsonSyntax::Verdict::ended && at < text.size() && is_json_blank(text[at])) at++;
  if (syntax.verdict() == JsonSyntax::Verdict::ended && at == text.size()) return std::nullopt;
  return JsonFault{at, syntax.expected()};
}

}  // namespace ferry::text

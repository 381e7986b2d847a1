#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/concat.hpp"
#include "base/json_text.hpp"

namespace ferry {

/// Appends JSON to a string, with the commas between the members of objects and the elements of arrays.
class JsonWriter {
 public:
  /// out outlives the writer. separator: between members, with whatever blanks it is to have.
  explicit JsonWriter(std::string& out, const char* separator = ", ") : out_(out), separator_(separator) {}

  void open(char bracket) {
    separate();
    out_ += bracket;
  }
  void close(char bracket) { out_ += bracket; }
  /// Of the member whose value is written next.
  void key(std::string_view name) {
    separate();
    append_json_string(out_, name);
    out_ += ':';
  }
  void text(std::string_view value) {
    separate();
    append_json_string(out_, value);
  }
  void number(std::integral auto value) {
    separate();
    out_ += concat(value);
  }
  void boolean(bool value) { json(value ? "true" : "false"); }
  /// What is JSON already.
  void json(std::string_view value) {
    separate();
    out_ += value;
  }

  void member(std::string_view name, std::string_view value) { key(name), text(value); }
  void member(std::string_view name, const char* value) { key(name), text(value); }
  void member(std::string_view name, const std::string& value) { key(name), text(value); }
  void member(std::string_view name, std::int64_t value) { key(name), number(value); }
  void member(std::string_view name, bool value) { key(name), boolean(value); }
  /// An array of texts.
  template <class Texts>
  requires requires(const Texts& texts) { std::string_view(*texts.begin()); }
  void texts(std::string_view name, const Texts& values) {
    key(name);
    open('[');
    for (const auto& value : values) text(value);
    close(']');
  }

 private:
  void separate() {
    if (!out_.empty() && out_.back() != '{' && out_.back() != '[' && out_.back() != ':') out_ += separator_;
  }

  std::string& out_;
  const char* separator_;
};

}  // namespace ferry

#pragma once

#include <exception>
#include <string>
#include <utility>

namespace ferry {

/// Where an error was thrown. The strings are literals and live for ever.
struct ThrowSite {
  const char* file;
  int line;
  const char* function;
};

/// The one exception type of the project's own code. It carries what an SQL error carries, so that the boundary to the
/// server can hand it on unchanged. sqlstate: five characters. Names (column, constraint) are empty where they do not apply.
///
///   throw Error("22P04", "invalid sync marker").detail("The block ends at byte 812.");
class Error : public std::exception {
 public:
  // __builtin_FILE and its kin, and not std::source_location, which clang 14 lacks.
  Error(const char* sqlstate, std::string message, const char* file = __builtin_FILE(), int line = __builtin_LINE(),
        const char* function = __builtin_FUNCTION())
      : message_(std::move(message)), sqlstate_(sqlstate), site_{file, line, function} {}

  Error& detail(std::string text) & {
    detail_ = std::move(text);
    return *this;
  }
  Error&& detail(std::string text) && {
    detail_ = std::move(text);
    return std::move(*this);
  }
  Error& hint(std::string text) & {
    hint_ = std::move(text);
    return *this;
  }
  Error&& hint(std::string text) && {
    hint_ = std::move(text);
    return std::move(*this);
  }
  /// Adds a line of context; the innermost position comes first.
  Error& context(const std::string& text) & {
    if (!context_.empty()) context_ += '\n';
    context_ += text;
    return *this;
  }
  Error&& context(const std::string& text) && {
    context(text);
    return std::move(*this);
  }
  Error&& column(std::string name) && {
    column_ = std::move(name);
    return std::move(*this);
  }
  Error&& table(std::string name) && {
    table_ = std::move(name);
    return std::move(*this);
  }
  Error&& schema(std::string name) && {
    schema_ = std::move(name);
    return std::move(*this);
  }
  Error&& constraint(std::string name) && {
    constraint_ = std::move(name);
    return std::move(*this);
  }

  const char* what() const noexcept override { return message_.c_str(); }
  const std::string& sqlstate() const { return sqlstate_; }
  const std::string& message() const { return message_; }
  const std::string& detail() const { return detail_; }
  const std::string& hint() const { return hint_; }
  const std::string& context() const { return context_; }
  const std::string& column() const { return column_; }
  const std::string& table() const { return table_; }
  const std::string& schema() const { return schema_; }
  const std::string& constraint() const { return constraint_; }
  const ThrowSite& site() const { return site_; }

 private:
  std::string message_, sqlstate_, detail_, hint_, context_, column_, table_, schema_, constraint_;
  ThrowSite site_;
};

}  // namespace ferry

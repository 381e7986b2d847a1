#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/concat.hpp"
#include "pg/guard.hpp"

extern "C" {
#include "utils/timestamp.h"
}

/// Arguments and results of SQL functions.
namespace ferry::pg {

/// The arguments of a call by number, from 0. Errors: 22004 where a required one is null, named.
class Arguments {
 public:
  explicit Arguments(FunctionCallInfo call_info) : info_(call_info) {}

  [[nodiscard]] bool is_null(int number) const { return info_->args[number].isnull; }
  [[nodiscard]] Oid oid(int number, const char* name) const { return DatumGetObjectId(required(number, name)); }
  [[nodiscard]] bool boolean(int number, const char* name) const { return DatumGetBool(required(number, name)); }
  [[nodiscard]] std::int32_t integer(int number, const char* name) const { return DatumGetInt32(required(number, name)); }
  [[nodiscard]] std::int64_t bigint(int number, const char* name) const { return DatumGetInt64(required(number, name)); }
  [[nodiscard]] TimestampTz timestamptz(int number, const char* name) const {
    return DatumGetTimestampTz(required(number, name));
  }
  [[nodiscard]] std::string text(int number, const char* name) const { return to_string(required(number, name)); }
  /// The bytes of a text or json, which live as long as the call.
  [[nodiscard]] std::string_view text_view(int number, const char* name) const { return to_view(required(number, name)); }
  /// The text of a json, jsonb or text of that type, as a json would have it; lives as long as the call. Errors: 22P02 a text
  /// that is no JSON, with its place.
  [[nodiscard]] std::string_view json_view(int number, const char* name, Oid type) const;
  [[nodiscard]] std::optional<std::string> optional_text(int number) const {
    if (is_null(number)) return std::nullopt;
    return to_string(info_->args[number].value);
  }
  /// A jsonb as text.
  [[nodiscard]] std::optional<std::string> optional_jsonb(int number) const;
  [[nodiscard]] std::optional<std::int64_t> optional_bigint(int number) const {
    if (is_null(number)) return std::nullopt;
    return DatumGetInt64(info_->args[number].value);
  }
  /// The elements of a name[]; empty for null. Errors: 22004 a null element.
  [[nodiscard]] std::vector<std::string> names(int number, const char* name) const;
  /// The elements of a text[]. Errors: 22004 a null element.
  [[nodiscard]] std::vector<std::string> texts(int number, const char* name) const;
  /// The elements of a regclass[]. Errors: 22004 a null element.
  [[nodiscard]] std::vector<Oid> oids(int number, const char* name) const;

 private:
  [[nodiscard]] Datum required(int number, const char* name) const {
    if (is_null(number)) throw Error("22004", concat("argument \"", name, "\" must not be null"));
    return info_->args[number].value;
  }
  static std::string to_string(Datum datum);
  static std::string_view to_view(Datum datum);

  FunctionCallInfo info_;
};

/// A row as the result of a function that returns a record. values: as many as the function's result has columns.
Datum make_record(FunctionCallInfo call_info, const Datum* values, const bool* nulls);

/// The rows of a function that returns a set, one added after the other.
class ResultRows {
 public:
  /// Makes the function return a set. Errors: 0A000 called where no set can be.
  explicit ResultRows(FunctionCallInfo call_info);
  void add(const Datum* values, const bool* nulls);

 private:
  ReturnSetInfo* info_;
};

/// A text value in the current memory context.
[[nodiscard]] Datum text_datum(const std::string& text);

/// A float8 of milliseconds, rounded to microseconds.
[[nodiscard]] Datum milliseconds_datum(double milliseconds);

}  // namespace ferry::pg

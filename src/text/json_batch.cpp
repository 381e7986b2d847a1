#include "text/json_batch.hpp"

#include <algorithm>

#include <simdjson.h>

#include "base/concat.hpp"
#include "base/error.hpp"

namespace ferry::text {
namespace {

namespace ondemand = simdjson::ondemand;

[[noreturn]] void fail(simdjson::error_code code) {
  if (code == simdjson::MEMALLOC) throw std::bad_alloc();
  throw Error("22P02", "invalid JSON value").detail(concat(simdjson::error_message(code), "."));
}

template <class T>
T take(simdjson::simdjson_result<T> result) {
  T value;
  if (const auto code = std::move(result).get(value); code != simdjson::SUCCESS) fail(code);
  return value;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

/// A parsed document with what it lives on.
struct Document {
  simdjson::padded_string text;
  ondemand::parser parser;
  ondemand::document root;
  explicit Document(std::string_view json) : text(json) { root = take(parser.iterate(text)); }
};

/// The text of any value, scalar or not.
std::string raw_of(ondemand::value value) {
  std::string_view raw;
  if (const auto code = simdjson::to_json_string(value).get(raw); code != simdjson::SUCCESS) fail(code);
  return std::string(trim(raw));
}

void read_rows(ondemand::array array, std::vector<std::string>& rows) {
  for (auto element : array) rows.push_back(raw_of(take(std::move(element))));
}

void read_tables(ondemand::object object, std::vector<JsonTable>& tables) {
  for (auto member : object) {
    auto field = take(std::move(member));
    const std::string key(take(field.unescaped_key()));
    ondemand::array rows;
    if (field.value().get_array().get(rows) != simdjson::SUCCESS)
      throw Error("22023", concat("rows of \"", key, "\" are not a JSON array"));
    auto table = std::find_if(tables.begin(), tables.end(), [&](const JsonTable& known) { return known.name == key; });
    if (table == tables.end()) table = tables.insert(tables.end(), JsonTable{key, {}});
    read_rows(rows, table->rows);
  }
}

JsonMember read_member(ondemand::field& field) {
  JsonMember member;
  member.key = take(field.unescaped_key());
  ondemand::value value = field.value();
  switch (take(value.type())) {
    case ondemand::json_type::null:
      member.kind = JsonMember::Kind::null;
      (void)raw_of(value);
      break;
    case ondemand::json_type::string: {
      std::string_view text;
      const std::string_view raw = value.raw_json_token();
      if (value.get_string().get(text) != simdjson::SUCCESS) {
        member.kind = JsonMember::Kind::invalid;
        member.value = concat("invalid Unicode escape in ", trim(raw));
      } else if (text.find('\0') != std::string_view::npos) {
        member.kind = JsonMember::Kind::invalid;
        member.value = "\\u0000 cannot be converted to text";
      } else {
        member.kind = JsonMember::Kind::text;
        member.value = text;
        member.raw = trim(raw);
      }
      break;
    }
    case ondemand::json_type::array:
    case ondemand::json_type::object:
      member.kind = JsonMember::Kind::structure;
      member.value = raw_of(value);
      break;
    default:
      member.kind = JsonMember::Kind::scalar;
      member.value = trim(value.raw_json_token());
      (void)raw_of(value);
  }
  return member;
}

}  // namespace

std::vector<std::string> read_json_rows(std::string_view json) {
  Document document(json);
  ondemand::array array;
  if (document.root.get_array().get(array) != simdjson::SUCCESS) throw Error("22023", "rows are not a JSON array");
  std::vector<std::string> rows;
  read_rows(array, rows);
  return rows;
}

std::vector<JsonTable> read_json_tables(std::string_view json) {
  Document document(json);
  std::vector<JsonTable> tables;
  ondemand::array array;
  ondemand::object object;
  const auto type = take(document.root.type());
  if (type == ondemand::json_type::object) {
    if (const auto code = document.root.get_object().get(object); code != simdjson::SUCCESS) fail(code);
    read_tables(object, tables);
    return tables;
  }
  if (type != ondemand::json_type::array || document.root.get_array().get(array) != simdjson::SUCCESS)
    throw Error("22023", "batch is neither a JSON object nor an array of objects")
        .hint("Write {\"table\": [row, ...], ...} or [{\"table\": [row, ...]}, ...].");
  for (auto element : array) {
    if (element.get_object().get(object) != simdjson::SUCCESS)
      throw Error("22023", "batch is an array with an element that is no JSON object");
    read_tables(object, tables);
  }
  return tables;
}

std::optional<std::vector<JsonMember>> read_json_row(std::string_view json) {
  if (json.empty() || json.front() != '{') return std::nullopt;
  Document document(json);
  ondemand::object object;
  if (const auto code = document.root.get_object().get(object); code != simdjson::SUCCESS) fail(code);
  std::vector<JsonMember> members;
  for (auto element : object) {
    auto field = take(std::move(element));
    JsonMember member = read_member(field);
    const auto same =
        std::find_if(members.begin(), members.end(), [&](const JsonMember& known) { return known.key == member.key; });
    if (same == members.end())
      members.push_back(std::move(member));
    else
      *same = std::move(member);
  }
  return members;
}

}  // namespace ferry::text

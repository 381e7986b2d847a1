// What a JSON parser takes is split into rows and members without a crash, and as simdjson's other interface, which builds the
// whole tree, has them.
#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <map>
#include <string>

#include <simdjson.h>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "text/json_batch.hpp"

using namespace ferry;
namespace dom = simdjson::dom;

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

/// Some versions of simdjson pass over a byte order mark.
bool has_byte_order_mark(std::string_view json) { return json.starts_with("\xEF\xBB\xBF"); }

/// Text with each \uXXXX made harmless: the server takes half a surrogate pair or a zero for JSON, simdjson does not.
std::string without_unicode_escapes(std::string text) {
  for (std::size_t i = 0; i + 1 < text.size(); i++) {
    if (text[i] != '\\') continue;
    i++;
    if (text[i] != 'u' || i + 4 >= text.size()) continue;
    bool is_hex = true;
    for (std::size_t k = 1; k <= 4; k++) is_hex = is_hex && std::isxdigit(static_cast<unsigned char>(text[i + k])) != 0;
    if (is_hex) text.replace(i + 1, 4, "0041");
  }
  return text;
}

/// The same value in one way of writing it.
std::string canonical(std::string_view json) {
  dom::parser parser;
  dom::element element;
  check(parser.parse(std::string(json)).get(element) == simdjson::SUCCESS);
  return simdjson::minify(element);
}

std::string canonical(dom::element element) { return canonical(simdjson::minify(element)); }

void check_sqlstate(const Error& error) { check(error.sqlstate() == "22P02" || error.sqlstate() == "22023"); }

void check_rows(std::string_view json, const dom::element& root, bool is_exact) {
  std::vector<std::string> rows;
  try {
    rows = text::read_json_rows(json);
  } catch (const Error& error) {
    check_sqlstate(error);
    check(!root.is_array() || has_byte_order_mark(json));
    return;
  }
  check(root.is_array() && !has_byte_order_mark(json));
  auto row = rows.begin();
  for (const dom::element element : dom::array(root)) {
    check(row != rows.end() && json.find(*row) != std::string_view::npos);
    if (is_exact) check(canonical(*row) == canonical(element));
    row++;
  }
  check(row == rows.end());
}

void check_table_row(const text::JsonBatch& batch, const text::JsonBatch::Row& row) {
  (void)canonical(without_unicode_escapes(std::string(row.raw)));
  check(row.is_object == (row.raw.front() == '{'));
  for (const text::JsonView& member : batch.members(row)) {
    if (member.kind != text::JsonKind::invalid_key) check(row.raw.find(member.raw) != std::string_view::npos);
  }
  if (!row.is_object) return;
  // the rows before it make no difference
  text::JsonBatch alone;
  const auto same = [](const text::JsonView& a, const text::JsonView& b) {
    return a.kind == b.kind && a.key == b.key && a.value == b.value && a.raw == b.raw;
  };
  check(std::ranges::equal(batch.members(row), alone.members(alone.read_row(row.raw)), same));
}

void check_tables(std::string_view json, const dom::element& root) {
  try {
    text::JsonBatch batch;
    batch.read_tables(json);
    for (const text::JsonBatch::Table& table : batch.tables())
      for (const text::JsonBatch::Row& row : table.rows) check_table_row(batch, row);
    const std::size_t row_count = batch.row_count();
    batch.read_tables(json, {.max_rows = 1});
    std::size_t kept = 0;
    for (const text::JsonBatch::Table& table : batch.tables()) kept += table.rows.size();
    check(batch.row_count() == row_count && kept == std::min(row_count, std::size_t{1}));
    check(root.is_array() || root.is_object());
  } catch (const Error& error) {
    check_sqlstate(error);
  }
}

using Kind = text::JsonKind;

Kind kind_of(const dom::element& element) {
  switch (element.type()) {
    case dom::element_type::ARRAY:
    case dom::element_type::OBJECT:
      return Kind::structure;
    case dom::element_type::STRING: {
      const std::string_view value(element);
      return value.find('\0') == std::string_view::npos ? Kind::text : Kind::invalid;
    }
    case dom::element_type::NULL_VALUE:
      return Kind::null;
    default:
      return Kind::scalar;
  }
}

void check_members(std::string_view row, const dom::element& element) {
  const auto members = text::read_json_row(row);
  check(members.has_value() == (element.is_object() && !has_byte_order_mark(row)));
  if (!members) return;
  std::map<std::string, dom::element, std::less<>> expected;
  for (const dom::key_value_pair pair : dom::object(element)) expected.insert_or_assign(std::string(pair.key), pair.value);
  check(members->size() == expected.size());
  for (const text::JsonMember& member : *members) {
    const auto found = expected.find(member.key);
    check(found != expected.end());
    const bool is_key = member.key.find('\0') == std::string::npos;
    check(member.kind == (is_key ? kind_of(found->second) : Kind::invalid_key));
    if (member.kind == Kind::text) check(member.value == std::string_view(found->second) && row.find(member.raw) != row.npos);
    if (member.kind == Kind::scalar || member.kind == Kind::structure) check(canonical(member.value) == canonical(found->second));
  }
}

void check_row(std::string_view json, const dom::element& root, bool is_exact) {
  const std::size_t start = json.find_first_not_of(" \t\r\n");
  const std::string_view row = json.substr(start);
  try {
    if (is_exact)
      check_members(row, root);
    else
      (void)text::read_json_row(row);
  } catch (const Error& error) {
    check_sqlstate(error);
    check(!is_exact);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view json = as_text({data, size});
  dom::parser parser, harmless_parser;
  dom::element root;
  const bool is_exact = parser.parse(std::string(json)).get(root) == simdjson::SUCCESS;
  const std::string harmless = without_unicode_escapes(std::string(json));
  if (!is_exact && harmless_parser.parse(harmless).get(root) != simdjson::SUCCESS) return 0;
  check_rows(json, root, is_exact);
  check_tables(json, root);
  check_row(json, root, is_exact);
  return 0;
}

#include "load/source/json_literal.hpp"

#include <algorithm>
#include <climits>

#include "base/concat.hpp"
#include "pg/encoding.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "utils/array.h"
#include "utils/typcache.h"
}

namespace ferry::load {

using pg::call;
using text::JsonKind;
using text::JsonView;
using Kind = JsonLiterals::Shape::Kind;

namespace {

Problem malformed(const char* what, std::string detail = {}) { return {"22P02", {}, {}, what, std::move(detail)}; }

Problem unsupported_escape(const JsonView& value) {
  return {"22P05", {}, {}, "unsupported Unicode escape sequence", std::string(value.value)};
}

/// The attributes of a composite type that are not dropped. Errors: the server's.
std::vector<std::pair<std::string, Oid>> attributes_of(Oid type) {
  TupleDesc const description = call([type] { return lookup_rowtype_tupdesc_copy(type, -1); });
  std::vector<std::pair<std::string, Oid>> attributes;
  for (int i = 0; i < description->natts; i++) {
    const Form_pg_attribute attribute = TupleDescAttr(description, i);
    if (!attribute->attisdropped) attributes.emplace_back(pg::to_utf8(NameStr(attribute->attname)), attribute->atttypid);
  }
  return attributes;
}

/// How many dimensions an array of JSON values has: its first element that is no array is in the last of them.
int dimensions_of(std::string_view json) {
  const std::size_t end = json.find_first_not_of("[ \t\r\n");
  return static_cast<int>(std::count(json.begin(), json.begin() + static_cast<std::ptrdiff_t>(end), '['));
}

/// Puts a text in quotes, as both arrays and rows take it.
void quote(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

}  // namespace

const JsonLiterals::Shape& JsonLiterals::shape_of(Oid type) {
  const auto known = shapes_.find(type);
  if (known != shapes_.end()) return known->second;
  const Oid base = call(getBaseType, type);
  Shape shape;
  shape.element = call(get_element_type, base);
  if (base == JSONOID || base == JSONBOID) {
    shape.kind = Kind::json;
  } else if (OidIsValid(shape.element)) {
    shape.kind = Kind::array;
    shape.delimiter = call([&element = shape.element] {
      std::int16_t length;
      bool by_value;
      char alignment, delimiter;
      Oid parameter, function;
      get_type_io_data(element, IOFunc_input, &length, &by_value, &alignment, &delimiter, &parameter, &function);
      return delimiter;
    });
  } else if (call(get_typtype, base) == TYPTYPE_COMPOSITE) {
    shape.kind = Kind::composite;
    shape.attributes = attributes_of(base);
  } else {
    char category = '\0';
    bool is_preferred = false;
    call([base, &category, &is_preferred] { get_type_category_preferred(base, &category, &is_preferred); });
    if (category == TYPCATEGORY_STRING) shape.kind = Kind::characters;
  }
  return shapes_.emplace(type, std::move(shape)).first->second;
}

std::optional<Problem> JsonLiterals::mismatch(const Shape& shape, const JsonView& value) {
  const bool is_array = value.raw.front() == '[';
  if (shape.kind == Kind::array && !is_array) return malformed("expected a JSON array, found an object");
  if (shape.kind == Kind::composite && is_array) return malformed("expected a JSON object, found an array");
  if (shape.kind == Kind::characters)
    return malformed(is_array ? "expected a JSON string, found an array" : "expected a JSON string, found an object");
  return std::nullopt;
}

std::optional<Problem> JsonLiterals::write(const Shape& shape, std::string_view json, std::string& out) {
  if (shape.kind != Kind::array) return write_composite(shape, json, out);
  const bool has_documents = shape_of(shape.element).kind == Kind::json;
  return write_array(shape, json, {.depth = 1, .deepest = has_documents ? dimensions_of(json) : INT_MAX}, out);
}

/// Writes an element or attribute: nothing for a null.
std::optional<Problem> JsonLiterals::write_member(const Shape& shape, const JsonView& value, std::string& out) {
  if (value.kind == JsonKind::invalid) return unsupported_escape(value);
  if (value.kind == JsonKind::structure) {
    if (auto problem = mismatch(shape, value)) return problem;
    if (shape.kind == Kind::array || shape.kind == Kind::composite) {
      std::string text;
      if (auto problem = write(shape, value.raw, text)) return problem;
      quote(text, out);
      return std::nullopt;
    }
  }
  if (shape.kind == Kind::composite && value.kind != JsonKind::text)
    return malformed("expected a JSON object", concat("Found ", value.raw, "."));
  quote(value.kind == JsonKind::text && shape.kind == Kind::json ? value.raw : value.value, out);
  return std::nullopt;
}

/// Arrays in an array are its further dimensions; those that differ in length array_in() refuses.
std::optional<Problem> JsonLiterals::write_array(const Shape& shape, std::string_view json, Dimension at, std::string& out) {
  if (at.depth > MAXDIM)
    return Problem{"54000", {}, {}, concat("number of array dimensions exceeds the maximum allowed (", MAXDIM, ")"), {}};
  const Shape& element_shape = shape_of(shape.element);
  text::JsonBatch batch;
  const auto elements = batch.read_elements(json, pg::check_interrupts);
  out += '{';
  bool is_first = true;
  for (const JsonView& element : batch.members(elements)) {
    pg::check_interrupts();
    if (!is_first) out += shape.delimiter;
    is_first = false;
    std::optional<Problem> problem;
    if (element.kind == JsonKind::null)
      out += "NULL";
    else if (element.kind == JsonKind::structure && element.raw.front() == '[' && at.depth < at.deepest)
      problem = write_array(shape, element.raw, {.depth = at.depth + 1, .deepest = at.deepest}, out);
    else
      problem = write_member(element_shape, element, out);
    if (problem) return problem;
  }
  out += '}';
  return std::nullopt;
}

/// Attributes that are absent are null; of a key that comes twice the last counts.
std::optional<Problem> JsonLiterals::write_composite(const Shape& shape, std::string_view json, std::string& out) {
  text::JsonBatch batch;
  const auto row = batch.read_row(json);
  std::vector<const JsonView*> chosen(shape.attributes.size());
  for (const JsonView& member : batch.members(row)) {
    if (member.kind == JsonKind::invalid_key) return unsupported_escape(member);
    std::size_t at = 0;
    while (at < chosen.size() && shape.attributes[at].first != member.key) at++;
    if (at == chosen.size())
      return Problem{"42703", {}, {}, concat("composite type has no attribute \"", pg::from_utf8(member.key), "\""), {}};
    chosen[at] = &member;
  }
  out += '(';
  for (std::size_t at = 0; at < chosen.size(); at++) {
    if (at > 0) out += ',';
    if (chosen[at] == nullptr || chosen[at]->kind == JsonKind::null) continue;
    if (auto problem = write_member(shape_of(shape.attributes[at].second), *chosen[at], out)) return problem;
  }
  out += ')';
  return std::nullopt;
}

}  // namespace ferry::load

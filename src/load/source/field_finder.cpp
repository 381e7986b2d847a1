#include "load/source/field_finder.hpp"

#include <algorithm>
#include <charconv>

#include "base/concat.hpp"
#include "base/error.hpp"
#include "pg/encoding.hpp"

#include "pg/server.hpp"

extern "C" {
#include "mb/pg_wchar.h"
}

namespace ferry::load {

namespace {

/// A name without case, blanks, _ and -.
std::string loose_form(std::string_view name) {
  std::string form;
  for (const char c : name)
    if (c != ' ' && c != '\t' && c != '_' && c != '-') form += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return form;
}

/// The index of a field that is named as f1, f2, ...
std::optional<std::size_t> index_of_number(std::string_view name, std::size_t count) {
  std::size_t number = 0;
  const char* const end = name.data() + name.size();
  if (name.size() < 2 || name[0] != 'f' || name[1] == '0') return std::nullopt;
  const auto [rest, error] = std::from_chars(name.data() + 1, end, number);
  if (error != std::errc{} || rest != end || number > count) return std::nullopt;
  return number - 1;
}

}  // namespace

FieldFinder::FieldFinder(const NamedFields& fields) : fields_(fields) {
  for (std::size_t i = 0; i < fields.names.size(); i++) {
    const std::string_view name = std::string_view(fields.names[i]).substr(0, NAMEDATALEN - 1);
    add(exact_, std::string(pg::whole_characters(name, GetDatabaseEncoding())), i);
    add(loose_, loose_form(fields.names[i]), i);
  }
}

void FieldFinder::add(Index& index, std::string name, std::size_t field) {
  if (const auto [known, is_new] = index.try_emplace(std::move(name), field); !is_new) known->second.reset();
}

std::optional<std::size_t> FieldFinder::look_up(const Index& index, const std::string& name, std::string_view shown) {
  const auto found = index.find(name);
  if (found == index.end()) return std::nullopt;
  if (!found->second)
    throw Error("42702", concat("field \"", shown, "\" is ambiguous"))
        .detail("Several fields of the file have that name.")
        .hint("Name the field by its position: f1, f2, ...");
  return found->second;
}

std::size_t FieldFinder::find(std::string_view name) const {
  if (const auto field = look_up(exact_, std::string(name), name)) return *field;
  if (const auto field = index_of_number(name, fields_.count)) return *field;
  if (const auto field = look_up(loose_, loose_form(name), name)) return *field;
  fail_unknown(name);
}

void FieldFinder::fail_unknown(std::string_view name) const {
  constexpr std::size_t kMostNames = 20;
  std::string names;
  for (std::size_t i = 0; i < std::min(fields_.names.size(), kMostNames); i++)
    names += concat(i == 0 ? "" : ", ", '"', fields_.names[i], '"');
  if (fields_.names.size() > kMostNames) names += ", ...";
  Error error("42703", concat("field \"", name, "\" does not exist"));
  if (!names.empty()) error.detail(concat("The file has the fields ", names, "."));
  error.hint("Fields are called by their names in the file, or f1, f2, ... by their position.");
  throw Error(std::move(error));
}

}  // namespace ferry::load

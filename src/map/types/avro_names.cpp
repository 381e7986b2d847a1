#include "map/types/avro_names.hpp"

#include <algorithm>

#include "avro/schema.hpp"
#include "base/concat.hpp"

namespace ferry::map {
namespace {

bool is_valid_start(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; }
bool is_valid_rest(char c) { return is_valid_start(c) || (c >= '0' && c <= '9'); }

}  // namespace

bool is_avro_name(std::string_view name) {
  return !name.empty() && is_valid_start(name[0]) && std::all_of(name.begin(), name.end(), is_valid_rest);
}

std::string sanitised(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool is_continuation = (static_cast<unsigned char>(c) & 0xc0) == 0x80;
    if (!is_continuation) out += is_valid_rest(c) ? c : '_';
  }
  if (out.empty() || !is_valid_start(out[0])) out.insert(out.begin(), '_');
  return out;
}

std::string sanitised_type(std::string_view name) {
  std::string out = sanitised(name);
  for (int i = 0; avro::is_primitive(static_cast<avro::Type>(i)); i++)
    if (avro::type_name(static_cast<avro::Type>(i)) == out) return out + '_';
  return out;
}

std::vector<std::string> field_names(const std::vector<std::string>& column_names) {
  std::vector<std::string> names(column_names.size());
  std::unordered_set<std::string> taken;
  // columns that may keep their names come first; a query may have several of one name
  for (std::size_t i = 0; i < names.size(); i++)
    if (is_avro_name(column_names[i]) && taken.insert(column_names[i]).second) names[i] = column_names[i];
  for (std::size_t i = 0; i < names.size(); i++)
    if (names[i].empty()) names[i] = take_name(taken, sanitised(column_names[i]));
  return names;
}

std::string take_name(std::unordered_set<std::string>& taken, std::string name) {
  std::string free = name;
  for (int suffix = 2; !taken.insert(free).second; suffix++) free = concat(name, '_', suffix);
  return free;
}

}  // namespace ferry::map

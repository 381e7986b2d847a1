// The table of docs/types.md, made from src/map/types/type_table.cpp:
//   type_page check docs/types.md    fails where the page is not what the source says
//   type_page write docs/types.md    makes it so

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "avro/schema.hpp"
#include "map/types/type_table.hpp"

namespace {

using namespace ferry;

constexpr const char* kBegin = "<!-- made by tests/style/type_page.cpp, not by hand -->\n";
constexpr const char* kEnd = "<!-- end of what is made -->\n";

std::string cell(const map::Rule& rule) {
  std::string text(avro::type_name(rule.type));
  if (rule.form == map::Form::decimal)
    text += ", `decimal(p, s)`";
  else if (*rule.logical_type != '\0')
    text += std::string(", `") + rule.logical_type + '`';
  if (rule.other == map::Other::string) text += " or string";
  if (rule.other == map::Other::bytes) text += " or bytes";
  if (rule.other == map::Other::record) text += " or record";
  for (const map::RuleProperty& property : rule.properties)
    if (property.name != nullptr) text += std::string(", `") + property.name + '`';
  if (*rule.note != '\0') text += std::string(": ") + rule.note;
  return text;
}

std::string table() {
  std::string text = "| PostgreSQL | interop | lossless, where it differs |\n| --- | --- | --- |\n";
  for (const map::TypeRules& rules : map::type_table()) {
    const std::string interop = cell(rules.interop), lossless = cell(rules.lossless);
    text += std::string("| ") + rules.title + " | " + interop + " | " + (lossless == interop ? "" : lossless) + " |\n";
  }
  return text;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) return std::fprintf(stderr, "usage: type_page check|write PAGE\n"), 2;
  std::string page;
  {
    std::ifstream in(arguments[2], std::ios::binary);
    page.assign(std::istreambuf_iterator<char>(in), {});
  }
  const std::size_t begin = page.find(kBegin), end = page.find(kEnd);
  if (begin == std::string::npos || end == std::string::npos)
    return std::fprintf(stderr, "%s has no place for the table\n", arguments[2]), 1;
  const std::string made = page.substr(0, begin) + kBegin + "\n" + table() + "\n" + page.substr(end);
  if (std::string(arguments[1]) == "write") return std::ofstream(arguments[2], std::ios::binary) << made, 0;
  if (made == page) return 0;
  return std::fprintf(stderr, "%s is not what src/map/types/type_table.cpp says; run: type_page write %s\n", arguments[2],
                      arguments[2]),
         1;
}

#include "load/record/record.hpp"

#include <algorithm>

#include "base/concat.hpp"

#include "pg/server.hpp"

namespace ferry::load {

std::string sentence_of_lines(std::int64_t first, std::int64_t count) {
  return count > 1 ? concat("The record takes in lines ", first, " to ", first + count - 1, ".") : std::string();
}

std::string lines_taken_in(const Record& record) {
  if (record.problem || record.is_cut || record.line_number == 0) return {};
  const std::string_view raw = record.raw;
  return sentence_of_lines(record.line_number, std::count(raw.begin(), raw.end(), '\n') + 1);
}

}  // namespace ferry::load

#include "load/source/json_file_source.hpp"

#include "base/concat.hpp"
#include "load/source/reader_problem.hpp"
#include "pg/encoding.hpp"
#include "pg/warning.hpp"
#include "settings.hpp"
#include "text/value_parse.hpp"

#include "pg/server.hpp"

extern "C" {
#include "mb/pg_wchar.h"
}

namespace ferry::load {

namespace {

constexpr const char* kOneLineHint = "In JSON lines a row has one line. Rows of several lines can be elements of one array.";
constexpr std::string_view kBrokenArray = "JSON array is malformed";

Problem malformed_json(std::int64_t byte, const char* expected, std::string_view of_line) {
  return {"22P02", {}, {}, "invalid input syntax for type json", concat("Expected ", expected, " at byte ", byte, of_line, ".")};
}

std::optional<Problem> encoding_problem(std::string_view raw) {
  if (text::is_valid_utf8_without_nul(raw)) return std::nullopt;
  // raises no error
  const int valid = pg_encoding_verifymbstr(PG_UTF8, raw.data(), static_cast<int>(raw.size()));
  return Problem{"22021",
                 {},
                 {},
                 pg::invalid_sequence_text(raw, static_cast<std::size_t>(valid), PG_UTF8),
                 concat("The sequence starts at byte ", valid + 1, " of the record.")};
}

std::optional<Problem> problem_of(const text::JsonRecord& found) {
  using text::JsonProblem;
  switch (found.problem) {
    case JsonProblem::too_long:
      return too_long(settings::max_record_bytes);
    case JsonProblem::malformed: {
      Problem problem = malformed_json(found.fault_byte, found.expected, {});
      if (found.fault_byte > static_cast<std::int64_t>(found.raw.size())) problem.hint = kOneLineHint;
      return problem;
    }
    case JsonProblem::broken_array: {
      Problem problem = malformed_json(found.fault_byte, found.expected, concat(" of line ", found.fault_line));
      problem.reason = kBrokenArray;
      if (found.lines > 1) problem.reason += concat(": its rest takes in ", found.lines, " lines, to the end of the file");
      return problem;
    }
    case JsonProblem::none:
      break;
  }
  return encoding_problem(found.raw);
}

}  // namespace

std::optional<Problem> json_row_problem(std::string_view raw) {
  if (const auto fault = text::find_json_fault(raw))
    return malformed_json(static_cast<std::int64_t>(fault->at) + 1, fault->expected, {});
  return encoding_problem(raw);
}

bool is_of_broken_array(const Problem& problem) {
  return problem.sqlstate == "22P02" && problem.reason.starts_with(kBrokenArray);
}

JsonFileSource::JsonFileSource(ByteSource& bytes, std::int64_t bytes_total, std::vector<LoadedColumn> columns,
                               JsonSource::NoSuchColumn no_such_column)
    : bytes_(bytes),
      bytes_total_(bytes_total),
      reader_(bytes, static_cast<std::size_t>(settings::max_record_bytes)),
      rows_(std::move(columns), std::move(no_such_column)) {}

bool JsonFileSource::read(Record& record) {
  text::JsonRecord found;
  if (!reader_.next(found)) return false;
  record.row_number = found.row_number;
  record.line_number = found.line_number;
  record.raw.assign(found.raw);
  record.is_cut = found.is_cut;
  record.problem.reset();
  if (found.problem == text::JsonProblem::broken_array) {
    broken_line_ = found.line_number;
    broken_lines_ = found.lines;
  }
  if (auto problem = problem_of(found)) record.problem = std::make_unique<Problem>(std::move(*problem));
  return true;
}

void JsonFileSource::warn_of_broken_array() const {
  if (broken_lines_ <= 1) return;
  pg::warning(concat("JSON array is malformed from line ", broken_line_, " on: ", broken_lines_, " lines are one reject"),
              "Correct the file and load it again, with on_conflict => 'skip' for the rows that are there by then.");
}

}  // namespace ferry::load

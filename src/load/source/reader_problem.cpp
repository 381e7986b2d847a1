#include "load/source/reader_problem.hpp"

#include "base/concat.hpp"

#include "pg/server.hpp"

namespace ferry::load {

Problem malformed(std::string reason, std::string detail) { return {"22P04", {}, {}, std::move(reason), std::move(detail)}; }

Problem too_long(std::size_t max_record_bytes) {
  return {"54000",
          {},
          {},
          "record is too long",
          concat("The limit of \"pg_ferry.max_record_bytes\" is ", max_record_bytes, " bytes.")};
}

namespace {

/// What is wrong with a quote that is never closed: what COPY says of it, and how much it took along.
Problem unterminated(const text::Record& record) {
  std::string reason = "unterminated CSV quoted field";
  if (record.lines > 1) reason += concat(" takes in ", record.lines, " lines, to the end of the data");
  return malformed(std::move(reason));
}

std::optional<Problem> described(const text::Record& record, Format format, std::size_t max_record_bytes) {
  using text::RecordProblem;
  const bool is_csv = format == Format::csv;
  switch (record.problem) {
    case RecordProblem::none:
    case RecordProblem::misplaced_quote:  // is told of where the record is split
      return std::nullopt;
    case RecordProblem::unterminated_quote:
      return unterminated(record);
    case RecordProblem::stray_quote:
      return malformed("unterminated CSV quoted field", "The record is taken to end with the line on which it starts.");
    case RecordProblem::stray_carriage_return:
      return malformed(concat(is_csv ? "unquoted" : "literal", " carriage return found in data"),
                       "The lines of this file end differently.");
    case RecordProblem::stray_newline:
      return malformed(concat(is_csv ? "unquoted" : "literal", " newline found in data"),
                       "The lines of this file end differently.");
    case RecordProblem::escaped_line_end:
      return malformed("literal newline found in data", "A backslash stands before the line's end.");
    case RecordProblem::stray_end_marker:
      return malformed("end-of-copy marker is not alone on its line");
    case RecordProblem::too_long:
      return too_long(max_record_bytes);
  }
  return std::nullopt;
}

}  // namespace

std::optional<Problem> problem_of(const text::Record& record, Format format, std::size_t max_record_bytes) {
  auto problem = described(record, format, max_record_bytes);
  if (problem && record.problem != text::RecordProblem::unterminated_quote)
    add_sentence(problem->detail, sentence_of_lines(record.line_number, record.lines));
  return problem;
}

bool is_of_reader(const Problem& problem) {
  using text::RecordProblem;
  for (const Format format : {Format::csv, Format::text})
    for (const RecordProblem kind : {RecordProblem::unterminated_quote, RecordProblem::stray_quote,
                                     RecordProblem::stray_carriage_return, RecordProblem::stray_newline,
                                     RecordProblem::escaped_line_end, RecordProblem::stray_end_marker, RecordProblem::too_long}) {
      const auto known = problem_of({.problem = kind}, format, 0);
      // of a quote that is never closed more may follow: how many lines it took along
      if (known->sqlstate == problem.sqlstate && problem.reason.starts_with(known->reason)) return true;
    }
  return false;
}

}  // namespace ferry::load

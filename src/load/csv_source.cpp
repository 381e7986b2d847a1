#include "load/csv_source.hpp"

#include <algorithm>

#include "base/concat.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "catalog/namespace.h"
#include "mb/pg_wchar.h"
}

namespace ferry::load {

using pg::call;

namespace {

/// Lengths of characters in the encodings of clients in which ASCII bytes occur inside of a character.
template <int kEncoding>
int character_length(const char* text) {
  return pg_encoding_mblen(kEncoding, text);
}

text::CharacterLength character_length_of(int encoding) {
  switch (encoding) {
    case PG_SJIS:
      return character_length<PG_SJIS>;
    case PG_BIG5:
      return character_length<PG_BIG5>;
    case PG_GBK:
      return character_length<PG_GBK>;
    case PG_UHC:
      return character_length<PG_UHC>;
    case PG_GB18030:
      return character_length<PG_GB18030>;
    case PG_JOHAB:
      return character_length<PG_JOHAB>;
    case PG_SHIFT_JIS_2004:
      return character_length<PG_SHIFT_JIS_2004>;
    default:
      return nullptr;
  }
}

Problem malformed(std::string reason, std::string detail = {}) { return {"22P04", {}, {}, std::move(reason), std::move(detail)}; }

std::optional<Problem> problem_of(text::CsvProblem problem, std::size_t max_record_bytes) {
  switch (problem) {
    case text::CsvProblem::none:
      return std::nullopt;
    case text::CsvProblem::unterminated_quote:
      return malformed("unterminated CSV quoted field", "The record is taken to end with the line on which it starts.");
    case text::CsvProblem::stray_line_end:
      return malformed("unquoted carriage return or newline found in data", "The lines of this file end differently.");
    case text::CsvProblem::too_long:
      return Problem{"54000",
                     {},
                     {},
                     "record is too long",
                     concat("Only its first ", max_record_bytes, " bytes are kept, the limit of \"pg_ferry.max_record_bytes\".")};
  }
  return std::nullopt;
}

/// The bytes of raw from at on that stand for one character, as "0xe2 0x82".
std::string hex_of_character(std::string_view raw, std::size_t at, int encoding) {
  constexpr char kHex[] = "0123456789abcdef";
  const auto length = static_cast<std::size_t>(std::clamp(pg_encoding_mblen(encoding, raw.data() + at), 1, 4));
  std::string bytes;
  for (const char c : raw.substr(at, length)) {
    const auto byte = static_cast<unsigned char>(c);
    if (!bytes.empty()) bytes += ' ';
    (bytes += "0x") += kHex[byte >> 4];
    bytes += kHex[byte & 15];
    if (byte == 0) break;
  }
  return bytes;
}

}  // namespace

CsvSource::CsvSource(ByteSource& bytes, const CsvOptions& options, Rules& rules)
    : options_(options),
      rules_(rules),
      reader_(bytes, options_.dialect, options_.max_record_bytes, character_length_of(options_.encoding)) {
  const int server_encoding = GetDatabaseEncoding();
  if (options_.encoding != server_encoding && options_.encoding != PG_SQL_ASCII && server_encoding != PG_SQL_ASCII) {
    conversion_ = call(FindDefaultConversionProc, options_.encoding, server_encoding);
    if (!OidIsValid(conversion_))
      throw Error("42883", concat("default conversion function for encoding \"", pg_encoding_to_char(options_.encoding),
                                  "\" to \"", pg_encoding_to_char(server_encoding), "\" does not exist"));
  }
  if (!options_.columns.empty()) rules_.choose_columns(options_.columns);
  if (options_.header) {
    if (options_.header_names.empty()) read_header();
    match_header();
  } else {
    for (std::size_t i = 0; i < rules_.field_columns().size(); i++) column_of_field_.push_back(static_cast<int>(i));
  }
}

void CsvSource::read_header() {
  text::CsvRecord record;
  if (!reader_.next(record)) throw Error("22P04", "header line is missing").detail("The file is empty.");
  header_rows_ = 1;
  Record header;
  header.raw.assign(record.raw);
  header.problem = problem_of(record.problem, options_.max_record_bytes);
  std::string text;
  std::optional<Problem> problem = header.problem ? header.problem : convert(header, text);
  if (!problem && !text::split_csv(text, options_.dialect, storage_, fields_))
    problem = malformed("unterminated CSV quoted field");
  if (problem) throw Error("22P04", "header line is malformed").detail(problem->reason);
  for (const text::CsvField& field : fields_) options_.header_names.emplace_back(field.text, field.size);
}

void CsvSource::match_header() {
  const std::vector<std::string>& names = options_.header_names;
  const bool some = !options_.columns.empty();
  for (std::size_t i = 0; i < names.size(); i++)
    if (std::find(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(i), names[i]) !=
        names.begin() + static_cast<std::ptrdiff_t>(i))
      throw Error("42701", concat("column \"", names[i], "\" occurs more than once in the header line"));
  if (!some) {
    try {
      rules_.choose_columns(names);
    } catch (Error& error) {
      error.context("header line").hint("Columns are matched by name. Name the columns to load to pass over others.");
      throw;
    }
  }
  for (const std::string& name : names) {
    int place = -1;
    for (std::size_t i = 0; i < rules_.field_columns().size(); i++)
      if (rules_.columns()[rules_.field_columns()[i]].name == name) place = static_cast<int>(i);
    column_of_field_.push_back(place);
  }
  for (std::size_t i = 0; i < rules_.field_columns().size(); i++)
    if (std::find(column_of_field_.begin(), column_of_field_.end(), static_cast<int>(i)) == column_of_field_.end())
      throw Error("42703", concat("column \"", rules_.columns()[rules_.field_columns()[i]].name, "\" is not in the header line"));
}

bool CsvSource::is_of_reader(const Problem& problem) {
  using text::CsvProblem;
  for (const CsvProblem kind : {CsvProblem::unterminated_quote, CsvProblem::stray_line_end, CsvProblem::too_long}) {
    const auto known = problem_of(kind, 0);
    if (known->sqlstate == problem.sqlstate && known->reason == problem.reason) return true;
  }
  return false;
}

bool CsvSource::read(Record& record) {
  text::CsvRecord next;
  if (!reader_.next(next)) return false;
  record.row_number = next.row_number - header_rows_;
  record.line_number = next.line_number;
  record.raw.assign(next.raw);
  record.problem = problem_of(next.problem, options_.max_record_bytes);
  return true;
}

/// The record in the server's encoding, into text; or what is wrong with its bytes.
std::optional<Problem> CsvSource::convert(const Record& record, std::string& text) const {
  const std::string& raw = record.raw;
  const int length = static_cast<int>(raw.size());
  const int server_encoding = GetDatabaseEncoding();
  const int encoding = options_.encoding == PG_SQL_ASCII ? server_encoding : options_.encoding;
  if (const int valid = call(pg_encoding_verifymbstr, encoding, raw.data(), length); valid < length)
    return Problem{"22021",
                   {},
                   {},
                   concat("invalid byte sequence for encoding \"", pg_encoding_to_char(encoding),
                          "\": ", hex_of_character(raw, static_cast<std::size_t>(valid), encoding)),
                   concat("The sequence starts at byte ", valid + 1, " of the record.")};
  if (encoding == server_encoding || server_encoding == PG_SQL_ASCII || raw.empty()) {
    text = raw;
    return std::nullopt;
  }
  text.resize(raw.size() * MAX_CONVERSION_GROWTH + 1);
  auto* const from = reinterpret_cast<unsigned char*>(const_cast<char*>(raw.data()));
  auto* const to = reinterpret_cast<unsigned char*>(text.data());
  const int converted = call(pg_do_encoding_conversion_buf, conversion_, encoding, server_encoding, from, length, to,
                             static_cast<int>(text.size()), true);
  if (converted < length)
    return Problem{"22P05",
                   {},
                   {},
                   concat("character with byte sequence ", hex_of_character(raw, static_cast<std::size_t>(converted), encoding),
                          " in encoding \"", pg_encoding_to_char(encoding), "\" has no equivalent in encoding \"",
                          pg_encoding_to_char(server_encoding), "\""),
                   {}};
  text.resize(std::char_traits<char>::length(text.c_str()));
  return std::nullopt;
}

std::optional<std::string> CsvSource::text_of(const Record& record) {
  std::string text;
  if (convert(record, text)) return std::nullopt;
  return text;
}

void CsvSource::split(const Record& record, Fields& out) {
  const std::size_t wanted = rules_.field_columns().size();
  out.values.assign(wanted, Field{});
  out.valid = 0;
  out.problem = record.problem;
  if (!out.problem) out.problem = convert(record, text_);
  if (out.problem) return;
  if (wanted == 0 && text_.empty() && column_of_field_.empty()) return;
  if (!text::split_csv(text_, options_.dialect, storage_, fields_)) {
    out.problem = malformed("unterminated CSV quoted field");
    return;
  }
  if (fields_.size() > column_of_field_.size()) {
    out.problem = malformed("extra data after last expected column",
                            concat("Expected ", column_of_field_.size(), " fields, found ", fields_.size(), "."));
    return;
  }
  for (std::size_t i = 0; i < fields_.size(); i++) {
    if (column_of_field_[i] < 0) continue;
    Field& field = out.values[static_cast<std::size_t>(column_of_field_[i])];
    field.state = fields_[i].is_null ? Field::State::null : Field::State::text;
    field.text = fields_[i].is_null ? nullptr : fields_[i].text;
    field.size = fields_[i].size;
  }
  while (out.valid < wanted && out.values[out.valid].state != Field::State::absent) out.valid++;
  if (out.valid < wanted) {
    const std::string& name = rules_.columns()[rules_.field_columns()[out.valid]].name;
    out.problem = malformed(concat("missing data for column \"", name, "\""),
                            concat("Expected ", column_of_field_.size(), " fields, found ", fields_.size(), "."));
    out.problem->column = name;
  } else if (fields_.size() < column_of_field_.size()) {
    out.problem = malformed("missing data for a column that is not loaded");
  }
}

}  // namespace ferry::load

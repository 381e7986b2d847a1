#include "load/source/stream_source.hpp"

#include <algorithm>
#include <unordered_set>

#include "base/concat.hpp"
#include "load/source/reader_problem.hpp"
#include "pg/encoding.hpp"
#include "pg/guard.hpp"
#include "pg/warning.hpp"
#include "text/copy_text.hpp"
#include "text/csv.hpp"
#include "text/value_parse.hpp"

#include "pg/server.hpp"

extern "C" {
#include "catalog/namespace.h"
#include "mb/pg_wchar.h"
}

namespace ferry::load {

using pg::call;

namespace {

/// A field with more of them is told of.
constexpr std::int64_t kManyLines = 100;

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

[[noreturn]] void fail_malformed_header(std::string reason, std::string_view raw) {
  Error error("22P04", "header line is malformed");
  std::string hint = hint_at_bytes(raw);
  if (hint.empty() && !text::is_valid_utf8_without_nul(raw))
    hint = "The data may be in another encoding, such as LATIN1 or WIN1252: name it by encoding (in COPY: ENCODING).";
  throw std::move(error).detail(std::move(reason)).hint(std::move(hint));
}

Problem invalid_bytes(std::string_view raw, std::size_t at, int encoding) {
  return {"22021", {}, {}, pg::invalid_sequence_text(raw, at, encoding), {}};
}

/// A text of the database as a stream has it. Errors: 22P05.
std::string in_encoding(const std::string& text, int encoding) {
  const char* const from = text.c_str();
  return call(pg_server_to_any, from, static_cast<int>(text.size()), encoding);
}

std::unique_ptr<text::RecordReader> reader_of(ByteSource& bytes, const StreamOptions& options) {
  const text::CharacterLength length = character_length_of(options.encoding);
  text::Dialect dialect = options.dialect;
  dialect.comment = in_encoding(dialect.comment, options.encoding);
  std::unique_ptr<text::RecordReader> reader;
  if (options.format == Format::text)
    reader = std::make_unique<text::CopyTextReader>(bytes, dialect, options.max_record_bytes, length);
  else
    reader = std::make_unique<text::CsvReader>(bytes, dialect, options.max_record_bytes, length);
  if (options.encoding == PG_UTF8) reader->pass_over_byte_order_marks();
  return reader;
}

}  // namespace

StreamSource::StreamSource(ByteSource& bytes, const StreamOptions& options)
    : bytes_(bytes), options_(options), reader_(reader_of(bytes, options_)) {
  options_.dialect.max_fields = kMaxFields;
  const int server_encoding = GetDatabaseEncoding();
  if (options_.encoding != server_encoding && options_.encoding != PG_SQL_ASCII && server_encoding != PG_SQL_ASCII) {
    conversion_ = call(FindDefaultConversionProc, options_.encoding, server_encoding);
    if (!OidIsValid(conversion_))
      throw Error("42883", concat("default conversion function for encoding \"", pg_encoding_to_char(options_.encoding),
                                  "\" to \"", pg_encoding_to_char(server_encoding), "\" does not exist"));
  }
  // records are found before they are converted
  const bool has_wide_quote = ((options_.dialect.quote | options_.dialect.escape) & 0x80) != 0;
  if (OidIsValid(conversion_) && options_.format == Format::csv && has_wide_quote)
    throw Error("0A000", "quote and escape must be ASCII characters where the encoding is not that of the database");
}

void StreamSource::fill(std::vector<LoadedColumn> columns, std::vector<int> column_of_field) {
  columns_ = std::move(columns);
  column_of_field_ = std::move(column_of_field);
  field_of_column_.resize(columns_.size());
  bool is_in_order = columns_.size() == column_of_field_.size();
  for (std::size_t i = 0; i < column_of_field_.size(); i++) {
    if (column_of_field_[i] >= 0) field_of_column_[static_cast<std::size_t>(column_of_field_[i])] = i;
    is_in_order = is_in_order && column_of_field_[i] == static_cast<int>(i);
  }
  note_forced_columns();
  is_plain_ = is_in_order && force_not_null_.empty() && force_null_.empty() && !options_.dialect.default_string.has_value();
}

/// The next record before the line that ends the data.
bool StreamSource::next(text::Record& record) {
  if (ended_ || !reader_->next(record)) return false;
  const bool may_end_here = options_.format == Format::text || (options_.ends_at_marker && record.has_line_end);
  ended_ = may_end_here && record.is_end_marker();
  return !ended_;
}

HeaderLine StreamSource::read_header() {
  switch (options_.header) {
    case Header::none:
      break;
    case Header::skip:
      if (options_.expressions.empty()) {
        pass_over_header(options_.header_rows);
        break;
      }
      pass_over_header(options_.header_rows - 1);
      return read_names();
    case Header::by_name:
      if (!options_.header_names.empty()) return {options_.header_names};
      return read_names();
    case Header::match:
      return read_names();
  }
  return {};
}

/// Nobody would see it if a quote in a line that is passed over took all others along.
void StreamSource::pass_over_header(int rows) {
  text::Record line;
  for (; header_rows_ < rows && next(line); header_rows_++)
    if (line.problem == text::RecordProblem::unterminated_quote || line.problem == text::RecordProblem::too_long)
      fail_malformed_header(problem_of(line, options_.format, options_.max_record_bytes)->reason, line.raw);
}

/// The fields of the next record; of an empty stream none.
HeaderLine StreamSource::read_names() {
  text::Record record;
  fields_.clear();
  if (!next(record)) {
    if (options_.header != Header::by_name) return {};
    throw Error("22P04", "header line is missing")
        .detail(reader_->bytes_consumed() == 0 ? "The file is empty."
                                               : "The file has no line behind those that are passed over.");
  }
  header_rows_++;
  Record header;
  header.raw.assign(record.raw);
  std::optional<Problem> problem = problem_of(record, options_.format, options_.max_record_bytes);
  if (problem || !convert(header.raw, problem) || !split_text(problem)) fail_malformed_header(problem->reason, record.raw);
  if (fields_.size() > kMaxFields) throw Error("54000", concat("header line has more than ", kMaxFields, " fields"));
  HeaderLine said{.hint = hint_at_bytes(record.raw)};
  for (const text::Field& field : fields_) {
    said.names.emplace_back(field.text, field.size);
    said.are_null.push_back(field.is_null);
  }
  if (said.hint.empty() && said.names.size() == 1) said.hint = hint_at_delimiter(said.names.front());
  return said;
}

void StreamSource::note_forced_columns() {
  const auto flags_of = [this](const std::vector<std::string>& names) {
    std::vector<bool> flags;
    for (std::size_t i = 0; !names.empty() && i < columns_.size(); i++)
      flags.push_back(std::find(names.begin(), names.end(), columns_[i].name) != names.end());
    return flags;
  };
  force_not_null_ = flags_of(options_.force_not_null);
  force_null_ = flags_of(options_.force_null);
}

bool StreamSource::read(Record& record) {
  text::Record found;
  if (!next(found)) return false;
  record.row_number = found.row_number - header_rows_;
  record.line_number = found.line_number;
  record.raw.assign(found.raw);
  record.is_cut = found.is_cut;
  record.problem.reset();
  if (found.problem == text::RecordProblem::unterminated_quote) {
    open_quote_line_ = found.line_number;
    open_quote_lines_ = found.lines;
  }
  if (found.lines > kManyLines && long_field_line_ == 0) note_long_field(found);
  if (auto problem = problem_of(found, options_.format, options_.max_record_bytes))
    record.problem = std::make_unique<Problem>(std::move(*problem));
  return true;
}

bool StreamSource::pass_over(std::uint64_t bytes) {
  constexpr std::int64_t kRowsBetweenInterrupts = 1000;
  text::Record record;
  while (reader_->next_offset() < bytes && next(record))
    if (record.row_number % kRowsBetweenInterrupts == 0) pg::check_interrupts();
  return reader_->next_offset() == bytes;
}

void StreamSource::warn_of_open_quote() const {
  if (open_quote_lines_ <= 1) return;
  pg::warning(concat("quote in the record that starts on line ", open_quote_line_, " is never closed: ", open_quote_lines_,
                     " lines are one reject"),
              "Correct the line, or load with open_quote => 'resume' (in COPY: OPEN_QUOTE resume) to reject that line alone.");
}

/// Keeps where a field of a record of many lines starts, if it has many by itself.
void StreamSource::note_long_field(const text::Record& found) {
  std::optional<Problem> problem;
  const bool has_fields = found.problem == text::RecordProblem::none && options_.format == Format::csv &&
                          options_.dialect.quotes == text::Quotes::copy && convert(found.raw, problem) && split_text(problem);
  std::int64_t line = found.line_number;
  for (std::size_t i = 0; has_fields && long_field_line_ == 0 && i < fields_.size(); i++) {
    const std::string_view text(fields_[i].text, fields_[i].size);
    const std::int64_t line_ends =
        std::max(std::count(text.begin(), text.end(), '\n'), std::count(text.begin(), text.end(), '\r'));
    if (line_ends >= kManyLines) {
      long_field_line_ = line;
      long_field_lines_ = line_ends + 1;
    }
    line += line_ends;
  }
}

void StreamSource::tell_of_long_field() const {
  if (long_field_line_ == 0) return;
  const std::string message = concat("field that starts on line ", long_field_line_, " takes in ", long_field_lines_, " lines");
  pg::notice(
      message.c_str(),
      "If a stray quote opened it, load with quotes => 'strict' (in COPY: QUOTES strict), which rejects such lines alone.");
}

/// That of the records' bytes: SQL_ASCII may be anything, and is taken for the server's.
int StreamSource::encoding() const { return options_.encoding == PG_SQL_ASCII ? GetDatabaseEncoding() : options_.encoding; }

/// The record in the server's encoding, into text_, which is good as long as raw and until the next call; or what is wrong with
/// its bytes, into problem, and false.
bool StreamSource::convert(std::string_view raw, std::optional<Problem>& problem) {
  const int length = static_cast<int>(raw.size());
  const int server_encoding = GetDatabaseEncoding();
  const int encoding = this->encoding();
  text_ = raw;
  if (encoding == PG_UTF8 && server_encoding == PG_UTF8 && text::is_valid_utf8_without_nul(raw)) return true;
  // raises no error
  if (const int valid = pg_encoding_verifymbstr(encoding, raw.data(), length); valid < length) {
    problem = invalid_bytes(raw, static_cast<std::size_t>(valid), encoding);
    problem->detail = concat("The sequence starts at byte ", valid + 1, " of the record.");
    return false;
  }
  if (encoding == server_encoding || server_encoding == PG_SQL_ASCII || raw.empty()) return true;
  converted_.resize(raw.size() * MAX_CONVERSION_GROWTH + 1);
  auto* const from = reinterpret_cast<unsigned char*>(const_cast<char*>(raw.data()));
  auto* const to = reinterpret_cast<unsigned char*>(converted_.data());
  const int converted = call(pg_do_encoding_conversion_buf, conversion_, encoding, server_encoding, from, length, to,
                             static_cast<int>(converted_.size()), true);
  if (converted < length) {
    problem =
        Problem{"22P05",
                {},
                {},
                concat("character with byte sequence ", pg::hex_of_character(raw, static_cast<std::size_t>(converted), encoding),
                       " in encoding \"", pg_encoding_to_char(encoding), "\" has no equivalent in encoding \"",
                       pg_encoding_to_char(server_encoding), "\""),
                {}};
    return false;
  }
  text_ = converted_.c_str();
  return true;
}

RecordText StreamSource::text_of(const Record& record, std::size_t most_bytes) {
  std::string_view raw = record.raw;
  const bool is_cut = record.is_cut || raw.size() > most_bytes;
  if (is_cut) raw = pg::whole_characters(raw.substr(0, most_bytes), encoding());
  std::optional<Problem> problem;
  if (!convert(raw, problem)) return {std::nullopt, is_cut};
  return {std::string(text_), is_cut};
}

/// Splits text_ into fields_; what is wrong with it as a whole into problem, and false.
bool StreamSource::split_text(std::optional<Problem>& problem) {
  if (options_.format == Format::csv) {
    const text::RecordProblem found = text::split_csv(text_, options_.dialect, storage_, fields_);
    if (found == text::RecordProblem::misplaced_quote)
      problem = malformed(concat("quote is neither at the start nor at the end of field ", fields_.size()),
                          "With strict quotes a field stands in them as a whole, or has none.");
    else if (found != text::RecordProblem::none)
      problem = malformed("unterminated CSV quoted field");
    return found == text::RecordProblem::none;
  }
  text::split_copy_text(text_, options_.dialect, storage_, fields_);
  const int encoding = GetDatabaseEncoding();
  for (const text::Field& field : fields_) {
    if (!field.has_made_bytes || field.is_null) continue;
    const int size = static_cast<int>(field.size);
    const int valid = pg_encoding_verifymbstr(encoding, field.text, size);
    if (valid == size) continue;
    problem = invalid_bytes({field.text, field.size}, static_cast<std::size_t>(valid), encoding);
    return false;
  }
  return true;
}

void StreamSource::split(const Record& record, Fields& out) {
  out.values.resize(columns_.size());
  out.valid = 0;
  out.take_problem_of(record);
  if (out.problem || !convert(record.raw, out.problem)) return;
  if (out.values.empty() && text_.empty() && column_of_field_.empty()) return;
  if (!split_text(out.problem)) return;
  if (options_.dialect.is_ragged) fit_fields();
  put_fields(out);
}

/// Makes fields_ as many as there are to be, where it is ragged: without empty ones at the end that are too many, and with null
/// for those that are missing.
void StreamSource::fit_fields() {
  const std::size_t expected = column_of_field_.size();
  if (fields_.size() > kMaxFields) return;
  while (fields_.size() > expected && fields_.back().size == 0) fields_.pop_back();
  if (fields_.size() < expected) fields_.resize(expected, {.is_null = true});
}

/// Puts fields_ to their columns, or what is wrong with them into out.problem.
void StreamSource::put_fields(Fields& out) const {
  const auto counts = [this] {
    const std::string found = fields_.size() > kMaxFields ? concat("more than ", kMaxFields) : std::to_string(fields_.size());
    return concat("Expected ", column_of_field_.size(), " fields, found ", found, ".");
  };
  if (fields_.size() > column_of_field_.size()) {
    out.problem = malformed("extra data after last expected column", counts());
    return;
  }
  if (is_plain_ && fields_.size() == out.values.size()) {
    for (std::size_t i = 0; i < fields_.size(); i++) {
      const text::Field& from = fields_[i];
      out.values[i] = {from.is_null ? Field::State::null : Field::State::text, from.is_null ? nullptr : from.text, from.size};
    }
    out.valid = fields_.size();
    return;
  }
  for (std::size_t i = 0; i < fields_.size(); i++) {
    if (column_of_field_[i] < 0) continue;
    const auto index = static_cast<std::size_t>(column_of_field_[i]);
    if (fields_[i].is_default && !columns_[index].has_default) {
      out.problem = malformed("unexpected default marker in COPY data",
                              concat("Column \"", columns_[index].name, "\" has no default value."));
      out.problem->column = columns_[index].name;
      return;
    }
    take_value(fields_[i], index, out.values[index]);
  }
  while (out.valid < out.values.size() && field_of_column_[out.valid] < fields_.size()) out.valid++;
  if (out.valid < out.values.size()) {
    const std::string_view name = columns_[out.valid].name;
    out.problem = malformed(concat("missing data for column \"", name, "\""), counts());
    out.problem->column = name;
  } else if (fields_.size() < column_of_field_.size()) {
    out.problem = malformed("missing data for a column that is not loaded");
  }
}

void StreamSource::take_value(const text::Field& from, std::size_t index, Field& field) const {
  field.state = Field::State::absent;
  if (from.is_default) return;
  bool is_null = from.is_null;
  if (is_null && from.text != nullptr && !force_not_null_.empty() && force_not_null_[index])
    is_null = false;  // its text is a null string
  else if (!is_null && !force_null_.empty() && force_null_[index])
    is_null = options_.dialect.is_null({from.text, from.size});
  field.state = is_null ? Field::State::null : Field::State::text;
  field.text = is_null ? nullptr : from.text;
  field.size = from.size;
}

}  // namespace ferry::load

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/io.hpp"
#include "load/record/expression.hpp"
#include "load/record/loaded_column.hpp"
#include "load/record/source.hpp"
#include "load/source/header_line.hpp"
#include "load/source/option_words.hpp"
#include "text/record_reader.hpp"
#include "text/wide_text.hpp"

namespace ferry::load {

/// Of a header and of a record. Fields take more memory than their delimiters.
inline constexpr std::size_t kMaxFields = 100'000;

enum class Format : std::uint8_t { csv, text };

enum class Header : std::uint8_t {
  none,
  by_name,  ///< the first record names the columns of the fields
  skip,     ///< the first records are passed over
  match,    ///< the first record has to name the columns of the load in their order
};

struct StreamOptions {
  Format format = Format::csv;
  text::Dialect dialect{};
  Header header = Header::none;
  HeaderMatch header_match = HeaderMatch::exact;  ///< of by_name and match
  int header_rows = 1;                            ///< to skip
  std::vector<std::string> header_names{};        ///< what it said, in a stream that has come without it; empty: it is to be read
  std::vector<std::string> columns{};             ///< the columns to load; empty: all
  std::vector<Expression> expressions{};          ///< whose columns are loaded, too
  std::vector<std::string> field_names{};         ///< that expressions know, in a stream that has come without its header
  std::optional<std::string> path{};              ///< what ferry_source() is in expressions
  std::vector<std::string> force_not_null{};      ///< columns in which the null string is text
  std::vector<std::string> force_null{};          ///< columns in which it is null in quotes too
  bool ends_at_marker = false;                    ///< a line \. ends CSV too
  int encoding = 0;                               ///< of the stream's records, as the server numbers encodings
  text::WideEncoding wide_encoding = text::WideEncoding::none;  ///< that they had before they became UTF-8
  bool marks_encoding = true;                                   ///< a byte order mark may say that it is a wide one
  std::string date_style{};                                     ///< by which dates are read; empty: the session's
  std::string session_date_style{};                             ///< for the log: what that was, where it mattered
  bool has_unknown_dates = false;                               ///< nothing in the stream tells how to read its dates
  std::string compression{};    ///< for the log: the format of the compressed file, "none" where none was to be seen
  std::string line_end = "\n";  ///< for the log: of its lines, once they are read
  std::size_t max_record_bytes = 16u << 20;
  std::int64_t bytes_total = 0;  ///< of the stream; 0: not known
};

/// Records of a stream of CSV or text. In the order read_header(), fill(), and then records.
class StreamSource : public Source {
 public:
  /// bytes outlives the source. Errors: 42883 an encoding that cannot be converted; 0A000 a quote in one.
  StreamSource(ByteSource& bytes, const StreamOptions& options);

  /// Reads the header. What it says, where somebody wants to know (by_name, match, expressions); of an empty stream nothing.
  /// Errors: 22P04 a malformed header, or none where it is to give the names.
  [[nodiscard]] HeaderLine read_header();
  /// columns: those that records have fields for. column_of_field: of each field of the stream which of them it fills; -1: none.
  void fill(std::vector<LoadedColumn> columns, std::vector<int> column_of_field);

  /// Passes over the records in the first bytes of the stream, before the first one is read. Whether the last of them ends there.
  [[nodiscard]] bool pass_over(std::uint64_t bytes);
  /// What ends the lines that were read, as far as that is to be seen; CRLF if any of them ended so.
  [[nodiscard]] std::string_view line_end() const { return reader_->line_end(); }

  /// A WARNING of a quote that was never closed and took other lines along: as one reject they are easily overlooked.
  void warn_of_open_quote() const;
  /// A NOTICE of a field that is so long that two stray quotes may have made it.
  void tell_of_long_field() const;

  [[nodiscard]] bool read(Record& record) override;
  void split(const Record& record, Fields& out) override;
  [[nodiscard]] bool splits_without_errors() const override { return !OidIsValid(conversion_); }
  [[nodiscard]] RecordText text_of(const Record& record, std::size_t most_bytes) override;
  [[nodiscard]] bool may_leave_fields_out() const override { return options_.dialect.default_string.has_value(); }
  [[nodiscard]] bool takes_whole_decimals() const override { return true; }
  [[nodiscard]] std::int64_t bytes_total() const override { return options_.bytes_total; }
  [[nodiscard]] std::int64_t bytes_read() const override {
    return static_cast<std::int64_t>(bytes_.origin_bytes().value_or(reader_->bytes_consumed()));
  }

 private:
  bool next(text::Record& record);
  void pass_over_header(int rows);
  HeaderLine read_names();
  void note_forced_columns();
  [[nodiscard]] int encoding() const;
  bool convert(std::string_view raw, std::optional<Problem>& problem);
  bool split_text(std::optional<Problem>& problem);
  void note_long_field(const text::Record& found);
  void fit_fields();
  void put_fields(Fields& out) const;
  void take_value(const text::Field& from, std::size_t index, Field& field) const;

  ByteSource& bytes_;
  StreamOptions options_;
  std::unique_ptr<text::RecordReader> reader_;
  bool ended_ = false;           ///< by the line that ends the data
  Oid conversion_ = InvalidOid;  ///< from the stream's encoding to the server's
  std::int64_t header_rows_ = 0;
  std::int64_t open_quote_line_ = 0, open_quote_lines_ = 0;  ///< where the record with it starts, how many it takes in
  std::int64_t long_field_line_ = 0, long_field_lines_ = 0;  ///< where the first field with very many starts
  std::vector<LoadedColumn> columns_;
  std::vector<int> column_of_field_;               ///< -1: the field is not loaded
  std::vector<std::size_t> field_of_column_;       ///< the inverse
  bool is_plain_ = false;                          ///< fields stand in the order of the loaded columns and mean what they say
  std::vector<bool> force_not_null_, force_null_;  ///< by column; empty: none
  std::string_view text_;                          ///< what convert() made
  std::string converted_, storage_;                ///< where it and the split functions keep what is not as it came
  std::vector<text::Field> fields_;
};

}  // namespace ferry::load

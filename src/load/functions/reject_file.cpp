#include "load/functions/reject_file.hpp"

#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "load/source/json_file_source.hpp"
#include "pg/guard.hpp"
#include "text/wide_text.hpp"

#include "pg/server.hpp"

extern "C" {
#include "mb/pg_wchar.h"
}

namespace ferry::load {

namespace {

/// Texts and bytes on their way into a sink, in the encoding of a file.
class Output {
 public:
  /// wide: in which UTF-8 is written; encoding is UTF-8 then.
  Output(ByteSink& sink, int encoding, text::WideEncoding wide) : sink_(sink), encoding_(encoding), wide_(wide) {
    pending_ = text::mark_of(wide);
  }
  /// Of the database. Errors: 22P05 what the file's encoding lacks.
  void add_text(std::string_view text) {
    const int encoding = encoding_;
    char* const converted = pg::call([=] { return pg_server_to_any(text.data(), static_cast<int>(text.size()), encoding); });
    if (converted == text.data()) return add_bytes(text);
    add_bytes(converted);
    pg::call(pfree, converted);
  }
  /// Of the file, or UTF-8 of a wide one.
  void add_bytes(std::string_view bytes) {
    if (wide_ == text::WideEncoding::none)
      pending_ += bytes;
    else
      text::append_wide(pending_, bytes, wide_);
    if (pending_.size() >= kPieceBytes) flush();
  }
  void flush() {
    sink_.write(as_bytes(pending_));
    pending_.clear();
  }

 private:
  static constexpr std::size_t kPieceBytes = std::size_t{64} << 10;
  ByteSink& sink_;
  int encoding_;
  text::WideEncoding wide_;
  std::string pending_;
};

std::string csv_field(std::string_view text, char delimiter, char quote, char escape, std::string_view null_string) {
  const bool is_plain = text != null_string && text != "\\." &&
                        text.find_first_of(std::string({delimiter, quote, '\r', '\n'})) == std::string_view::npos;
  if (is_plain) return std::string(text);
  std::string field(1, quote);
  for (const char c : text) {
    if (c == quote || c == escape) field += escape;
    field += c;
  }
  return field + quote;
}

std::string copy_text_field(std::string_view text, char delimiter) {
  std::string field;
  for (const char c : text) {
    if (c == '\\' || c == delimiter || c == '\n' || c == '\r') field += '\\';
    field += c == '\n' ? 'n' : c == '\r' ? 'r' : c;
  }
  return field;
}

class SourceFile : public RejectFile {
 public:
  SourceFile(ByteSink& sink, const LoggedLoad& load, const LoggedOptions& options)
      : load_(load), options_(options), out_(sink, options.stream.encoding, options.stream.wide_encoding) {}

  void begin() override {
    for (int i = 0; i < options_.skip_lines; i++) end_line();
    if (options_.header_rows == 0) return;
    for (int i = 1; i < options_.header_rows; i++) end_line();
    const std::vector<std::string>& named = options_.stream.header_names;
    std::string line;
    for (const std::string& name : named.empty() ? load_.columns : named) {
      if (&name != &(named.empty() ? load_.columns : named).front()) line += options_.stream.dialect.delimiter;
      line += field_of(name);
    }
    out_.add_text(line);
    end_line();
  }

  bool add(const StoredReject& reject) override {
    if (reject.is_text)
      out_.add_text(reject.raw);
    else
      out_.add_bytes(reject.raw);
    end_line();
    return true;
  }

  void end() override { out_.flush(); }

 private:
  void end_line() { out_.add_bytes(options_.stream.line_end); }
  [[nodiscard]] std::string field_of(const std::string& name) const {
    const text::Dialect& dialect = options_.stream.dialect;
    if (options_.stream.format == Format::text) return copy_text_field(name, dialect.delimiter);
    if (dialect.quotes == text::Quotes::none) return name;
    return csv_field(name, dialect.delimiter, dialect.quote, dialect.escape, dialect.null_string);
  }

  const LoggedLoad& load_;
  const LoggedOptions& options_;
  Output out_;
};

/// The rows of a batch are JSON values, whatever else is wrong with them; of a file whatever is there.
class JsonFile : public RejectFile {
 public:
  JsonFile(ByteSink& sink, const LoggedOptions& options)
      : out_(sink, PG_UTF8, text::WideEncoding::none), is_array_(!options.has_json_lines), line_end_(options.stream.line_end) {}
  void begin() override {
    if (is_array_) out_.add_bytes("[");
  }
  bool add(const StoredReject& reject) override {
    if (is_of_broken_array(reject.problem)) {
      if (reject.raw.empty()) return false;  // there is an end now
      has_own_end_ = true;
    }
    if (is_array_) out_.add_bytes(is_first_ ? "\n" : ",\n");
    is_first_ = false;
    if (reject.is_text)
      out_.add_text(reject.raw);
    else
      out_.add_bytes(reject.raw);
    if (!is_array_) out_.add_bytes(line_end_);
    return true;
  }
  void end() override {
    if (is_array_) out_.add_bytes(has_own_end_ ? "\n" : "\n]\n");
    out_.flush();
  }

 private:
  Output out_;
  bool is_array_, is_first_ = true;
  bool has_own_end_ = false;  ///< the last reject is all that was left of the source
  std::string line_end_;
};

class ReportFile : public RejectFile {
 public:
  explicit ReportFile(ByteSink& sink) : out_(sink, pg_get_client_encoding(), text::WideEncoding::none) {}
  void begin() override { out_.add_bytes("line_number,sqlstate,column_name,reason,hint,raw_row\n"); }
  bool add(const StoredReject& reject) override {
    if (reject.line_number > 0) out_.add_text(std::to_string(reject.line_number));
    add_field(reject.problem.sqlstate);
    add_nullable(reject.problem.column);
    add_field(reject.problem.reason);
    add_nullable(reject.problem.hint);
    add_field(reject.is_text ? reject.raw : hex_of(reject.raw));
    out_.add_bytes("\n");
    return true;
  }
  void end() override { out_.flush(); }

 private:
  void add_field(std::string_view text) {
    out_.add_bytes(",");
    out_.add_text(csv_field(text, ',', '"', '"', {}));
  }
  /// The log has no empty text where it has NULL.
  void add_nullable(std::string_view text) {
    if (text.empty())
      out_.add_bytes(",");
    else
      add_field(text);
  }
  static std::string hex_of(std::string_view bytes) {
    constexpr char kHex[] = "0123456789abcdef";
    std::string hex = "\\x";
    for (const char c : bytes) (hex += kHex[static_cast<unsigned char>(c) >> 4]) += kHex[c & 15];
    return hex;
  }

  Output out_;
};

}  // namespace

std::unique_ptr<RejectFile> source_file(ByteSink& sink, const LoggedLoad& load, const LoggedOptions& options) {
  switch (options.format) {
    case LoggedFormat::stream:
      return std::make_unique<SourceFile>(sink, load, options);
    case LoggedFormat::json:
      return std::make_unique<JsonFile>(sink, options);
    case LoggedFormat::avro:
      break;
  }
  throw Error("0A000", "rejects of format \"avro\" cannot be written in the format of their source")
      .hint("Write them as CSV: export_rejects(..., format => 'csv').");
}

std::unique_ptr<RejectFile> report_file(ByteSink& sink) { return std::make_unique<ReportFile>(sink); }

}  // namespace ferry::load

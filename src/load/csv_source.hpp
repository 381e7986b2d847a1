#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/io.hpp"
#include "load/rules.hpp"
#include "load/source.hpp"
#include "text/csv.hpp"

namespace ferry::load {

struct CsvOptions {
  text::CsvDialect dialect{};
  bool header = false;                      ///< the first record names the columns
  std::vector<std::string> header_names{};  ///< what it said, in a stream that has come without it; empty: it is to be read
  std::vector<std::string> columns{};       ///< the columns to load; empty: all
  int encoding = 0;                         ///< of the stream, as the server numbers encodings
  std::size_t max_record_bytes = 16u << 20;
  std::int64_t bytes_total = 0;  ///< of the stream; 0: not known
};

/// Records of a CSV stream. Chooses the columns that rules loads: without a header the given ones in the stream's order, with
/// it those of its names, or only the given ones of them.
class CsvSource : public Source {
 public:
  /// bytes and rules outlive the source. Errors: 42703, 42701 columns; 22P04 header.
  CsvSource(ByteSource& bytes, const CsvOptions& options, Rules& rules);

  /// The names in the header; empty where there is none.
  [[nodiscard]] const std::vector<std::string>& header_names() const { return options_.header_names; }
  /// Whether a problem is of the kind that read() finds: it lies in the bytes and their surroundings, and split() need not see
  /// it.
  [[nodiscard]] static bool is_of_reader(const Problem& problem);

  [[nodiscard]] bool read(Record& record) override;
  void split(const Record& record, Fields& out) override;
  [[nodiscard]] std::optional<std::string> text_of(const Record& record) override;
  [[nodiscard]] std::int64_t bytes_total() const override { return options_.bytes_total; }
  [[nodiscard]] std::int64_t bytes_read() const override { return static_cast<std::int64_t>(reader_.bytes_consumed()); }

 private:
  void read_header();
  void match_header();
  std::optional<Problem> convert(const Record& record, std::string& text) const;

  CsvOptions options_;
  Rules& rules_;
  text::CsvReader reader_;
  Oid conversion_ = InvalidOid;  ///< from the stream's encoding to the server's
  std::int64_t header_rows_ = 0;
  std::vector<int> column_of_field_;  ///< place of the field's column among the loaded ones; -1: the field is not loaded
  std::string text_, storage_;
  std::vector<text::CsvField> fields_;
};

}  // namespace ferry::load

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "load/field_columns.hpp"
#include "load/load.hpp"
#include "load/source/avro_source.hpp"
#include "load/source/character_set.hpp"
#include "load/source/stream_source.hpp"

namespace ferry::load {

enum class LoggedFormat : std::uint8_t {
  stream,  ///< of CSV or text
  json,
  avro,
};

/// The options of a load as its log has them: a JSON object, to be read by people, and by those who try its rejects again.
struct LoggedOptions {
  LoggedFormat format = LoggedFormat::stream;
  bool has_json_lines = false;  ///< else the rows of JSON are elements of an array
  int skip_lines = 0;           ///< that the source had before its header
  int header_rows = 0;          ///< that it had, whatever they were for
  OnConflict on_conflict = OnConflict::reject;
  bool dry_run = false;
  bool is_filtered = false;  ///< rows were left out by the condition of a COPY
  StreamOptions stream{};    ///< of a stream: what its records' fields depend on

  [[nodiscard]] bool is_json() const { return format == LoggedFormat::json; }
};

/// What the log says of the load of a stream. condition: the filter as SQL, or empty.
[[nodiscard]] std::string describe_stream(const StreamOptions& stream, const FieldColumns& columns, const LoadOptions& options,
                                          const std::string& condition);

/// What it says of the load of an Avro file.
[[nodiscard]] std::string describe_avro(const AvroOptions& avro, const LoadOptions& options, const std::string& condition);

/// What it says of the load of a JSON file. is_array: else lines. line_end: of those. compression: see StreamOptions.
[[nodiscard]] std::string describe_json_file(bool is_array, std::string_view line_end, std::string_view compression,
                                             const LoadOptions& options);

/// The options read back. Errors: 22023 an option that is missing or has no such value.
[[nodiscard]] LoggedOptions read_logged_options(const std::string& json);

}  // namespace ferry::load

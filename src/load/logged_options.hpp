#pragma once

#include <string>
#include <vector>

#include "load/csv_source.hpp"
#include "load/load.hpp"

namespace ferry::load {

/// The options of a load as its log has them: a JSON object, to be read by people, and by those who try its rejects again.
struct LoggedOptions {
  enum class Format : std::uint8_t { csv, json } format = Format::csv;
  OnConflict on_conflict = OnConflict::reject;
  bool dry_run = false;
  CsvOptions csv{};  ///< of CSV: dialect, encoding, header and its names
};

/// What the log says of the load of a CSV file. header_names: as CsvOptions has them.
[[nodiscard]] std::string describe_csv(const CsvOptions& csv, const std::vector<std::string>& header_names,
                                       const LoadOptions& options);

/// The same read back. Errors: 0A000 another format; 22023 an option that is missing or has no such value.
[[nodiscard]] LoggedOptions read_logged_options(const std::string& json);

}  // namespace ferry::load

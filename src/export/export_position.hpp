#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "export/table_scan.hpp"
#include "map/write/row_writer.hpp"
#include "pg/error_context.hpp"

#include "pg/server.hpp"

namespace ferry::exporter {

/// Adds the row and the column at work to the context of errors, the server's and our own: "COPY jobs, row 3, column job". Where
/// several processes share a scan no row has a number, and its tid is told instead: "row (12,5)".
class ExportPosition {
 public:
  /// prefix: what comes before the row. shared_scan: may be null. All outlive the object.
  ExportPosition(std::string_view prefix, const map::RowWriter& rows, const TableScan* shared_scan)
      : prefix_(prefix), rows_(rows), shared_scan_(shared_scan) {}

  /// Of rows in blocks before this one.
  void set_rows_before(std::int64_t rows_before) { rows_before_ = rows_before; }

  /// Runs body with the position added to its errors. Calls the server without a guard.
  template <class F>
  auto run(F&& body) const {
    return pg::with_context([this](std::span<char> out) { tell(out); }, body);
  }

 private:
  void tell(std::span<char> out) const;

  std::string_view prefix_;
  const map::RowWriter& rows_;
  const TableScan* shared_scan_;
  std::int64_t rows_before_ = 0;
};

}  // namespace ferry::exporter

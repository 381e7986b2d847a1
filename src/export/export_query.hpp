#pragma once

#include "export/file_export.hpp"
#include "map/types/table.hpp"

#include "pg/server.hpp"

extern "C" {
#include "executor/execdesc.h"
#include "nodes/parsenodes.h"
}

namespace ferry::exporter {

/// A query whose rows are exported. In the order begin(), run(), finish(); after an error the abort cleans up.
class ExportQuery {
 public:
  ExportQuery() = default;
  ExportQuery(const ExportQuery&) = delete;
  ExportQuery& operator=(const ExportQuery&) = delete;

  /// Analyzes, rewrites and plans the query and starts it. text: where it is from; valid until finish().
  /// Errors: 0A000 a statement without rows or with rules that COPY does not take; what the query raises.
  void begin(RawStmt* query, const char* text);
  /// The same with SELECT FROM relation, which is open and locked; see pg::select_from(). columns: of relation; they get the
  /// numbers that they have in the result.
  void begin(Relation relation, map::Table& columns, bool with_children, const char* text);
  /// Of the result.
  [[nodiscard]] TupleDesc descriptor() const { return query_->tupDesc; }
  /// Whether all rows are those that the snapshot shows; false: some may come from other servers, with snapshots of their own.
  [[nodiscard]] bool is_in_snapshot() const { return is_in_snapshot_; }
  /// Gives all rows to out.
  void run(FileExport& out);
  /// Fires triggers and releases what the query holds.
  void finish();

 private:
  void start(List* rewritten, const char* text);

  /// What the executor hands rows to.
  struct Receiver {
    DestReceiver base;
    FileExport* out;
  };
  static bool receive(TupleTableSlot* slot, DestReceiver* self);

  QueryDesc* query_ = nullptr;
  bool is_in_snapshot_ = true;
  Receiver receiver_{};
};

}  // namespace ferry::exporter

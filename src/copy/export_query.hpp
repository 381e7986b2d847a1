#pragma once

#include "export/file_export.hpp"

#include "pg/server.hpp"

extern "C" {
#include "executor/execdesc.h"
#include "nodes/parsenodes.h"
#include "parser/parse_node.h"
}

namespace ferry::copy {

/// A query whose rows are exported. In the order begin(), run(), finish(); after an error the abort cleans up.
class ExportQuery {
 public:
  ExportQuery() = default;
  ExportQuery(const ExportQuery&) = delete;
  ExportQuery& operator=(const ExportQuery&) = delete;

  /// Analyzes, rewrites and plans the query and starts it. expected: a table that it must read, or InvalidOid.
  /// Errors: 0A000 a statement without rows or with rules that COPY does not take; what the query raises.
  void begin(ParseState* state, RawStmt* query, Oid expected);
  /// Of the result.
  [[nodiscard]] TupleDesc descriptor() const { return query_->tupDesc; }
  /// Gives all rows to out.
  void run(exporter::FileExport& out);
  /// Fires triggers and releases what the query holds.
  void finish();

 private:
  /// What the executor hands rows to.
  struct Receiver {
    DestReceiver base;
    exporter::FileExport* out;
  };
  static bool receive(TupleTableSlot* slot, DestReceiver* self);

  QueryDesc* query_ = nullptr;
  Receiver receiver_{};
};

}  // namespace ferry::copy

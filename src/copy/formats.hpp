#pragma once

#include <functional>

#include "export/table_export.hpp"
#include "load/load_stream.hpp"
#include "pg/io/open_source.hpp"

#include "pg/server.hpp"

extern "C" {
#include "nodes/parsenodes.h"
#include "parser/parse_node.h"
}

// The formats of COPY, as values: to add one is to add a row to the table in formats.cpp.
namespace ferry::copy {

/// What COPY FROM does with data of a format, as the options of a statement have it.
struct Import {
  load::LoadOptions load;             ///< source, kind and filter are left to the caller
  pg::ClientSource::Format messages;  ///< in which a client sends the data
  pg::Compression compression;        ///< of the data
  std::function<load::LoadSummary(pg::Input& input, const load::LoadOptions& options, load::TargetTable& target)> run;
};

struct Format {
  const char* name;  ///< the word behind FORMAT
  /// Refuses what no statement may say, before anything is opened; may be null. Calls the server without a guard.
  void (*check)(ParseState* state, const CopyStmt& statement);
  /// Reads the options of COPY FROM. attributes: the numbers of the columns that are loaded.
  Import (*import_from)(ParseState* state, const CopyStmt& statement, Relation table, List* attributes);
  /// Reads those of COPY TO; null where check() refuses all of those.
  exporter::FileOptions (*export_to)(ParseState* state, const CopyStmt& statement);
};

/// The format of a statement that is ours; null where it is the server's. Raises only what boundary() raises on.
[[nodiscard]] const Format* find_format(const CopyStmt& statement);

}  // namespace ferry::copy

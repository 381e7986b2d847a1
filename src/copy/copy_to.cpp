#include "copy/copy_to.hpp"

#include <string>

#include "base/concat.hpp"
#include "base/error.hpp"
#include "copy/export_source.hpp"
#include "copy/privileges.hpp"
#include "export/file_export.hpp"
#include "pg/extension.hpp"
#include "pg/guard.hpp"
#include "pg/io/client_sink.hpp"
#include "pg/io/path.hpp"
#include "pg/io/program_sink.hpp"
#include "pg/io/written_file.hpp"

#include "pg/server.hpp"

namespace ferry::copy {

using pg::call;

namespace {

/// Opens what the statement writes into, produces, and finishes it.
template <class F>
void write_target(const CopyStmt& statement, int column_count, F&& produce) {
  if (statement.filename == nullptr) {
    pg::ClientSink client(column_count);
    produce(client);
    return client.finish();
  }
  if (!statement.is_program) return pg::write_to_file(statement.filename, produce);
  pg::ProgramSink program(statement.filename);
  produce(program);
  program.close();
}

pg::StreamKind kind_of(const CopyStmt& statement) {
  if (statement.filename == nullptr) return pg::StreamKind::pipe;
  return statement.is_program ? pg::StreamKind::program : pg::StreamKind::file;
}

}  // namespace

std::int64_t copy_to(const Format& format, ParseState* state, const PlannedStmt& planned) {
  const auto& statement = *reinterpret_cast<const CopyStmt*>(planned.utilityStmt);
  call([&statement] { check_role(statement); });
  exporter::FileOptions options = format.export_to(state, statement);
  if (is_elsewhere(statement))
    pg::check_may_write(statement.filename);
  else if (statement.filename != nullptr && !statement.is_program)
    pg::check_path(statement.filename, "relative path not allowed for COPY to file");
  call([] { (void)pg::extension_schema(); });  // raises where there is none
  ExportSource source(state, planned);
  pg::ExportProgress progress;
  progress.table = source.relation_oid();
  progress.kind = kind_of(statement);
  options.context_prefix = concat("COPY ", source.name(), source.name().empty() ? "" : ", ");
  exporter::FileExport rows(source.table(), options, progress);
  write_target(statement, static_cast<int>(source.table().columns.size()), [&](ByteSink& sink) {
    rows.begin(sink);
    source.run(rows);
  });
  rows.finish();
  return rows.row_count();
}

}  // namespace ferry::copy

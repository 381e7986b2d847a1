#include "backup/file_check.hpp"

#include "avro/container.hpp"
#include "avro/decode.hpp"
#include "backup/folder.hpp"
#include "backup/hashing_source.hpp"
#include "base/concat.hpp"
#include "base/error.hpp"
#include "map/types/table.hpp"
#include "pg/encoding.hpp"
#include "pg/guard.hpp"
#include "pg/io/open_source.hpp"
#include "pg/io/sha256.hpp"
#include "pg/subtransaction.hpp"
#include "settings.hpp"

#include "pg/server.hpp"

namespace ferry::backup {
namespace {

constexpr std::size_t kAnySize = std::size_t{1} << 40;
constexpr std::int64_t kRowsBetweenInterrupts = 1000;

/// Runs body, which reads a file. What is wrong with the file, or nothing.
template <class F>
std::string problem_of(F&& body) {
  const std::optional<pg::CaughtError> error = pg::attempt(body, [](const char* sqlstate) { return is_of_file(sqlstate); });
  if (!error) return {};
  return error->detail.empty() ? error->message : concat(error->message, " (", error->detail, ")");
}

std::string schema_problem(const avro::ContainerReader& file, const TableEntry& entry) {
  if (pg::sha256_of(as_bytes(file.schema_json())) == entry.schema_sha256) return {};
  const avro::Schema& schema = file.schema();
  const std::size_t count = schema.type == avro::Type::record ? schema.fields.size() : 0;
  if (count != entry.columns.size()) return concat("file has ", count, " columns, but its manifest says ", entry.columns.size());
  for (std::size_t i = 0; i < count; i++) {
    const std::string name = map::column_name(schema.fields[i]), type = map::column_type(schema.fields[i]);
    const std::string expected_name = pg::shown_from_utf8(entry.columns[i].name),
                      expected_type = pg::shown_from_utf8(entry.columns[i].type);
    if (name != expected_name || type != expected_type)
      return concat("column ", i + 1, " of the file is \"", name, "\" ", type, ", but its manifest says \"", expected_name, "\" ",
                    expected_type);
  }
  return "schema of the file is not the one in its manifest";
}

/// Decodes the rows of a block; rows goes up with each of them.
void decode_block(const avro::Block& block, const avro::Schema& schema, std::int64_t& rows) {
  avro::Decoder decoder(block.payload, 0, pg::check_interrupts);
  std::int64_t record = 1;
  try {
    for (; record <= block.record_count; record++, rows++) {
      if (record % kRowsBetweenInterrupts == 0) pg::check_interrupts();
      decoder.skip(schema);
    }
    if (!decoder.at_end()) throw Error("22P04", concat(decoder.remaining(), " bytes after the last record"));
  } catch (Error& error) {
    throw Error(error.sqlstate().c_str(), concat("block ", block.block_number, " at byte ", block.offset_bytes, ", record ",
                                                 std::min(record, block.record_count), ": ", error.message()))
        .detail(error.detail());
  }
}

}  // namespace

FileCheck check_size(Directory& directory, const std::string& folder, const TableEntry& entry) {
  std::optional<FolderFile> file;
  const std::string problem = problem_of([&] { file = directory.find(folder, entry.file); });
  if (!file) return {{}, problem.empty() ? "the file is missing" : problem};
  // a pipe in its place would make the reader wait for ever
  if (!file->is_regular) return {{}, "it is not an ordinary file"};
  FileCheck check{file->bytes, {}};
  if (file->bytes != entry.bytes)
    check.problem = concat("the file has ", file->bytes, " bytes, but its manifest says ", entry.bytes);
  return check;
}

FileCheck check_file(Directory& directory, const std::string& folder, const TableEntry& entry) {
  FileCheck check = check_size(directory, folder, entry);
  if (check.problem.empty()) check.problem = problem_of([&] { verify_file(directory.path_of(folder, entry.file), entry); });
  return check;
}

RowsCheck check_rows(const std::string& path, const TableEntry& entry, bool is_intact) {
  RowsCheck check;
  std::string problem = problem_of([&] {
    const std::size_t limit = is_intact ? kAnySize : static_cast<std::size_t>(settings::max_block_bytes);
    const std::unique_ptr<pg::Input> file = pg::open_source(pg::FileOrigin{path}, pg::Compression::none);
    avro::ContainerReader container(
        *file, {.max_block_bytes = limit, .max_stored_block_bytes = limit, .check_interrupts = pg::check_interrupts});
    check.problem = schema_problem(container, entry);
    check.rows = 0;
    avro::Block block;
    while (container.next_block(block)) decode_block(block, container.schema(), *check.rows);
    file->close();
  });
  if (problem.empty() && check.rows != entry.rows)
    problem = concat("the file has ", *check.rows, " rows, but its manifest says ", entry.rows);
  if (!problem.empty()) check.problem += concat(check.problem.empty() ? "" : "; ", problem);
  return check;
}

}  // namespace ferry::backup

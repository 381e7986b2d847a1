#include "copy/formats.hpp"

#include <cstring>

#include "copy/avro_options.hpp"
#include "copy/error_setting.hpp"
#include "copy/options.hpp"
#include "pg/guard.hpp"
#include "settings.hpp"

#include "pg/server.hpp"

namespace ferry::copy {

namespace {

Import import_text(ParseState* state, const CopyStmt& statement, Relation table, List* attributes) {
  const Options options = read_options(state, statement, table, attributes);
  const auto run = [stream = options.stream](pg::Input& input, const load::LoadOptions& load, load::TargetTable& target) mutable {
    stream.bytes_total = input.size_bytes();
    if (!input.compression().empty()) stream.compression = input.compression();
    return load::load_stream(input, stream, load, target);
  };
  // a client such as psql sends lines as text, and what may have zeros in lines of bytes only if it is told so
  const bool is_wide = options.stream.wide_encoding != text::WideEncoding::none;
  return {options.load, is_wide ? pg::ClientSource::Format::binary : pg::ClientSource::Format::text, options.compression, run};
}

Import import_avro(ParseState* state, const CopyStmt& statement, Relation table, List* attributes) {
  ImportOptions options = read_import_options(state, statement);
  if (statement.attlist != NIL) options.avro.columns = names_of(table, attributes);
  if (statement.filename != nullptr && !statement.is_program) options.avro.file = statement.filename;
  options.avro.max_block_bytes = static_cast<std::size_t>(settings::max_block_bytes);
  const auto run = [avro = options.avro](pg::Input& input, const load::LoadOptions& load, load::TargetTable& target) mutable {
    avro.bytes_total = input.size_bytes();
    return load::load_avro(input, avro, load, target);
  };
  return {options.load, pg::ClientSource::Format::binary, pg::Compression::automatic, run};
}

/// Whose name makes a statement ours.
constexpr Format kFormats[] = {
    {.name = "avro", .check = nullptr, .import_from = import_avro, .export_to = read_export_options},
};

/// The formats of the server: of those a statement is ours that says what becomes of rejects.
constexpr Format kText{.name = "text", .check = check_use, .import_from = import_text, .export_to = nullptr};

}  // namespace

const Format* find_format(const CopyStmt& statement) {
  for (int i = 0; i < list_length(statement.options); i++) {
    const auto* const option = static_cast<const DefElem*>(list_nth(statement.options, i));
    if (std::strcmp(option->defname, "format") != 0 || option->arg == nullptr || !IsA(option->arg, String)) continue;
    for (const Format& format : kFormats)
      if (std::strcmp(strVal(option->arg), format.name) == 0) return &format;
  }
  if (find_reject_option(statement) != nullptr || find_lone_option(statement) != nullptr) return &kText;
  const bool is_load = settings::on_error == settings::kOnErrorReject &&
                       pg::boundary([&statement] { return pg::call([copy = &statement] { return is_load_by_setting(*copy); }); });
  return is_load ? &kText : nullptr;
}

}  // namespace ferry::copy

#include "load/functions/avro_table.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "avro/container.hpp"
#include "base/concat.hpp"
#include "load/functions/sql_text.hpp"
#include "map/read/read_node.hpp"
#include "map/types/table.hpp"
#include "pg/arguments.hpp"
#include "pg/encoding.hpp"
#include "pg/guard.hpp"
#include "pg/io/open_source.hpp"
#include "settings.hpp"

#include "pg/server.hpp"

extern "C" {
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
}

namespace ferry::load {
namespace {

/// The type that a field tells of in pg.domain or pg.type, as SQL has it; empty where the database has none by that name.
/// Errors: 42601 no name of a type.
std::string known_type(const avro::Field& field) {
  const std::string name = map::column_type(field);
  if (name.empty()) return {};
  std::int32_t modifier = -1;
  const bool is_domain = avro::find_property(field.properties, "pg.domain").has_value();
  if (const auto told = avro::find_property(field.properties, "pg.typmod"); told && !is_domain)
    (void)std::from_chars(told->data(), told->data() + told->size(), modifier);
  const Datum name_datum = pg::text_datum(name);
  return pg::call([name_datum, modifier]() -> const char* {
    LOCAL_FCINFO(call_info, 1);
    InitFunctionCallInfoData(*call_info, nullptr, 1, InvalidOid, nullptr, nullptr);
    call_info->args[0] = {name_datum, false};
    const Datum type = to_regtype(call_info);
    return call_info->isnull ? "" : format_type_with_typemod(DatumGetObjectId(type), modifier);
  });
}

std::string clip(std::string_view name, std::size_t most_bytes) {
  return std::string(pg::whole_characters(name.substr(0, most_bytes), GetDatabaseEncoding()));
}

/// A name that no other column has: names of a file may be long, and differ only behind what a name may have.
std::string free_name(const std::string& wanted, std::set<std::string>& taken) {
  std::string name = clip(wanted, NAMEDATALEN - 1);
  for (int number = 2; !taken.insert(name).second; number++) {
    const std::string tail = concat('_', number);
    name = clip(wanted, NAMEDATALEN - 1 - tail.size()) + tail;
  }
  return name;
}

bool takes_null(const avro::Schema& schema) {
  const auto is_null = [](const avro::Schema* branch) { return branch->type == avro::Type::null_; };
  return schema.type == avro::Type::null_ ||
         (schema.type == avro::Type::union_ && std::any_of(schema.branches.begin(), schema.branches.end(), is_null));
}

AvroTable table_of(const avro::Schema& schema) {
  AvroTable table{.comment = pg::shown_from_utf8(schema.doc)};
  std::set<std::string> taken;
  if (schema.type != avro::Type::record) {
    table.columns.push_back({.name = "value", .type = map::natural_type(schema), .is_nullable = takes_null(schema)});
    return table;
  }
  for (const avro::Field& field : schema.fields) {
    std::string type = known_type(field);
    if (type.empty()) type = map::natural_type(*field.schema);
    table.columns.push_back({.name = free_name(map::column_name(field), taken),
                             .type = std::move(type),
                             .is_nullable = takes_null(*field.schema),
                             .comment = pg::shown_from_utf8(field.doc)});
  }
  return table;
}

}  // namespace

bool is_avro_file(const std::string& path) {
  constexpr std::string_view kMagic("Obj\1", 4);
  const std::unique_ptr<pg::Input> file = pg::open_source(pg::FileOrigin{path}, pg::Compression::automatic);
  std::array<std::uint8_t, kMagic.size()> start{};
  std::size_t size = 0;
  while (size < start.size()) {
    const std::size_t count = file->read(std::span(start).subspan(size));
    if (count == 0) break;
    size += count;
  }
  file->close();
  return as_text(start) == kMagic;
}

AvroTable avro_table_of(const std::string& path) {
  const std::unique_ptr<pg::Input> file = pg::open_source(pg::FileOrigin{path}, pg::Compression::automatic);
  try {
    const auto most_bytes = static_cast<std::size_t>(settings::max_block_bytes);
    const avro::ContainerReader reader(*file, {.max_block_bytes = most_bytes,
                                               .max_stored_block_bytes = most_bytes,
                                               .check_interrupts = pg::check_interrupts,
                                               .block_hint = settings::kBlockHint});
    AvroTable table = table_of(reader.schema());
    file->close();
    return table;
  } catch (Error& error) {
    throw Error(std::move(error)).context(concat("file \"", path, '"'));
  }
}

std::string create_table_sql(const AvroTable& avro, const std::string& table, const std::string& key) {
  std::string sql = concat("CREATE TABLE ", table, " (");
  for (const AvroColumn& column : avro.columns)
    sql += concat(&column == &avro.columns.front() ? "\n    " : ",\n    ", identifier(column.name), ' ', column.type,
                  column.is_nullable ? "" : " NOT NULL");
  if (!key.empty()) sql += concat(",\n    ", key);
  sql += "\n);";
  if (!avro.comment.empty()) sql += concat("\nCOMMENT ON TABLE ", table, " IS ", literal(avro.comment), ';');
  for (const AvroColumn& column : avro.columns)
    if (!column.comment.empty())
      sql += concat("\nCOMMENT ON COLUMN ", table, '.', identifier(column.name), " IS ", literal(column.comment), ';');
  return sql;
}

}  // namespace ferry::load

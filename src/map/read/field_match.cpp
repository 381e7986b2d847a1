#include <algorithm>

#include "avro/logical_type.hpp"
#include "base/concat.hpp"
#include "base/error.hpp"
#include "base/json_text.hpp"
#include "map/read/read_node.hpp"
#include "map/types/table.hpp"
#include "pg/encoding.hpp"

namespace ferry::map {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_same_folded(const std::string& a, const std::string& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

/// Matches what is not matched yet.
class Matcher {
 public:
  Matcher(const std::vector<avro::Field>& fields, const std::vector<std::string>& names)
      : names_(names), columns_(fields.size(), -1), takers_(names.size(), -1) {
    for (const avro::Field& field : fields) {
      own_names_.push_back({column_name(field)});
      std::vector<std::string>& aliases = aliases_.emplace_back();
      for (const std::string& alias : field.aliases) aliases.push_back(pg::shown_from_utf8(alias));
    }
  }

  std::vector<int> match() {
    pass(own_names_, false);
    pass(aliases_, false);
    pass(own_names_, true);
    pass(aliases_, true);
    return columns_;
  }

 private:
  using Names = std::vector<std::vector<std::string>>;

  void pass(const Names& of_fields, bool is_folded) {
    const std::vector<int> before = takers_;
    for (std::size_t field = 0; field < columns_.size(); field++) {
      if (columns_[field] >= 0) continue;
      for (const std::string& name : of_fields[field]) {
        const int column = find(name, is_folded, before);
        if (column < 0) continue;
        take(static_cast<int>(field), column);
        break;
      }
    }
  }

  /// The name that was free before this pass.
  int find(const std::string& name, bool is_folded, const std::vector<int>& takers) const {
    for (std::size_t i = 0; i < names_.size(); i++)
      if (takers[i] < 0 && (is_folded ? is_same_folded(names_[i], name) : names_[i] == name)) return static_cast<int>(i);
    return -1;
  }

  void take(int field, int column) {
    int& taker = takers_[static_cast<std::size_t>(column)];
    if (taker >= 0)
      throw Error("42702", concat("fields \"", own_names_[static_cast<std::size_t>(taker)][0], "\" and \"",
                                  own_names_[static_cast<std::size_t>(field)][0], "\" of the file both stand for column \"",
                                  names_[static_cast<std::size_t>(column)], '"'))
          .column(names_[static_cast<std::size_t>(column)]);
    taker = field;
    columns_[static_cast<std::size_t>(field)] = column;
  }

  const std::vector<std::string>& names_;
  Names own_names_, aliases_;
  std::vector<int> columns_, takers_;
};

std::string quoted(std::string_view word, const std::string& name) { return concat(word, " \"", pg::shown_from_utf8(name), '"'); }

}  // namespace

std::vector<int> match_fields(const std::vector<avro::Field>& fields, const std::vector<std::string>& names) {
  return Matcher(fields, names).match();
}

std::string avro_type_text(const avro::Schema& schema) {
  std::string text(avro::type_name(schema.type));
  if (avro::is_named(schema.type)) text = quoted(text, schema.name);
  if (schema.type == avro::Type::array || schema.type == avro::Type::map) text += concat(" of ", avro_type_text(*schema.items));
  for (std::size_t i = 0; i < schema.branches.size(); i++)
    text += concat(i == 0 ? " of " : ", ", avro_type_text(*schema.branches[i]));
  if (schema.type == avro::Type::fixed) text += concat(" of ", schema.size_bytes, " bytes");
  if (schema.logical_type == "decimal") return text + concat(" (decimal ", schema.precision, ',', schema.scale, ')');
  if (!schema.logical_type.empty()) text += concat(" (", schema.logical_type, ')');
  return text;
}

namespace {

/// Of texts that say what they are of.
std::string natural_type_of_string(const avro::Schema& schema) {
  struct Named {
    const char *connect_name, *type;
  };
  constexpr Named kNamed[] = {{"io.debezium.time.ZonedTimestamp", "timestamp with time zone"},
                              {"io.debezium.time.ZonedTime", "time with time zone"},
                              {"io.debezium.time.Interval", "interval"},
                              {"io.debezium.data.Json", "jsonb"},
                              {"io.debezium.data.Xml", "xml"}};
  if (avro::find_property(schema.properties, "sqlType") == "\"JSON\"") return "jsonb";
  const auto told = avro::find_property(schema.properties, "connect.name");
  for (const Named& named : kNamed)
    if (told && *told == json_string(named.connect_name)) return named.type;
  return "text";
}

}  // namespace

std::string natural_type(const avro::Schema& schema) {
  const std::string& logical = schema.logical_type;
  if (logical == "decimal" || logical == "big-decimal" || logical == avro::kScaledDecimal) return "numeric";
  if (logical == "date" || logical == "uuid") return logical;
  if (logical == "duration") return "interval";
  if (logical.starts_with("time-")) return "time";
  if (logical.starts_with("local-")) return "timestamp";
  if (!logical.empty()) return "timestamp with time zone";
  switch (schema.type) {
    case avro::Type::boolean:
      return "boolean";
    case avro::Type::int_:
      return "integer";
    case avro::Type::long_:
      return "bigint";
    case avro::Type::float_:
      return "real";
    case avro::Type::double_:
      return "double precision";
    case avro::Type::bytes:
    case avro::Type::fixed:
      return "bytea";
    case avro::Type::union_:
      if (schema.branches.size() != 2) return "jsonb";
      if (schema.branches[0]->type == avro::Type::null_) return natural_type(*schema.branches[1]);
      return schema.branches[1]->type == avro::Type::null_ ? natural_type(*schema.branches[0]) : "jsonb";
    case avro::Type::string:
      return natural_type_of_string(schema);
    case avro::Type::enum_:
    case avro::Type::null_:
      return "text";
    default:
      return "jsonb";
  }
}

}  // namespace ferry::map

#include "load/field_columns.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <string_view>
#include <unordered_set>

#include "base/concat.hpp"
#include "base/error.hpp"
#include "load/computed_columns.hpp"
#include "load/header_names.hpp"
#include "map/types/table.hpp"

#include "pg/server.hpp"

extern "C" {
#include "catalog/pg_namespace.h"
#include "utils/fmgrprotos.h"
}

namespace ferry::load {

namespace {

/// The header of HEADER MATCH has to have the names of the columns in their order.
void check_header(const HeaderLine& header, const StreamOptions& stream, const std::vector<LoadedColumn>& columns) {
  if (header.names.size() != columns.size())
    throw Error("22P04",
                concat("wrong number of fields in header line: got ", header.names.size(), ", expected ", columns.size()))
        .hint(header.hint);
  for (std::size_t i = 0; i < columns.size(); i++) {
    const auto mismatch = [&](const std::string& got) {
      return Error("22P04", concat("column name mismatch in header line field ", i + 1, ": got ", got, ", expected \"",
                                   columns[i].name, '"'))
          .hint(header.hint);
    };
    if (header.are_null[i]) throw mismatch(concat("null value (\"", stream.dialect.null_string, "\")"));
    if (header.names[i] == columns[i].name) continue;
    const bool is_like_it = loose_key(header.names[i]) == loose_key(columns[i].name);
    if (is_like_it && stream.header_match == HeaderMatch::loose) continue;
    Error error = mismatch(concat('"', header.names[i], '"'));
    if (is_like_it) error.hint(kLooseHint);
    throw error;
  }
}

/// Makes the load fill the columns that the names of a header are those of.
void choose_named_columns(const HeaderLine& header, const std::vector<std::string>& columns, HeaderMatch how,
                          TargetTable& target) {
  std::vector<std::string> named;
  std::copy_if(columns.begin(), columns.end(), std::back_inserter(named), [](const std::string& name) { return !name.empty(); });
  if (named.empty()) throw Error("22P04", "header line has no names").hint(header.hint);
  try {
    target.choose_columns(named);
  } catch (Error& error) {
    error.context("header line").hint("Columns are matched by name. Name the columns to load to pass over others.");
    if (error.sqlstate() == "42703") explain_unmatched(error, header, columns, how, target.relation());
    throw;
  }
}

[[noreturn]] void fail_without_field(const HeaderLine& header, std::string_view column, HeaderMatch how) {
  Error error("42703", concat("column \"", column, "\" is not in the header line"));
  error.hint(header.hint);
  const auto like = std::find_if(header.names.begin(), header.names.end(),
                                 [key = loose_key(column)](const std::string& name) { return loose_key(name) == key; });
  if (like != header.names.end()) {
    error.detail(concat("Field ", like - header.names.begin() + 1, ", \"", *like, "\", ", kDiffersLoosely));
    if (how == HeaderMatch::exact) error.hint(kLooseHint);
  }
  throw error;
}

/// For each field which of the columns it fills, by the name of its own; -1: none.
std::vector<int> match_names(const HeaderLine& header, const std::vector<std::string>& names,
                             const std::vector<LoadedColumn>& columns, HeaderMatch how) {
  std::vector<int> column_of_field(names.size(), -1);
  for (std::size_t i = 0; i < columns.size(); i++) {
    const auto found = std::find(names.begin(), names.end(), columns[i].name);
    if (found == names.end()) fail_without_field(header, columns[i].name, how);
    column_of_field[static_cast<std::size_t>(found - names.begin())] = static_cast<int>(i);
  }
  return column_of_field;
}

/// Those of columns that are loaded occur once; all of them where none are given. Errors: 42701.
void check_once(const HeaderLine& header, const std::vector<std::string>& columns, const std::vector<std::string>& loaded) {
  const std::unordered_set<std::string_view> wanted(loaded.begin(), loaded.end());
  std::unordered_set<std::string_view> known;
  for (std::size_t i = 0; i < columns.size(); i++) {
    const bool is_loaded = wanted.empty() || wanted.contains(columns[i]);
    if (!columns[i].empty() && is_loaded && !known.insert(columns[i]).second)
      throw Error("42701", concat("column \"", columns[i], "\" occurs more than once in the header line"))
          .detail(header.names[i] == columns[i] ? std::string()
                                                : concat("Field ", i + 1, ", \"", header.names[i], "\", goes with it, too."));
  }
}

/// The columns of a stream some of which are computed.
class ComputedStream {
 public:
  ComputedStream(StreamSource& source, const StreamOptions& stream, TargetTable& target, HeaderLine header)
      : source_(source),
        stream_(stream),
        target_(target),
        header_(std::move(header)),
        goes_by_name_(stream.header == Header::by_name),
        names_(header_.names.empty() ? stream.field_names : header_.names),
        named_(goes_by_name_ ? columns_named(names_, stream.header_match, target.relation()) : names_) {
    NamedFields fields{.names = names_, .count = goes_by_name_ ? names_.size() : kMaxFields};
    plan_.expressions = compile(stream.expressions, target, std::move(fields), stream.path);
    plan_.looks_at_tables = look_at_tables(*plan_.expressions);
  }

  FieldColumns choose() {
    std::vector<std::string> taking = columns_with_fields();
    if (goes_by_name_) check_once(header_, named_, taking);
    choose_columns_and(taking);
    fill(goes_by_name_ ? match_columns() : in_order(taking.size()));
    FieldColumns chosen{.computing = std::make_unique<ExpressionSource>(source_, std::move(plan_))};
    if (goes_by_name_) {
      chosen.header_names = std::move(names_);
    } else {
      chosen.field_names = std::move(names_);
      chosen.columns = std::move(taking);
    }
    return chosen;
  }

 private:
  /// Those that take a field of their own, even where their value is that of an expression.
  [[nodiscard]] std::vector<std::string> columns_with_fields() const {
    std::vector<std::string> columns = stream_.columns;
    if (!columns.empty()) return columns;
    if (!goes_by_name_)
      for (const TargetColumn& column : target_.columns()) columns.push_back(column.name);
    for (std::size_t i = 0; goes_by_name_ && i < named_.size(); i++)
      if (!named_[i].empty() && (target_.find_column(named_[i]) != nullptr || !plan_.expressions->uses(i)))
        columns.push_back(named_[i]);
    return columns;
  }

  /// Those columns and behind them the others of expressions.
  void choose_columns_and(const std::vector<std::string>& taking) {
    const std::vector<std::string> all = with_computed(taking, stream_.expressions);
    if (goes_by_name_ && stream_.columns.empty())
      choose_named_columns(header_, all, stream_.header_match, target_);
    else
      target_.choose_columns(all);
    columns_ = target_.loaded_columns();
    for (const LoadedColumn& column : columns_) {
      const auto expression = find_expression(stream_.expressions, column.name);
      plan_.columns.push_back({expression.has_value(), expression.value_or(0)});
    }
  }

  /// For each field which of the columns it fills, by its name; -1: none.
  [[nodiscard]] std::vector<int> match_columns() const {
    std::vector<LoadedColumn> needed;
    std::vector<int> positions;
    for (std::size_t i = 0; i < columns_.size(); i++) {
      if (plan_.columns[i].is_expression) continue;
      needed.push_back(columns_[i]);
      positions.push_back(static_cast<int>(i));
    }
    std::vector<int> column_of_field = match_names(header_, named_, needed, stream_.header_match);
    for (int& column : column_of_field)
      if (column >= 0) column = positions[static_cast<std::size_t>(column)];
    return column_of_field;
  }

  /// The same by its position. Behind the fields of columns there are as many others as expressions name.
  [[nodiscard]] std::vector<int> in_order(std::size_t taking) const {
    const auto end = static_cast<std::ptrdiff_t>(taking);
    if (stream_.header == Header::match) check_header(header_, stream_, {columns_.begin(), columns_.begin() + end});
    std::size_t count = taking;
    for (const std::size_t field : plan_.expressions->variables()) count = std::max(count, field + 1);
    std::vector<int> column_of_field(count, -1);
    std::iota(column_of_field.begin(), column_of_field.begin() + end, 0);
    return column_of_field;
  }

  /// Tells the source which fields are wanted: those that fill columns, and those that expressions name.
  void fill(const std::vector<int>& column_of_field) {
    const std::vector<std::size_t>& variables = plan_.expressions->variables();
    plan_.variables.resize(variables.size());
    std::vector<LoadedColumn> wanted;
    std::vector<int> wanted_of_field(column_of_field.size(), -1);
    for (std::size_t i = 0; i < column_of_field.size(); i++) {
      const auto variable = std::find(variables.begin(), variables.end(), i);
      const auto column = static_cast<std::size_t>(column_of_field[i]);
      const bool fills = column_of_field[i] >= 0 && !plan_.columns[column].is_expression;
      if (!fills && variable == variables.end()) continue;
      if (fills) plan_.columns[column].index = wanted.size();
      if (variable != variables.end()) plan_.variables[static_cast<std::size_t>(variable - variables.begin())] = wanted.size();
      wanted_of_field[i] = static_cast<int>(wanted.size());
      wanted.push_back(fills ? columns_[column] : variable_of(i, column_of_field[i]));
    }
    source_.fill(std::move(wanted), std::move(wanted_of_field));
  }

  /// The field as something to be filled, named after its column, the header or its position.
  [[nodiscard]] LoadedColumn variable_of(std::size_t field, int column) {
    if (column >= 0) return {columns_[static_cast<std::size_t>(column)].name, TEXTOID, -1, false};
    plan_.names.push_back(field < names_.size() ? names_[field] : concat('f', field + 1));
    return {plan_.names.back(), TEXTOID, -1, false};
  }

  StreamSource& source_;
  const StreamOptions& stream_;
  TargetTable& target_;
  HeaderLine header_;
  bool goes_by_name_;
  std::vector<std::string> names_;  ///< of the fields, as expressions know them
  std::vector<std::string> named_;  ///< for each of those what columns_named() makes of it
  std::vector<LoadedColumn> columns_;
  ExpressionSource::Plan plan_;
};

/// The type that is natural to a field's values.
Oid natural_oid(const avro::Schema& schema) {
  const std::string name = map::natural_type(schema);
  return pg::call([text = name.c_str()] {
    // whatever types the search_path of the user has; others are words of SQL
    const Oid plain =
        GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum(text), ObjectIdGetDatum(PG_CATALOG_NAMESPACE));
    return OidIsValid(plain) ? plain : DatumGetObjectId(DirectFunctionCall1(regtypein, CStringGetDatum(text)));
  });
}

/// The fields of an Avro file as expressions see them. One whose schema is no record has one field.
NamedFields fields_of(const avro::Schema& schema) {
  NamedFields fields;
  const auto add = [&fields](std::string name, const avro::Schema& type) {
    fields.names.push_back(std::move(name));
    fields.types.push_back(natural_oid(type));
  };
  for (const avro::Field& field : schema.fields) add(map::column_name(field), *field.schema);
  if (schema.type != avro::Type::record) add("value", schema);
  fields.count = fields.names.size();
  return fields;
}

/// Leaves the columns that the file has a field for: there may be none.
void keep_matching(std::vector<map::ReadColumn>& columns, const avro::Schema& schema) {
  std::vector<std::string> names;
  for (const map::ReadColumn& column : columns) names.push_back(column.name);
  const std::vector<int> found = map::match_fields(schema.fields, names);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < columns.size(); i++)
    if (std::find(found.begin(), found.end(), static_cast<int>(i)) != found.end()) std::swap(columns[kept++], columns[i]);
  columns.erase(columns.begin() + static_cast<std::ptrdiff_t>(kept), columns.end());
}

/// The source whose first fields are columns and whose others are for expressions.
std::unique_ptr<ExpressionSource> compute_from(AvroSource& source, const AvroOptions& avro, std::size_t columns,
                                               const TargetTable& target) {
  const NamedFields fields = fields_of(source.schema());
  ExpressionSource::Plan plan;
  plan.expressions = compile(avro.expressions, target, fields, avro.file.empty() ? std::nullopt : std::optional(avro.file));
  plan.looks_at_tables = look_at_tables(*plan.expressions);
  for (std::size_t i = 0; i < columns; i++) plan.columns.push_back({false, i});
  for (std::size_t i = 0; i < avro.expressions.size(); i++) plan.columns.push_back({true, i});
  std::vector<map::ReadColumn> variables;
  for (const std::size_t field : plan.expressions->variables()) {
    plan.variables.push_back(columns + variables.size());
    variables.push_back({fields.names[field], map::read_type(fields.types[field], -1)});
  }
  if (!variables.empty()) source.add_variables(variables);
  return std::make_unique<ExpressionSource>(source, std::move(plan));
}

}  // namespace

FieldColumns choose_columns(StreamSource& source, const StreamOptions& stream, TargetTable& target) {
  if (!stream.columns.empty()) target.choose_columns(stream.columns);
  HeaderLine header = source.read_header();
  if (!stream.expressions.empty()) return ComputedStream(source, stream, target, std::move(header)).choose();
  if (stream.header == Header::by_name) {
    const std::vector<std::string> named = columns_named(header.names, stream.header_match, target.relation());
    check_once(header, named, stream.columns);
    if (stream.columns.empty()) choose_named_columns(header, named, stream.header_match, target);
    const std::vector<LoadedColumn> columns = target.loaded_columns();
    source.fill(columns, match_names(header, named, columns, stream.header_match));
    return {.header_names = std::move(header.names)};
  }
  const std::vector<LoadedColumn> columns = target.loaded_columns();
  if (stream.header == Header::match) check_header(header, stream, columns);
  std::vector<int> in_order(columns.size());
  std::iota(in_order.begin(), in_order.end(), 0);
  source.fill(columns, std::move(in_order));
  return {};
}

std::unique_ptr<ExpressionSource> choose_columns(AvroSource& source, const AvroOptions& avro, TargetTable& target) {
  if (!avro.expressions.empty() && avro.match == map::Match::position)
    throw Error("0A000", "expressions cannot be used where fields go by their position")
        .hint("Expressions may call fields by their position: f1, f2, ...");
  std::unique_ptr<ExpressionSource> computing;
  std::vector<map::ReadColumn> targets;
  const auto add = [&](const TargetColumn& column) {
    if (!find_expression(avro.expressions, column.name))
      targets.push_back({column.name, map::read_type(column.type, column.typmod)});
  };
  for (const std::string& name : avro.columns) add(*target.find_column(name));
  if (avro.columns.empty())
    for (const TargetColumn& column : target.columns()) add(column);
  if (!avro.expressions.empty() && avro.columns.empty()) keep_matching(targets, source.schema());
  const std::vector<std::size_t>& filled = source.fill(targets);
  std::vector<std::string> names;
  for (const std::size_t at : filled) names.push_back(targets[at].name);
  if (!avro.columns.empty())
    for (std::size_t i = 0; i < targets.size(); i++)
      if (i == filled.size() || filled[i] != i)
        throw Error("42703",
                    concat("column \"", targets[i].name, "\" of table \"", target.table_name(), "\" does not exist in the file"))
            .detail(concat("The file has the columns (", map::stored_definition(source.schema()), ")."))
            .column(targets[i].name)
            .table(target.table_name());
  if (!avro.expressions.empty()) computing = compute_from(source, avro, names.size(), target);
  target.choose_columns(with_computed(std::move(names), avro.expressions));
  return computing;
}

}  // namespace ferry::load

#include "load/computed_columns.hpp"

#include <algorithm>

#include "base/concat.hpp"
#include "base/error.hpp"
#include "load/table/table_access.hpp"
#include "pg/encoding.hpp"
#include "text/json_batch.hpp"

#include "pg/server.hpp"

namespace ferry::load {

std::vector<Expression> read_expressions(const std::string& json) {
  const auto members = text::read_json_row(pg::to_utf8(json));
  if (!members) throw Error("22023", "expressions must be a JSON object").hint("Write {\"column\": \"expression\", ...}.");
  std::vector<Expression> expressions;
  for (const text::JsonMember& member : *members) {
    std::string column = pg::from_utf8(member.key);
    if (member.kind != text::JsonKind::text)
      throw Error("22023", concat("expression for column \"", column, "\" is not a JSON string")).column(column);
    expressions.push_back({std::move(column), pg::from_utf8(member.value)});
  }
  return expressions;
}

std::unique_ptr<ExpressionSet> compile(std::span<const Expression> expressions, const TargetTable& target, NamedFields fields,
                                       const std::optional<std::string>& path) {
  std::vector<LoadedColumn> columns;
  for (const Expression& expression : expressions) {
    const TargetColumn* const column = target.find_column(expression.column);
    if (column == nullptr) target.fail_no_column(expression.column);
    columns.push_back({column->name, column->type, column->typmod, column->default_value != nullptr});
  }
  return std::make_unique<ExpressionSet>(expressions, columns, std::move(fields), path);
}

std::optional<std::size_t> find_expression(std::span<const Expression> expressions, std::string_view column) {
  const auto is_of = [column](const Expression& one) { return one.column == column; };
  const auto found = std::find_if(expressions.begin(), expressions.end(), is_of);
  if (found == expressions.end()) return std::nullopt;
  return static_cast<std::size_t>(found - expressions.begin());
}

std::vector<std::string> with_computed(std::vector<std::string> columns, std::span<const Expression> expressions) {
  const std::size_t given = columns.size();
  for (const Expression& expression : expressions)
    if (std::find(columns.begin(), columns.begin() + static_cast<std::ptrdiff_t>(given), expression.column) ==
        columns.begin() + static_cast<std::ptrdiff_t>(given))
      columns.push_back(expression.column);
  return columns;
}

bool look_at_tables(const ExpressionSet& expressions) {
  for (std::size_t i = 0; i < expressions.size(); i++) {
    Node* const node = expressions.node(i);
    if (pg::call([node] { return may_look_at_tables(node); })) return true;
  }
  return false;
}

}  // namespace ferry::load

#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "load/record/expression.hpp"
#include "load/source/expression_source.hpp"
#include "load/table/target_table.hpp"

// The columns of a load that expressions fill.
namespace ferry::load {

/// The expressions of a JSON object {"column": "expression"}. json: a jsonb as text, in the server's encoding. Errors: 22023.
[[nodiscard]] std::vector<Expression> read_expressions(const std::string& json);

/// The expressions over those fields for the columns of the table. path: see ExpressionSet. Errors: 42703, 42P10 columns; those
/// of ExpressionSet.
[[nodiscard]] std::unique_ptr<ExpressionSet> compile(std::span<const Expression> expressions, const TargetTable& target,
                                                     NamedFields fields, const std::optional<std::string>& path);

/// The index of the expression of that column, or nothing.
[[nodiscard]] std::optional<std::size_t> find_expression(std::span<const Expression> expressions, std::string_view column);

/// Those columns and behind them the columns of expressions that are not among them.
[[nodiscard]] std::vector<std::string> with_computed(std::vector<std::string> columns, std::span<const Expression> expressions);

/// Whether an expression may look at tables.
[[nodiscard]] bool look_at_tables(const ExpressionSet& expressions);

}  // namespace ferry::load

#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "load/record/expression.hpp"
#include "load/record/loaded_column.hpp"
#include "load/record/record.hpp"
#include "load/source/field_finder.hpp"

#include "pg/server.hpp"

extern "C" {
#include "nodes/execnodes.h"
#include "parser/parse_node.h"
}

namespace ferry::load {

/// The expressions of a load, ready to be computed. They are those of the user who runs the load, under the search_path of the
/// session.
class ExpressionSet {
 public:
  /// columns: the target columns of the expressions, in their order. path: what ferry_source() is in them. Belongs to the current
  /// memory context. Errors, with the column in the context: 42601 not one expression; 42703, 42702 fields; 0A000, 42803, 42P20
  /// subqueries, aggregates, window and set-returning functions; 42804 a type that cannot become the column's; what else the
  /// server says of an expression.
  ExpressionSet(std::span<const Expression> expressions, std::span<const LoadedColumn> columns, NamedFields fields,
                const std::optional<std::string>& path);

  ExpressionSet(const ExpressionSet&) = delete;
  ExpressionSet& operator=(const ExpressionSet&) = delete;

  [[nodiscard]] std::size_t size() const { return items_.size(); }
  /// The fields that the expressions name: the variables.
  [[nodiscard]] const std::vector<std::size_t>& variables() const { return variables_; }
  [[nodiscard]] bool uses(std::size_t field) const;
  /// The expression as the parser has it, with the cast to its column's type.
  [[nodiscard]] Node* node(std::size_t index) const { return items_[index].node; }

  /// Computes expressions of a record. values: of the variables. begin() comes first; a value of compute() is in the current
  /// memory context, a text is good until the next begin(). Both call the server without a guard.
  void begin(std::span<const Field* const> values);
  [[nodiscard]] Field compute(std::size_t index);

 private:
  struct Item {
    Node* node;
    bool is_text;  ///< the value is read as a field of the file is
    bool by_value;
    std::int16_t length;
    ExprState* state;
  };
  static Node* find_variable(ParseState* state, ColumnRef* reference);
  [[nodiscard]] Node* variable_node(std::string_view name, int location);
  void parse(const char* sql, const LoadedColumn& column, Item& item);
  void prepare();

  NamedFields fields_;
  FieldFinder finder_;
  std::vector<std::size_t> variables_;
  std::vector<Item> items_;
  Oid source_function_ = InvalidOid;
  Node* path_ = nullptr;  ///< what takes the place of that function
  TupleTableSlot* slot_ = nullptr;
  ExprContext* context_ = nullptr;
};

}  // namespace ferry::load

#pragma once

#include <cstdint>
#include <vector>

#include "load/record/source.hpp"
#include "load/table/target_table.hpp"
#include "pg/value_input.hpp"

extern "C" {
#include "nodes/execnodes.h"
}

namespace ferry::load {

/// Turns the fields of a record into the values of a row: by a fast parser where the text has the usual form of its type, else
/// by the type's input function; then the defaults of the columns that have no field.
class RowConverter {
 public:
  /// Prepares for the columns that the load fills, with fields of source. The expressions of defaults live in the current memory
  /// context. filter: see WriterOptions.
  RowConverter(TargetTable& target, List* filter, const Source& source);

  /// Fills slot, emptied before, with values in the current memory context. converting tells which column is at work when an
  /// error is raised, or a value is refused: then why is returned, and the slot is empty. Calls the server without a guard;
  /// nothing here needs a destructor.
  [[nodiscard]] ErrorData* convert(const Fields& fields, TupleTableSlot* slot, ExprContext* expressions,
                                   const TargetColumn** converting);

  /// The same for a row that takes fast parsers and no defaults, which raises no error; false, and an empty slot, for any other.
  bool convert_simple(const Fields& fields, TupleTableSlot* slot) const;

  /// Whether a row that convert() has filled passes the filter. Calls the server without a guard.
  bool passes_filter(TupleTableSlot* slot, ExprContext* expressions) const;

  /// Whether the source, a default that rows take, or the filter may look at tables.
  [[nodiscard]] bool looks_at_tables() const { return may_look_at_tables_; }

 private:
  enum class Parser : std::uint8_t {
    server,
    int2,
    int4,
    int8,
    float4,
    float8,
    boolean,
    text,
    date,
    timestamp,
    timestamptz,
    uuid
  };
  struct ColumnPlan {
    TargetColumn* column;
    Parser parser;
    std::size_t max_bytes;     ///< of a text that fits its column whatever its characters are
    Oid integer_type;          ///< what it or its domain is, where a decimal may stand for it; else invalid
    ExprState* default_value;  ///< null until it is needed: to prepare it may raise, and takes rights to its functions
  };
  void compute_default(ColumnPlan& plan, TupleTableSlot* slot, ExprContext* expressions, const TargetColumn** converting) const;
  static Parser parser_of(const TargetColumn& column, std::size_t& max_bytes);
  static bool parse_decimal(const ColumnPlan& plan, const Field& field, std::int64_t* value);
  static bool parse(const ColumnPlan& plan, const Field& field, Datum* value);
  static pg::InputValue to_datum(const ColumnPlan& plan, const Field& field);

  std::vector<ColumnPlan> fields_;    ///< in the order of the fields
  std::vector<ColumnPlan> defaults_;  ///< columns without a field
  MemoryContext context_;             ///< of the expressions
  ExprState* filter_ = nullptr;
  bool may_look_at_tables_;
};

}  // namespace ferry::load

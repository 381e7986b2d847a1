#include "load/source/expression_set.hpp"

#include <algorithm>
#include <cstring>

#include "base/concat.hpp"
#include "base/copy_few.hpp"
#include "base/error.hpp"
#include "pg/compat.hpp"
#include "pg/extension.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "catalog/pg_collation.h"
#include "catalog/pg_proc.h"
#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parser.h"
#include "utils/datum.h"
}

namespace ferry::load {

using pg::call;

namespace {

constexpr Index kRelation = 1;  ///< of the variables

/// The expression that the server is at work on, for the context of its errors.
struct Place {
  const char *column, *sql;
};

/// An error has its place in the text of the expression, not in that of the client's statement.
void tell_place(void* argument) {
  const auto& place = *static_cast<const Place*>(argument);
  if (const int position = geterrposition(); position > 0) {
    errposition(0);
    internalerrposition(position);
    internalerrquery(place.sql);
  }
  set_errcontext_domain(TEXTDOMAIN);
  errcontext_msg("expression for column \"%s\"", place.column);
}

/// The one expression that the text is. Calls the server without a guard.
Node* parse_one(const char* sql) {
  const List* const statements = raw_parser(sql, RAW_PARSE_PLPGSQL_EXPR);
  const auto& select = *reinterpret_cast<const SelectStmt*>(linitial_node(RawStmt, statements)->stmt);
  const auto* const target = list_length(select.targetList) == 1 ? linitial_node(ResTarget, select.targetList) : nullptr;
  const bool has_clauses = select.distinctClause != NIL || select.fromClause != NIL || select.whereClause != nullptr ||
                           select.groupClause != NIL || select.havingClause != nullptr || select.windowClause != NIL ||
                           select.sortClause != NIL || select.limitOffset != nullptr || select.limitCount != nullptr ||
                           select.lockingClause != NIL;
  const bool has_star = target != nullptr && IsA(target->val, ColumnRef) &&
                        IsA(llast(reinterpret_cast<const ColumnRef*>(target->val)->fields), A_Star);
  if (target == nullptr || target->name != nullptr || has_clauses || has_star)
    ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR), errmsg("expression must be a single SQL expression")));
  return target->val;
}

constexpr const char* kNotAllowed = " are not allowed in expressions of a load";

/// Calls the server without a guard.
void check_kinds(const ParseState& state, Node* node) {
  const auto refuse = [](int code, const char* what) { ereport(ERROR, (errcode(code), errmsg("%s%s", what, kNotAllowed))); };
  if (state.p_hasSubLinks) refuse(ERRCODE_FEATURE_NOT_SUPPORTED, "subqueries");
  if (state.p_hasAggs) refuse(ERRCODE_GROUPING_ERROR, "aggregate functions");
  if (state.p_hasWindowFuncs) refuse(ERRCODE_WINDOWING_ERROR, "window functions");
  if (expression_returns_set(node)) refuse(ERRCODE_FEATURE_NOT_SUPPORTED, "set-returning functions");
}

/// What takes the place of a function without arguments.
struct Replacement {
  Oid function;
  Node* value;
};

Node* replace_function(Node* node, void* context);

/// The server gave the mutator its type with 16 only.
Node* replace_below(Node* node, Replacement* replacement) {
  return expression_tree_mutator(node, reinterpret_cast<Node* (*)()>(reinterpret_cast<void (*)()>(replace_function)),
                                 replacement);
}

Node* replace_function(Node* node, void* context) {
  auto* const replacement = static_cast<Replacement*>(context);
  if (node == nullptr) return nullptr;
  if (IsA(node, FuncExpr) && reinterpret_cast<const FuncExpr*>(node)->funcid == replacement->function)
    return static_cast<Node*>(copyObjectImpl(replacement->value));
  return replace_below(node, replacement);
}

/// Calls the server without a guard.
Oid find_source_function() {
  // by the catalog: the user need not have the right to use the schema
  return GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum("ferry_source"),
                         PointerGetDatum(buildoidvector(nullptr, 0)), ObjectIdGetDatum(pg::extension_schema()));
}

bool is_string(Oid type) {
  char category;
  bool is_preferred;
  get_type_category_preferred(getBaseType(type), &category, &is_preferred);
  return category == TYPCATEGORY_STRING;
}

/// Calls the server without a guard.
[[noreturn]] void fail_type(const LoadedColumn& column, Oid type) {
  ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
                  errmsg("column \"%s\" is of type %s but expression is of type %s",
                         pnstrdup(column.name.data(), column.name.size()), format_type_be(column.type), format_type_be(type)),
                  errhint("You will need to rewrite or cast the expression.")));
}

/// As cstring_to_text_with_len(), with an end in sight.
Datum text_datum(const Field& field) {
  auto* const made = static_cast<text*>(palloc(VARHDRSZ + field.size));
  SET_VARSIZE(made, VARHDRSZ + field.size);
  copy_few(VARDATA(made), field.text, field.size);
  return PointerGetDatum(made);
}

}  // namespace

ExpressionSet::ExpressionSet(std::span<const Expression> expressions, std::span<const LoadedColumn> columns, NamedFields fields,
                             const std::optional<std::string>& path)
    : fields_(std::move(fields)), finder_(fields_) {
  const char* const shown_path = path ? path->c_str() : nullptr;
  source_function_ = call(find_source_function);
  path_ = call([shown_path] {
    const Datum value = shown_path == nullptr ? Datum{0} : CStringGetTextDatum(shown_path);
    Const* const constant = makeConst(TEXTOID, -1, DEFAULT_COLLATION_OID, -1, value, shown_path == nullptr, false);
    return reinterpret_cast<Node*>(constant);
  });
  for (std::size_t i = 0; i < expressions.size(); i++) {
    Place place{expressions[i].column.c_str(), expressions[i].sql.c_str()};
    const LoadedColumn& column = columns[i];
    Item& item = items_.emplace_back();
    call([&place, &column, &item, this] {
      ErrorContextCallback callback{error_context_stack, tell_place, &place};
      error_context_stack = &callback;
      parse(place.sql, column, item);
      error_context_stack = callback.previous;
    });
  }
  call([this] { prepare(); });
}

bool ExpressionSet::uses(std::size_t field) const {
  return std::find(variables_.begin(), variables_.end(), field) != variables_.end();
}

/// Called by the parser.
Node* ExpressionSet::find_variable(ParseState* state, ColumnRef* reference) {
  return pg::boundary([&]() -> Node* {
    auto* const set = static_cast<ExpressionSet*>(state->p_ref_hook_state);
    if (state->parentParseState != nullptr) throw Error("0A000", concat("subqueries", kNotAllowed));  // where it is no variable
    if (list_length(reference->fields) != 1) return nullptr;  // the parser has no tables to find it in, and says so
    return set->variable_node(strVal(linitial(reference->fields)), reference->location);
  });
}

/// The field of that name as the parser has it.
Node* ExpressionSet::variable_node(std::string_view name, int location) {
  const std::size_t field = finder_.find(name);
  auto known = std::find(variables_.begin(), variables_.end(), field);
  if (known == variables_.end()) {
    if (variables_.size() == MaxTupleAttributeNumber)
      throw Error("54000", concat("expressions of a load name more than ", MaxTupleAttributeNumber, " fields"));
    known = variables_.insert(known, field);
  }
  const auto attribute = static_cast<AttrNumber>(known - variables_.begin() + 1);
  const Oid type = fields_.types.empty() ? Oid{TEXTOID} : fields_.types[field];
  return call([=] {
    Var* const variable = makeVar(kRelation, attribute, type, -1, get_typcollation(type), 0);
    variable->location = location;
    return reinterpret_cast<Node*>(variable);
  });
}

/// Calls the server without a guard.
void ExpressionSet::parse(const char* sql, const LoadedColumn& column, Item& item) {
  ParseState* const state = make_parsestate(nullptr);
  state->p_sourcetext = sql;
  state->p_pre_columnref_hook = find_variable;
  state->p_ref_hook_state = this;
  Node* node = transformExpr(state, parse_one(sql), EXPR_KIND_OTHER);
  check_kinds(*state, node);
  const Oid type = exprType(node);
  Node* const assigned = coerce_to_target_type(state, node, type, column.type, column.typmod, COERCION_ASSIGNMENT,
                                               COERCE_IMPLICIT_CAST, exprLocation(node));
  item.is_text = assigned == nullptr;
  if (item.is_text && !is_string(type)) fail_type(column, type);
  node = assigned != nullptr ? assigned : coerce_to_common_type(state, node, TEXTOID, "expression");
  assign_expr_collations(state, node);
  Replacement replacement{source_function_, path_};
  item.node = replace_function(node, &replacement);
  get_typlenbyval(exprType(item.node), &item.length, &item.by_value);
  item.state = ExecInitExpr(expression_planner(static_cast<Expr*>(copyObjectImpl(item.node))), nullptr);
  free_parsestate(state);
}

/// Makes the row that the variables are the columns of. Calls the server without a guard.
void ExpressionSet::prepare() {
  TupleDesc const row = CreateTemplateTupleDesc(static_cast<int>(variables_.size()));
  for (std::size_t i = 0; i < variables_.size(); i++) {
    const Oid type = fields_.types.empty() ? Oid{TEXTOID} : fields_.types[variables_[i]];
    TupleDescInitEntry(row, static_cast<AttrNumber>(i + 1), "field", type, -1, 0);
  }
  pg::compat::finish_tuple_desc(row);
  slot_ = MakeSingleTupleTableSlot(row, &TTSOpsVirtual);
  context_ = CreateStandaloneExprContext();
  context_->ecxt_scantuple = slot_;
}

void ExpressionSet::begin(std::span<const Field* const> values) {
  ResetExprContext(context_);
  ExecClearTuple(slot_);
  MemoryContext const caller = MemoryContextSwitchTo(context_->ecxt_per_tuple_memory);
  for (std::size_t i = 0; i < values.size(); i++) {
    const Field& field = *values[i];
    slot_->tts_isnull[i] = field.state == Field::State::null || field.state == Field::State::absent;
    if (!slot_->tts_isnull[i]) slot_->tts_values[i] = field.state == Field::State::value ? field.value : text_datum(field);
  }
  MemoryContextSwitchTo(caller);
  ExecStoreVirtualTuple(slot_);
}

Field ExpressionSet::compute(std::size_t index) {
  const Item& item = items_[index];
  bool is_null = false;
  const Datum value = ExecEvalExprSwitchContext(item.state, context_, &is_null);
  if (is_null) return {.state = Field::State::null};
  if (!item.is_text) {
    const Datum copy = datumCopy(value, item.by_value, item.length);
    const std::size_t size = item.by_value ? 0 : datumGetSize(copy, false, item.length);
    return {.state = Field::State::value, .size = size, .value = copy};
  }
  MemoryContext const caller = MemoryContextSwitchTo(context_->ecxt_per_tuple_memory);
  const varlena* const made = PG_DETOAST_DATUM_PACKED(value);
  MemoryContextSwitchTo(caller);
  return {.state = Field::State::view, .text = VARDATA_ANY(made), .size = VARSIZE_ANY_EXHDR(made)};
}

}  // namespace ferry::load

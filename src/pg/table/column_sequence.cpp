#include "pg/table/column_sequence.hpp"

extern "C" {
#include "catalog/dependency.h"
#include "nodes/primnodes.h"
#include "utils/fmgroids.h"
}

namespace ferry::pg {
namespace {

/// What a cast is applied to; null where there is none.
const Node* cast_argument(const Node* node) {
  if (IsA(node, RelabelType)) return reinterpret_cast<const Node*>(reinterpret_cast<const RelabelType*>(node)->arg);
  if (IsA(node, CoerceViaIO)) return reinterpret_cast<const Node*>(reinterpret_cast<const CoerceViaIO*>(node)->arg);
  if (IsA(node, CoerceToDomain)) return reinterpret_cast<const Node*>(reinterpret_cast<const CoerceToDomain*>(node)->arg);
  if (!IsA(node, FuncExpr)) return nullptr;
  const auto* const function = reinterpret_cast<const FuncExpr*>(node);
  const bool is_cast = function->funcformat == COERCE_EXPLICIT_CAST || function->funcformat == COERCE_IMPLICIT_CAST;
  return is_cast ? static_cast<const Node*>(linitial(function->args)) : nullptr;
}

/// What nextval() is called for; any default may name any relation, or none.
Oid relation_of_default(const Node* node) {
  if (node == nullptr) return InvalidOid;
  while (const Node* const argument = cast_argument(node)) node = argument;
  if (IsA(node, NextValueExpr)) return reinterpret_cast<const NextValueExpr*>(node)->seqid;
  if (!IsA(node, FuncExpr) || reinterpret_cast<const FuncExpr*>(node)->funcid != F_NEXTVAL) return InvalidOid;
  const auto* const name = static_cast<const Const*>(linitial(reinterpret_cast<const FuncExpr*>(node)->args));
  return IsA(name, Const) && !name->constisnull ? DatumGetObjectId(name->constvalue) : InvalidOid;
}

/// InvalidOid where it is no sequence.
Oid sequence_of_default(const Node* node) {
  const Oid relation = relation_of_default(node);
  return get_rel_relkind(relation) == RELKIND_SEQUENCE ? relation : InvalidOid;
}

/// The last one that the column owns.
Oid owned_sequence(AttrNumber attribute, const List* owned) {
  Oid found = InvalidOid;
  for (int i = 0; i < list_length(owned); i++)
    if (owner_column(list_nth_oid(owned, i)) == attribute) found = list_nth_oid(owned, i);
  return found;
}

}  // namespace

AttrNumber owner_column(Oid sequence) {
  Oid table;
  int32 column = 0;
  const bool is_owned = sequenceIsOwned(sequence, DEPENDENCY_AUTO, &table, &column) ||
                        sequenceIsOwned(sequence, DEPENDENCY_INTERNAL, &table, &column);
  return is_owned ? static_cast<AttrNumber>(column) : InvalidAttrNumber;
}

ColumnSequence find_column_sequence(AttrNumber attribute, const Node* default_value, const List* owned) {
  const Oid named = sequence_of_default(default_value);
  if (!OidIsValid(named)) return {owned_sequence(attribute, owned), true};
  return {named, list_member_oid(owned, named) && owner_column(named) == attribute};
}

}  // namespace ferry::pg

#include "load/foreign_key_order.hpp"

#include <algorithm>

#include "pg/guard.hpp"

#include "pg/server.hpp"

extern "C" {
#include "utils/relcache.h"
}

namespace ferry::load {
namespace {

struct Walk {
  const std::vector<Relation>& tables;
  std::vector<bool> visited;
  std::vector<std::size_t> order;

  void visit(std::size_t place) {
    if (visited[place]) return;
    visited[place] = true;
    for (const Oid parent : parents_of(tables[place]))
      for (std::size_t i = 0; i < tables.size(); i++)
        if (RelationGetRelid(tables[i]) == parent) visit(i);
    order.push_back(place);
  }

  static std::vector<Oid> parents_of(Relation table) {
    std::vector<Oid> parents;
    const List* const keys = pg::call(RelationGetFKeyList, table);
    for (int i = 0; i < list_length(keys); i++)
      parents.push_back(static_cast<const ForeignKeyCacheInfo*>(list_nth(keys, i))->confrelid);
    return parents;
  }
};

}  // namespace

std::vector<std::size_t> foreign_key_order(const std::vector<Relation>& tables) {
  Walk walk{tables, std::vector<bool>(tables.size()), {}};
  for (std::size_t i = 0; i < tables.size(); i++) walk.visit(i);
  return walk.order;
}

}  // namespace ferry::load

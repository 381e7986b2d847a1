#pragma once

#include <optional>
#include <vector>

#include "load/record/record.hpp"
#include "pg/table/foreign_key.hpp"

namespace ferry::load {

struct TableFacts;

/// The foreign keys that a row inserted into table has to pass, those whose trigger fires; nothing where one of them needs the
/// server's own trigger: see pg::read_foreign_key(). facts: of the table, keep what was found out.
[[nodiscard]] std::optional<std::vector<pg::ForeignKey>> foreign_keys_of(Relation table, TableFacts& facts);

/// What is wrong with a row of table that pg::ForeignKey::check() did not find good.
[[nodiscard]] Problem violation_of(const pg::ForeignKey& key, Relation table, TupleTableSlot* slot);

}  // namespace ferry::load

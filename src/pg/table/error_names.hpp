#pragma once

#include "pg/subtransaction.hpp"

/// Errors that another server has raised: they have the SQLSTATE and the texts, but not the names beside them, and engines that
/// cut tables into shards put the number of the shard behind names.
namespace ferry::pg {

/// The same error with the names of constraint and column that its message has, as the server itself tells them for its SQLSTATE,
/// whatever the language. What is named like a constraint of relation but for the numbers of a shard or a chunk is that
/// constraint, in the texts too; the same with the name of relation and of tables that it refers to. Calls the catalogs.
[[nodiscard]] CaughtError with_names_of(CaughtError error, Relation relation);

}  // namespace ferry::pg

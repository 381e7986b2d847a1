#pragma once

#include <cstdint>
#include <vector>

#include "backup/manifest.hpp"

#include "pg/server.hpp"

namespace ferry::backup {

/// The positions of the sequences of the columns of an open table: those that a column owns, and those that a default names.
/// Locks the sequences.
[[nodiscard]] std::vector<SequenceEntry> read_sequences(Relation table);

enum class Direction { any, forward_only };

/// Which sequences of a table's defaults are set; own: those that belong to their column alone.
enum class Feeders { all, own };

/// Sets the sequences of table to the positions that saved tells, matched by column and name. Those that belong to their column
/// are set in the current transaction: a rollback takes it back. Others may feed more than this column and only go forward, as
/// setval() does it; so do those that saved has not, past the values of their column. What is not done for lack of a privilege a
/// NOTICE tells.
/// Errors: 42501 where the user does not own the sequence of a column; 22023 a position outside of its bounds.
void restore_sequences(Relation table, const std::vector<SequenceEntry>& saved, Direction direction, Feeders feeders);

}  // namespace ferry::backup

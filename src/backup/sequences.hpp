#pragma once

#include <cstdint>
#include <vector>

#include "backup/manifest.hpp"

#include "pg/server.hpp"

namespace ferry::backup {

/// The positions of the sequences that belong to columns of an open table: serial and identity columns.
[[nodiscard]] std::vector<SequenceEntry> read_sequences(Relation table);

enum class Direction { any, forward_only };

/// Sets the sequences of table to the positions that saved tells, matched by column, in the current transaction: a rollback
/// takes it back. Errors: 42501 where the user does not own the sequence; 22023 a position outside of its bounds.
void restore_sequences(Relation table, const std::vector<SequenceEntry>& saved, Direction direction);

}  // namespace ferry::backup

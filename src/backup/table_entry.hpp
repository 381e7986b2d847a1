#pragma once

#include "backup/manifest.hpp"

#include "pg/server.hpp"

namespace ferry::backup {

/// What the manifest says of an open table before its rows are written: its names, owner and file.
[[nodiscard]] TableEntry begin_entry(Relation table);

/// Adds what it says of the table beside its rows: keys, sequences, definition. Precondition: an active snapshot. Sequences are
/// read now, and so are at or beyond the values of the rows that the snapshot sees.
void add_facts(TableEntry& entry, Relation table);

}  // namespace ferry::backup

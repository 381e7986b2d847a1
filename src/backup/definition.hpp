#pragma once

#include <string>

#include "pg/server.hpp"

namespace ferry::backup {

/// The CREATE TABLE of an open table, with its constraints, indexes, partitions, what these have that their parents have not, and
/// the comments of the table and its columns; every name with its schema: text in UTF-8 for people to read. Nothing runs it. It
/// leaves out what psql's \d shows beside these: triggers, policies, privileges, storage. Precondition: an active snapshot.
[[nodiscard]] std::string definition_of(Relation table);

}  // namespace ferry::backup

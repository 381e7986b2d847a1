#pragma once

#include <optional>
#include <span>
#include <string>

#include "load/record/source.hpp"
#include "load/table/target_table.hpp"

namespace ferry::load {

/// Which of some records, by their positions in records, an error of another server seems to be about, going by its detail: "Key
/// (id)=(5) already exists.", "Failing row contains (5, null).". Nothing where it names none. It may be wrong: names and texts of
/// values may differ there. Who asks tries that record alone. Of equal ones it is the last: the first one went in.
/// fields: to be overwritten.
[[nodiscard]] std::optional<std::size_t> find_named_row(const std::string& detail, std::span<const Record> records,
                                                        std::span<const std::size_t> positions, Source& source,
                                                        const TargetTable& target, Fields& fields);

}  // namespace ferry::load

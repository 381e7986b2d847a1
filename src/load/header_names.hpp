#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "load/source/header_line.hpp"
#include "load/source/option_words.hpp"

#include "pg/server.hpp"

extern "C" {
#include "utils/rel.h"
}

// Which columns of a table the names of a header line are those of.
namespace ferry::load {

/// What names have in common that differ in nothing but case, blanks, underscores and hyphens.
[[nodiscard]] std::string loose_key(std::string_view name);

/// For each name that of its column: a column of the same name, else, if names are matched loosely, the only one that is like
/// it, unless that has the very name of another one. What has no column stays; of a blank name nothing.
[[nodiscard]] std::vector<std::string> columns_named(const std::vector<std::string>& names, HeaderMatch how, Relation table);

/// Says of a header of which some name has no column why that may be. columns: what columns_named() made of it.
void explain_unmatched(Error& error, const HeaderLine& header, const std::vector<std::string>& columns, HeaderMatch how,
                       Relation table);

inline constexpr const char* kDiffersLoosely = "differs only in case, blanks, underscores or hyphens.";
inline constexpr const char* kLooseHint = "To match such names, load with header_match => 'loose' (in COPY: HEADER_MATCH loose).";

}  // namespace ferry::load

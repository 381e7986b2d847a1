#pragma once

#include <optional>
#include <string>

#include "load/source/stream_source.hpp"
#include "text/record_reader.hpp"

namespace ferry::load {

/// 22P04: a record whose fields are not those of its format.
[[nodiscard]] Problem malformed(std::string reason, std::string detail = {});

/// 54000: a record that is longer than that.
[[nodiscard]] Problem too_long(std::size_t max_record_bytes);

/// What a reader found wrong with a record, in the words of COPY, or nothing.
[[nodiscard]] std::optional<Problem> problem_of(const text::Record& record, Format format, std::size_t max_record_bytes);

/// Whether a problem is of that kind: it lies in the bytes and their surroundings, and no look at the fields shows it. Every
/// record of which only the first bytes were kept has such a one.
[[nodiscard]] bool is_of_reader(const Problem& problem);

}  // namespace ferry::load

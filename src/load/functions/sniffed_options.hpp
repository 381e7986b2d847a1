#pragma once

#include "load/functions/file_sniff.hpp"
#include "load/source/stream_source.hpp"

namespace ferry::load {

/// The options by which a load reads a file as it was sniffed, with the names of its header for those of columns.
[[nodiscard]] StreamOptions sniffed_options(const FileSniff& sniffed);

}  // namespace ferry::load

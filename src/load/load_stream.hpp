#pragma once

#include <functional>

#include "load/computed_columns.hpp"
#include "load/load.hpp"
#include "load/source/avro_source.hpp"
#include "load/source/character_set.hpp"
#include "load/source/dialect_check.hpp"
#include "load/source/stream_source.hpp"

namespace ferry::load {

/// Called with a stream of which the columns are chosen, before its first record is read.
using Prepare = std::function<void(StreamSource&)>;

/// Loads a stream of CSV or text into target, under the user's privileges on its columns; see run_load(). Sets
/// options.describe. bytes: open, read to its end or to the line that ends the data.
/// Errors: those of StreamSource, run_load() and prepare; 42501.
LoadSummary load_stream(ByteSource& bytes, StreamOptions stream, LoadOptions options, TargetTable& target,
                        const Prepare& prepare = {});

/// The same for an Avro container file. Errors: those of AvroSource and run_load(); 42501.
LoadSummary load_avro(ByteSource& bytes, const AvroOptions& avro, LoadOptions options, TargetTable& target);

}  // namespace ferry::load

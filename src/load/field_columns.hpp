#pragma once

#include <string>
#include <vector>

#include "load/source/avro_source.hpp"
#include "load/source/stream_source.hpp"
#include "load/table/target_table.hpp"

// Which field of a source fills which column of a table.
namespace ferry::load {

/// Makes the load fill the given columns in the order of the stream's fields, or, with a header that goes by name, those of its
/// names, or only the given ones of them. Returns the names by which columns went; empty where they went by their order.
/// Errors: 42703, 42701, 42P10 columns; 22P04 header; 54000 a header that is too long.
std::vector<std::string> choose_columns(StreamSource& source, const StreamOptions& stream, TargetTable& target);

/// Makes it fill those of the given columns, or of all, that the file has fields for; the others take their defaults.
/// Errors: 42703 a given column that the file has not; those of AvroSource::fill().
void choose_columns(AvroSource& source, const AvroOptions& avro, TargetTable& target);

}  // namespace ferry::load

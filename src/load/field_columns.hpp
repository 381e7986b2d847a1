#pragma once

#include <memory>
#include <string>
#include <vector>

#include "load/source/avro_source.hpp"
#include "load/source/expression_source.hpp"
#include "load/source/stream_source.hpp"
#include "load/table/target_table.hpp"

// Which field of a source fills which column of a table, and which columns expressions fill.
namespace ferry::load {

/// What becomes of the fields of a stream.
struct FieldColumns {
  std::vector<std::string> header_names{};        ///< by which columns went; empty where they went by their order
  std::vector<std::string> field_names{};         ///< that expressions know, where columns went by their order
  std::vector<std::string> columns{};             ///< with expressions: those that take a field, where they went by their order
  std::unique_ptr<ExpressionSource> computing{};  ///< what the records are to be read from; null without expressions
};

/// Makes the load fill the given columns in the order of the stream's fields, or, with a header that goes by name, those of its
/// names, or only the given ones of them; and those of expressions. Without a header the latter take a field of their own if they
/// are given or all are; with one, its names that are for expressions alone need not be columns.
/// Errors: 42703, 42701, 42P10 columns; 22P04 header; 54000 a header that is too long; those of ExpressionSet.
[[nodiscard]] FieldColumns choose_columns(StreamSource& source, const StreamOptions& stream, TargetTable& target);

/// Makes it fill those of the given columns, or of all, that the file has fields for, and those of expressions, to which fields
/// are of the types natural to them; the others take their defaults. What the records are to be read from where there are
/// expressions, else null.
/// Errors: 42703 a given column that the file has not; 0A000 expressions with fields by position; those of AvroSource::fill() and
/// ExpressionSet.
[[nodiscard]] std::unique_ptr<ExpressionSource> choose_columns(AvroSource& source, const AvroOptions& avro, TargetTable& target);

}  // namespace ferry::load

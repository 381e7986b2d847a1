#pragma once

#include <string>

#include "avro/decode.hpp"
#include "map/read/read_node.hpp"

#include "pg/server.hpp"

namespace ferry::map {

/// Reads values as their nodes say. A value that the type would have to change, by rounding or cutting, is an error.
class ValueReader {
 public:
  /// In the current memory context; by value where the type is. Calls the server without a guard of its own.
  /// Errors: 22P04 malformed data; 22001, 22003, 22008 a value that does not fit the type; 22021, 22P05 text that is not UTF-8
  /// or has no form in the database's encoding; 22P02 and whatever else an input function or a domain raises; 54000 a limit.
  [[nodiscard]] Datum read(ReadNode& node, avro::Decoder& decoder, bool* is_null);

 private:
  [[nodiscard]] Datum read_scalar(ReadNode& node, avro::Decoder& decoder);
  [[nodiscard]] Datum read_nested(ReadNode& node, avro::Decoder& decoder);
  [[nodiscard]] Datum read_decimal(const ReadNode& node, avro::Decoder& decoder);
  [[nodiscard]] Datum read_scaled_decimal(const ReadNode& node, avro::Decoder& decoder);
  [[nodiscard]] static Datum read_twofold(ReadNode& node, avro::Decoder& decoder);
  [[nodiscard]] Datum read_text_form(const ReadNode& node, avro::Decoder& decoder);
  [[nodiscard]] Datum read_json_form(const ReadNode& node, avro::Decoder& decoder);
  [[nodiscard]] Datum read_odd_array(ReadNode& node, avro::Decoder& decoder);
  [[nodiscard]] Datum read_composite(ReadNode& node, avro::Decoder& decoder);
  [[nodiscard]] Datum read_range(ReadNode& node, avro::Decoder& decoder);
  [[nodiscard]] Datum read_multirange(ReadNode& node, avro::Decoder& decoder);
  [[nodiscard]] Datum read_hstore(ReadNode& node, avro::Decoder& decoder);

  /// Texts in UTF-8 that are being put together. Members, because a server error would skip the destructor of a local.
  std::string text_, item_;
};

}  // namespace ferry::map

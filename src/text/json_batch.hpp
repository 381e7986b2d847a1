#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Batches of rows as JSON. The text has passed a JSON parser before (the server's, when it became a json value), so that here
// only its shape can be wrong.
namespace ferry::text {

/// The rows of one table: the key that names it and the text of each row, whatever JSON value that is.
struct JsonTable {
  std::string name;
  std::vector<std::string> rows;
};

/// The elements of a JSON array, as they are in the text. They may be nested as deeply as they
/// like: nothing here recurses. Errors: 22023 no array; 22P02 malformed.
[[nodiscard]] std::vector<std::string> read_json_rows(std::string_view json);

/// The tables of {"a": [...], "b": [...]} or [{"a": [...]}, {"a": [...]}]; rows of the same key are joined in their order.
/// Errors: as above; 22023 a table's rows are no array.
[[nodiscard]] std::vector<JsonTable> read_json_tables(std::string_view json);

/// A member of a row. Of several with the same key the last counts.
struct JsonMember {
  enum class Kind : std::uint8_t {
    null,
    text,       ///< value: the string, unescaped
    scalar,     ///< value: a number, true or false as it is in the text
    structure,  ///< value: an array or object as it is in the text
    invalid,    ///< value: why the string is none, such as half a surrogate pair or a zero character
  } kind = Kind::null;
  std::string key, value;
  std::string raw;  ///< of a text: the string as it is in the JSON, with its quotes
};

/// The members of a row, or nothing where it is no JSON object. Errors: 22P02.
[[nodiscard]] std::optional<std::vector<JsonMember>> read_json_row(std::string_view json);

}  // namespace ferry::text

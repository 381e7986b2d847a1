#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/interrupts.hpp"

// Batches of rows as JSON. The text has passed a JSON parser before (the server's, when it became a json value), so that here
// only its shape can be wrong. Nothing here recurses: values may be nested as deeply as they like.
namespace ferry::text {

/// What a member of an object, or an element of an array, is.
enum class JsonKind : std::uint8_t {
  null,
  text,         ///< value: the string, unescaped
  scalar,       ///< value: a number, true or false as it is in the text
  structure,    ///< value: an array or object as it is in the text
  invalid,      ///< value: why the string is none, such as half a surrogate pair or a zero character
  invalid_key,  ///< value: the same of the key
};

/// A member of an object; of an element of an array the key is empty.
struct JsonView {
  JsonKind kind = JsonKind::null;
  std::string_view key;
  std::string_view value;
  std::string_view raw;  ///< the value as it is in the text
};

struct JsonLimits {
  std::size_t max_rows = std::numeric_limits<std::size_t>::max();  ///< those behind are counted and not kept
  CheckInterrupts check_interrupts = nullptr;                      ///< called once for many rows
};

/// A request of rows, parsed in one pass. What it gives lives until it reads something else. Made to be used again and again:
/// its memory stays.
class JsonBatch {
 public:
  /// An element of an array of rows, whatever JSON value it is.
  struct Row {
    std::string_view raw;                ///< as it is in the text
    std::uint32_t first = 0, count = 0;  ///< its members
    bool is_object = false;
  };
  struct Table {
    std::string_view name;
    std::vector<Row> rows;
  };

  JsonBatch();
  ~JsonBatch();
  JsonBatch(const JsonBatch&) = delete;
  JsonBatch& operator=(const JsonBatch&) = delete;

  /// Reads [row, ...] into one table without a name. Errors: 22023 no array; 22P02 malformed; what check_interrupts throws.
  void read_rows(std::string_view json, const JsonLimits& limits = {});
  /// Reads {"a": [...], "b": [...]} or [{"a": [...]}, {"a": [...]}]; rows of the same key are joined in their order.
  /// Errors: as above; 22023 a table's rows are no array.
  void read_tables(std::string_view json, const JsonLimits& limits = {});
  /// Of all tables, kept or not.
  [[nodiscard]] std::size_t row_count() const;
  /// Reads one row. Errors: 22P02.
  Row read_row(std::string_view json);
  /// Reads the elements of an array as if they were members of a row; one that is no object for anything else. check_interrupts
  /// is called once for many elements. Errors: 22P02; what it throws.
  Row read_elements(std::string_view json, CheckInterrupts check_interrupts = nullptr);

  [[nodiscard]] std::span<const Table> tables() const;
  /// The members in the order of the text; a key may come several times.
  [[nodiscard]] std::span<const JsonView> members(const Row& row) const;
  /// How long a text may be that the memory which stays is enough for.
  [[nodiscard]] std::size_t capacity() const;

 private:
  class Reader;
  std::unique_ptr<Reader> reader_;
};

/// A member of a row with texts of its own.
struct JsonMember {
  using Kind = JsonKind;
  Kind kind = Kind::null;
  std::string key, value;
  std::string raw;  ///< of a text: the string as it is in the JSON, with its quotes
};

/// The texts of the elements of a JSON array. Errors: 22023 no array; 22P02 malformed.
[[nodiscard]] std::vector<std::string> read_json_rows(std::string_view json);

/// The members of a row, of those with the same key the last, or nothing where it is no JSON object. Errors: 22P02.
[[nodiscard]] std::optional<std::vector<JsonMember>> read_json_row(std::string_view json);

}  // namespace ferry::text

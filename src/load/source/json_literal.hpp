#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "load/record/record.hpp"
#include "text/json_batch.hpp"

#include "pg/server.hpp"

namespace ferry::load {

/// Writes JSON values the way that types read them: an array for an array type as {a,b}, an object for a composite type as
/// (a,b), each as deep as the types go; what is inside json and jsonb stays JSON. Texts are in UTF-8.
class JsonLiterals {
 public:
  /// What a type makes of JSON.
  struct Shape {
    enum class Kind : std::uint8_t {
      other,       ///< its input function reads the text of any value
      characters,  ///< text and its kin: a string, number or boolean
      json,
      array,
      composite,
    } kind = Kind::other;
    Oid element = InvalidOid;
    char delimiter = ',';
    std::vector<std::pair<std::string, Oid>> attributes{};  ///< of a composite type: names and types in order
  };

  /// The shape of a type, of a domain that of what it is over; looked up once. Errors: the server's.
  const Shape& shape_of(Oid type);
  /// Writes a value that is not null for a type whose shape is array or composite. Nothing, or what is wrong with it; column is
  /// for the caller to tell. Errors: the server's.
  [[nodiscard]] std::optional<Problem> write(const Shape& shape, std::string_view json, std::string& out);
  /// What is wrong with an array or object for a type of that shape, if something is.
  [[nodiscard]] static std::optional<Problem> mismatch(const Shape& shape, const text::JsonView& value);

 private:
  struct Dimension {
    int depth, deepest;  ///< beyond the deepest one arrays are values
  };
  std::optional<Problem> write_array(const Shape& shape, std::string_view json, Dimension at, std::string& out);
  std::optional<Problem> write_composite(const Shape& shape, std::string_view json, std::string& out);
  std::optional<Problem> write_member(const Shape& shape, const text::JsonView& value, std::string& out);

  std::map<Oid, Shape> shapes_;
};

}  // namespace ferry::load

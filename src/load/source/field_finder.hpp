#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "load/record/expression.hpp"

namespace ferry::load {

/// Finds fields by what expressions call them.
class FieldFinder {
 public:
  explicit FieldFinder(const NamedFields& fields);

  /// The index of a field: that with this very name, cut as SQL cuts names; else as f1, f2, ...; else that whose name differs in
  /// case, blanks, _ and - alone. Errors: 42702 several fields have the name; 42703 none has.
  [[nodiscard]] std::size_t find(std::string_view name) const;

 private:
  using Index = std::unordered_map<std::string, std::optional<std::size_t>>;  ///< nothing: several have that name
  static void add(Index& index, std::string name, std::size_t field);
  static std::optional<std::size_t> look_up(const Index& index, const std::string& name, std::string_view shown);
  [[noreturn]] void fail_unknown(std::string_view name) const;

  const NamedFields& fields_;
  Index exact_, loose_;
};

}  // namespace ferry::load

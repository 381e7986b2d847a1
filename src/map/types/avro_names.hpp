#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

// Names as Avro allows them. Source: Avro 1.12, Names. Texts are in UTF-8.
namespace ferry::map {

/// Whether a name without dots is [A-Za-z_][A-Za-z0-9_]*.
[[nodiscard]] bool is_avro_name(std::string_view name);

/// The name with an underscore in place of every character that Avro's names may not have.
[[nodiscard]] std::string sanitised(std::string_view name);

/// The same for the name of a record, an enum or a fixed, which is no primitive type's either: that gets an underscore.
/// Source: Avro 1.12, Names: the names of primitive types may not be defined in any namespace.
[[nodiscard]] std::string sanitised_type(std::string_view name);

/// Names of fields, in the order of the columns, each its own.
[[nodiscard]] std::vector<std::string> field_names(const std::vector<std::string>& column_names);

/// name, or where it is taken name_2, name_3, ...; it is taken then.
[[nodiscard]] std::string take_name(std::unordered_set<std::string>& taken, std::string name);

}  // namespace ferry::map

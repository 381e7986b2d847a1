#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "remote/store.hpp"

/// Objects of stores as a whole, by their URLs. Errors of all: those of StorePlace for the right to read, or to write where
/// something changes, and of remote::Store.
namespace ferry::pg {

/// Puts bytes under a URL, whatever was there.
void write_object(const std::string& url, std::string_view bytes);

/// Nothing where there is no such object.
[[nodiscard]] std::optional<remote::ObjectFacts> find_object(const std::string& url);

/// What is directly below a URL, whether that ends with a slash or not, in the order of names. The key of each is its name alone,
/// of a folder with a slash behind.
[[nodiscard]] std::vector<remote::ObjectFacts> list_objects(const std::string& url);

/// None there is no error.
void remove_object(const std::string& url);

}  // namespace ferry::pg

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "remote/store.hpp"

/// What stores say in XML. It comes from elsewhere: size, number of elements and depth are limited, and there are no entities but
/// those of XML itself. Errors of all functions but the first: 08P01 what is malformed or something else; address is for them.
namespace ferry::remote {

/// <Error>: why a request failed.
struct StoreError {
  std::string code, message;
  std::string region{};    ///< that the store wants
  std::string endpoint{};  ///< that the store wants
};

/// Nothing where xml is something else.
[[nodiscard]] std::optional<StoreError> parse_store_error(std::string xml);

/// The id of an upload that was begun.
[[nodiscard]] std::string parse_upload_id(std::string xml, const std::string& address);

/// The ETag of an upload that was completed.
[[nodiscard]] std::string parse_completion(std::string xml, const std::string& address);

struct ListPage {
  std::vector<ObjectFacts> objects;
  std::vector<std::string> folders;
  std::string next;  ///< the token of the page that follows; empty: none
};

[[nodiscard]] ListPage parse_list(std::string xml, const std::string& address);

}  // namespace ferry::remote

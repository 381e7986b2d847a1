#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "remote/service.hpp"

/// What is in a store: the functions of Store, of the same contracts.
namespace ferry::remote {

[[nodiscard]] std::optional<ObjectFacts> find_object(const SharedService& service, const std::string& key);

void list_objects(const SharedService& service, const std::string& prefix, const std::function<void(const ObjectFacts&)>& visit);

[[nodiscard]] std::vector<ObjectFacts> list_folder(const SharedService& service, const std::string& prefix);

}  // namespace ferry::remote

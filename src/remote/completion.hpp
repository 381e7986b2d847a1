#pragma once

#include <string>
#include <vector>

#include "remote/service.hpp"

namespace ferry::remote {

/// An upload in parts, as the store knows it.
struct Upload {
  std::string id{};
  std::vector<std::string> etags{};  ///< of the parts, as the store wrote them
};

/// Makes one object of all parts; facts has its key and size, and gets the rest. That it was made is found out even if the
/// store's word for it was lost. Errors: those of a Store.
void complete_upload(const SharedService& service, const Upload& upload, ObjectFacts& facts);

/// The ETag that S3 gives to such an object; empty where those of the parts are no MD5.
[[nodiscard]] std::string etag_of_parts(const std::vector<std::string>& etags);

}  // namespace ferry::remote

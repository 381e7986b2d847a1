#include "pg/io/path.hpp"

#include "base/concat.hpp"
#include "base/error.hpp"

#include "pg/server.hpp"

namespace ferry::pg {

void check_path(const std::string& path, std::string if_relative) {
  if (!is_absolute_path(path.c_str())) {
    if (if_relative.empty()) if_relative = concat("relative path \"", path, "\" not allowed for a file of the server");
    throw Error("42602", std::move(if_relative));
  }
  if (concat(path, "/").find("/../") != std::string::npos)
    throw Error("42602", concat("path \"", path, "\" must not contain \"..\""));
}

}  // namespace ferry::pg

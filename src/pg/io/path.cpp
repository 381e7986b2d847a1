#include "pg/io/path.hpp"

#include "base/concat.hpp"
#include "base/error.hpp"
#include "pg/guard.hpp"
#include "pg/store/store_place.hpp"
#include "remote/url.hpp"

#include "pg/server.hpp"

extern "C" {
#include "catalog/pg_authid.h"
}

namespace ferry::pg {

void check_path(const std::string& path, std::string if_relative) {
  if (!is_absolute_path(path.c_str())) {
    if (if_relative.empty()) if_relative = concat("relative path \"", path, "\" not allowed for a file of the server");
    throw Error("42602", std::move(if_relative));
  }
  if (concat(path, "/").find("/../") != std::string::npos)
    throw Error("42602", concat("path \"", path, "\" must not contain \"..\""));
}

void check_may_read(const std::string& path) {
  if (remote::is_url(path)) return check_may_use(path, StoreUse::read);
  if (!call([] { return has_privs_of_role(GetUserId(), ROLE_PG_READ_SERVER_FILES); }))
    throw Error("42501", "permission denied to read a file of the server")
        .detail("Only roles with privileges of the \"pg_read_server_files\" role may read files of the server.");
  check_path(path);
}

void check_may_write(const std::string& path) {
  if (remote::is_url(path)) return check_may_use(path, StoreUse::write);
  if (!call([] { return has_privs_of_role(GetUserId(), ROLE_PG_WRITE_SERVER_FILES); }))
    throw Error("42501", "permission denied to write a file of the server")
        .detail("Only roles with privileges of the \"pg_write_server_files\" role may write files of the server.");
  check_path(path);
}

}  // namespace ferry::pg

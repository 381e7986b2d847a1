#pragma once

#include <string>

#include "remote/store.hpp"
#include "remote/url.hpp"

#include "pg/server.hpp"

extern "C" {
#include "nodes/pg_list.h"
}

namespace ferry::pg {

/// What a server of the foreign-data wrapper ferry_store says.
struct ServerOptions {
  remote::Url scope;
  remote::Endpoint endpoint{};  ///< without credentials
  bool is_writable = false;
  bool is_anonymous = false;  ///< nobody needs a user mapping
};

/// Reads options as the catalogs have them, a list of DefElem. Errors: HV00D one that is not known, with those that are; HV002
/// one that is missing; 22023 its value.
[[nodiscard]] ServerOptions read_server_options(List* options);

/// The same of a user mapping. Values are in no error.
[[nodiscard]] remote::Credentials read_credentials(List* options);

/// For what has no options. Errors: HV00D.
void check_has_no_options(List* options);

/// The value of an option, or null.
[[nodiscard]] const char* find_option(List* options, const char* name);

}  // namespace ferry::pg

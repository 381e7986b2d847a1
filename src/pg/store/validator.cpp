// The SQL function ferry_store_validator(), which the server calls with the options of what belongs to the foreign-data wrapper.

#include <string_view>

#include "base/concat.hpp"
#include "pg/guard.hpp"
#include "pg/store/server_options.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/reloptions.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_user_mapping.h"
}

namespace ferry::pg {
namespace {

/// The last part of a host's name begins with a letter, that of an address does not.
bool has_name(std::string_view url) {
  std::string_view host = url.substr(url.find("//") + 2);
  host = host.substr(0, host.find(':'));
  const std::size_t dot = host.rfind('.');
  const std::string_view last = dot == std::string_view::npos ? host : host.substr(dot + 1);
  return !last.empty() && ((last[0] >= 'a' && last[0] <= 'z') || (last[0] >= 'A' && last[0] <= 'Z'));
}

[[noreturn]] void refuse(const char* what) {
  throw Error("42501", concat("permission denied to define a server of ferry_store with ", what)).hint("A superuser may.");
}

/// Of one who was given USAGE on the wrapper: what leads to hosts by their names alone, and not past the checks of a connection.
/// Machines that trust connections from this one are reached by their address or without TLS.
void check_is_safe(const ServerOptions& server) {
  const remote::Endpoint& endpoint = server.endpoint;
  if (!std::string_view(endpoint.url).starts_with("https://")) refuse("an endpoint that is not https://");
  if (!has_name(endpoint.url)) refuse("the address of a host in the place of its name");
  if (endpoint.allows_http) refuse("option \"allow_http\"");
  if (!endpoint.checks_certificate) refuse("option \"verify_certificate\" off");
  const bool reads_files = call([] { return has_privs_of_role(GetUserId(), ROLE_PG_READ_SERVER_FILES); });
  if (!endpoint.ca_file.empty() && !reads_files) refuse("option \"ca_file\"");
}

void validate(Datum array, Oid catalog) {
  List* const options = call(untransformRelOptions, array);
  if (catalog == UserMappingRelationId) {
    (void)read_credentials(options);
    return;
  }
  if (catalog != ForeignServerRelationId) return check_has_no_options(options);
  const ServerOptions server = read_server_options(options);
  if (!call(superuser)) check_is_safe(server);
}

}  // namespace
}  // namespace ferry::pg

// Whatever version the extension has: dumps are restored, and servers upgraded, with the library of another one.
FERRY_C_FUNCTION(ferry_store_validator) {
  return ferry::pg::boundary([&] {
    ferry::pg::validate(PG_GETARG_DATUM(0), PG_GETARG_OID(1));
    return Datum{0};
  });
}

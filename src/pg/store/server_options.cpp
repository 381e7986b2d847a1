#include "pg/store/server_options.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <string_view>

#include "base/concat.hpp"
#include "base/error.hpp"

extern "C" {
#include "nodes/parsenodes.h"
#include "utils/builtins.h"
}

namespace ferry::pg {
namespace {

using Names = std::span<const char* const>;

constexpr std::array kStoreOptions{"scope",     "endpoint",   "region",  "url_style",         "writable",
                                   "anonymous", "allow_http", "ca_file", "verify_certificate"};
/// Of a scope that begins with https://.
constexpr std::array kWebOptions{"scope", "ca_file", "verify_certificate"};
constexpr std::array kMappingOptions{"access_key_id", "secret_access_key", "session_token"};

const DefElem& option_at(List* options, int i) { return *static_cast<const DefElem*>(list_nth(options, i)); }

std::string list_of(Names names) {
  std::string list;
  for (const char* const name : names) list += concat(list.empty() ? "" : ", ", name);
  return list;
}

std::string valid_options(Names names) { return concat("Valid options in this context are: ", list_of(names)); }

void check_names(List* options, Names known) {
  for (int i = 0; i < list_length(options); i++) {
    const std::string_view name = option_at(options, i).defname;
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    throw Error("HV00D", concat("invalid option \"", name, '"'))
        .hint(known.empty() ? "There are no valid options in this context." : valid_options(known));
  }
}

/// Errors: HV002 there is none.
const char* required(List* options, const char* name, Names known) {
  const char* const value = find_option(options, name);
  if (value == nullptr) throw Error("HV002", concat("option \"", name, "\" is required")).hint(valid_options(known));
  return value;
}

/// A value with an "@" may be an address with a password in it, and is not shown.
Error invalid(const char* name, std::string_view value, const char* valid) {
  const std::string shown = value.find('@') == std::string_view::npos ? concat(": \"", value, '"') : "";
  return Error("22023", concat("invalid value for option \"", name, '"', shown)).hint(concat("Valid values are: ", valid));
}

bool read_boolean(List* options, const char* name, bool otherwise) {
  const char* const value = find_option(options, name);
  bool is = otherwise;
  if (value != nullptr && !parse_bool(value, &is)) throw invalid(name, value, "true, false");
  return is;
}

remote::Url read_scope(std::string_view value) {
  Error error = invalid("scope", value, "s3://bucket/prefix, https://host/path");
  if (!remote::is_url(value)) throw error;
  try {
    return remote::parse_url(value);
  } catch (const Error& problem) {
    if (value.find('@') == std::string_view::npos) error.detail(concat("It is no address: ", problem.message(), '.'));
  }
  throw error;
}

/// http[s]://host[:port], without the slash that may be behind it.
std::string read_endpoint(std::string_view value) {
  std::string_view rest = value;
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const std::size_t scheme = rest.starts_with("https://") ? 8 : rest.starts_with("http://") ? 7 : 0;
  if (scheme == 0 || !remote::is_host(rest.substr(scheme))) throw invalid("endpoint", value, "https://host, https://host:port");
  return std::string(rest);
}

std::string read_region(std::string_view value) {
  constexpr std::string_view kOfRegions = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
  if (value.find_first_not_of(kOfRegions) != std::string_view::npos)
    throw invalid("region", value, "names such as us-east-1 or auto");
  return std::string(value);
}

bool is_virtual_style(std::string_view value) {
  if (value != "path" && value != "virtual") throw invalid("url_style", value, "path, virtual");
  return value == "virtual";
}

std::string read_ca_file(std::string_view value) {
  if (!value.starts_with('/')) throw invalid("ca_file", value, "absolute paths of files");
  return std::string(value);
}

/// A part of a key or token that goes into a header: ASCII without blanks. The value is in no error.
std::string read_secret(std::string_view value, const char* name) {
  const bool is_valid = !value.empty() && std::all_of(value.begin(), value.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (!is_valid) throw Error("22023", concat("invalid value for option \"", name, '"')).hint("It is ASCII without blanks.");
  return std::string(value);
}

}  // namespace

const char* find_option(List* options, const char* name) {
  for (int i = 0; i < list_length(options); i++) {
    const DefElem& option = option_at(options, i);
    if (std::strcmp(option.defname, name) == 0) return option.arg == nullptr ? "" : strVal(option.arg);
  }
  return nullptr;
}

ServerOptions read_server_options(List* options) {
  const char* const scope = find_option(options, "scope");
  const bool is_web = scope != nullptr && std::string_view(scope).starts_with("https://");
  const Names known = is_web ? Names(kWebOptions) : Names(kStoreOptions);
  check_names(options, known);
  ServerOptions server{.scope = read_scope(required(options, "scope", known))};
  remote::Endpoint& endpoint = server.endpoint;
  endpoint.url = is_web ? concat("https://", server.scope.authority) : read_endpoint(required(options, "endpoint", known));
  if (const char* const region = find_option(options, "region")) endpoint.region = read_region(region);
  if (const char* const style = find_option(options, "url_style")) endpoint.has_bucket_in_host = is_virtual_style(style);
  if (const char* const file = find_option(options, "ca_file")) endpoint.ca_file = read_ca_file(file);
  endpoint.checks_certificate = read_boolean(options, "verify_certificate", true);
  endpoint.allows_http = read_boolean(options, "allow_http", false);
  server.is_writable = read_boolean(options, "writable", false);
  server.is_anonymous = is_web || read_boolean(options, "anonymous", false);
  return server;
}

remote::Credentials read_credentials(List* options) {
  check_names(options, kMappingOptions);
  remote::Credentials credentials{
      .access_key_id = read_secret(required(options, "access_key_id", kMappingOptions), "access_key_id"),
      .secret_access_key = read_secret(required(options, "secret_access_key", kMappingOptions), "secret_access_key")};
  if (const char* const token = find_option(options, "session_token"))
    credentials.session_token = read_secret(token, "session_token");
  return credentials;
}

void check_has_no_options(List* options) { check_names(options, {}); }

}  // namespace ferry::pg

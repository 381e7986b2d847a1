#include "remote/service.hpp"

#include <algorithm>
#include <ctime>

#include "base/concat.hpp"
#include "base/error.hpp"
#include "remote/digest.hpp"
#include "remote/percent.hpp"

namespace ferry::remote {
namespace {

constexpr std::size_t kMostShownBytes = 300;
constexpr std::string_view kDefaultRegion = "us-east-1";

struct Base {
  bool is_encrypted;
  std::string host;  ///< in lower case, with a port where it is not that of the scheme
};

/// Of https://host[:port] or http://host[:port], with or without a slash behind it.
Base base_of(std::string_view endpoint) {
  constexpr std::string_view kHttps = "https://", kHttp = "http://";
  Base base{endpoint.starts_with(kHttps), {}};
  std::string_view host = endpoint;
  if (base.is_encrypted || endpoint.starts_with(kHttp)) host.remove_prefix(base.is_encrypted ? kHttps.size() : kHttp.size());
  if (host.ends_with('/')) host.remove_suffix(1);
  try {
    if (host.size() == endpoint.size() || host.find('/') != std::string_view::npos) throw Error("42602", "no host");
    base.host = parse_url(concat(kHttps, host)).authority;
  } catch (const Error&) {
    throw Error("22023", concat("invalid endpoint \"", endpoint, "\""))
        .detail("An endpoint is https://host or https://host:port, without a path.");
  }
  std::transform(base.host.begin(), base.host.end(), base.host.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  const std::string_view needless_port = base.is_encrypted ? ":443" : ":80";
  if (base.host.ends_with(needless_port)) base.host.resize(base.host.size() - needless_port.size());
  return base;
}

std::string_view without_port(std::string_view host) {
  const std::size_t colon = host.rfind(':');
  return colon == std::string_view::npos || host.ends_with(']') ? host : host.substr(0, colon);
}

void hide(std::string& text, std::string_view secret) {
  if (secret.empty()) return;
  constexpr std::string_view kInstead = "...";
  for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at + kInstead.size()))
    text.replace(at, secret.size(), kInstead);
}

}  // namespace

Service::Service(const Url& place, Endpoint endpoint, Surroundings surroundings)
    : place_(place), endpoint_(std::move(endpoint)), surroundings_(surroundings) {
  if (surroundings.show_wait != nullptr) Connections::of_process().show_waits_by(surroundings.show_wait);
  if (!is_s3() && endpoint_.url.empty()) endpoint_.url = concat("https://", place_.authority);
  if (endpoint_.region.empty()) endpoint_.region = kDefaultRegion;
  const Base base = base_of(endpoint_.url);
  is_encrypted_ = base.is_encrypted;
  host_ = base.host;
  if (is_s3() && endpoint_.has_bucket_in_host) host_ = concat(place_.authority, '.', host_);
  if (is_s3() && !endpoint_.has_bucket_in_host) path_prefix_ = concat('/', place_.authority);
  route_ = {endpoint_.ca_file, endpoint_.checks_certificate, endpoint_.allows_http, literal_address(without_port(base.host)),
            endpoint_.idle_limit_ms};
}

HttpRequest Service::request(const Call& call) const {
  // of a bucket in the path, "/bucket"; of one in the host, "/"
  const bool is_bucket = is_s3() && call.key.empty() && !path_prefix_.empty();
  const std::string path = is_bucket ? path_prefix_ : concat(path_prefix_, '/', percent_encoded(call.key, Slashes::kept));
  HttpRequest request{.method = call.method, .url = concat(is_encrypted_ ? "https://" : "http://", host_, path)};
  if (!call.query.empty()) request.url += concat('?', canonical_query(call.query));
  request.payload = call.payload;
  request.is_streamed = call.is_streamed;
  for (const auto& [name, value] : call.headers) request.headers.push_back(concat(name, ": ", value));
  if (endpoint_.credentials) sign(call, path, request);
  return request;
}

void Service::sign(const Call& call, const std::string& path, HttpRequest& request) const {
  const std::string time = signing_time(static_cast<std::int64_t>(std::time(nullptr)) + clock_offset_s_);
  std::string payload_hash = "UNSIGNED-PAYLOAD";
  if (needs_digest()) payload_hash = call.payload != nullptr ? call.payload->sha256 : hex(sha256({}));
  NamedValues headers{{"x-amz-content-sha256", payload_hash}, {"x-amz-date", time}};
  if (!endpoint_.credentials->session_token.empty())
    headers.emplace_back("x-amz-security-token", endpoint_.credentials->session_token);
  for (const auto& [name, value] : headers) request.headers.push_back(concat(name, ": ", value));
  headers.emplace_back("host", host_);
  request.headers.push_back(concat("authorization: ", authorization({.method = call.method,
                                                                     .path = path,
                                                                     .query = canonical_query(call.query),
                                                                     .headers = headers,
                                                                     .payload_hash = payload_hash,
                                                                     .time = time},
                                                                    *endpoint_.credentials, endpoint_.region)));
}

std::string Service::address_of(const std::string& key) const { return text_of({place_.scheme, place_.authority, key}); }

void Service::set_clock(std::int64_t server_seconds) {
  clock_offset_s_ = server_seconds - static_cast<std::int64_t>(std::time(nullptr));
}

std::string Service::shown(std::string_view text) const {
  std::string result(text.substr(0, kMostShownBytes * 4));
  if (endpoint_.credentials) {
    hide(result, endpoint_.credentials->access_key_id);
    hide(result, endpoint_.credentials->secret_access_key);
    hide(result, endpoint_.credentials->session_token);
  }
  std::replace_if(
      result.begin(), result.end(), [](char c) { return c < ' ' || c > '~'; }, ' ');
  if (result.size() > kMostShownBytes) result = concat(std::string_view(result).substr(0, kMostShownBytes), "...");
  return result;
}

}  // namespace ferry::remote

#include "remote/url.hpp"

#include <algorithm>
#include <charconv>

#include "base/concat.hpp"
#include "base/error.hpp"

namespace ferry::remote {
namespace {

constexpr std::string_view kS3 = "s3", kHttps = "https", kBehindScheme = "://";

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// How many bytes of text are a scheme; 0 where none is at its front.
std::size_t scheme_length(std::string_view text) {
  const std::size_t end = text.find(kBehindScheme);
  if (end == std::string_view::npos || end == 0 || !is_letter(text[0])) return 0;
  const bool fits = std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(end),
                                [](char c) { return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.'; });
  return fits ? end : 0;
}

/// What a name of a host or a bucket is made of. It becomes part of a host name or of a path as it stands.
bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 255 && text.front() != '.' && text.front() != '-' && text.back() != '.' &&
         text.find("..") == std::string_view::npos && std::all_of(text.begin(), text.end(), [](char c) {
           return is_letter(c) || is_digit(c) || c == '.' || c == '-' || c == '_';
         });
}

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
  return problem == std::errc() && end == text.data() + text.size() && port > 0 && port < 65536;
}

/// Whether a segment of a path is "." or "..", which web servers follow: the address would not be below its scope.
bool leads_elsewhere(std::string_view path) {
  while (true) {
    const std::size_t end = path.find_first_of("/\\");
    const std::string_view segment = path.substr(0, end);
    if (segment == "." || segment == "..") return true;
    if (end == std::string_view::npos) return false;
    path.remove_prefix(end + 1);
  }
}

/// A host as it is compared: in lower case, without the port that https has anyway.
std::string plain_host(std::string_view host) {
  if (host.ends_with(":443")) host.remove_suffix(4);
  std::string plain(host);
  std::transform(plain.begin(), plain.end(), plain.begin(), lower);
  return plain;
}

}  // namespace

bool is_host(std::string_view text) {
  std::string_view host = text;
  const std::size_t bracket = text.rfind(']');
  const std::size_t colon = text.rfind(':');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    if (!is_port(text.substr(colon + 1))) return false;
    host = text.substr(0, colon);
  }
  if (host.size() < 4 || host.front() != '[' || host.back() != ']') return is_name(host);
  host = host.substr(1, host.size() - 2);
  return std::all_of(host.begin(), host.end(),
                     [](char c) { return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f') || c == ':' || c == '.'; });
}

bool is_url(std::string_view path) { return scheme_length(path) > 0; }

Url parse_url(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) throw Error("42602", "an address cannot hold a byte of zero");
  const std::string_view scheme = text.substr(0, scheme_length(text));
  if (scheme != kS3 && scheme != kHttps)
    throw Error("0A000", concat("cannot use the address \"", text, "\"")).detail("An address begins with s3:// or https://.");
  std::string_view rest = text.substr(scheme.size() + kBehindScheme.size());
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  Url url{scheme == kS3 ? Url::Scheme::s3 : Url::Scheme::https, std::string(rest.substr(0, slash)), {}};
  if (slash < rest.size()) url.key = rest.substr(slash + 1);
  if (url.scheme == Url::Scheme::s3 && !is_name(url.authority))
    throw Error("42602", concat("invalid bucket name \"", url.authority, "\" in the address \"", text, "\""));
  if (url.scheme == Url::Scheme::https && !is_host(url.authority))
    throw Error("42602", concat("invalid host \"", url.authority, "\" in the address \"", text, "\""));
  if (url.scheme == Url::Scheme::https && leads_elsewhere(url.key))
    throw Error("42602", concat("cannot use the address \"", text, "\""))
        .detail("Web servers follow \".\" and \"..\" in a path to another place.");
  return url;
}

std::string text_of(const Url& url) {
  std::string text = concat(url.scheme == Url::Scheme::s3 ? kS3 : kHttps, kBehindScheme, url.authority);
  if (!url.key.empty()) text += concat('/', url.key);
  return text;
}

bool holds(const Url& scope, const Url& url) {
  if (scope.scheme != url.scheme) return false;
  if (scope.scheme == Url::Scheme::s3 ? scope.authority != url.authority
                                      : plain_host(scope.authority) != plain_host(url.authority))
    return false;
  if (!url.key.starts_with(scope.key)) return false;
  return scope.key.empty() || scope.key.back() == '/' || url.key.size() == scope.key.size() || url.key[scope.key.size()] == '/';
}

}  // namespace ferry::remote

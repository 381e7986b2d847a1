#include "remote/signature.hpp"

#include <algorithm>
#include <ctime>

#include "base/concat.hpp"
#include "remote/digest.hpp"
#include "remote/percent.hpp"

namespace ferry::remote {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

struct CanonicalHeaders {
  std::string lines, names;
};

CanonicalHeaders canonical_headers(NamedValues headers) {
  std::sort(headers.begin(), headers.end());
  CanonicalHeaders canonical;
  for (const auto& [name, value] : headers) {
    canonical.lines += concat(name, ':', value, '\n');
    canonical.names += concat(canonical.names.empty() ? "" : ";", name);
  }
  return canonical;
}

Digest signing_key(const Credentials& credentials, std::string_view day, std::string_view region) {
  const Digest of_day = hmac_sha256(as_bytes(concat("AWS4", credentials.secret_access_key)), day);
  return hmac_sha256(hmac_sha256(hmac_sha256(of_day, region), "s3"), "aws4_request");
}

}  // namespace

std::string canonical_query(const NamedValues& parameters) {
  NamedValues encoded;
  for (const auto& [name, value] : parameters)
    encoded.emplace_back(percent_encoded(name, Slashes::encoded), percent_encoded(value, Slashes::encoded));
  std::sort(encoded.begin(), encoded.end());
  std::string query;
  for (const auto& [name, value] : encoded) query += concat(query.empty() ? "" : "&", name, '=', value);
  return query;
}

std::string signing_time(std::int64_t seconds) {
  const auto time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  gmtime_r(&time, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &parts)};
}

std::string authorization(const RequestToSign& request, const Credentials& credentials, std::string_view region) {
  const CanonicalHeaders headers = canonical_headers(request.headers);
  const std::string canonical = concat(request.method, '\n', request.path, '\n', request.query, '\n', headers.lines, '\n',
                                       headers.names, '\n', request.payload_hash);
  const std::string day = request.time.substr(0, 8);
  const std::string scope = concat(day, '/', region, "/s3/aws4_request");
  const std::string to_sign = concat(kAlgorithm, '\n', request.time, '\n', scope, '\n', hex(sha256(canonical)));
  const Digest signature = hmac_sha256(signing_key(credentials, day, region), to_sign);
  return concat(kAlgorithm, " Credential=", credentials.access_key_id, '/', scope, ",SignedHeaders=", headers.names,
                ",Signature=", hex(signature));
}

}  // namespace ferry::remote

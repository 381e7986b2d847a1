#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "remote/store.hpp"

/// AWS Signature Version 4, as S3 has it: the path is encoded once and not normalized.
namespace ferry::remote {

using NamedValues = std::vector<std::pair<std::string, std::string>>;

/// name=value&name=value, percent-encoded and in the order that signatures demand. It is what is sent, too.
[[nodiscard]] std::string canonical_query(const NamedValues& parameters);

struct RequestToSign {
  std::string method;
  std::string path;          ///< percent-encoded, with the slash before it
  std::string query{};       ///< by canonical_query()
  NamedValues headers;       ///< those that are signed, host among them: names in lower case, in any order
  std::string payload_hash;  ///< SHA-256 in hexadecimal digits, or UNSIGNED-PAYLOAD
  std::string time;          ///< by signing_time()
};

/// seconds since 1970 as YYYYMMDDTHHMMSSZ.
[[nodiscard]] std::string signing_time(std::int64_t seconds);

/// The value of the header "authorization".
[[nodiscard]] std::string authorization(const RequestToSign& request, const Credentials& credentials, std::string_view region);

}  // namespace ferry::remote

#include "remote/answer_error.hpp"

#include <algorithm>
#include <array>
#include <ctime>

#include "base/concat.hpp"

namespace ferry::remote {
namespace {

constexpr std::int64_t kClockToleranceS = 900;  ///< of S3

template <std::size_t n>
bool is_any_of(std::string_view text, const std::array<std::string_view, n>& few) {
  return std::find(few.begin(), few.end(), text) != few.end();
}

/// Of answers 400 that tell of keys and rights.
bool is_about_rights(std::string_view code) {
  constexpr std::array<std::string_view, 8> kCodes{
      "AuthorizationHeaderMalformed", "ExpiredToken",          "InvalidAccessKeyId", "InvalidToken", "AccessDenied",
      "TokenRefreshRequired",         "SignatureDoesNotMatch", "InvalidSecurity"};
  return is_any_of(code, kCodes);
}

const char* who_answers(const Service& service) { return service.is_s3() ? "store" : "server"; }

/// What the store says, as a sentence.
std::string told(const Service& service, const Answer& answer, const StoreError& error) {
  std::string text = concat("The ", who_answers(service), " answers ", answer.status);
  if (!error.code.empty()) text += concat(' ', service.shown(error.code));
  std::string message = service.shown(error.message);
  while (!message.empty() && (message.back() == '.' || message.back() == ' ')) message.pop_back();
  if (!message.empty()) text += concat(": ", message);
  return text += '.';
}

std::string advice(const Service& service, const Answer& answer, const StoreError& error) {
  const std::string& region = error.region.empty() ? answer.bucket_region : error.region;
  if (!region.empty() && region != service.endpoint().region)
    return concat("The bucket is in the region \"", service.shown(region), "\"; endpoint and region must be those.");
  if (!error.endpoint.empty()) return concat("The store names another endpoint: ", service.shown(error.endpoint), '.');
  const std::int64_t ahead = clock_difference(answer, error, std::time(nullptr));
  if (ahead != 0)
    return concat("The store's clock is ", ahead > 0 ? ahead : -ahead, " seconds ", ahead > 0 ? "ahead of" : "behind",
                  " that of this machine.");
  return {};
}

Error missing(const Service& service, const std::string& key, const StoreError& error) {
  const bool is_bucket = error.code == "NoSuchBucket" || (service.is_s3() && key.empty());
  if (is_bucket) return Error("58P01", concat("bucket of \"", service.address_of(key), "\" does not exist"));
  return Error("58P01", concat(service.is_s3() ? "object \"" : "file \"", service.address_of(key), "\" does not exist"));
}

Error of_status(const Service& service, const std::string& key, const Answer& answer, const StoreError& error) {
  const std::string address = service.address_of(key);
  if (error.code == "NoSuchUpload")
    return Error("08006", concat("the ", who_answers(service), " lost what was uploaded of \"", address, "\""));
  if (answer.status == 404 || answer.status == 410) return missing(service, key, error);
  if (answer.status == 401 || answer.status == 403 || is_about_rights(error.code))
    return Error("28000", concat("the ", who_answers(service), " does not allow access to \"", address, "\""));
  if (answer.status >= 300 && answer.status < 400)
    return Error("08P01", concat("the ", who_answers(service), " redirects requests for \"", address, "\""));
  if (is_transient(answer, error))
    return Error("08006", concat("the ", who_answers(service), " could not answer a request for \"", address, "\""));
  return Error("08P01", concat("the ", who_answers(service), " refuses a request for \"", address, "\""));
}

}  // namespace

StoreError store_error_of(const Answer& answer) { return parse_store_error(answer.body).value_or(StoreError{}); }

bool is_transient(const Answer& answer, const StoreError& error) {
  constexpr std::array<std::string_view, 9> kCodes{"BadDigest",      "IncompleteBody",     "InternalError",
                                                   "SlowDown",       "ServiceUnavailable", "ConditionalRequestConflict",
                                                   "RequestTimeout", "OperationAborted",   "XAmzContentSHA256Mismatch"};
  if (answer.status == 408 || answer.status == 429) return true;
  if (answer.status >= 500) return answer.status != 501 && answer.status != 505;
  return answer.status >= 400 && is_any_of(error.code, kCodes);
}

std::int64_t clock_difference(const Answer& answer, const StoreError& error, std::int64_t now) {
  if (answer.status != 403 || answer.sent_at == 0) return 0;
  if (error.code != "RequestTimeTooSkewed" && error.code != "AccessDenied" && error.code != "SignatureDoesNotMatch") return 0;
  const std::int64_t ahead = answer.sent_at - now;
  return ahead > kClockToleranceS || ahead < -kClockToleranceS ? ahead : 0;
}

Error error_of_answer(const Service& service, const std::string& key, const Answer& answer) {
  const StoreError error = store_error_of(answer);
  Error result = of_status(service, key, answer, error);
  result.detail(told(service, answer, error));
  std::string hint = advice(service, answer, error);
  if (!hint.empty()) result.hint(std::move(hint));
  return result;
}

Error error_of_failure(const Service& service, const std::string& key, const Transfer::Failure& failure) {
  using Kind = Transfer::Failure::Kind;
  const std::string address = service.address_of(key);
  const char* const who = who_answers(service);
  switch (failure.kind) {
    case Kind::refused_address:
      return Error("42501", concat("connections to the ", who, " of \"", address, "\" are not allowed")).detail(failure.text);
    case Kind::unacceptable:
      return Error("08P01", concat("unexpected answer of the ", who, " to a request for \"", address, "\"")).detail(failure.text);
    case Kind::broken:
      return Error("08006", concat("the connection to the ", who, " of \"", address, "\" was broken off")).detail(failure.text);
    case Kind::untrusted:
    case Kind::unreachable:
      break;
  }
  Error error("08001", concat("could not connect to the ", who, " of \"", address, "\""));
  error.detail(failure.text);
  const bool has_dotted_host =
      service.is_s3() && service.endpoint().has_bucket_in_host && service.place().authority.find('.') != std::string::npos;
  if (failure.kind == Kind::untrusted && has_dotted_host)
    error.hint("Certificates of stores do not hold for buckets with dots in their names; name the bucket in the path instead.");
  return error;
}

Error error_of_protocol(const Service& service, const std::string& key, const char* why) {
  return Error("08P01",
               concat("unexpected answer of the ", who_answers(service), " to a request for \"", service.address_of(key), "\""))
      .detail(why);
}

Error error_of_change(const Service& service, const std::string& key, const std::string& why) {
  return Error("55000",
               concat(service.is_s3() ? "object \"" : "file \"", service.address_of(key), "\" changed while it was read"))
      .detail(why);
}

}  // namespace ferry::remote

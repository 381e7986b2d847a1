#include "remote/answer.hpp"

#include <algorithm>
#include <charconv>

#include <curl/curl.h>

namespace ferry::remote {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return result;
}

/// Nothing where text is anything but digits.
std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::int64_t moment(const std::string& text) { return std::max<std::int64_t>(0, curl_getdate(text.c_str(), nullptr)); }

}  // namespace

std::optional<ContentRange> parse_content_range(std::string_view text) {
  constexpr std::string_view kUnit = "bytes ";
  if (!text.starts_with(kUnit)) return std::nullopt;
  text.remove_prefix(kUnit.size());
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::optional<std::uint64_t> total = whole_number(text.substr(slash + 1));
  if (!total) return std::nullopt;
  const std::string_view part = text.substr(0, slash);
  if (part == "*") return ContentRange{std::nullopt, std::nullopt, *total};
  const std::size_t dash = part.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::optional<std::uint64_t> first = whole_number(part.substr(0, dash)), last = whole_number(part.substr(dash + 1));
  if (!first || !last || *first > *last || *last >= *total) return std::nullopt;
  return ContentRange{first, last, *total};
}

void take_header_line(std::string_view line, Answer& answer) {
  if (line.starts_with("HTTP/")) {
    const std::string_view behind = line.substr(std::min(line.find(' '), line.size() - 1) + 1);
    answer = Answer{.status = static_cast<int>(whole_number(behind.substr(0, 3)).value_or(0))};
    return;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string name = lower(line.substr(0, colon));
  const std::string value(trimmed(line.substr(colon + 1)));
  if (name == "content-length") answer.content_length = whole_number(value);
  if (name == "transfer-encoding") answer.is_chunked = lower(value).find("chunked") != std::string::npos;
  if (name == "etag") answer.etag = value;
  if (name == "content-range") answer.content_range = value;
  if (name == "location") answer.location = value;
  if (name == "x-amz-bucket-region") answer.bucket_region = value;
  if (name == "retry-after")
    answer.retry_after_s = static_cast<std::int64_t>(std::min<std::uint64_t>(whole_number(value).value_or(0), 3600));
  if (name == "date") answer.sent_at = moment(value);
  if (name == "last-modified") {
    answer.last_modified_text = value;
    answer.modified_at = moment(value);
  }
}

std::string plain_etag(std::string_view etag) {
  const std::string_view weak = etag.starts_with("W/") ? etag.substr(0, 2) : std::string_view();
  etag.remove_prefix(weak.size());
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') etag = etag.substr(1, etag.size() - 2);
  return std::string(weak).append(etag);
}

}  // namespace ferry::remote

#include "remote/completion.hpp"

#include <charconv>
#include <optional>

#include "base/concat.hpp"
#include "remote/answer_error.hpp"
#include "remote/digest.hpp"
#include "remote/exchange.hpp"
#include "remote/lookup.hpp"

namespace ferry::remote {
namespace {

std::string as_xml_text(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '&')
      result += "&amp;";
    else if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else
      result += c;
  }
  return result;
}

std::string list_of_parts(const std::vector<std::string>& etags) {
  std::string xml = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
  for (std::size_t i = 0; i < etags.size(); ++i)
    xml += concat("<Part><PartNumber>", i + 1, "</PartNumber><ETag>", as_xml_text(etags[i]), "</ETag></Part>");
  return xml += "</CompleteMultipartUpload>";
}

}  // namespace

std::string etag_of_parts(const std::vector<std::string>& etags) {
  constexpr std::size_t kDigits = 32;
  Bytes digests;
  for (const std::string& quoted : etags) {
    const std::string etag = plain_etag(quoted);
    if (etag.size() != kDigits) return {};
    for (const char* at = etag.data(); at != etag.data() + kDigits; at += 2) {
      std::uint8_t byte = 0;
      if (std::from_chars(at, at + 2, byte, 16).ptr != at + 2) return {};
      digests.push_back(byte);
    }
  }
  const std::string md5 = md5_hex(digests);
  return md5.empty() ? md5 : concat(md5, '-', etags.size());
}

void complete_upload(const SharedService& service, const Upload& upload, ObjectFacts& facts) {
  const std::string xml = list_of_parts(upload.etags);
  const Payload payload{.memory = as_bytes(xml), .bytes = xml.size(), .sha256 = hex(sha256(xml))};
  Exchange exchange(service, {.method = "POST",
                              .key = facts.key,
                              .query = {{"uploadId", upload.id}},
                              .headers = {{"Content-Type", "application/xml"}, {"Expect", ""}},
                              .payload = &payload,
                              .may_fail_late = true});
  const Answer answer = exchange.finish();
  if (answer.is_success()) {
    facts.etag = parse_completion(answer.body, service->address_of(facts.key));
    facts.modified_at = answer.sent_at;
    return;
  }
  // an answer that was lost may have been of a success, behind which the upload is gone
  if (answer.status == 404 && exchange.was_repeated()) {
    const std::optional<ObjectFacts> found = find_object(service, facts.key);
    if (found && found->bytes == facts.bytes && found->etag == etag_of_parts(upload.etags)) {
      facts = *found;
      return;
    }
  }
  throw error_of_answer(*service, facts.key, answer);
}

}  // namespace ferry::remote

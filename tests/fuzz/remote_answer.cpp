// The first byte says what the rest is: an answer in XML, a head, an address. Nothing but the errors that are promised may come
// of it.
#include <cstdlib>
#include <string>

#include "base/error.hpp"
#include "remote/answer.hpp"
#include "remote/answer_xml.hpp"
#include "remote/percent.hpp"
#include "remote/url.hpp"

using namespace ferry;
using namespace ferry::remote;

namespace {

template <class Function>
void expect_states(Function function, const std::string& one, const std::string& other) {
  try {
    function();
  } catch (const Error& error) {
    if (error.sqlstate() != one && error.sqlstate() != other) std::abort();
  }
}

void read_list(const std::string& text) {
  const ListPage page = parse_list(text, "s3://b");
  for (const ObjectFacts& object : page.objects)
    if (object.key.empty() || object.key.find('\0') != std::string::npos) std::abort();
}

void read_head(std::string_view text) {
  Answer answer;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    take_header_line(text.substr(0, end), answer);
    text.remove_prefix(end);
  }
  static_cast<void>(plain_etag(answer.etag));
  const std::optional<ContentRange> range = parse_content_range(answer.content_range);
  if (range && range->first && (*range->first > *range->last || *range->last >= range->total)) std::abort();
}

void read_address(std::string_view text) {
  const Url url = parse_url(text);
  // as it was written, but for a slash without a key behind it
  if (text_of(url) != text && text_of(url) + '/' != text) std::abort();
  if (!is_url(text) || !holds(url, url) || !holds({url.scheme, url.authority, {}}, url)) std::abort();
  if (percent_decoded(percent_encoded(url.key, Slashes::kept)) != url.key) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string text(as_text(ByteView(data + 1, size - 1)));
  switch (data[0]) {
    case 'L':
      expect_states([&] { read_list(text); }, "08P01", "08P01");
      break;
    case 'U':
      expect_states([&] { static_cast<void>(parse_upload_id(text, "s3://b")); }, "08P01", "08P01");
      expect_states([&] { static_cast<void>(parse_completion(text, "s3://b")); }, "08P01", "08P01");
      break;
    case 'E':
      static_cast<void>(parse_store_error(text));
      break;
    case 'H':
      read_head(text);
      break;
    case 'A':
      expect_states([&] { read_address(text); }, "0A000", "42602");
      break;
    default:
      break;
  }
  return 0;
}

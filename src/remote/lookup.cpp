#include "remote/lookup.hpp"

#include <algorithm>

#include "remote/answer_error.hpp"
#include "remote/exchange.hpp"

namespace ferry::remote {
namespace {

ObjectFacts facts_of(const std::string& key, const Answer& answer, std::uint64_t bytes) {
  return {.key = key, .bytes = bytes, .etag = plain_etag(answer.etag), .modified_at = answer.modified_at};
}

/// By a request whose answers have no body: one that tells of an error does not say which.
std::optional<ObjectFacts> find_by_head(const SharedService& service, const std::string& key) {
  Exchange exchange(service, {.method = "HEAD", .key = key});
  const Answer& answer = exchange.finish();
  if (answer.status == 404 || answer.status == 410) return std::nullopt;
  if (!answer.is_success()) throw error_of_answer(*service, key, answer);
  return facts_of(key, answer, answer.content_length.value_or(0));
}

/// Takes a body that nobody needs.
class Nowhere : public BodyTaker {
 public:
  bool take(ByteView) override { return true; }
};

/// All pages of a list; take gets each.
template <class Take>
void read_pages(const SharedService& service, const std::string& prefix, std::string_view delimiter, Take take) {
  if (!service->is_s3()) throw Error("0A000", "cannot list what a web server has").detail("Only s3:// addresses can be folders.");
  std::string token;
  while (true) {
    NamedValues query{{"list-type", "2"}, {"encoding-type", "url"}, {"prefix", prefix}};
    if (!delimiter.empty()) query.emplace_back("delimiter", delimiter);
    if (!token.empty()) query.emplace_back("continuation-token", token);
    const Answer answer = answer_to(service, {.method = "GET", .query = std::move(query)});
    const ListPage page = parse_list(answer.body, service->address_of(prefix));
    const auto is_below = [&](const std::string& key) { return key.starts_with(prefix); };
    if (!std::all_of(page.objects.begin(), page.objects.end(), [&](const ObjectFacts& object) { return is_below(object.key); }) ||
        !std::all_of(page.folders.begin(), page.folders.end(), is_below))
      throw error_of_protocol(*service, prefix, "Its list has names of another folder.");
    take(page);
    if (page.next.empty()) return;
    if (page.next == token) throw error_of_protocol(*service, prefix, "Its list does not come to an end.");
    token = page.next;
  }
}

}  // namespace

std::optional<ObjectFacts> find_object(const SharedService& service, const std::string& key) {
  constexpr std::uint64_t kFewBytes = 64 << 10;
  if (!service->is_s3()) return find_by_head(service, key);
  // one byte is asked for and not HEAD, whose answer does not say whether it is the object or the bucket that is missing
  Exchange exchange(service, {.method = "GET", .key = key, .headers = {{"Range", "bytes=0-0"}}, .is_streamed = true});
  const Answer answer = exchange.finish();
  if (answer.status == 416) return find_by_head(service, key);  // it is empty
  if (!answer.is_success()) {
    if (answer.status == 404 && store_error_of(answer).code != "NoSuchBucket") return std::nullopt;
    throw error_of_answer(*service, key, answer);
  }
  Nowhere nowhere;
  const std::uint64_t rest = answer.content_length.value_or(UINT64_MAX);
  // the connection can be used again then
  if (rest <= kFewBytes) {
    exchange.transfer().stream_to(nowhere);
    exchange.transfer().run_until([] { return false; }, service->surroundings().check_interrupts);
  }
  if (answer.status == 200) return facts_of(key, answer, rest);
  const std::optional<ContentRange> range = parse_content_range(answer.content_range);
  if (!range) throw error_of_protocol(*service, key, "It does not tell the length.");
  return facts_of(key, answer, range->total);
}

void list_objects(const SharedService& service, const std::string& prefix, const std::function<void(const ObjectFacts&)>& visit) {
  read_pages(service, prefix, {}, [&](const ListPage& page) { std::for_each(page.objects.begin(), page.objects.end(), visit); });
}

std::vector<ObjectFacts> list_folder(const SharedService& service, const std::string& prefix) {
  std::vector<ObjectFacts> all;
  read_pages(service, prefix, "/", [&](const ListPage& page) {
    // an object that is named as the folder stands for it
    std::copy_if(page.objects.begin(), page.objects.end(), std::back_inserter(all),
                 [&](const ObjectFacts& object) { return object.key != prefix; });
    for (const std::string& folder : page.folders) all.push_back({.key = folder});
  });
  std::sort(all.begin(), all.end(), [](const ObjectFacts& a, const ObjectFacts& b) { return a.key < b.key; });
  return all;
}

}  // namespace ferry::remote

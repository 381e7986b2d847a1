#include "remote/answer_xml.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <ctime>

#include <pugixml.hpp>

#include "base/concat.hpp"
#include "base/error.hpp"
#include "remote/answer.hpp"
#include "remote/percent.hpp"

namespace ferry::remote {
namespace {

constexpr std::size_t kMostBytes = std::size_t{8} << 20;
constexpr std::ptrdiff_t kMostBrackets = 128 << 10;  ///< a list of 1,000 objects has some 20,000
constexpr int kMostLevels = 8;

/// What is wrong with an answer.
struct Malformed {
  const char* why;
};

[[noreturn]] void malformed(const char* why) { throw Malformed{why}; }

/// Counts levels without recursion.
void check_depth(const pugi::xml_document& document) {
  int level = 0;
  for (pugi::xml_node node = document.first_child(); node;) {
    if (level > kMostLevels) malformed("Its XML has too many levels.");
    if (node.first_child()) {
      node = node.first_child();
      ++level;
      continue;
    }
    while (node && !node.next_sibling()) {
      node = node.parent();
      --level;
    }
    if (node) node = node.next_sibling();
  }
}

/// Reads xml, whose text the document then refers to.
void read_document(std::string& xml, pugi::xml_document& document) {
  if (xml.size() > kMostBytes || std::count(xml.begin(), xml.end(), '<') > kMostBrackets) malformed("It is too large.");
  if (xml.find("<!DOCTYPE") != std::string::npos) malformed("Its XML has a document type.");
  const pugi::xml_parse_result result = document.load_buffer_inplace(
      xml.data(), xml.size(), pugi::parse_default | pugi::parse_ws_pcdata_single, pugi::encoding_utf8);
  if (!result) malformed("It is no XML that can be read.");
  check_depth(document);
}

/// Names are told by what is behind a colon: some stores have prefixes.
bool has_name(const pugi::xml_node& node, const char* name) {
  const char* const colon = std::strchr(node.name(), ':');
  return std::strcmp(colon == nullptr ? node.name() : colon + 1, name) == 0;
}

std::string_view text_of_child(const pugi::xml_node& node, const char* name) {
  for (const pugi::xml_node child : node.children())
    if (has_name(child, name)) return child.text().get();
  return {};
}

pugi::xml_node root_named(const pugi::xml_document& document, const char* name) {
  const pugi::xml_node root = document.document_element();
  if (!has_name(root, name)) malformed("Its XML is about something else.");
  return root;
}

/// 2009-10-12T17:50:30.000Z as seconds since 1970; 0 where it is something else.
std::int64_t moment(std::string_view text) {
  std::tm parts{};
  const std::string copy(text);
  const char* const end = strptime(copy.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  return end == nullptr ? 0 : static_cast<std::int64_t>(timegm(&parts));
}

std::uint64_t byte_count(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size()) malformed("An object in its list has no size.");
  return number;
}

std::string name_in_list(std::string_view text, bool is_encoded) {
  std::optional<std::string> name = is_encoded ? percent_decoded(text) : std::string(text);
  if (!name || name->empty() || name->find('\0') != std::string::npos) malformed("A name in its list is malformed.");
  return *name;
}

}  // namespace

std::optional<StoreError> parse_store_error(std::string xml) {
  pugi::xml_document document;
  try {
    read_document(xml, document);
    const pugi::xml_node root = root_named(document, "Error");
    const std::string_view code = text_of_child(root, "Code");
    if (code.empty()) return std::nullopt;
    return StoreError{std::string(code), std::string(text_of_child(root, "Message")), std::string(text_of_child(root, "Region")),
                      std::string(text_of_child(root, "Endpoint"))};
  } catch (const Malformed&) {
    return std::nullopt;
  }
}

namespace {

/// What read makes of the element of that name which xml is.
template <class Read>
auto read_answer(std::string xml, const char* name, const std::string& address, Read read) {
  try {
    pugi::xml_document document;
    read_document(xml, document);
    return read(root_named(document, name));
  } catch (const Malformed& malformed) {
    throw Error("08P01", concat("unexpected answer of the store to a request for \"", address, "\"")).detail(malformed.why);
  }
}

ListPage list_page(const pugi::xml_node& root) {
  const bool is_encoded = text_of_child(root, "EncodingType") == "url";
  ListPage page;
  for (const pugi::xml_node child : root.children()) {
    if (has_name(child, "Contents")) {
      page.objects.push_back({.key = name_in_list(text_of_child(child, "Key"), is_encoded),
                              .bytes = byte_count(text_of_child(child, "Size")),
                              .etag = plain_etag(text_of_child(child, "ETag")),
                              .modified_at = moment(text_of_child(child, "LastModified"))});
    } else if (has_name(child, "CommonPrefixes")) {
      page.folders.push_back(name_in_list(text_of_child(child, "Prefix"), is_encoded));
    }
  }
  if (text_of_child(root, "IsTruncated") == "true") {
    page.next = text_of_child(root, "NextContinuationToken");
    if (page.next.empty()) malformed("Its list goes on, but it does not say where.");
  }
  return page;
}

}  // namespace

std::string parse_upload_id(std::string xml, const std::string& address) {
  return read_answer(std::move(xml), "InitiateMultipartUploadResult", address, [](const pugi::xml_node& root) {
    std::string id(text_of_child(root, "UploadId"));
    if (id.empty()) malformed("It has no id of an upload.");
    return id;
  });
}

std::string parse_completion(std::string xml, const std::string& address) {
  return read_answer(std::move(xml), "CompleteMultipartUploadResult", address,
                     [](const pugi::xml_node& root) { return plain_etag(text_of_child(root, "ETag")); });
}

ListPage parse_list(std::string xml, const std::string& address) {
  return read_answer(std::move(xml), "ListBucketResult", address, list_page);
}

}  // namespace ferry::remote

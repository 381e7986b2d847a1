#include "remote/object_reader.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/concat.hpp"
#include "remote/answer_error.hpp"
#include "remote/exchange.hpp"

namespace ferry::remote {
namespace {

/// How much is taken of what comes before it is asked for. More waits in the kernel, which goes on receiving meanwhile.
constexpr std::size_t kMostSpareBytes = std::size_t{512} << 10;

class RemoteReader : public ObjectReader, private BodyTaker {
 public:
  RemoteReader(SharedService service, const std::string& key);
  std::size_t read(std::span<std::uint8_t> out) override;
  [[nodiscard]] const ObjectFacts& facts() const override { return facts_; }

 private:
  bool take(ByteView bytes) override;
  void open();
  void go_on();
  void check_same(const Answer& answer) const;
  std::size_t read_spare();
  [[nodiscard]] bool is_at_end() const { return total_bytes_ && offset_bytes_ + spare_.size() - spare_read_ == *total_bytes_; }
  void broke_off();

  SharedService service_;
  ObjectFacts facts_;
  std::string etag_, last_modified_;  ///< as the server wrote them
  std::optional<std::uint64_t> total_bytes_;
  std::unique_ptr<Exchange> exchange_;
  std::uint64_t offset_bytes_ = 0;  ///< how much was read
  std::span<std::uint8_t> out_;     ///< what is still to be filled by a read() that is under way
  Bytes spare_;                     ///< what came behind that
  std::size_t spare_read_ = 0;
  int breaks_ = 0;  ///< since there was progress
};

RemoteReader::RemoteReader(SharedService service, const std::string& key) : service_(std::move(service)) {
  facts_.key = key;
  open();
}

void RemoteReader::open() {
  exchange_ = std::make_unique<Exchange>(service_, Call{.method = "GET", .key = facts_.key, .is_streamed = true});
  const Answer& answer = exchange_->finish();
  if (!answer.is_success()) throw error_of_answer(*service_, facts_.key, answer);
  if (answer.status != 200) throw error_of_protocol(*service_, facts_.key, "All of the object was asked for.");
  // the end of a body without a length cannot be told from a connection that breaks
  if (!answer.content_length && (service_->is_s3() || !answer.is_chunked))
    throw error_of_protocol(*service_, facts_.key, "It does not tell the length.");
  if (!answer.is_chunked) total_bytes_ = answer.content_length;
  etag_ = answer.etag;
  last_modified_ = answer.last_modified_text;
  facts_.bytes = total_bytes_.value_or(0);
  facts_.etag = plain_etag(answer.etag);
  facts_.modified_at = answer.modified_at;
  exchange_->transfer().stream_to(*this);
}

bool RemoteReader::take(ByteView bytes) {
  const std::size_t direct = std::min(out_.size(), bytes.size());
  const bool has_spare = spare_.size() > spare_read_;
  if (has_spare && spare_.size() - spare_read_ >= kMostSpareBytes) return false;
  if (!has_spare) {
    spare_.clear();
    spare_read_ = 0;
    if (direct > 0) std::memcpy(out_.data(), bytes.data(), direct);
    out_ = out_.subspan(direct);
    offset_bytes_ += direct;
    bytes = bytes.subspan(direct);
  }
  spare_.insert(spare_.end(), bytes.begin(), bytes.end());
  return true;
}

std::size_t RemoteReader::read_spare() {
  const std::size_t count = std::min(out_.size(), spare_.size() - spare_read_);
  if (count == 0) return 0;
  std::memcpy(out_.data(), spare_.data() + spare_read_, count);
  spare_read_ += count;
  offset_bytes_ += count;
  if (spare_read_ == spare_.size()) {
    spare_.clear();
    spare_read_ = 0;
  }
  return count;
}

std::size_t RemoteReader::read(std::span<std::uint8_t> out) {
  if (out.empty()) return 0;
  out_ = out;
  if (const std::size_t count = read_spare()) return count;
  while (true) {
    Transfer& transfer = exchange_->transfer();
    transfer.resume();
    transfer.run_until([&] { return out_.size() < out.size(); }, service_->surroundings().check_interrupts);
    const std::size_t count = out.size() - out_.size();
    if (count > 0) {
      breaks_ = 0;
      out_ = {};
      return count;
    }
    if (transfer.state() == Transfer::State::answered && (is_at_end() || !total_bytes_)) return 0;
    broke_off();
    go_on();
  }
}

/// The transfer is over before the object is.
void RemoteReader::broke_off() {
  using Kind = Transfer::Failure::Kind;
  const Transfer& transfer = exchange_->transfer();
  Transfer::Failure failure = transfer.failure();
  if (transfer.state() == Transfer::State::answered)
    failure = {Kind::broken, concat("It ended after ", offset_bytes_, " of ", total_bytes_.value_or(0), " bytes.")};
  const bool may_pass = failure.kind == Kind::broken || failure.kind == Kind::unreachable;
  const bool can_go_on = !etag_.empty() || !last_modified_.empty();
  if (!may_pass || !can_go_on || ++breaks_ >= Exchange::kTries) throw error_of_failure(*service_, facts_.key, failure);
}

/// Asks for what is behind the bytes that were read.
void RemoteReader::go_on() {
  Call call{.method = "GET", .key = facts_.key, .is_streamed = true};
  call.headers.emplace_back("Range", concat("bytes=", offset_bytes_, '-'));
  // weak ones never match
  if (etag_.empty() || etag_.starts_with("W/"))
    call.headers.emplace_back("If-Unmodified-Since", last_modified_);
  else
    call.headers.emplace_back("If-Match", etag_);
  if (call.headers.back().second.empty()) call.headers.pop_back();
  exchange_ = std::make_unique<Exchange>(service_, std::move(call), breaks_);
  const Answer& answer = exchange_->finish();
  check_same(answer);
  exchange_->transfer().stream_to(*this);
}

void RemoteReader::check_same(const Answer& answer) const {
  const std::string& key = facts_.key;
  if (answer.status == 404 || answer.status == 412 || answer.status == 416)
    throw error_of_change(*service_, key, error_of_answer(*service_, key, answer).detail());
  if (!answer.is_success()) throw error_of_answer(*service_, key, answer);
  if (answer.etag != etag_ || (etag_.empty() && answer.last_modified_text != last_modified_))
    throw error_of_change(*service_, key, "The part that was asked for is one of another version.");
  if (answer.status == 200)
    throw Error("08006", concat("the connection to the server of \"", service_->address_of(key), "\" was broken off"))
        .detail("The server does not go on in the middle of an object.");
  const std::optional<ContentRange> range = parse_content_range(answer.content_range);
  if (answer.status != 206 || !range || range->first != offset_bytes_)
    throw error_of_protocol(*service_, key, "It holds another part of the object than was asked for.");
  if (total_bytes_ && range->total != *total_bytes_)
    throw error_of_change(*service_, key, concat("It has ", range->total, " bytes now."));
}

}  // namespace

std::unique_ptr<ObjectReader> open_object(SharedService service, const std::string& key) {
  return std::make_unique<RemoteReader>(std::move(service), key);
}

}  // namespace ferry::remote

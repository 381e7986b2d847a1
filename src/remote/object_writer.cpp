#include "remote/object_writer.hpp"

#include <algorithm>
#include <list>
#include <optional>
#include <utility>

#include "base/concat.hpp"
#include "remote/abandoned_uploads.hpp"
#include "remote/answer_error.hpp"
#include "remote/completion.hpp"
#include "remote/exchange.hpp"
#include "remote/part.hpp"

namespace ferry::remote {
namespace {

/// Of parts that are in files.
constexpr std::size_t kMostAtOnce = 3;
/// What is under way goes on each time so much was added.
constexpr std::size_t kStepBytes = std::size_t{64} << 10;

/// It outlives every call.
const Payload& nothing() {
  static const Payload payload{.sha256 = hex(sha256({}))};
  return payload;
}

class RemoteWriter : public ObjectWriter {
 public:
  RemoteWriter(SharedService service, const std::string& key);
  ~RemoteWriter() override;
  RemoteWriter(const RemoteWriter&) = delete;
  RemoteWriter& operator=(const RemoteWriter&) = delete;

  void write(ByteView bytes) override;
  void commit() override;
  [[nodiscard]] const ObjectFacts& facts() const override { return facts_; }

 private:
  /// A part that is full and stays where it is in memory. It is on its way once the upload has its id.
  struct Sending {
    Part part;
    std::optional<Exchange> exchange{};
  };

  [[nodiscard]] Part empty_part() const { return {service_->surroundings(), service_->needs_digest()}; }
  [[nodiscard]] bool is_in_parts() const { return beginning_ || !upload_.id.empty(); }
  void advance();
  void send_part();
  void begin_upload();
  void send_waiting_parts();
  void finish_part();
  void put_at_once();

  SharedService service_;
  ObjectFacts facts_;
  Part filling_;
  std::optional<Exchange> beginning_;  ///< asks for the id of the upload
  Upload upload_;
  std::list<Sending> sending_;   ///< in the order of their numbers
  std::size_t added_bytes_ = 0;  ///< since they went on
  bool is_committed_ = false;
};

RemoteWriter::RemoteWriter(SharedService service, const std::string& key) : service_(std::move(service)), filling_(empty_part()) {
  facts_.key = key;
  filling_.begin(1);
}

RemoteWriter::~RemoteWriter() {
  sending_.clear();
  if (!is_committed_ && is_in_parts()) abandon_upload(service_, facts_.key, upload_.id, std::move(beginning_));
}

void RemoteWriter::write(ByteView bytes) {
  while (!bytes.empty()) {
    if (filling_.room_bytes() == 0) send_part();
    const std::size_t count = filling_.add(bytes.first(std::min(bytes.size(), kStepBytes)));
    bytes = bytes.subspan(count);
    facts_.bytes += count;
    added_bytes_ += count;
    if (!sending_.empty() && added_bytes_ >= kStepBytes) advance();
  }
}

/// Lets all that is under way go on without waiting.
void RemoteWriter::advance() {
  added_bytes_ = 0;
  Exchange& first = beginning_ ? *beginning_ : *sending_.front().exchange;
  first.advance();
  if (beginning_ && first.is_over()) send_waiting_parts();
}

/// Sends the part that is filled, once not too many are under way, and begins a new one. The first one waits until the store has
/// said under which id; so long the next ones are filled.
void RemoteWriter::send_part() {
  if (!is_in_parts()) begin_upload();
  while (sending_.size() >= (service_->surroundings().open_spool == nullptr ? 1 : kMostAtOnce)) finish_part();
  const int number = static_cast<int>(upload_.etags.size() + sending_.size()) + 1;
  if (number > kMostParts)
    throw Error("54000", concat("object \"", service_->address_of(facts_.key), "\" is too large"))
        .detail(concat("An object has ", kMostParts, " parts at most."));
  sending_.push_back({std::exchange(filling_, empty_part())});
  if (!beginning_) send_waiting_parts();
  filling_.begin(number + 1);
}

void RemoteWriter::begin_upload() {
  beginning_.emplace(service_, Call{.method = "POST", .key = facts_.key, .query = {{"uploads", ""}}, .payload = &nothing()});
  beginning_->advance();
}

/// Waits for the id of the upload where it is not known yet.
void RemoteWriter::send_waiting_parts() {
  if (beginning_) {
    const Answer& answer = beginning_->finish();
    if (!answer.is_success()) throw error_of_answer(*service_, facts_.key, answer);
    upload_.id = parse_upload_id(answer.body, service_->address_of(facts_.key));
    beginning_.reset();
  }
  std::size_t number = upload_.etags.size();
  for (Sending& sending : sending_) {
    ++number;
    if (sending.exchange) continue;
    sending.exchange.emplace(service_, Call{.method = "PUT",
                                            .key = facts_.key,
                                            .query = {{"partNumber", concat(number)}, {"uploadId", upload_.id}},
                                            .headers = {{"Expect", ""}},
                                            .payload = &sending.part.finish()});
    sending.exchange->advance();
  }
}

/// Waits for the first of the parts that are under way.
void RemoteWriter::finish_part() {
  if (beginning_) send_waiting_parts();
  const Answer& answer = sending_.front().exchange->finish();
  if (!answer.is_success()) throw error_of_answer(*service_, facts_.key, answer);
  if (answer.etag.empty()) throw error_of_protocol(*service_, facts_.key, "A part was stored, but has no ETag.");
  upload_.etags.push_back(answer.etag);
  sending_.pop_front();
}

void RemoteWriter::put_at_once() {
  const Answer answer = answer_to(service_, {.method = "PUT", .key = facts_.key, .payload = &filling_.finish()});
  facts_.etag = plain_etag(answer.etag);
  facts_.modified_at = answer.sent_at;
}

void RemoteWriter::commit() {
  if (!is_in_parts()) {
    put_at_once();
  } else {
    if (!filling_.is_empty()) send_part();
    while (!sending_.empty()) finish_part();
    complete_upload(service_, upload_, facts_);
  }
  is_committed_ = true;
}

}  // namespace

std::unique_ptr<ObjectWriter> new_object(SharedService service, const std::string& key) {
  return std::make_unique<RemoteWriter>(std::move(service), key);
}

}  // namespace ferry::remote

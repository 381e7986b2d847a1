#include "remote/object_writer.hpp"

#include <algorithm>
#include <list>
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
  /// A part on its way, which stays where it is in memory.
  struct Sending {
    Part part;
    Exchange exchange;
    Sending(Part filled, const SharedService& service, Call call)
        : part(std::move(filled)), exchange(service, with_payload(std::move(call), part)) {}

   private:
    static Call with_payload(Call call, Part& part) {
      call.payload = &part.finish();
      return call;
    }
  };

  void begin_upload();
  void send_part();
  void finish_part();
  [[nodiscard]] Part empty_part() const { return {service_->surroundings(), service_->needs_digest()}; }
  void put_at_once();

  SharedService service_;
  ObjectFacts facts_;
  Part filling_;
  std::list<Sending> sending_;   ///< in the order of their numbers
  std::size_t added_bytes_ = 0;  ///< since they went on
  Upload upload_;
  bool is_committed_ = false;
};

RemoteWriter::RemoteWriter(SharedService service, const std::string& key) : service_(std::move(service)), filling_(empty_part()) {
  facts_.key = key;
  filling_.begin(1);
}

RemoteWriter::~RemoteWriter() {
  sending_.clear();
  if (!is_committed_ && !upload_.id.empty()) abandon_upload(service_, facts_.key, upload_.id);
}

void RemoteWriter::write(ByteView bytes) {
  while (!bytes.empty()) {
    if (filling_.room_bytes() == 0) send_part();
    const std::size_t count = filling_.add(bytes.first(std::min(bytes.size(), kStepBytes)));
    bytes = bytes.subspan(count);
    facts_.bytes += count;
    added_bytes_ += count;
    if (!sending_.empty() && added_bytes_ >= kStepBytes) {
      for (Sending& part : sending_) part.exchange.advance();
      added_bytes_ = 0;
    }
  }
}

void RemoteWriter::begin_upload() {
  const Payload nothing{.sha256 = hex(sha256({}))};
  const Answer answer =
      answer_to(service_, {.method = "POST", .key = facts_.key, .query = {{"uploads", ""}}, .payload = &nothing});
  upload_.id = parse_upload_id(answer.body, service_->address_of(facts_.key));
}

/// Sends the part that is filled, once not too many are under way, and begins a new one.
void RemoteWriter::send_part() {
  if (upload_.id.empty()) begin_upload();
  while (sending_.size() >= (service_->surroundings().open_spool == nullptr ? 1 : kMostAtOnce)) finish_part();
  const int number = static_cast<int>(upload_.etags.size() + sending_.size()) + 1;
  if (number > kMostParts)
    throw Error("54000", concat("object \"", service_->address_of(facts_.key), "\" is too large"))
        .detail(concat("An object has ", kMostParts, " parts at most."));
  sending_.emplace_back(std::exchange(filling_, empty_part()), service_,
                        Call{.method = "PUT",
                             .key = facts_.key,
                             .query = {{"partNumber", concat(number)}, {"uploadId", upload_.id}},
                             .headers = {{"Expect", ""}}});
  sending_.back().exchange.advance();
  filling_.begin(number + 1);
}

/// Waits for the first of the parts that are under way.
void RemoteWriter::finish_part() {
  const Answer& answer = sending_.front().exchange.finish();
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
  if (upload_.id.empty()) {
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

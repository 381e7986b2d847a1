#include "remote/abandoned_uploads.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "remote/answer_xml.hpp"
#include "remote/transfer.hpp"

namespace ferry::remote {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostAtOnce = 8;
constexpr int kSliceMs = 20;

struct AbandonedUpload {
  SharedService service;
  std::string key;
  std::string id;  ///< empty: what was stored already, or beginning will tell
  std::optional<Exchange> beginning{};
  std::unique_ptr<Transfer> transfer{};

  /// Lets it go on without waiting. Whether it is over.
  [[nodiscard]] bool advance();

 private:
  void learn_id();
};

std::vector<AbandonedUpload>& abandoned_uploads() {
  static auto* const uploads = std::make_unique<std::vector<AbandonedUpload>>().release();
  return *uploads;
}

void AbandonedUpload::learn_id() {
  const Transfer& begun = beginning->transfer();
  if (begun.state() == Transfer::State::answered && begun.answer().is_success())
    id = parse_upload_id(begun.answer().body, service->address_of(key));
  beginning.reset();
}

bool AbandonedUpload::advance() {
  if (beginning) {
    beginning->advance();
    if (!beginning->is_over()) return false;
    learn_id();
    if (id.empty()) return true;
  }
  if (!transfer) {
    Call call{.method = "DELETE", .key = key};
    if (!id.empty()) call.query = {{"uploadId", id}};
    transfer = std::make_unique<Transfer>(service->request(call), service->route());
  }
  transfer->advance();
  return transfer->state() != Transfer::State::under_way;
}

void abort_all(std::vector<AbandonedUpload> uploads, Clock::time_point until) {
  while (Clock::now() < until && !uploads.empty()) {
    const auto after = uploads.begin() + static_cast<std::ptrdiff_t>(std::min(uploads.size(), kMostAtOnce));
    uploads.erase(std::remove_if(uploads.begin(), after, [](AbandonedUpload& upload) { return upload.advance(); }), after);
    if (!uploads.empty()) Connections::of_process().wait(kSliceMs);
  }
}

}  // namespace

void abandon_upload(SharedService service, const std::string& key, const std::string& upload_id,
                    std::optional<Exchange> beginning) noexcept {
  try {
    abandoned_uploads().push_back({std::move(service), key, upload_id, std::move(beginning)});
  } catch (...) {
    // the store's life-cycle rule removes it
  }
}

void abort_abandoned_uploads(int limit_ms) noexcept {
  try {
    const auto until = Clock::now() + std::chrono::milliseconds(limit_ms);
    abort_all(std::exchange(abandoned_uploads(), {}), until);
  } catch (...) {
    // as above
  }
}

}  // namespace ferry::remote

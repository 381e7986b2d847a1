#include "remote/abandoned_uploads.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "remote/transfer.hpp"

namespace ferry::remote {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostAtOnce = 8;
constexpr int kSliceMs = 20;

struct AbandonedUpload {
  SharedService service;
  std::string key;
  std::string id;  ///< empty: what was stored already
};

std::vector<AbandonedUpload>& abandoned_uploads() {
  static auto* const uploads = std::make_unique<std::vector<AbandonedUpload>>().release();
  return *uploads;
}

std::unique_ptr<Transfer> abort(const AbandonedUpload& upload) {
  Call call{.method = "DELETE", .key = upload.key};
  if (!upload.id.empty()) call.query = {{"uploadId", upload.id}};
  return std::make_unique<Transfer>(upload.service->request(call), upload.service->route());
}

void abort_all(const std::vector<AbandonedUpload>& uploads, Clock::time_point until) {
  std::vector<std::unique_ptr<Transfer>> transfers;
  auto next = uploads.begin();
  while (Clock::now() < until && (next != uploads.end() || !transfers.empty())) {
    for (; next != uploads.end() && transfers.size() < kMostAtOnce; ++next) transfers.push_back(abort(*next));
    transfers.front()->advance();
    std::erase_if(transfers, [](const auto& transfer) { return transfer->state() != Transfer::State::under_way; });
    if (!transfers.empty()) Connections::of_process().wait(kSliceMs);
  }
}

}  // namespace

void abandon_upload(SharedService service, const std::string& key, const std::string& upload_id) noexcept {
  try {
    abandoned_uploads().push_back({std::move(service), key, upload_id});
  } catch (...) {
    // the store's life-cycle rule removes it
  }
}

void abort_abandoned_uploads(int limit_ms) noexcept {
  try {
    const auto until = Clock::now() + std::chrono::milliseconds(limit_ms);
    const std::vector<AbandonedUpload> uploads = std::exchange(abandoned_uploads(), {});
    abort_all(uploads, until);
  } catch (...) {
    // as above
  }
}

}  // namespace ferry::remote

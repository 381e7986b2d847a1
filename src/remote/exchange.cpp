#include "remote/exchange.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <random>

#include "remote/answer_error.hpp"

namespace ferry::remote {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kFirstWaitMs = 200;
constexpr std::int64_t kMostRetryAfterS = 20;
constexpr int kSliceMs = 100;

/// Twice as long with each failure, less some part by chance: many sessions are not to come back all at once.
milliseconds pause_after(int failures) {
  static std::minstd_rand random(static_cast<unsigned>(Clock::now().time_since_epoch().count()));
  const int most_ms = kFirstWaitMs << std::min(failures - 1, 8);
  return milliseconds(std::uniform_int_distribution<int>(most_ms / 2, most_ms)(random));
}

}  // namespace

Exchange::Exchange(SharedService service, Call call, int failures)
    : service_(std::move(service)), call_(std::move(call)), failures_(failures) {
  if (failures > 0) back_off(0);
}

void Exchange::start() {
  if (!transfer_) transfer_ = std::make_unique<Transfer>(service_->request(call_), service_->route());
}

void Exchange::advance() {
  start();
  if (transfer_->state() == Transfer::State::under_way) transfer_->advance();
}

const Answer& Exchange::finish() {
  while (true) {
    start();
    const Transfer& transfer = *transfer_;
    // what becomes of the body of a success is the reader's business, even if it is known already
    const auto has_all = [&] { return call_.is_streamed && transfer.has_head() && transfer.answer().is_success(); };
    transfer_->run_until(has_all, service_->surroundings().check_interrupts);
    if (has_all()) return answer_ = transfer.answer();
    if (transfer.state() == Transfer::State::failed) {
      using Kind = Transfer::Failure::Kind;
      const Transfer::Failure failure = transfer.failure();
      const bool may_pass = failure.kind == Kind::broken || failure.kind == Kind::unreachable;
      if (!may_pass || ++failures_ >= kTries) throw error_of_failure(*service_, call_.key, failure);
      back_off(0);
      continue;
    }
    answer_ = transfer.answer();
    if (!must_repeat(answer_)) return answer_;
  }
}

bool Exchange::must_repeat(const Answer& answer) {
  if (answer.is_success() && !call_.may_fail_late) return false;
  const StoreError error = store_error_of(answer);
  if (answer.is_success()) {
    if (error.code.empty()) return false;
    // it was not known yet when the status was sent
    answer_.status = error.code == "InternalError" || error.code == "ServiceUnavailable" ? 503 : 400;
  }
  if (!has_set_clock_ && clock_difference(answer_, error, std::time(nullptr)) != 0) {
    has_set_clock_ = true;
    service_->set_clock(answer_.sent_at);
    transfer_.reset();
    return true;
  }
  if (!is_transient(answer_, error) || ++failures_ >= kTries) return false;
  back_off(answer_.retry_after_s);
  return true;
}

void Exchange::back_off(std::int64_t least_s) {
  transfer_.reset();
  const auto until =
      Clock::now() + std::max<milliseconds>(pause_after(failures_), std::chrono::seconds(std::min(least_s, kMostRetryAfterS)));
  while (Clock::now() < until) {
    const auto left = std::chrono::duration_cast<milliseconds>(until - Clock::now()).count() + 1;
    Connections::of_process().wait(static_cast<int>(std::min<std::int64_t>(left, kSliceMs)));
    check(service_->surroundings().check_interrupts);
    Connections::of_process().advance();
  }
}

Answer answer_to(const SharedService& service, Call call) {
  const std::string key = call.key;
  Exchange exchange(service, std::move(call));
  Answer answer = exchange.finish();
  if (!answer.is_success()) throw error_of_answer(*service, key, answer);
  return answer;
}

}  // namespace ferry::remote

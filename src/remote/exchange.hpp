#pragma once

#include <memory>

#include "remote/service.hpp"
#include "remote/transfer.hpp"

namespace ferry::remote {

/// A call and its answer. It is made again, after a while that grows, where it fails in a way that may pass.
class Exchange {
 public:
  static constexpr int kTries = 5;

  /// failures: of those before that this one makes good; each takes a try, and the first is waited for, too.
  Exchange(SharedService service, Call call, int failures = 0);

  /// Lets it go on without waiting.
  void advance();
  /// Whether finish() need not wait, unless the call has to be made again.
  [[nodiscard]] bool is_over() const { return transfer_ && transfer_->state() != Transfer::State::under_way; }
  /// Waits for the answer: for its head where it is a success and streamed, else for all of it. It may tell of any status.
  /// Errors: those of a Store without an answer.
  const Answer& finish();
  /// Precondition: finish() has returned, of a call that is streamed.
  [[nodiscard]] Transfer& transfer() { return *transfer_; }
  [[nodiscard]] bool was_repeated() const { return failures_ > 0; }

 private:
  void start();
  [[nodiscard]] bool must_repeat(const Answer& answer);
  void back_off(std::int64_t least_s);

  SharedService service_;
  Call call_;
  int failures_;
  bool has_set_clock_ = false;
  std::unique_ptr<Transfer> transfer_;
  Answer answer_;
};

/// The answer of a call that is not streamed. Errors: those of a Store, where it is no success.
[[nodiscard]] Answer answer_to(const SharedService& service, Call call);

}  // namespace ferry::remote

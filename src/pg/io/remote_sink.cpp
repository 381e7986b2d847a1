#include "pg/io/remote_sink.hpp"

#include "pg/guard.hpp"
#include "pg/store/shown_errors.hpp"

#include "pg/server.hpp"

extern "C" {
#include "access/xact.h"
}

namespace ferry::pg {
namespace {

/// The end of a session in the middle of a statement leaves its frames, and with them destructors, behind.
RemoteSink* unfinished_sinks = nullptr;

constexpr int kAbortLimitMs = 1000;

/// Called by the server when a transaction ends: the client has the error by now.
void end_transaction(XactEvent event, void* /*unused*/) {
  if (event != XACT_EVENT_ABORT) return;
  RemoteSink::abandon_all();
  remote::abort_abandoned_uploads(kAbortLimitMs);
}

/// The same of a subtransaction. Those who still write are outside of it.
void end_subtransaction(SubXactEvent event, SubTransactionId /*own*/, SubTransactionId /*parent*/, void* /*unused*/) {
  if (event == SUBXACT_EVENT_ABORT_SUB) remote::abort_abandoned_uploads(kAbortLimitMs);
}

void abort_uploads_at_rollback() {
  static bool is_registered = false;
  if (is_registered) return;
  call([] {
    RegisterXactCallback(end_transaction, nullptr);
    RegisterSubXactCallback(end_subtransaction, nullptr);
  });
  is_registered = true;
}

}  // namespace

RemoteSink::RemoteSink(const std::string& url) : place_(url, StoreUse::write) {
  abort_uploads_at_rollback();
  writer_ = with_shown_errors([this] { return place_.store().write(place_.object_key()); });
  next_ = unfinished_sinks;
  unfinished_sinks = this;
}

RemoteSink::~RemoteSink() { delist(); }

void RemoteSink::delist() {
  for (RemoteSink** link = &unfinished_sinks; *link != nullptr; link = &(*link)->next_)
    if (*link == this) {
      *link = next_;
      return;
    }
}

void RemoteSink::abandon_all() {
  for (; unfinished_sinks != nullptr; unfinished_sinks = unfinished_sinks->next_) unfinished_sinks->writer_.reset();
}

void RemoteSink::write(ByteView bytes) {
  with_shown_errors([&] { writer_->write(bytes); });
  bytes_written_ += static_cast<std::int64_t>(bytes.size());
}

void RemoteSink::commit() {
  with_shown_errors([this] { writer_->commit(); });
  delist();
}

}  // namespace ferry::pg

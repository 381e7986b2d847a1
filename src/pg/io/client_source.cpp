#include "pg/io/client_source.hpp"

#include <algorithm>
#include <cstring>

#include "base/error.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

// libpq.h brings the struct Port in, which nothing here uses and whose members need headers of Kerberos and OpenSSL
#undef ENABLE_GSS
#undef USE_OPENSSL

extern "C" {
#include "libpq/libpq.h"
#include "libpq/pqformat.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "tcop/tcopprot.h"
#include "utils/wait_event.h"
}

namespace ferry::pg {

namespace {

// the types of messages, which have names only from 17 on
constexpr int kCopyData = 'd', kCopyDone = 'c', kCopyFail = 'f', kFlush = 'H', kSync = 'S';

void report_lost_client() {
  ereport(ERROR, (errcode(ERRCODE_CONNECTION_FAILURE), errmsg("unexpected EOF on client connection with an open transaction")));
}

/// Sleeps until the client has sent something, or an interrupt.
void wait_for_client() {
  WaitEvent event;
  ModifyWaitEvent(FeBeWaitSet, FeBeWaitSetSocketPos, WL_SOCKET_READABLE, nullptr);
  WaitEventSetWait(FeBeWaitSet, -1, &event, 1, WAIT_EVENT_CLIENT_READ);
  if ((event.events & WL_POSTMASTER_DEATH) != 0)
    ereport(FATAL, (errcode(ERRCODE_ADMIN_SHUTDOWN), errmsg("terminating connection due to unexpected postmaster exit")));
  if ((event.events & WL_LATCH_SET) != 0) ResetLatch(MyLatch);
  CHECK_FOR_INTERRUPTS();
}

/// The type of the next message, whose body is then to be read. The wait is outside of the message, where an interrupt may raise;
/// inside it would leave the connection out of step. Calls the server without a guard.
int start_message() {
  for (;;) {
    unsigned char type = 0;
    pq_startmsgread();
    const int count = pq_getbyte_if_available(&type);
    if (count < 0) report_lost_client();
    if (count > 0) return type;
    pq_endmsgread();
    wait_for_client();
  }
}

/// Reads a message; its type. Calls the server without a guard.
int read_message(StringInfo message) {
  CHECK_FOR_INTERRUPTS();
  const int type = start_message();
  const bool is_known = type == kCopyData || type == kCopyDone || type == kCopyFail || type == kFlush || type == kSync;
  if (!is_known)
    ereport(ERROR, (errcode(ERRCODE_PROTOCOL_VIOLATION),
                    errmsg("unexpected message type 0x%02X during COPY from stdin", static_cast<unsigned>(type))));
  HOLD_CANCEL_INTERRUPTS();
  if (pq_getmessage(message, type == kCopyData ? PQ_LARGE_MESSAGE_LIMIT : PQ_SMALL_MESSAGE_LIMIT) != 0) report_lost_client();
  RESUME_CANCEL_INTERRUPTS();
  if (type == kCopyFail)
    ereport(ERROR, (errcode(ERRCODE_QUERY_CANCELED), errmsg("COPY from stdin failed: %s", pq_getmsgstring(message))));
  return type;
}

}  // namespace

ClientSource::ClientSource(Format format, int column_count) {
  if (whereToSendOutput != DestRemote) throw Error("0A000", "COPY FROM STDIN into a load needs a client");
  message_ = call([format, column_count] {
    const auto code = static_cast<std::uint8_t>(format);
    StringInfoData response;
    pq_beginmessage(&response, 'G');
    pq_sendbyte(&response, code);
    pq_sendint16(&response, static_cast<uint16>(column_count));
    for (int i = 0; i < column_count; i++) pq_sendint16(&response, code);
    pq_endmessage(&response);
    pq_flush();
    return makeStringInfo();
  });
}

/// Whether message_ has data.
bool ClientSource::next_message() {
  while (!ended_ && message_->cursor >= message_->len) {
    const int type = call(read_message, message_);
    if (type == kCopyDone) ended_ = true;
    // those that a client library sends without knowing of the COPY
    if (type == kFlush || type == kSync) message_->cursor = message_->len;
  }
  return !ended_;
}

std::size_t ClientSource::read(std::span<std::uint8_t> out) {
  if (!next_message()) return 0;
  const std::size_t count = std::min(out.size(), static_cast<std::size_t>(message_->len - message_->cursor));
  std::memcpy(out.data(), message_->data + message_->cursor, count);
  message_->cursor += static_cast<int>(count);
  return count;
}

void ClientSource::close() {
  while (next_message()) message_->cursor = message_->len;
}

}  // namespace ferry::pg

#include "pg/io/client_sink.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "pg/guard.hpp"

#include "pg/server.hpp"

// libpq.h brings the struct Port in, which nothing here uses and whose members need headers of Kerberos and OpenSSL
#undef ENABLE_GSS
#undef USE_OPENSSL

extern "C" {
#include "libpq/libpq.h"
#include "libpq/pqformat.h"
#include "tcop/dest.h"
#include "tcop/tcopprot.h"
}

namespace ferry::pg {

namespace {

// the types of messages, which have names only from 17 on
constexpr char kCopyOutResponse = 'H', kCopyData = 'd', kCopyDone = 'c';
constexpr std::size_t kMessageBytes = std::size_t{64} << 10;

}  // namespace

ClientSink::ClientSink(int column_count) {
  if (whereToSendOutput != DestRemote) throw Error("0A000", "COPY TO STDOUT of this format needs a client");
  call([column_count] {
    StringInfoData response;
    pq_beginmessage(&response, kCopyOutResponse);
    pq_sendbyte(&response, 1);
    pq_sendint16(&response, static_cast<uint16>(column_count));
    for (int i = 0; i < column_count; i++) pq_sendint16(&response, 1);
    pq_endmessage(&response);
  });
}

void ClientSink::write(ByteView bytes) {
  while (!bytes.empty()) {
    check_interrupts();
    const ByteView piece = bytes.first(std::min(bytes.size(), kMessageBytes));
    call([piece] { (void)pq_putmessage(kCopyData, reinterpret_cast<const char*>(piece.data()), piece.size()); });
    bytes = bytes.subspan(piece.size());
  }
}

void ClientSink::finish() {
  call([] { pq_putemptymessage(kCopyDone); });
}

}  // namespace ferry::pg

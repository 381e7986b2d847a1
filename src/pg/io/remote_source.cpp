#include "pg/io/remote_source.hpp"

#include "pg/guard.hpp"
#include "pg/store/shown_errors.hpp"

#include "pg/server.hpp"

extern "C" {
#include "storage/fd.h"
}

namespace ferry::pg {
namespace {

/// A place among the descriptors that the server lets others have.
void take_descriptor(const char* url) {
  call([url] {
    if (!AcquireExternalFD())
      ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_RESOURCES), errmsg("could not open \"%s\" for reading: %m", url),
                      errhint("Close cursors that read files.")));
  });
}

}  // namespace

RemoteSource::RemoteSource(const std::string& url)
    : place_(url, StoreUse::read),
      reader_(with_shown_errors([this] { return place_.store().read(place_.object_key()); })),
      facts_(reader_->facts()) {
  take_descriptor(url.c_str());
}

RemoteSource::~RemoteSource() { ReleaseExternalFD(); }

std::size_t RemoteSource::read(std::span<std::uint8_t> out) {
  return with_shown_errors([&] { return reader_->read(out); });
}

}  // namespace ferry::pg

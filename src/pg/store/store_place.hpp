#pragma once

#include <cstdint>
#include <string>

#include "remote/store.hpp"
#include "remote/url.hpp"

namespace ferry::pg {

enum class StoreUse : std::uint8_t { read, write };

/// Where a URL is, for the current user. The server of ferry_store with the longest scope that holds it decides: USAGE on it is
/// the right to read, its option writable that to write; the user's mapping, or that of PUBLIC, has the keys. All is asked of
/// the catalogs each time. Connects to nothing.
class StorePlace {
 public:
  /// Errors: 0A000, 42602 those of remote::parse_url(), and https:// to be written; 42704 no server, no user mapping; 42710 two
  /// servers with that scope; 42501 no USAGE, or not writable.
  StorePlace(const std::string& url, StoreUse use);

  [[nodiscard]] remote::Store& store() { return store_; }
  [[nodiscard]] const std::string& key() const { return url_.key; }
  /// The same of an object. Errors: 42602 the address is that of a bucket.
  [[nodiscard]] const std::string& object_key() const;

 private:
  remote::Url url_;
  remote::Store store_;
};

/// Asks for the rights alone. Errors: those of StorePlace.
void check_may_use(const std::string& url, StoreUse use);

}  // namespace ferry::pg

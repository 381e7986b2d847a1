#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "remote/signature.hpp"
#include "remote/store.hpp"
#include "remote/transfer.hpp"
#include "remote/url.hpp"

namespace ferry::remote {

/// A request in the words of a store.
struct Call {
  std::string method;
  std::string key{};  ///< empty: the bucket itself
  NamedValues query{};
  NamedValues headers{};             ///< that are not signed
  const Payload* payload = nullptr;  ///< must outlive the call
  bool is_streamed = false;
  bool may_fail_late = false;  ///< an answer 200 may hold an error
};

/// Where the requests of a store go, and how they are signed.
class Service {
 public:
  /// Errors: 22023 an endpoint that is none.
  Service(const Url& place, Endpoint endpoint, Surroundings surroundings);

  [[nodiscard]] HttpRequest request(const Call& call) const;
  [[nodiscard]] const Route& route() const { return route_; }
  [[nodiscard]] const Surroundings& surroundings() const { return surroundings_; }
  [[nodiscard]] const Url& place() const { return place_; }
  [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }
  [[nodiscard]] bool is_s3() const { return place_.scheme == Url::Scheme::s3; }
  /// Whether requests hold a digest of their payload, which is to be given then: where somebody on the way could change it.
  [[nodiscard]] bool needs_digest() const { return endpoint_.credentials && !is_encrypted_ && !is_on_this_machine(); }
  /// As people write it.
  [[nodiscard]] std::string address_of(const std::string& key) const;
  /// Of the server's clock, as far as it is known to differ from ours.
  void set_clock(std::int64_t server_seconds);
  /// text of a server, cut to a decent length, in ASCII, and without what is secret.
  [[nodiscard]] std::string shown(std::string_view text) const;

 private:
  [[nodiscard]] bool is_on_this_machine() const { return route_.named_address && is_loopback(*route_.named_address); }
  void sign(const Call& call, const std::string& path, HttpRequest& request) const;

  Url place_;
  Endpoint endpoint_;
  Surroundings surroundings_;
  Route route_;
  bool is_encrypted_ = true;
  std::string host_;         ///< as the header "host" has it
  std::string path_prefix_;  ///< before the slash of a key
  std::int64_t clock_offset_s_ = 0;
};

using SharedService = std::shared_ptr<Service>;

}  // namespace ferry::remote

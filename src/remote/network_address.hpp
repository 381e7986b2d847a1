#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

struct sockaddr;

/// Which addresses of the network may be connected to.
namespace ferry::remote {

/// An address of IPv6, or one of IPv4 in its form there, ::ffff:a.b.c.d.
using NetworkAddress = std::array<std::uint8_t, 16>;

/// Nothing for other families.
[[nodiscard]] std::optional<NetworkAddress> network_address(const sockaddr& address);

/// Of a text such as 127.0.0.1, ::1 or [::1]; nothing for names.
[[nodiscard]] std::optional<NetworkAddress> literal_address(std::string_view host);

[[nodiscard]] bool is_loopback(const NetworkAddress& address);

/// Whether an address has a special meaning on this very machine or link, where clouds hand out secrets: 169.254.0.0/16,
/// fe80::/10, fd00:ec2::/32, and those that stand for no address at all; in each form in which IPv6 can say them.
[[nodiscard]] bool is_local_to_link(const NetworkAddress& address);

struct ConnectionRules {
  bool allows_other_hosts = true;                 ///< else to this machine itself only
  std::optional<NetworkAddress> named_address{};  ///< of an endpoint that is one literally: it may be local to the link
};

/// Why address is not connected to, as a sentence; nullptr: it may be. address: nothing of those that are none of IPv4 or IPv6.
[[nodiscard]] const char* refusal(const std::optional<NetworkAddress>& address, const ConnectionRules& rules);

}  // namespace ferry::remote

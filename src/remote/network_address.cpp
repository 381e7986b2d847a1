#include "remote/network_address.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace ferry::remote {
namespace {

using IpV4 = std::array<std::uint8_t, 4>;

constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr std::array<std::uint8_t, 12> kTranslated{0, 0x64, 0xff, 0x9b};  ///< NAT64
constexpr std::array<std::uint8_t, 12> kCompatible{};
constexpr std::array<std::uint8_t, 4> kCloudOfAmazon{0xfd, 0x00, 0x0e, 0xc2};
constexpr std::array<std::uint8_t, 2> k6to4{0x20, 0x02};

template <std::size_t n>
bool begins_with(const NetworkAddress& address, const std::array<std::uint8_t, n>& front) {
  return std::equal(front.begin(), front.end(), address.begin());
}

IpV4 four_bytes(const NetworkAddress& address, std::size_t from) {
  IpV4 four;
  std::copy_n(address.begin() + static_cast<std::ptrdiff_t>(from), four.size(), four.begin());
  return four;
}

/// The address of IPv4 that is meant.
std::optional<IpV4> v4_within(const NetworkAddress& address) {
  if (begins_with(address, k6to4)) return four_bytes(address, 2);
  if (begins_with(address, kMapped) || begins_with(address, kTranslated) || begins_with(address, kCompatible))
    return four_bytes(address, 12);
  return std::nullopt;
}

NetworkAddress mapped(const void* four) {
  NetworkAddress address;
  std::copy(kMapped.begin(), kMapped.end(), address.begin());
  std::memcpy(address.data() + kMapped.size(), four, 4);
  return address;
}

bool is_v6_loopback(const NetworkAddress& address) {
  return address.back() == 1 && std::all_of(address.begin(), address.end() - 1, [](std::uint8_t byte) { return byte == 0; });
}

}  // namespace

std::optional<NetworkAddress> network_address(const sockaddr& address) {
  if (address.sa_family == AF_INET) return mapped(&reinterpret_cast<const sockaddr_in&>(address).sin_addr);
  if (address.sa_family != AF_INET6) return std::nullopt;
  NetworkAddress result;
  std::memcpy(result.data(), &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, result.size());
  return result;
}

std::optional<NetworkAddress> literal_address(std::string_view host) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  const std::string text(host);
  NetworkAddress result;
  if (inet_pton(AF_INET6, text.c_str(), result.data()) == 1) return result;
  in_addr four;
  if (inet_pton(AF_INET, text.c_str(), &four) == 1) return mapped(&four);
  return std::nullopt;
}

bool is_loopback(const NetworkAddress& address) {
  return is_v6_loopback(address) || (begins_with(address, kMapped) && address[12] == 127);
}

bool is_local_to_link(const NetworkAddress& address) {
  if (is_v6_loopback(address)) return false;
  if (const std::optional<IpV4> four = v4_within(address)) return (*four)[0] == 0 || ((*four)[0] == 169 && (*four)[1] == 254);
  return (address[0] == 0xfe && (address[1] & 0xc0) == 0x80) || begins_with(address, kCloudOfAmazon);
}

const char* refusal(const std::optional<NetworkAddress>& address, const ConnectionRules& rules) {
  if (!address) return "The host has an address that is none of IPv4 or IPv6.";
  if (is_local_to_link(*address) && address != rules.named_address) return "The host has an address that is local to its link.";
  if (!rules.allows_other_hosts && !is_loopback(*address))
    return "Without encryption only this machine itself may be connected to.";
  return nullptr;
}

}  // namespace ferry::remote

#include "remote/network_address.hpp"

#include <cstring>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace ferry::remote {
namespace {

NetworkAddress address(const char* text) {
  const std::optional<NetworkAddress> result = literal_address(text);
  EXPECT_TRUE(result) << text;
  return result.value_or(NetworkAddress{});
}

TEST(RemoteNetworkAddress, RefusesWhatIsLocalToTheLink) {
  for (const char* const text :
       {"169.254.169.254", "169.254.0.0", "169.254.255.255", "169.254.170.2", "::ffff:169.254.169.254", "::ffff:a9fe:a9fe",
        "fe80::1", "febf:ffff::1", "[fe80::1]", "fd00:ec2::254", "fd00:ec2::23", "0.0.0.0", "0.1.2.3", "::", "::ffff:0.0.0.0",
        "64:ff9b::169.254.169.254", "::169.254.169.254", "2002:a9fe:a9fe::1"})
    EXPECT_TRUE(is_local_to_link(address(text))) << text;
}

TEST(RemoteNetworkAddress, AllowsAllOthers) {
  for (const char* const text :
       {"127.0.0.1", "::1", "10.0.0.1", "192.168.1.1", "169.253.255.255", "169.255.0.0", "52.216.1.1", "fec0::1", "fd00::1",
        "fd00:ec3::254", "2600:1fa0::1", "::ffff:127.0.0.1", "64:ff9b::52.216.1.1", "2002:34d8:101::1"})
    EXPECT_FALSE(is_local_to_link(address(text))) << text;
}

TEST(RemoteNetworkAddress, KnowsTheLoopback) {
  for (const char* const text : {"127.0.0.1", "127.255.255.254", "::1", "[::1]", "::ffff:127.0.0.1"})
    EXPECT_TRUE(is_loopback(address(text))) << text;
  for (const char* const text : {"128.0.0.1", "126.255.255.255", "::2", "1::1", "0.0.0.0", "::", "::127.0.0.1"})
    EXPECT_FALSE(is_loopback(address(text))) << text;
}

TEST(RemoteNetworkAddress, NamesAreNoAddresses) {
  for (const char* const text :
       {"", "localhost", "127.1", "2852039166", "0x7f.0.0.1", "1.2.3.4.5", "[127.0.0.1", "::1 ", "fe80::1%eth0"})
    EXPECT_FALSE(literal_address(text)) << text;
}

TEST(RemoteNetworkAddress, ConnectionIsRefusedByTheRules) {
  const ConnectionRules encrypted{}, plain{.allows_other_hosts = false};
  EXPECT_EQ(refusal(address("52.216.1.1"), encrypted), nullptr);
  EXPECT_NE(refusal(address("52.216.1.1"), plain), nullptr);
  EXPECT_EQ(refusal(address("127.0.0.1"), plain), nullptr);
  EXPECT_EQ(refusal(address("::1"), plain), nullptr);
  EXPECT_NE(refusal(address("169.254.169.254"), encrypted), nullptr);
  EXPECT_NE(refusal(std::nullopt, encrypted), nullptr);
  // one that the endpoint names, and no other
  const ConnectionRules named{.named_address = address("169.254.7.7")};
  EXPECT_EQ(refusal(address("169.254.7.7"), named), nullptr);
  EXPECT_NE(refusal(address("169.254.169.254"), named), nullptr);
}

TEST(RemoteNetworkAddress, ReadsThoseOfSockets) {
  sockaddr_in four{};
  four.sin_family = AF_INET;
  inet_pton(AF_INET, "169.254.169.254", &four.sin_addr);
  EXPECT_EQ(network_address(reinterpret_cast<const sockaddr&>(four)), address("169.254.169.254"));
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  inet_pton(AF_INET6, "fd00:ec2::254", &six.sin6_addr);
  EXPECT_EQ(network_address(reinterpret_cast<const sockaddr&>(six)), address("fd00:ec2::254"));
  sockaddr_un local{};
  local.sun_family = AF_UNIX;
  EXPECT_FALSE(network_address(reinterpret_cast<const sockaddr&>(local)));
}

}  // namespace
}  // namespace ferry::remote

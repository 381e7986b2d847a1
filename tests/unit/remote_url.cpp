#include "remote/url.hpp"

#include <string>

#include <gtest/gtest.h>

#include "../support/error_of.hpp"
#include "remote/percent.hpp"

namespace ferry::remote {
namespace {

using test::error_of;

TEST(RemoteUrl, TellsAddressesFromPaths) {
  for (const char* const url : {"s3://b/k", "https://h/p", "http://h", "file:///etc/passwd", "S3://b", "a+b-c.1://x", "s3://"})
    EXPECT_TRUE(is_url(url)) << url;
  for (const char* const path :
       {"", "/", "/data/s3://b", "s3:/b/k", "s3", "data.csv", "://b", "1a://b", "a b://c", "C:\\s3", "\xc3\xa4://b"})
    EXPECT_FALSE(is_url(path)) << path;
}

TEST(RemoteUrl, TakesKeyAsItStands) {
  for (const char* const key : {"k", "a/b.csv", "a b+c%20%", "?x=1#y", "//a//", "../..", ".", "\xc3\xa4\xe2\x82\xac", "a\nb\t",
                                "s3://b/k", "a:80", "'\"\\"}) {
    const std::string text = std::string("s3://bucket/") + key;
    const Url url = parse_url(text);
    EXPECT_EQ(url.scheme, Url::Scheme::s3);
    EXPECT_EQ(url.authority, "bucket");
    EXPECT_EQ(url.key, key);
    EXPECT_EQ(text_of(url), text);
  }
  EXPECT_EQ(parse_url("s3://bucket").key, "");
  EXPECT_EQ(parse_url("s3://bucket/").key, "");
}

TEST(RemoteUrl, TakesHostsWithPorts) {
  for (const char* const host :
       {"h", "files.example.com", "h:8443", "127.0.0.1:80", "[::1]", "[fe80::1]:443", "EXAMPLE.com", "a_b"}) {
    const Url url = parse_url(std::string("https://") + host + "/p/q?x#y");
    EXPECT_EQ(url.scheme, Url::Scheme::https);
    EXPECT_EQ(url.authority, host);
    EXPECT_EQ(url.key, "p/q?x#y");
  }
}

TEST(RemoteUrl, RefusesOtherSchemes) {
  for (const char* const text : {"http://h/p", "ftp://h/p", "file:///p", "S3://b/k", "gs://b/k", "httpss://h", "path", ""})
    EXPECT_EQ(error_of([&] { static_cast<void>(parse_url(text)); }).sqlstate(), "0A000") << text;
}

TEST(RemoteUrl, RefusesWhatCannotBeAnAuthority) {
  for (const char* const text :
       {"s3://",          "s3:///k",          "s3://b b/k",    "s3://b?x/k",     "s3://u@b/k",         "s3://b:80/k",
        "s3://../k",      "s3://.b/k",        "s3://b./k",     "s3://a..b/k",    "s3://-b/k",          "s3://b%2f/k",
        "s3://[::1]/k",   "https://",         "https:///p",    "https://h:/p",   "https://h:0/p",      "https://h:65536/p",
        "https://h:8x/p", "https://u:p@h/p",  "https://u@h/p", "https://[::1/p", "https://[]/p",       "https://[::1]x/p",
        "https://h h/p",  "https://h\r\nx/p", "https://h#/p",  "https://h?/p",   "https://\xc3\xa4/p", "https://h\\@x/p"})
    EXPECT_EQ(error_of([&] { static_cast<void>(parse_url(text)); }).sqlstate(), "42602") << text;
  EXPECT_EQ(error_of([&] { static_cast<void>(parse_url("s3://" + std::string(256, 'a') + "/k")); }).sqlstate(), "42602");
  EXPECT_EQ(error_of([&] { static_cast<void>(parse_url(std::string_view("s3://b/a\0b", 10))); }).sqlstate(), "42602");
}

TEST(RemoteUrl, RefusesWhatWebServersFollowElsewhere) {
  for (const char* const key : {"..", "a/../b", "a/..", "./a", "a/.", "a\\..\\b", "../"})
    EXPECT_EQ(error_of([&] { static_cast<void>(parse_url(std::string("https://h/") + key)); }).sqlstate(), "42602") << key;
  for (const char* const key : {"a..b", "...", ".a", "a.", "..a/b"})
    EXPECT_EQ(parse_url(std::string("https://h/") + key).key, key);
}

TEST(RemoteUrl, ScopeHoldsWholeSegments) {
  const auto is_held = [](const char* scope, const char* url) { return holds(parse_url(scope), parse_url(url)); };
  EXPECT_TRUE(is_held("s3://b", "s3://b/a/c"));
  EXPECT_TRUE(is_held("s3://b", "s3://b"));
  EXPECT_TRUE(is_held("s3://b/", "s3://b/a"));
  EXPECT_TRUE(is_held("s3://b/a", "s3://b/a"));
  EXPECT_TRUE(is_held("s3://b/a", "s3://b/a/c"));
  EXPECT_TRUE(is_held("s3://b/a", "s3://b/a/../c"));  // literal: it is below a
  EXPECT_TRUE(is_held("s3://b/a/", "s3://b/a/c"));
  EXPECT_FALSE(is_held("s3://b/a/", "s3://b/a"));
  EXPECT_FALSE(is_held("s3://b/a", "s3://b/ac"));
  EXPECT_FALSE(is_held("s3://b/a", "s3://b/A"));
  EXPECT_FALSE(is_held("s3://b/a", "s3://b"));
  EXPECT_FALSE(is_held("s3://b", "s3://bc/a"));
  EXPECT_FALSE(is_held("s3://b", "s3://B/a"));
  EXPECT_FALSE(is_held("s3://h", "https://h/a"));
  EXPECT_TRUE(is_held("https://Example.com/a", "https://example.COM/a/b"));
  EXPECT_TRUE(is_held("https://h:443/a", "https://h/a/b"));
  EXPECT_FALSE(is_held("https://h:8443", "https://h/a"));
}

TEST(RemotePercent, EncodesAllButUnreserved) {
  EXPECT_EQ(percent_encoded("aZ09-._~", Slashes::encoded), "aZ09-._~");
  EXPECT_EQ(percent_encoded("a/b", Slashes::kept), "a/b");
  EXPECT_EQ(percent_encoded("a/b", Slashes::encoded), "a%2Fb");
  EXPECT_EQ(percent_encoded("()!*'@:,;$&=+ %\"\xff\x01", Slashes::kept),
            "%28%29%21%2A%27%40%3A%2C%3B%24%26%3D%2B%20%25%22%FF%01");
}

TEST(RemotePercent, DecodesWhatWasEncoded) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  EXPECT_EQ(percent_decoded(percent_encoded(all, Slashes::encoded)), all);
  EXPECT_EQ(percent_decoded("a+b%2Bc%c3%A4"), "a b+c\xc3\xa4");
  for (const char* const text : {"%", "%a", "%4", "%zz", "a%2", "%-1", "% 1"}) EXPECT_FALSE(percent_decoded(text)) << text;
}

}  // namespace
}  // namespace ferry::remote

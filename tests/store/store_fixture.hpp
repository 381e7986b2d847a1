#pragma once

#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "base/concat.hpp"
#include "base/error.hpp"
#include "remote/store.hpp"

/// Tests of src/remote against a real store, behind a proxy that makes faults. tests/store/run starts both.
namespace ferry::remote::test {

inline std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

inline std::string file_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// So many bytes, of which no piece is like another.
inline std::string sample(std::size_t bytes, unsigned seed = 1) {
  std::string text(bytes, '\0');
  std::uint32_t state = seed * 2654435761U + 1;
  for (char& c : text) {
    state = state * 1664525U + 1013904223U;
    c = static_cast<char>(state >> 24);
  }
  return text;
}

class StoreTest : public testing::Test {
 protected:
  void SetUp() override {
    if (variable("FERRY_PROXY_HTTP").empty()) GTEST_SKIP() << "no store";
    set_faults({});
  }
  void TearDown() override {
    if (!variable("FERRY_PROXY_HTTP").empty()) set_faults({});
  }

  static Endpoint endpoint() {
    return {.url = variable("FERRY_PROXY_HTTP"),
            .credentials = Credentials{variable("FERRY_STORE_ACCESS_KEY_ID"), variable("FERRY_STORE_SECRET_ACCESS_KEY")}};
  }
  /// The proxy with TLS.
  static Endpoint encrypted_endpoint() {
    Endpoint result = endpoint();
    result.url = variable("FERRY_PROXY_HTTPS");
    result.ca_file = variable("FERRY_PROXY_CA");
    return result;
  }
  static Store store(const Endpoint& where = endpoint(), const std::string& place = "s3://ferry") {
    return Store(parse_url(place), where, {});
  }

  /// By rules of proxy.py; and what was asked for is forgotten.
  static void set_faults(const std::vector<std::string>& rules) {
    std::ofstream file(variable("FERRY_PROXY_FAULTS") + ".new");
    for (const std::string& rule : rules) file << rule << '\n';
    file.close();
    std::rename((variable("FERRY_PROXY_FAULTS") + ".new").c_str(), variable("FERRY_PROXY_FAULTS").c_str());
    std::ofstream(variable("FERRY_PROXY_REQUESTS"), std::ios::trunc);
  }
  /// How many requests there were that hold text, as the proxy writes them: "METHOD path?query range status".
  static int requests(std::string_view text = "") {
    std::ifstream file(variable("FERRY_PROXY_REQUESTS"));
    int count = 0;
    for (std::string line; std::getline(file, line);) count += line.find(text) != std::string::npos;
    return count;
  }

  static void put(const std::string& key, std::string_view text, const Endpoint& where = endpoint(),
                  const std::string& place = "s3://ferry") {
    Store target(parse_url(place), where, {});
    const std::unique_ptr<ObjectWriter> writer = target.write(key);
    while (!text.empty()) {
      writer->write(as_bytes(text.substr(0, 70'000)));
      text.remove_prefix(std::min<std::size_t>(text.size(), 70'000));
    }
    writer->commit();
  }
  static std::string rest_of(ObjectReader& reader) {
    std::string text;
    std::vector<std::uint8_t> piece(100'000);
    while (const std::size_t count = reader.read(piece)) text += as_text(ByteView(piece).first(count));
    EXPECT_EQ(reader.read(piece), 0U);
    return text;
  }
  static std::string get(const std::string& key, const Endpoint& where = endpoint(), const std::string& place = "s3://ferry") {
    Store origin(parse_url(place), where, {});
    return rest_of(*origin.read(key));
  }

  /// The error that function throws. No part of it may hold a secret, and it says where it was.
  template <class Function>
  static Error error_of(Function function, std::string_view address = "s3://ferry") {
    try {
      function();
    } catch (const Error& error) {
      const std::string all = concat(error.message(), '\n', error.detail(), '\n', error.hint());
      for (const char* const name : {"FERRY_STORE_ACCESS_KEY_ID", "FERRY_STORE_SECRET_ACCESS_KEY"})
        EXPECT_EQ(all.find(variable(name)), std::string::npos) << all;
      EXPECT_EQ(all.find("Signature="), std::string::npos) << all;
      EXPECT_NE(error.message().find(address), std::string::npos) << all;
      return error;
    }
    ADD_FAILURE() << "no error was thrown";
    return Error("00000", "");
  }
};

}  // namespace ferry::remote::test

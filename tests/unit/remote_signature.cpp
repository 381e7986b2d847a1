#include "remote/signature.hpp"

#include <string>

#include <gtest/gtest.h>

#include "remote/digest.hpp"

// The first four signatures are those that Amazon's documentation of S3 works out step by step ("Examples: Signature Calculations
// in AWS Signature Version 4"). The last one is botocore's.
namespace ferry::remote {
namespace {

const Credentials kExample{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};
const std::string kTime = "20130524T000000Z";
const std::string kHost = "examplebucket.s3.amazonaws.com";

RequestToSign example(std::string method, std::string path, NamedValues more_headers, const std::string& payload_hash) {
  RequestToSign request{
      .method = std::move(method), .path = std::move(path), .headers = {}, .payload_hash = payload_hash, .time = kTime};
  request.headers = {{"host", kHost}, {"x-amz-content-sha256", payload_hash}, {"x-amz-date", kTime}};
  request.headers.insert(request.headers.end(), more_headers.begin(), more_headers.end());
  return request;
}

std::string signature_of(const RequestToSign& request, const Credentials& credentials = kExample,
                         std::string_view region = "us-east-1") {
  const std::string header = authorization(request, credentials, region);
  return header.substr(header.find("Signature=") + 10);
}

const std::string kNothing = hex(sha256(""));

TEST(RemoteSignature, SignsGetOfAnObject) {
  EXPECT_EQ(authorization(example("GET", "/test.txt", {{"range", "bytes=0-9"}}, kNothing), kExample, "us-east-1"),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(RemoteSignature, SignsPutOfAnObject) {
  EXPECT_EQ(signature_of(example("PUT", "/test%24file.text",
                                 {{"date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                                 hex(sha256("Welcome to Amazon S3.")))),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST(RemoteSignature, SignsParameterWithoutValue) {
  RequestToSign request = example("GET", "/", {}, kNothing);
  request.query = canonical_query({{"lifecycle", ""}});
  EXPECT_EQ(signature_of(request), "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST(RemoteSignature, SignsList) {
  RequestToSign request = example("GET", "/", {}, kNothing);
  request.query = canonical_query({{"prefix", "J"}, {"max-keys", "2"}});
  EXPECT_EQ(signature_of(request), "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(RemoteSignature, SignsTokenAndOddKeys) {
  const Credentials credentials{kExample.access_key_id, kExample.secret_access_key, "token/+="};
  RequestToSign request = example("PUT", "/b/dir%20a/%2B%25%C3%A4../%3F%23",
                                  {{"x-amz-security-token", credentials.session_token}}, "UNSIGNED-PAYLOAD");
  request.headers.front().second = "s3.eu-west-1.amazonaws.com";
  request.query = canonical_query({{"uploadId", "a/b+c="}, {"partNumber", "2"}});
  EXPECT_EQ(signature_of(request, credentials, "eu-west-1"), "1fc34367d6ddc5ed5a0bb9d22c46649771af1608d595cf5c3eab9271f6cdf062");
}

TEST(RemoteSignature, OrdersParametersAsEncoded) {
  EXPECT_EQ(canonical_query({{"b", "2"}, {"a~", "x y"}, {"a", "/+&="}, {"a", "\xc3\xa4"}}),
            "a=%2F%2B%26%3D&a=%C3%A4&a~=x%20y&b=2");
}

TEST(RemoteSignature, WritesTimeOfDay) {
  EXPECT_EQ(signing_time(0), "19700101T000000Z");
  EXPECT_EQ(signing_time(1369353600), kTime);
  EXPECT_EQ(signing_time(951827696), "20000229T123456Z");
}

TEST(RemoteDigest, IsThatOfPublishedVectors) {
  EXPECT_EQ(kNothing, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  // RFC 4231, test case 2
  EXPECT_EQ(hex(hmac_sha256(as_bytes("Jefe"), "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(md5_hex(as_bytes("abc")), "900150983cd24fb0d6963f7d28e17f72");
  Sha256 digest;
  digest.add(as_bytes("a"));
  digest.add(as_bytes("bc"));
  EXPECT_EQ(digest.finish(), sha256("abc"));
  EXPECT_EQ(digest.finish(), sha256(""));
}

}  // namespace
}  // namespace ferry::remote

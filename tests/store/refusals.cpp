#include <ctime>

#include "store_fixture.hpp"

namespace ferry::remote::test {
namespace {

class StoreRefusal : public StoreTest {
 protected:
  /// Writes xml to a file, and lets each request be answered by it.
  static void answer_with(const std::string& xml, const std::string& more = "") {
    const std::string path = variable("FERRY_PROXY_FAULTS") + ".answer";
    std::ofstream(path, std::ios::binary) << xml;
    set_faults({concat("do=answer file=", path, ' ', more)});
  }
  static void list() {
    store().list("", [](const ObjectFacts&) {});
  }
};

TEST_F(StoreRefusal, TellsWhatIsMissing) {
  const Error no_object = error_of([] { get("nothing"); }, "object \"s3://ferry/nothing\"");
  EXPECT_EQ(no_object.sqlstate(), "58P01");
  EXPECT_NE(no_object.detail().find("404 NoSuchKey"), std::string::npos);
  EXPECT_FALSE(store().find("nothing"));
  store().remove("nothing");
  Store missing = store(endpoint(), "s3://missing");
  const auto none = [&](auto function) { return error_of(function, "bucket of \"s3://missing").sqlstate(); };
  EXPECT_EQ(none([&] { static_cast<void>(missing.read("a")); }), "58P01");
  EXPECT_EQ(none([&] { static_cast<void>(missing.find("a")); }), "58P01");
  EXPECT_EQ(none([&] { missing.list("", [](const ObjectFacts&) {}); }), "58P01");
  EXPECT_EQ(none([&] { missing.remove("a"); }), "58P01");
  EXPECT_EQ(none([&] { put("a", "abc", endpoint(), "s3://missing"); }), "58P01");
  EXPECT_EQ(none([&] { put("a", sample(7 << 20), endpoint(), "s3://missing"); }), "58P01");
}

TEST_F(StoreRefusal, TellsTheCodeOfWrongKeys) {
  Endpoint where = endpoint();
  where.credentials->secret_access_key = "wrong";
  Store wrong = store(where);
  for (const Error& error :
       {error_of([&] { static_cast<void>(wrong.read("a")); }), error_of([&] { static_cast<void>(wrong.find("a")); }),
        error_of([&] { wrong.remove("a"); }), error_of([&] { wrong.list("", [](const ObjectFacts&) {}); }),
        error_of([&] { put("a", sample(3 << 20), where); }), error_of([&] { put("a", sample(7 << 20), where); })}) {
    EXPECT_EQ(error.sqlstate(), "28000");
    EXPECT_NE(error.detail().find("403 SignatureDoesNotMatch"), std::string::npos) << error.detail();
  }
  where = endpoint();
  where.credentials->access_key_id = "NOBODY";
  EXPECT_EQ(error_of([&] { get("a", where); }).sqlstate(), "28000");
}

TEST_F(StoreRefusal, NamesTheRegion) {
  Endpoint where = endpoint();
  where.region = "eu-west-1";
  const Error error = error_of([&] { get("a", where); });
  EXPECT_EQ(error.sqlstate(), "28000");
  EXPECT_NE(error.hint().find("\"us-east-1\""), std::string::npos) << error.hint();
  answer_with(
      "<Error><Code>PermanentRedirect</Code><Message>Use it.</Message><Endpoint>b.s3-eu-west-3.amazonaws.com</Endpoint></Error>",
      "status=301");
  const Error moved = error_of([] { get("a"); });
  EXPECT_EQ(moved.sqlstate(), "08P01");
  EXPECT_NE(moved.hint().find("b.s3-eu-west-3.amazonaws.com"), std::string::npos) << moved.hint();
}

TEST_F(StoreRefusal, FollowsNoRedirect) {
  put("a", "abc", endpoint(), "s3://other");
  set_faults({concat("do=redirect location=", variable("FERRY_PROXY_HTTP"), "/other/a")});
  EXPECT_EQ(error_of([] { get("a"); }).sqlstate(), "08P01");
  EXPECT_EQ(error_of([] { put("a", "abc"); }).sqlstate(), "08P01");
  EXPECT_EQ(error_of([] { list(); }).sqlstate(), "08P01");
  EXPECT_EQ(requests(), 3);
}

TEST_F(StoreRefusal, HidesSecretsThatTheStoreRepeats) {
  const std::string key_id = variable("FERRY_STORE_ACCESS_KEY_ID"), secret = variable("FERRY_STORE_SECRET_ACCESS_KEY");
  answer_with(concat("<Error><Code>Access", key_id, "Denied</Code><Message>Not with ", key_id, " and ", secret,
                     ".\n\x01</Message><AWSAccessKeyId>", key_id, "</AWSAccessKeyId></Error>"),
              "status=403");
  const Error error = error_of([] { get("a"); });
  EXPECT_EQ(error.sqlstate(), "28000");
  EXPECT_NE(error.detail().find("Not with ... and."), std::string::npos) << error.detail();
}

TEST_F(StoreRefusal, TellsOfAClockThatIsOff) {
  set_faults({"do=status status=403 code=RequestTimeTooSkewed ahead=7200"});
  const Error error = error_of([] { get("a"); });
  EXPECT_EQ(error.sqlstate(), "28000");
  EXPECT_NE(error.hint().find("clock"), std::string::npos) << error.hint();
  EXPECT_NE(error.hint().find("ahead"), std::string::npos) << error.hint();
  EXPECT_EQ(requests(), 2);  // once more by the store's clock
}

TEST_F(StoreRefusal, TellsOfHostileXml) {
  std::string deep, wide = "<ListBucketResult>";
  for (int i = 0; i < 60'000; ++i) deep += "<a>";
  for (int i = 0; i < 100'000; ++i) wide += "<a/><b/>";
  const std::string kItem = "<ListBucketResult><Contents><Key>k</Key><Size>";
  for (const std::string& xml :
       {std::string(), std::string("hello"), std::string("<ListBucketResult>"), deep, wide, std::string(9 << 20, ' '),
        std::string("<!DOCTYPE a [<!ENTITY b \"cc\">]><ListBucketResult>&b;</ListBucketResult>"),
        std::string("<Error><Code>x</Code></Error>"), kItem + "-1</Size></Contents></ListBucketResult>",
        kItem + "99999999999999999999</Size></Contents></ListBucketResult>",
        std::string("<ListBucketResult><Contents><Size>1</Size></Contents></ListBucketResult>"),
        std::string("<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>%zz</Key><Size>1</Size></Contents></"
                    "ListBucketResult>"),
        std::string("<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"), std::string("\0\1\2\xff", 4)}) {
    answer_with(xml);
    EXPECT_EQ(error_of([] { list(); }).sqlstate(), "08P01") << xml.substr(0, 80);
  }
  answer_with(
      "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>a</NextContinuationToken></ListBucketResult>");
  EXPECT_EQ(error_of([] { list(); }).sqlstate(), "08P01");
  // of an error it is not needed
  answer_with("<<<", "status=403");
  EXPECT_EQ(error_of([] { get("a"); }).sqlstate(), "28000");
}

TEST_F(StoreRefusal, TellsThatNobodyIsThere) {
  Endpoint where = endpoint();
  where.url = "http://127.0.0.1:1";
  const Error refused = error_of([&] { get("a", where); });
  EXPECT_EQ(refused.sqlstate(), "08001");
  EXPECT_NE(refused.detail().find("127.0.0.1"), std::string::npos);
  where.url = "https://127.0.0.1:1";
  EXPECT_EQ(error_of([&] { get("a", where); }).sqlstate(), "08001");
}

TEST_F(StoreRefusal, TellsOfCertificates) {
  put("tls", "abc", encrypted_endpoint());
  Endpoint where = encrypted_endpoint();
  where.ca_file.clear();
  set_faults({});
  EXPECT_EQ(error_of([&] { get("tls", where); }).sqlstate(), "08001");
  where.ca_file = "/nonexistent";
  EXPECT_EQ(error_of([&] { get("tls", where); }).sqlstate(), "08001");
  where.ca_file.clear();
  where.checks_certificate = false;
  EXPECT_EQ(get("tls", where), "abc");
  // who checks does not use the connection of one who does not
  where.checks_certificate = true;
  EXPECT_EQ(error_of([&] { get("tls", where); }).sqlstate(), "08001");
  EXPECT_EQ(requests(), 1);
  Endpoint in_host = encrypted_endpoint();
  in_host.has_bucket_in_host = true;
  const Error dotted = error_of([&] { get("a", in_host, "s3://dotted.name"); }, "s3://dotted.name");
  EXPECT_EQ(dotted.sqlstate(), "08001");
  EXPECT_NE(dotted.hint().find("dots"), std::string::npos);
}

TEST_F(StoreRefusal, ChecksTheEndpointAtOnce) {
  Endpoint where = endpoint();
  for (const char* const url :
       {"", "localhost", "ftp://h", "https://", "https://h/path", "https://u:p@h", "https://h:x", "https://h?a", "http:///"}) {
    where.url = url;
    EXPECT_EQ(error_of([&] { store(where); }, "endpoint").sqlstate(), "22023") << url;
  }
}

}  // namespace
}  // namespace ferry::remote::test

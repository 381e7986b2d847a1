#include "remote/answer.hpp"

#include <ctime>
#include <string>

#include <gtest/gtest.h>

#include "../support/error_of.hpp"
#include "remote/answer_error.hpp"
#include "remote/answer_xml.hpp"

namespace ferry::remote {
namespace {

using test::error_of;

TEST(RemoteAnswer, TakesHeadersWhateverTheirCase) {
  Answer answer;
  for (const char* const line : {"HTTP/1.1 100 Continue\r\n", "ETag: \"early\"\r\n", "\r\n", "HTTP/1.1 206 Partial Content\r\n",
                                 "content-length:  12 \r\n", "ETAG: \"abc\"\r\n", "Content-Range:bytes 3-14/15\r\n",
                                 "Last-Modified: Thu, 01 Jan 1970 00:01:40 GMT\r\n", "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
                                 "Retry-After: 7\r\n", "x-amz-bucket-region: eu-west-1\r\n", "no header\r\n", "\r\n"})
    take_header_line(line, answer);
  EXPECT_EQ(answer.status, 206);
  EXPECT_EQ(answer.content_length, 12U);
  EXPECT_EQ(answer.etag, "\"abc\"");
  EXPECT_EQ(answer.content_range, "bytes 3-14/15");
  EXPECT_EQ(answer.modified_at, 100);
  EXPECT_EQ(answer.sent_at, 784111777);  // RFC 9110's example; date -d
  EXPECT_EQ(answer.retry_after_s, 7);
  EXPECT_EQ(answer.bucket_region, "eu-west-1");
  EXPECT_FALSE(answer.is_chunked);
}

TEST(RemoteAnswer, TakesNothingOfWhatIsMalformed) {
  Answer answer;
  for (const char* const line : {"HTTP/", "HTTP/1.1", "HTTP/1.1 ", "HTTP/1.1 abc\r\n", "Content-Length: -1\r\n",
                                 "Content-Length: 1 2\r\n", "Content-Length: 99999999999999999999\r\n", "Date: never\r\n",
                                 "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n", ":\r\n", "\r\n", ""})
    take_header_line(line, answer);
  EXPECT_EQ(answer.status, 0);
  EXPECT_FALSE(answer.content_length);
  EXPECT_EQ(answer.sent_at, 0);
  EXPECT_EQ(answer.retry_after_s, 0);
  EXPECT_EQ(answer.etag, "");
}

TEST(RemoteAnswer, ReadsRanges) {
  const std::optional<ContentRange> range = parse_content_range("bytes 0-0/18446744073709551615");
  ASSERT_TRUE(range);
  EXPECT_EQ(range->first, 0U);
  EXPECT_EQ(range->total, UINT64_MAX);
  EXPECT_FALSE(parse_content_range("bytes */0").value_or(ContentRange{1, 1, 1}).first);
  for (const char* const text :
       {"", "bytes", "bytes 1-2", "bytes 2-1/3", "bytes 0-3/3", "bytes 0-1/*", "bytes -1/3", "bytes 1-/3", "items 0-1/2",
        "bytes 0-1/2 ", "bytes 0-18446744073709551616/18446744073709551617"})
    EXPECT_FALSE(parse_content_range(text)) << text;
}

TEST(RemoteAnswer, TakesQuotesFromEtags) {
  EXPECT_EQ(plain_etag("\"a\""), "a");
  EXPECT_EQ(plain_etag("a"), "a");
  EXPECT_EQ(plain_etag("W/\"a\""), "W/a");
  EXPECT_EQ(plain_etag("\""), "\"");
  EXPECT_EQ(plain_etag(""), "");
}

// The answers are those of Amazon's documentation of S3.
TEST(RemoteXml, ReadsErrors) {
  const std::optional<StoreError> error = parse_store_error(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>\n  <Code>NoSuchKey</Code>\n  <Message>The resource you requested does "
      "not exist</Message>\n"
      "  <Resource>/mybucket/myfoto.jpg</Resource> \n  <RequestId>4442587FB7D0A2F9</RequestId>\n</Error>");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, "NoSuchKey");
  EXPECT_EQ(error->message, "The resource you requested does not exist");
  for (const char* const xml :
       {"", "<html><body>no</body></html>", "<Error/>", "<Error><Code></Code></Error>", "<Error><Code>a</Code>", "{}"})
    EXPECT_FALSE(parse_store_error(xml)) << xml;
}

TEST(RemoteXml, ReadsUploads) {
  EXPECT_EQ(parse_upload_id(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?><InitiateMultipartUploadResult "
                "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Bucket>example-bucket</Bucket><Key>example-object</Key>"
                "<UploadId>VXBsb2FkIElEIGZvciA2aWWpbmcncyBteS1tb3ZpZS5tMnRzIHVwbG9hZA</UploadId></InitiateMultipartUploadResult>",
                "s3://b/k"),
            "VXBsb2FkIElEIGZvciA2aWWpbmcncyBteS1tb3ZpZS5tMnRzIHVwbG9hZA");
  EXPECT_EQ(
      parse_completion("<CompleteMultipartUploadResult><Location>http://Example-Bucket.s3.amazonaws.com/Example-Object</Location>"
                       "<ETag>\"3858f62230ac3c915f300c664312c11f-9\"</ETag></CompleteMultipartUploadResult>",
                       "s3://b/k"),
      "3858f62230ac3c915f300c664312c11f-9");
  const Error error = error_of([] { static_cast<void>(parse_upload_id("<InitiateMultipartUploadResult/>", "s3://b/k")); });
  EXPECT_EQ(error.sqlstate(), "08P01");
  EXPECT_NE(error.message().find("s3://b/k"), std::string::npos);
}

TEST(RemoteXml, ReadsLists) {
  const ListPage page = parse_list(
      "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>bucket</Name><Prefix/><KeyCount>205</KeyCount>"
      "<IsTruncated>true</IsTruncated><NextContinuationToken>1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=</"
      "NextContinuationToken>"
      "<EncodingType>url</EncodingType>"
      "<Contents><Key>a+b%2Bc/%C3%A4</Key><LastModified>2009-10-12T17:50:30.000Z</LastModified>"
      "<ETag>&quot;fba9dede5f27731c9771645a39863328&quot;</ETag><Size>434234</Size><StorageClass>STANDARD</StorageClass></"
      "Contents>"
      "<CommonPrefixes><Prefix>photos/2006/</Prefix></CommonPrefixes></ListBucketResult>",
      "s3://b");
  ASSERT_EQ(page.objects.size(), 1U);
  EXPECT_EQ(page.objects[0].key, "a b+c/\xc3\xa4");
  EXPECT_EQ(page.objects[0].bytes, 434234U);
  EXPECT_EQ(page.objects[0].etag, "fba9dede5f27731c9771645a39863328");
  EXPECT_EQ(page.objects[0].modified_at, 1255369830);  // date -d
  EXPECT_EQ(page.folders, std::vector<std::string>{"photos/2006/"});
  EXPECT_EQ(page.next, "1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=");
  // as they stand, where the store does not encode
  EXPECT_EQ(parse_list("<a:ListBucketResult xmlns:a=\"x\"><a:Contents><a:Key> "
                       "%41+</a:Key><a:Size>1</a:Size></a:Contents></a:ListBucketResult>",
                       "s3://b")
                .objects[0]
                .key,
            " %41+");
}

TEST(RemoteError, FollowsStatusAndCode) {
  const Service service(parse_url("s3://b"), {.url = "https://h"}, {});
  const auto state_of = [&](int status, const std::string& code) {
    return error_of_answer(
               service, "k",
               {.status = status, .body = code.empty() ? "" : "<Error><Code>" + code + "</Code><Message>m</Message></Error>"})
        .sqlstate();
  };
  EXPECT_EQ(state_of(404, "NoSuchKey"), "58P01");
  EXPECT_EQ(state_of(404, "NoSuchBucket"), "58P01");
  EXPECT_EQ(state_of(404, ""), "58P01");
  EXPECT_EQ(state_of(404, "NoSuchUpload"), "08006");
  EXPECT_EQ(state_of(401, ""), "28000");
  EXPECT_EQ(state_of(403, "AccessDenied"), "28000");
  EXPECT_EQ(state_of(400, "ExpiredToken"), "28000");
  EXPECT_EQ(state_of(400, "AuthorizationHeaderMalformed"), "28000");
  EXPECT_EQ(state_of(400, "KeyTooLongError"), "08P01");
  EXPECT_EQ(state_of(301, "PermanentRedirect"), "08P01");
  EXPECT_EQ(state_of(307, ""), "08P01");
  EXPECT_EQ(state_of(500, "InternalError"), "08006");
  EXPECT_EQ(state_of(503, "SlowDown"), "08006");
  EXPECT_EQ(state_of(501, "NotImplemented"), "08P01");
}

TEST(RemoteError, KnowsWhatMayPass) {
  const auto passes = [](int status, const char* code) {
    return is_transient({.status = status}, {.code = code, .message = ""});
  };
  for (const int status : {408, 429, 500, 502, 503, 504}) EXPECT_TRUE(passes(status, "")) << status;
  for (const int status : {200, 301, 400, 403, 404, 412, 416, 501, 505}) EXPECT_FALSE(passes(status, "")) << status;
  EXPECT_TRUE(passes(400, "RequestTimeout"));
  EXPECT_TRUE(passes(409, "OperationAborted"));
  EXPECT_FALSE(passes(400, "InvalidRequest"));
}

TEST(RemoteError, SeesWhenTheClockIsOff) {
  const StoreError skewed{.code = "RequestTimeTooSkewed", .message = ""};
  EXPECT_EQ(clock_difference({.status = 403, .sent_at = 5'000}, skewed, 3'000), 2'000);
  EXPECT_EQ(clock_difference({.status = 403, .sent_at = 3'000}, skewed, 5'000), -2'000);
  EXPECT_EQ(clock_difference({.status = 403, .sent_at = 5'000}, skewed, 4'500), 0);
  EXPECT_EQ(clock_difference({.status = 403, .sent_at = 0}, skewed, 4'500), 0);
  EXPECT_EQ(clock_difference({.status = 403, .sent_at = 5'000}, {.code = "InvalidAccessKeyId", .message = ""}, 3'000), 0);
  EXPECT_EQ(clock_difference({.status = 400, .sent_at = 5'000}, skewed, 3'000), 0);
}

TEST(RemoteService, NamesTheBucketInPathOrHost) {
  const auto url_of = [](const std::string& place, Endpoint endpoint, const std::string& key, NamedValues query = {}) {
    return Service(parse_url(place), std::move(endpoint), {})
        .request({.method = "GET", .key = key, .query = std::move(query)})
        .url;
  };
  EXPECT_EQ(url_of("s3://b", {.url = "https://H.example:443/"}, "a b/../c"), "https://h.example/b/a%20b/../c");
  EXPECT_EQ(url_of("s3://b", {.url = "http://127.0.0.1:80"}, "k"), "http://127.0.0.1/b/k");
  EXPECT_EQ(url_of("s3://b", {.url = "https://h:8443"}, ""), "https://h:8443/b");
  EXPECT_EQ(url_of("s3://b", {.url = "https://[::1]:9000"}, "//k"), "https://[::1]:9000/b///k");
  EXPECT_EQ(url_of("s3://b", {.url = "https://h:8443", .has_bucket_in_host = true}, "k"), "https://b.h:8443/k");
  EXPECT_EQ(url_of("s3://b", {.url = "https://h", .has_bucket_in_host = true}, ""), "https://b.h/");
  EXPECT_EQ(url_of("s3://b", {.url = "https://h"}, "", {{"prefix", "a/"}}), "https://h/b?prefix=a%2F");
  EXPECT_EQ(url_of("https://h:8443", {}, "a b?c#d%20"), "https://h:8443/a%20b%3Fc%23d%2520");
}

TEST(RemoteService, SignsOnlyWithCredentials) {
  const auto headers_of = [](Endpoint endpoint) {
    return Service(parse_url("s3://b"), std::move(endpoint), {}).request({.method = "GET", .key = "k"}).headers;
  };
  EXPECT_TRUE(headers_of({.url = "https://h"}).empty());
  const std::vector<std::string> encrypted =
      headers_of({.url = "https://h", .credentials = Credentials{"id", "secret", "token"}});
  ASSERT_EQ(encrypted.size(), 4U);
  EXPECT_EQ(encrypted[0], "x-amz-content-sha256: UNSIGNED-PAYLOAD");
  EXPECT_EQ(encrypted[2], "x-amz-security-token: token");
  EXPECT_EQ(encrypted[3].find("secret"), std::string::npos);
  for (const char* const other : {"http://h", "http://localhost", "http://192.0.2.1", "http://[fd00::1]:9000"})
    EXPECT_EQ(headers_of({.url = other, .credentials = Credentials{"id", "secret"}})[0],
              "x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        << other;
  for (const char* const here : {"http://127.0.0.1", "http://127.0.0.1:9000", "http://[::1]:9000"})
    EXPECT_EQ(headers_of({.url = here, .credentials = Credentials{"id", "secret"}})[0], encrypted[0]) << here;
}

}  // namespace
}  // namespace ferry::remote

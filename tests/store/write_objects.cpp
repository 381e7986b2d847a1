#include <chrono>
#include <cstdio>

#include <sys/resource.h>
#include <unistd.h>

#include "remote/digest.hpp"
#include "remote/exchange.hpp"
#include "remote/part.hpp"
#include "store_fixture.hpp"

namespace ferry::remote::test {
namespace {

using Clock = std::chrono::steady_clock;

class StoreWrite : public StoreTest {};

TEST_F(StoreWrite, SendsWhatFitsAPartAtOnce) {
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, std::size_t{kMemoryPartBytes}}) {
    const std::string text = sample(bytes);
    set_faults({});
    put("one", text);
    EXPECT_EQ(requests(), 1);
    EXPECT_TRUE(get("one") == text) << bytes;
  }
}

TEST_F(StoreWrite, SendsParts) {
  for (const Endpoint& where : {endpoint(), encrypted_endpoint()}) {
    const std::string text = sample(3 * kMemoryPartBytes + 1);
    set_faults({});
    Store target = store(where);
    const std::unique_ptr<ObjectWriter> writer = target.write("parts");
    writer->write(as_bytes(text));
    EXPECT_FALSE(store().find("parts-of-it"));
    writer->commit();
    EXPECT_EQ(requests("PUT"), 4);
    EXPECT_EQ(requests("POST"), 2);
    EXPECT_TRUE(get("parts") == text);
    EXPECT_EQ(writer->facts().bytes, text.size());
    EXPECT_EQ(writer->facts().etag, store().find("parts").value_or(ObjectFacts{}).etag);
  }
}

TEST_F(StoreWrite, SendsPartsAgain) {
  const std::string text = sample(2 * kMemoryPartBytes + 5);
  for (const std::string fault :
       {"method=PUT match=partNumber=2 times=2 do=status status=503 code=SlowDown",
        "method=PUT match=partNumber=1 times=1 do=close", "method=PUT times=1 do=swallow",
        "match=uploads= times=2 do=status status=500", "method=PUT times=1 do=status status=400 code=BadDigest",
        "method=POST match=uploadId times=1 do=status status=503 code=ServiceUnavailable",
        "method=POST match=uploads times=1 do=close"}) {
    store().remove("again");
    set_faults({fault});
    put("again", text);
    EXPECT_TRUE(get("again") == text) << fault;
  }
}

TEST_F(StoreWrite, SendsOnePutAgain) {
  for (const std::string fault :
       {"method=PUT times=1 do=swallow", "method=PUT times=2 do=close", "method=PUT times=3 do=status status=503"}) {
    store().remove("again");
    set_faults({fault});
    put("again", sample(1 << 20));
    EXPECT_TRUE(get("again") == sample(1 << 20)) << fault;
  }
}

TEST_F(StoreWrite, SendsAgainWhatIsNotTaken) {
  Endpoint where = endpoint();
  where.idle_limit_ms = 3'000;
  set_faults({"method=PUT times=1 do=slow rate=1"});
  put("slow", sample(5 << 20), where);
  EXPECT_TRUE(get("slow") == sample(5 << 20));
}

TEST_F(StoreWrite, FindsOutThatItWasCompleted) {
  const std::string text = sample(kMemoryPartBytes + 1);
  store().remove("complete");
  set_faults({"method=POST match=uploadId times=1 do=swallow"});
  Store target = store();
  const std::unique_ptr<ObjectWriter> writer = target.write("complete");
  writer->write(as_bytes(text));
  writer->commit();
  EXPECT_TRUE(get("complete") == text);
  EXPECT_EQ(writer->facts().etag, store().find("complete").value_or(ObjectFacts{}).etag);
}

TEST_F(StoreWrite, TellsThatItWasNotCompleted) {
  put("complete", sample(kMemoryPartBytes + 1));
  // as after an answer that was lost, but the object is an older one
  set_faults({"method=POST match=uploadId times=1 do=status status=503",
              "method=POST match=uploadId do=status status=404 code=NoSuchUpload"});
  EXPECT_EQ(error_of([] { put("complete", sample(kMemoryPartBytes + 1, 2)); }).sqlstate(), "08006");
  EXPECT_TRUE(get("complete") == sample(kMemoryPartBytes + 1));
}

TEST_F(StoreWrite, SeesAnErrorBehindSuccess) {
  const std::string path = variable("FERRY_PROXY_FAULTS") + ".answer";
  std::ofstream(path) << "<?xml version=\"1.0\"?>\n\n<Error><Code>InternalError</Code><Message>Sorry</Message></Error>";
  set_faults({concat("method=POST match=uploadId times=1 do=answer file=", path)});
  put("late", sample(kMemoryPartBytes + 1));
  EXPECT_TRUE(get("late") == sample(kMemoryPartBytes + 1));
  set_faults({concat("method=POST match=uploadId do=answer file=", path)});
  const Error error = error_of([] { put("late", sample(kMemoryPartBytes + 1)); });
  EXPECT_EQ(error.sqlstate(), "08006");
  EXPECT_NE(error.detail().find("InternalError: Sorry"), std::string::npos) << error.detail();
}

TEST_F(StoreWrite, LeavesNothingWithoutCommit) {
  store().remove("nothing");
  abort_abandoned_uploads(5'000);  // of other tests
  {
    Store target = store();
    const std::unique_ptr<ObjectWriter> small = target.write("nothing"), large = target.write("nothing");
    small->write(as_bytes("abc"));
    large->write(as_bytes(sample(2 * kMemoryPartBytes)));
    EXPECT_FALSE(store().find("nothing"));
  }
  EXPECT_FALSE(store().find("nothing"));
  set_faults({});
  abort_abandoned_uploads(5'000);
  EXPECT_EQ(requests("DELETE /ferry/nothing?uploadId="), 1);
  EXPECT_EQ(requests(" 204"), 1);
  set_faults({});
  abort_abandoned_uploads(1'000);
  EXPECT_EQ(requests(), 0);
}

TEST_F(StoreWrite, AbortsWithinItsLimit) {
  for (int i = 0; i < 3; ++i) store().write("nothing")->write(as_bytes(sample(kMemoryPartBytes + 1)));
  set_faults({"method=DELETE do=stall after=0"});
  const auto begin = Clock::now();
  abort_abandoned_uploads(300);
  EXPECT_LT(Clock::now() - begin, std::chrono::milliseconds(450));
}

TEST_F(StoreWrite, SendsPartsFromFiles) {
  const std::string text = sample(9 << 20);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), std::fclose);
  ASSERT_EQ(std::fwrite(text.data(), 1, text.size(), file.get()), text.size());
  std::fflush(file.get());
  const Payload payload{.file = fileno(file.get()), .bytes = text.size(), .sha256 = hex(sha256(text))};
  set_faults({"method=PUT times=1 do=close"});
  const auto service = std::make_shared<Service>(parse_url("s3://ferry"), endpoint(), Surroundings{});
  static_cast<void>(answer_to(service, {.method = "PUT", .key = "file", .payload = &payload}));
  EXPECT_TRUE(get("file") == text);
}

const Surroundings with_files{.check_interrupts = nullptr, .open_spool = [] {
                                const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), std::fclose);
                                return dup(fileno(file.get()));
                              }};

TEST_F(StoreWrite, SendsSeveralPartsAtOnce) {
  const std::string text = sample(5 * part_bytes(1) + 5);
  for (const std::string fault :
       {"do=none", "method=PUT match=partNumber=2 times=2 do=close", "method=PUT times=3 do=status status=503"}) {
    set_faults({fault});
    Store target(parse_url("s3://ferry"), endpoint(), with_files);
    const std::unique_ptr<ObjectWriter> writer = target.write("many");
    for (std::string_view rest = text; !rest.empty(); rest.remove_prefix(std::min<std::size_t>(rest.size(), 100'000)))
      writer->write(as_bytes(rest.substr(0, 100'000)));
    writer->commit();
    EXPECT_TRUE(get("many") == text) << fault;
  }
}

TEST_F(StoreWrite, IsFilledWhileTheStoreMakesAnUpload) {
  constexpr auto kDelay = std::chrono::milliseconds(1'500);
  const std::string text = sample(2 * part_bytes(1));
  set_faults({concat("method=POST match=uploads do=late wait=", kDelay.count())});
  Store target(parse_url("s3://ferry"), endpoint(), with_files);
  const std::unique_ptr<ObjectWriter> writer = target.write("waiting");
  const auto begin = Clock::now();
  writer->write(as_bytes(text));
  EXPECT_LT(Clock::now() - begin, kDelay);
  writer->commit();
  EXPECT_GE(Clock::now() - begin, kDelay);
  EXPECT_TRUE(get("waiting") == text);
}

TEST_F(StoreWrite, SendsADigestWhereSomebodyMayBeOnTheWay) {
  Endpoint where = endpoint();
  where.url.replace(where.url.find("127.0.0.1"), 9, "localhost");
  const std::string text = sample(2 * kMemoryPartBytes);
  put("digest", text, where);
  EXPECT_TRUE(get("digest") == text);
}

TEST_F(StoreWrite, ListsInOrder) {
  std::vector<std::string> keys{"list/a",  "list/a b",      "list/a+b", "list/b/1", "list/b/2",
                                "list/b0", "list/\xc3\xa4", "list/&<>", "list/%41"};
  store().remove("list/");
  for (const std::string& key : keys) put(key, key);
  put("listing", "no");
  std::sort(keys.begin(), keys.end());
  std::vector<std::string> found;
  store().list("list/", [&](const ObjectFacts& object) {
    found.push_back(object.key);
    EXPECT_EQ(object.bytes, object.key.size());
    EXPECT_EQ(object.etag, md5_hex(as_bytes(object.key)));
    EXPECT_NEAR(static_cast<double>(object.modified_at), static_cast<double>(std::time(nullptr)), 120);
  });
  EXPECT_EQ(found, keys);
  put("list/", "");
  std::erase_if(keys, [](const std::string& key) { return key.starts_with("list/b/"); });
  keys.push_back("list/b/");
  std::sort(keys.begin(), keys.end());
  found.clear();
  for (const ObjectFacts& object : store().list_folder("list/")) found.push_back(object.key);
  EXPECT_EQ(found, keys);
  store().list("nothing/", [](const ObjectFacts&) { ADD_FAILURE(); });
  EXPECT_TRUE(store().list_folder("nothing/").empty());
}

TEST_F(StoreWrite, ListsAllPages) {
  const std::string path = variable("FERRY_PROXY_FAULTS");
  std::ofstream(path + ".first")
      << "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><IsTruncated>true</IsTruncated>"
         "<NextContinuationToken>a/b+c= &amp;</NextContinuationToken><Contents><Key>1</Key><Size>5</Size></Contents>"
         "</ListBucketResult>";
  std::ofstream(path + ".last")
      << "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key> </Key><Size>0</Size></Contents>"
         "</ListBucketResult>";
  set_faults({concat("match=continuation-token=a%2Fb%2Bc%3D%20%26 do=answer file=", path, ".last"),
              concat("do=answer file=", path, ".first")});
  std::string found;
  store().list("", [&](const ObjectFacts& object) { found += concat('[', object.key, ' ', object.bytes, ']'); });
  EXPECT_EQ(found, "[1 5][  0]");
  EXPECT_EQ(requests(), 2);
}

}  // namespace
}  // namespace ferry::remote::test

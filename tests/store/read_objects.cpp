#include <chrono>

#include "store_fixture.hpp"

namespace ferry::remote::test {
namespace {

using Clock = std::chrono::steady_clock;

class StoreRead : public StoreTest {};

const char* const kOddKeys[] = {"a b",
                                "a+b",
                                "a%20b",
                                "100%",
                                "\xc3\xa4\xe2\x82\xac/\xf0\x9f\x9a\xa2",
                                "a/../b",
                                "..",
                                "a//b",
                                "a?b=c&d",
                                "a#b",
                                "a/",
                                "()!*'@:,;$&=",
                                "a\tb",
                                "a<&>\"b",
                                "~._-",
                                "tr\xc3\xa4iling. "};

TEST_F(StoreRead, GivesWhatWasWritten) {
  for (const std::size_t bytes : {0U, 1U, 99'999U, 100'000U, 3'000'000U}) {
    const std::string text = sample(bytes);
    put("sizes", text);
    EXPECT_TRUE(get("sizes") == text) << bytes;
  }
}

TEST_F(StoreRead, TellsFacts) {
  put("facts", "abc");
  Store origin = store();
  const std::unique_ptr<ObjectReader> reader = origin.read("facts");
  EXPECT_EQ(reader->facts().key, "facts");
  EXPECT_EQ(reader->facts().bytes, 3U);
  EXPECT_EQ(reader->facts().etag, "900150983cd24fb0d6963f7d28e17f72");  // md5sum
  EXPECT_NEAR(static_cast<double>(reader->facts().modified_at), static_cast<double>(std::time(nullptr)), 60);
}

TEST_F(StoreRead, TakesOddKeysInEachStyle) {
  Endpoint in_host = endpoint(), encrypted_in_host = encrypted_endpoint();
  in_host.url.replace(in_host.url.find("127.0.0.1"), 9, "localhost");
  in_host.has_bucket_in_host = encrypted_in_host.has_bucket_in_host = true;
  for (const Endpoint& where : {endpoint(), encrypted_endpoint(), in_host, encrypted_in_host}) {
    for (const std::string key : where.url == endpoint().url ? std::span(kOddKeys) : std::span(kOddKeys).first(7)) {
      const std::string text = concat(key, " at ", where.url);
      put(key, text, where);
      EXPECT_EQ(get(key, where), text) << key;
    }
  }
}

TEST_F(StoreRead, FindsAndRemovesOddKeys) {
  Store place = store();
  for (const std::string key : kOddKeys) {
    put(key, key);
    EXPECT_EQ(place.find(key).value_or(ObjectFacts{}).bytes, key.size()) << key;
    place.remove(key);
    EXPECT_FALSE(place.find(key)) << key;
  }
}

TEST_F(StoreRead, KeepsItsConnection) {
  put("kept", "abc", encrypted_endpoint());
  const auto begin = Clock::now();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(get("kept", encrypted_endpoint()), "abc");
  EXPECT_LT(Clock::now() - begin, std::chrono::seconds(10));
}

TEST_F(StoreRead, GoesOnBehindABreak) {
  const std::string text = sample(3'000'000);
  put("broken", text);
  for (const std::string how : {"reset", "cut"}) {
    set_faults({concat("method=GET times=1 do=", how, " after=1000000")});
    EXPECT_TRUE(get("broken") == text) << how;
    EXPECT_EQ(requests("GET"), 2) << how;
    EXPECT_EQ(requests("bytes="), 1) << how;
  }
}

TEST_F(StoreRead, GoesOnBehindManyBreaksWithProgress) {
  const std::string text = sample(2'000'000);
  put("broken", text);
  set_faults({"method=GET do=cut after=200000"});
  EXPECT_TRUE(get("broken") == text);
  EXPECT_GE(requests("bytes="), 9);
}

TEST_F(StoreRead, GoesOnWhereNothingComes) {
  const std::string text = sample(1'000'000);
  put("broken", text);
  set_faults({"method=GET times=1 do=stall after=500000"});
  Endpoint where = endpoint();
  where.idle_limit_ms = 500;
  EXPECT_TRUE(get("broken", where) == text);
  EXPECT_EQ(requests("bytes=500000-"), 1);
}

TEST_F(StoreRead, GivesUpWithoutProgress) {
  put("broken", sample(1'000'000));
  set_faults({"method=GET do=cut after=0"});
  EXPECT_EQ(error_of([] { get("broken"); }).sqlstate(), "08006");
  EXPECT_EQ(requests(), 5);
  set_faults({"method=GET do=close"});
  EXPECT_EQ(error_of([] { get("broken"); }).sqlstate(), "08006");
  EXPECT_LE(requests(), 10);  // libcurl asks again by itself where a connection that was kept is gone
}

/// Reads the front of an object of 2 MB, whose connection then breaks; what comes next is seen with the rules and after change().
template <class Change>
void read_across(Store& origin, Change change) {
  const std::unique_ptr<ObjectReader> reader = origin.read("changed");
  std::vector<std::uint8_t> front(100'000);
  ASSERT_GT(reader->read(front), 0U);
  change();
  std::vector<std::uint8_t> piece(100'000);
  while (reader->read(piece) > 0) {
  }
}

TEST_F(StoreRead, TellsThatObjectChanged) {
  const std::string cut = "method=GET times=1 do=cut after=1000000";
  for (const std::string next : {"do=none", "method=GET do=strip name=If-Match", "method=GET do=strip name=Range"}) {
    put("changed", sample(2'000'000));
    set_faults({cut, next});
    Store origin = store();
    const Error error = error_of([&] { read_across(origin, [] { put("changed", sample(2'000'000, 2)); }); });
    EXPECT_EQ(error.sqlstate(), "55000") << next << error.what();
  }
  put("changed", sample(2'000'000));
  set_faults({cut});
  Store origin = store();
  EXPECT_EQ(error_of([&] { read_across(origin, [] { store().remove("changed"); }); }).sqlstate(), "55000");
}

TEST_F(StoreRead, TellsOfServersThatCannotGoOn) {
  put("changed", sample(2'000'000));
  const std::string cut = "method=GET times=1 do=cut after=1000000";
  Store origin = store();
  set_faults({cut, "do=strip name=Range"});
  EXPECT_EQ(error_of([&] { read_across(origin, [] {}); }).sqlstate(), "08006");
  for (const std::string range :
       {"bytes+0-999999/2000000", "bytes+1000001-1999999/2000000", "lines+1-2/3", "bytes+1000000-1999999/*"}) {
    set_faults({cut, concat("do=header name=Content-Range value=", range)});
    EXPECT_EQ(error_of([&] { read_across(origin, [] {}); }).sqlstate(), "08P01") << range;
  }
  set_faults({cut, "do=header name=Content-Range value=bytes+1000000-1999999/2000001"});
  EXPECT_EQ(error_of([&] { read_across(origin, [] {}); }).sqlstate(), "55000");
}

TEST_F(StoreRead, TellsOfWrongLength) {
  put("length", sample(1'000'000));
  set_faults({"method=GET times=1 do=length by=100"});
  EXPECT_EQ(error_of([] { get("length"); }).sqlstate(), "55000");  // what is missing is asked for, and is not there
  set_faults({"method=GET do=header name=Content-Length value=12x"});
  EXPECT_EQ(error_of([] { get("length"); }).sqlstate(), "08P01");
}

TEST_F(StoreRead, WaitsForAStoreInTrouble) {
  put("trouble", "abc");
  for (const std::string status : {"500", "503", "429", "502", "504", "408"}) {
    set_faults({concat("times=2 do=status code=SlowDown status=", status)});
    EXPECT_EQ(get("trouble"), "abc") << status;
    EXPECT_EQ(requests(), 3) << status;
  }
  set_faults({"times=1 do=status status=400 code=RequestTimeout"});
  EXPECT_EQ(get("trouble"), "abc");
  set_faults({"times=1 do=status status=503 code=SlowDown retry_after=1"});
  const auto begin = Clock::now();
  EXPECT_EQ(get("trouble"), "abc");
  EXPECT_GE(Clock::now() - begin, std::chrono::seconds(1));
}

TEST_F(StoreRead, IsBrokenOffAtOnce) {
  struct Stop {};
  static Clock::time_point stop_at;
  put("slow", sample(1'000'000));
  set_faults({"method=GET do=slow rate=100000"});
  Store origin(parse_url("s3://ferry"), endpoint(), {.check_interrupts = [] {
                 if (Clock::now() >= stop_at) throw Stop();
               }});
  stop_at = Clock::now() + std::chrono::milliseconds(1'000);
  EXPECT_THROW(rest_of(*origin.read("slow")), Stop);
  EXPECT_LT(Clock::now() - stop_at, std::chrono::milliseconds(200));
  // in a pause between two tries, too
  set_faults({"do=status status=503 code=SlowDown retry_after=15"});
  stop_at = Clock::now() + std::chrono::milliseconds(500);
  EXPECT_THROW(static_cast<void>(origin.find("slow")), Stop);
  EXPECT_LT(Clock::now() - stop_at, std::chrono::milliseconds(200));
}

TEST_F(StoreRead, ReadsFilesOfWebServers) {
  const std::string text = sample(2'000'000);
  put("dir/a b.csv", text, endpoint(), "s3://public");
  const std::string place = concat("https://", variable("FERRY_PROXY_HTTPS").substr(8));
  const Endpoint where{.ca_file = variable("FERRY_PROXY_CA")};
  set_faults({"method=GET times=1 do=cut after=1000000"});
  EXPECT_TRUE(get("public/dir/a b.csv", where, place) == text);
  EXPECT_EQ(requests("bytes=1000000-"), 1);
  set_faults({"method=GET times=1 do=cut after=1000000", "do=header name=ETag"});
  EXPECT_EQ(error_of([&] { get("public/dir/a b.csv", where, place); }, place).sqlstate(), "55000");
  Store server(parse_url(place), where, {});
  EXPECT_EQ(server.find("public/dir/a b.csv").value_or(ObjectFacts{}).bytes, text.size());
  EXPECT_FALSE(server.find("public/dir/nothing"));
  EXPECT_EQ(error_of([&] { get("public/nothing", where, place); }, place).sqlstate(), "58P01");
  EXPECT_EQ(error_of([&] { get("ferry/nothing", where, place); }, place).sqlstate(), "28000");
  EXPECT_EQ(error_of([&] { static_cast<void>(server.list_folder("public/")); }, "").sqlstate(), "0A000");
}

TEST_F(StoreRead, ReadsWithoutASignature) {
  put("open", "abc", endpoint(), "s3://public");
  Endpoint where = endpoint();
  where.credentials.reset();
  EXPECT_EQ(get("open", where, "s3://public"), "abc");
  EXPECT_EQ(error_of([&] { get("open", where); }).sqlstate(), "28000");
}

}  // namespace
}  // namespace ferry::remote::test

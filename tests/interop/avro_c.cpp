// Avro C reads what we write, and we read what it writes.
#include <unistd.h>

#include <memory>

#include <avro.h>
#include <gtest/gtest.h>

#include "../support/file_io.hpp"
#include "../support/value_json.hpp"
#include "avro/codec_name.hpp"
#include "avro/container.hpp"
#include "sample.hpp"

namespace {

using namespace ferry;

constexpr std::int64_t kCount = 1234;

struct CloseReader {
  void operator()(avro_file_reader_t reader) const { avro_file_reader_close(reader); }
};
using Reader = std::unique_ptr<avro_file_reader_t_, CloseReader>;

/// A value of Avro C with the class that makes it.
class Value {
 public:
  explicit Value(avro_schema_t schema) : class_(avro_generic_class_from_schema(schema)) {
    avro_generic_value_new(class_, &value_);
  }
  ~Value() {
    avro_value_decref(&value_);
    avro_value_iface_decref(class_);
  }
  Value(const Value&) = delete;
  Value& operator=(const Value&) = delete;
  avro_value_t* get() { return &value_; }

 private:
  avro_value_iface_t* class_;
  avro_value_t value_{};
};

avro_value_t field(avro_value_t* record, const char* name) {
  avro_value_t result{};
  EXPECT_EQ(avro_value_get_by_name(record, name, &result, nullptr), 0) << name << ": " << avro_strerror();
  return result;
}

template <class T, class Get>
T get(avro_value_t* record, const char* name, Get getter) {
  avro_value_t value = field(record, name);
  T result{};
  EXPECT_EQ(getter(&value, &result), 0) << name << ": " << avro_strerror();
  return result;
}

/// get(), where Avro C spells the getter as a macro.
#define GET(type, record, name, getter) \
  get<type>(record, name, [](avro_value_t* value, type* result) { return avro_value_get_##getter(value, result); })

std::string get_text(avro_value_t* record, const char* name) {
  avro_value_t value = field(record, name);
  const char* text = nullptr;
  std::size_t size = 0;
  EXPECT_EQ(avro_value_get_string(&value, &text, &size), 0);
  return {text, size - 1};  // the size counts the terminating zero
}

Bytes get_bytes(avro_value_t* record, const char* name, bool is_fixed) {
  avro_value_t value = field(record, name);
  const void* data = nullptr;
  std::size_t size = 0;
  EXPECT_EQ(is_fixed ? avro_value_get_fixed(&value, &data, &size) : avro_value_get_bytes(&value, &data, &size), 0);
  const auto* bytes = static_cast<const std::uint8_t*>(data);
  return {bytes, bytes + size};
}

void expect_collections(avro_value_t* record, std::int64_t i) {
  avro_value_t array = field(record, "f_array"), map = field(record, "f_map"), inner = field(record, "f_record");
  std::size_t size = 0;
  avro_value_get_size(&array, &size);
  ASSERT_EQ(size, static_cast<std::size_t>(i % 3));
  for (std::size_t item = 0; item < size; item++) {
    avro_value_t value{};
    std::int64_t number = -1;
    avro_value_get_by_index(&array, item, &value, nullptr);
    avro_value_get_long(&value, &number);
    EXPECT_EQ(number, static_cast<std::int64_t>(item));
  }
  avro_value_get_size(&map, &size);
  EXPECT_EQ(size, 1U);
  EXPECT_EQ(GET(std::int32_t, &map, "k", int), i);
  EXPECT_EQ(GET(std::int32_t, &inner, "x", int), i * 2);
  EXPECT_EQ(GET(int, &inner, "suit", enum), (i + 1) % 4);
}

std::int64_t big_endian(const Bytes& bytes) {
  std::int64_t value = bytes[0] < 0x80 ? 0 : -1;
  for (const std::uint8_t byte : bytes) value = static_cast<std::int64_t>(static_cast<std::uint64_t>(value) << 8 | byte);
  return value;
}

int get_branch(avro_value_t* record, const char* name, avro_value_t& branch) {
  avro_value_t choice = field(record, name);
  int index = -1;
  EXPECT_EQ(avro_value_get_discriminant(&choice, &index), 0);
  EXPECT_EQ(avro_value_get_current_branch(&choice, &branch), 0);
  return index;
}

void expect_choices(avro_value_t* record, std::int64_t i) {
  avro_value_t branch{}, items = field(record, "f_items"), nested = field(record, "f_nested"), third{}, last{};
  ASSERT_EQ(get_branch(record, "f_choice", branch), i % 4);
  std::int32_t number = -1;
  if (i % 4 == 1) {
    avro_value_get_int(&branch, &number);
    EXPECT_EQ(number, i);
  } else if (i % 4 == 3) {
    EXPECT_EQ(GET(std::int32_t, &branch, "x", int), i);
  }
  std::size_t size = 0;
  avro_value_get_size(&items, &size);
  EXPECT_EQ(size, static_cast<std::size_t>(i % 4));
  avro_value_get_size(&nested, &size);
  ASSERT_EQ(size, 3U);
  avro_value_get_by_index(&nested, 2, &third, nullptr);
  avro_value_get_by_index(&third, 1, &last, nullptr);
  std::int64_t sum = -1;
  avro_value_get_long(&last, &sum);
  EXPECT_EQ(sum, i + 1);
}

void expect_record(avro_value_t* record, std::int64_t i);

void expect_logical_types(avro_value_t* record, std::int64_t i) {
  EXPECT_EQ(big_endian(get_bytes(record, "f_decimal", false)), i * i - 500);
  EXPECT_EQ(big_endian(get_bytes(record, "f_decimal_fixed", true)), -i * 1'000'000'007);
  EXPECT_EQ(GET(std::int32_t, record, "f_date", int), i - 600);
  EXPECT_EQ(GET(std::int64_t, record, "f_time", long), i * 60'000'001);
  EXPECT_EQ(GET(std::int64_t, record, "f_timestamp", long), (i - 600) * 86'400'000'001);
  EXPECT_EQ(GET(std::int64_t, record, "f_local_timestamp", long), (i - 600) * 86'400'000'001);
  const std::string digits = std::to_string(i);
  EXPECT_EQ(get_text(record, "f_uuid"), "00000000-0000-4000-8000-" + std::string(12 - digits.size(), '0') + digits);
  avro_value_t parent{};
  const bool has_parent = i > 0 && i % 100 == 0;
  ASSERT_EQ(get_branch(record, "f_parent", parent), has_parent ? 1 : 0);
  if (has_parent) expect_record(&parent, i % 3);
}

void expect_record(avro_value_t* record, std::int64_t i) {
  const auto low = static_cast<std::uint8_t>(i % 256);
  EXPECT_EQ(GET(int, record, "f_boolean", boolean), i % 2);
  EXPECT_EQ(GET(std::int32_t, record, "f_int", int), -i);
  EXPECT_EQ(GET(std::int64_t, record, "f_long", long), i * i * i);
  EXPECT_EQ(GET(float, record, "f_float", float), static_cast<float>(i) / 2);
  EXPECT_EQ(GET(double, record, "f_double", double), static_cast<double>(i) / 4);
  EXPECT_EQ(GET(int, record, "f_enum", enum), i % 4);
  EXPECT_EQ(get_text(record, "f_string"), "row " + std::to_string(i));
  EXPECT_EQ(get_bytes(record, "f_bytes", false), Bytes(static_cast<std::size_t>(i % 5), low));
  EXPECT_EQ(get_bytes(record, "f_fixed", true), (Bytes{low, 1, 2, 3}));
  avro_value_t choice = field(record, "f_union");
  int branch = -1;
  avro_value_get_discriminant(&choice, &branch);
  EXPECT_EQ(branch, i % 2);
  expect_collections(record, i);
  expect_choices(record, i);
  expect_logical_types(record, i);
}

class AvroC : public testing::TestWithParam<const char*> {
 protected:
  [[nodiscard]] static std::string path() {
    return testing::TempDir() + "/avro_c_" + std::to_string(::getpid()) + GetParam() + ".avro";
  }
  void TearDown() override { std::remove(path().c_str()); }
};

TEST_P(AvroC, ReadsOurFiles) {
  {
    test::FileSink sink(path());
    test::write_sample(sink, avro::codec_by_name(GetParam()), kCount);
  }
  avro_file_reader_t opened = nullptr;
  ASSERT_EQ(avro_file_reader(path().c_str(), &opened), 0) << avro_strerror();
  const Reader reader(opened);
  const avro_schema_t schema = avro_file_reader_get_writer_schema(reader.get());
  std::int64_t count = 0;
  {
    Value value(schema);
    for (; avro_file_reader_read_value(reader.get(), value.get()) == 0; count++) expect_record(value.get(), count);
  }
  avro_schema_decref(schema);
  EXPECT_EQ(count, kCount);
}

TEST_P(AvroC, WritesFilesThatWeRead) {
  const std::string json =
      R"({"type":"record","name":"R","fields":[{"name":"n","type":"long"},{"name":"s","type":["null","string"]}]})";
  avro_schema_t schema = nullptr;
  ASSERT_EQ(avro_schema_from_json_length(json.data(), json.size(), &schema), 0) << avro_strerror();
  avro_file_writer_t writer = nullptr;
  ASSERT_EQ(avro_file_writer_create_with_codec(path().c_str(), schema, &writer, GetParam(), 4096), 0) << avro_strerror();
  std::string expected;
  {
    Value record(schema);
    for (std::int64_t i = 0; i < kCount; i++) {
      avro_value_t number = field(record.get(), "n"), choice = field(record.get(), "s"), branch{};
      avro_value_set_long(&number, i * 1000 - 500);
      avro_value_set_branch(&choice, static_cast<int>(i % 2), &branch);
      ASSERT_EQ(i % 2 == 1 ? avro_value_set_string(&branch, "odd") : avro_value_set_null(&branch), 0);
      ASSERT_EQ(avro_file_writer_append_value(writer, record.get()), 0) << avro_strerror();
      expected += concat("{\"n\":", i * 1000 - 500, ",\"s\":", i % 2 == 1 ? "\"odd\"" : "null", "}\n");
    }
  }
  ASSERT_EQ(avro_file_writer_close(writer), 0);
  avro_schema_decref(schema);

  test::FileSource source(path());
  avro::ContainerReader reader(source);
  EXPECT_EQ(reader.codec_name(), GetParam());
  std::string lines;
  avro::Block block;
  while (reader.next_block(block)) {
    avro::Decoder decoder(block.payload);
    for (std::int64_t i = 0; i < block.record_count; i++, lines += '\n') test::ValueReader(decoder, lines).read(reader.schema());
    EXPECT_TRUE(decoder.at_end());
  }
  EXPECT_EQ(lines, expected);
}

/// Copies the records of a file, one by one, to another by Avro C.
void copy_by_avro_c(const std::string& from, const std::string& to, const char* codec) {
  avro_file_reader_t opened = nullptr;
  ASSERT_EQ(avro_file_reader(from.c_str(), &opened), 0) << avro_strerror();
  const Reader reader(opened);
  const avro_schema_t schema = avro_file_reader_get_writer_schema(reader.get());
  avro_file_writer_t writer = nullptr;
  ASSERT_EQ(avro_file_writer_create_with_codec(to.c_str(), schema, &writer, codec, 16'384), 0) << avro_strerror();
  {
    Value value(schema);
    while (avro_file_reader_read_value(reader.get(), value.get()) == 0)
      ASSERT_EQ(avro_file_writer_append_value(writer, value.get()), 0) << avro_strerror();
  }
  ASSERT_EQ(avro_file_writer_close(writer), 0);
  avro_schema_decref(schema);
}

/// All that blocks hold, one after the other.
Bytes payloads(const std::string& path) {
  test::FileSource source(path);
  avro::ContainerReader reader(source);
  avro::Block block;
  Bytes all;
  while (reader.next_block(block)) all.insert(all.end(), block.payload.begin(), block.payload.end());
  return all;
}

// ReadsOurFiles says that Avro C understands the sample, so what it writes of it must be what we read of it.
TEST_P(AvroC, WritesTheSampleAsWeDo) {
  const std::string copy = path() + ".copy";
  {
    test::FileSink sink(path());
    test::write_sample(sink, avro::codec_by_name(GetParam()), kCount);
  }
  copy_by_avro_c(path(), copy, GetParam());
  Bytes expected;
  for (std::int64_t i = 0; i < kCount; i++) test::put_sample_record(expected, i);
  std::string lines, expected_lines;
  const avro::SchemaDocument schema = avro::parse_schema(test::kSampleSchema);
  const Bytes copied = payloads(copy);
  avro::Decoder theirs(copied), ours(expected);
  for (std::int64_t i = 0; i < kCount; i++) {
    test::ValueReader(theirs, lines).read(schema.root());
    test::ValueReader(ours, expected_lines).read(schema.root());
  }
  EXPECT_TRUE(theirs.at_end());
  EXPECT_EQ(lines, expected_lines);
  std::remove(copy.c_str());
}

INSTANTIATE_TEST_SUITE_P(Codecs, AvroC, testing::Values("null", "deflate", "snappy"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace

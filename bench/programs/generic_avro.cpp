// generic_avro TABLE FILE: exports a table through the generic API of Avro C, which reads COPY's binary format.
#include <endian.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include <avro.h>
#include <libpq-fe.h>

namespace {

constexpr char kSchema[] =
    R"({"type":"record","name":"row","fields":[{"name":"id","type":"int"},{"name":"name","type":"string"},)"
    R"({"name":"datetime","type":"long"},{"name":"department_id","type":"int"},{"name":"job_id","type":"int"}]})";
constexpr std::int64_t kMicrosTo2000 = 946'684'800'000'000;

[[noreturn]] void fail(const char* message) {
  std::fprintf(stderr, "generic_avro: %s\n", message);
  std::exit(1);
}

void check(int error) {
  if (error != 0) fail(avro_strerror());
}

/// The fields of a row of COPY's binary format, one after the other.
class Fields {
 public:
  explicit Fields(const char* row) : next_(row) {}

  std::int32_t int4() { return next_length(), static_cast<std::int32_t>(be32toh(take<std::uint32_t>())); }
  std::int64_t int8() { return next_length(), static_cast<std::int64_t>(be64toh(take<std::uint64_t>())); }
  std::string text() {
    const std::uint32_t size = next_length();
    next_ += size;
    return {next_ - size, size};
  }

 private:
  std::uint32_t next_length() { return be32toh(take<std::uint32_t>()); }
  template <class T>
  T take() {
    T value;
    std::memcpy(&value, next_, sizeof value);
    next_ += sizeof value;
    return value;
  }

  const char* next_;
};

void set(avro_value_t* record, int at, avro_value_t* field) { check(avro_value_get_by_index(record, at, field, nullptr)); }

void fill(avro_value_t* record, Fields fields) {
  avro_value_t field;
  set(record, 0, &field), check(avro_value_set_int(&field, fields.int4()));
  const std::string name = fields.text();
  set(record, 1, &field), check(avro_value_set_string_len(&field, name.c_str(), name.size() + 1));
  set(record, 2, &field), check(avro_value_set_long(&field, fields.int8() + kMicrosTo2000));
  set(record, 3, &field), check(avro_value_set_int(&field, fields.int4()));
  set(record, 4, &field), check(avro_value_set_int(&field, fields.int4()));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) fail("usage: generic_avro TABLE FILE");
  PGconn* const connection = PQconnectdb("");
  const std::string statement = std::string("COPY ") + argv[1] + " TO STDOUT (FORMAT binary)";
  PGresult* const result = PQexec(connection, statement.c_str());
  if (PQresultStatus(result) != PGRES_COPY_OUT) fail(PQerrorMessage(connection));
  avro_schema_t schema;
  check(avro_schema_from_json_length(kSchema, sizeof kSchema - 1, &schema));
  avro_file_writer_t writer;
  check(avro_file_writer_create_with_codec(argv[2], schema, &writer, "null", 256 * 1024));
  avro_value_iface_t* const generic = avro_generic_class_from_schema(schema);
  avro_value_t record;
  check(avro_generic_value_new(generic, &record));

  constexpr int kHeaderBytes = 19, kCountBytes = 2, kTrailerBytes = 2;
  char* row = nullptr;
  bool is_first = true;
  for (int size; (size = PQgetCopyData(connection, &row, 0)) > 0; PQfreemem(row)) {
    const char* const start = row + (is_first ? kHeaderBytes : 0);
    if (row + size - start == 0 || (!is_first && size == kTrailerBytes)) continue;
    is_first = false;
    check(avro_value_reset(&record));
    fill(&record, Fields(start + kCountBytes));
    check(avro_file_writer_append_value(writer, &record));
  }
  check(avro_file_writer_close(writer));
  PQfinish(connection);
}

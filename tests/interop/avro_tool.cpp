// avro_tool read FILE          writes each record as a line of JSON
// avro_tool write FILE CODEC N writes N records of the sample to a container file
#include <cstdlib>
#include <iostream>

#include "../support/file_io.hpp"
#include "../support/value_json.hpp"
#include "avro/codec_name.hpp"
#include "avro/container.hpp"
#include "sample.hpp"

namespace {

using namespace ferry;

int read_file(const std::string& path) {
  test::FileSource source(path);
  avro::ContainerReader reader(source);
  avro::Block block;
  while (reader.next_block(block)) {
    avro::Decoder decoder(block.payload), skipper(block.payload);
    for (std::int64_t i = 0; i < block.record_count; i++) {
      std::string line;
      test::ValueReader(decoder, line).read(reader.schema());
      skipper.skip(reader.schema());
      if (skipper.position() != decoder.position()) throw Error("XX000", "skipping and reading differ");
      std::cout << line << '\n';
    }
    if (!decoder.at_end()) throw Error("22P04", "block has bytes after its last record");
  }
  return 0;
}

int run(const std::vector<std::string>& arguments) {
  if (arguments.size() == 2 && arguments[0] == "read") return read_file(arguments[1]);
  if (arguments.size() == 4 && arguments[0] == "write") {
    test::FileSink sink(arguments[1]);
    test::write_sample(sink, avro::codec_by_name(arguments[2]), std::atoll(arguments[3].c_str()));
    return 0;
  }
  std::cerr << "usage: avro_tool read FILE | write FILE CODEC COUNT\n";
  return 2;
}

}  // namespace

int main(int count, char** arguments) {
  try {
    return run({arguments + 1, arguments + count});
  } catch (const Error& error) {
    std::cerr << error.sqlstate() << ": " << error.message() << "\nDETAIL: " << error.detail() << '\n';
    return 1;
  }
}

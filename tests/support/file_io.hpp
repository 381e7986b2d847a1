#pragma once

#include <fstream>
#include <string>

#include "base/error.hpp"
#include "base/io.hpp"

namespace ferry::test {

class FileSink final : public ByteSink {
 public:
  explicit FileSink(const std::string& path) : file_(path, std::ios::binary) { check(); }
  void write(ByteView bytes) override {
    file_.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    check();
  }

 private:
  void check() const {
    if (!file_) throw Error("58030", "could not write file");
  }
  std::ofstream file_;
};

class FileSource final : public ByteSource {
 public:
  explicit FileSource(const std::string& path) : file_(path, std::ios::binary) {
    if (!file_) throw Error("58P01", "could not open file \"" + path + "\"");
  }
  std::size_t read(std::span<std::uint8_t> out) override {
    file_.read(reinterpret_cast<char*>(out.data()), static_cast<std::streamsize>(out.size()));
    return static_cast<std::size_t>(file_.gcount());
  }

 private:
  std::ifstream file_;
};

}  // namespace ferry::test

#pragma once

#include <memory>
#include <string>

#include "avro/container.hpp"
#include "base/error.hpp"
#include "pg/guard.hpp"
#include "pg/io/input.hpp"

#include "pg/server.hpp"

namespace ferry::query {

/// An Avro file of the server's machine that the user may read, compressed as a whole or not.
class AvroFile {
 public:
  /// Opens the file and reads its header. Errors: pg::check_may_read(), by errno; 22P04, 54000 what the container says.
  explicit AvroFile(const std::string& path);

  [[nodiscard]] const avro::ContainerReader& header() const { return container_; }
  /// The next block, decompressed; false at the end of the file. Errors as the container, with the file in the context.
  [[nodiscard]] bool next_block(avro::Block& out);
  /// The same as it is stored.
  [[nodiscard]] bool next_stored_block(avro::Block& out);
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  [[nodiscard]] avro::ContainerReader open_container();
  [[noreturn]] void fail(Error& error) const;

  std::string path_;
  std::unique_ptr<pg::Input> file_;
  avro::ContainerReader container_;
};

}  // namespace ferry::query

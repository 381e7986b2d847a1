#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>

#include "pg/io/client_source.hpp"
#include "pg/io/file_digest.hpp"
#include "pg/io/input.hpp"

namespace ferry::pg {

/// A file of the server's machine, or what a URL stands for.
struct FileOrigin {
  std::string path;              ///< or a URL
  const char* hint = nullptr;    ///< for a file that is not there or closed to the server
  FileDigest* digest = nullptr;  ///< of a file: is told the bytes as they are stored, when they are read; outlives the source
};
/// The same, held open by the object and not by the transaction, as a cursor needs it.
struct HeldFileOrigin {
  std::string path;
};
/// What the client of the session sends.
struct ClientOrigin {
  ClientSource::Format format;
  int column_count;
};
/// What a program of the server's machine writes.
struct ProgramOrigin {
  std::string command;
};
using Origin = std::variant<FileOrigin, HeldFileOrigin, ClientOrigin, ProgramOrigin>;

enum class Compression : std::uint8_t {
  automatic,  ///< what begins like a compressed file is decompressed
  none,       ///< bytes are given as they come
};

/// The words for it, "auto" and "none". Errors: 22023.
[[nodiscard]] Compression compression_by_name(const std::string& name);

/// Opens bytes from wherever they come, and looks at the first ones. Checks no privilege but that to read a
/// URL: see check_may_read(). Errors: those of InputFile, HeldFile, RemoteSource, ClientSource and ProgramSource. While they are
/// read: those of codec::DecompressingSource; 0A000 one compressed file in another.
[[nodiscard]] std::unique_ptr<Input> open_source(const Origin& origin, Compression compression);

}  // namespace ferry::pg

#include "pg/io/open_source.hpp"

#include <optional>
#include <utility>

#include "base/concat.hpp"
#include "base/error.hpp"
#include "base/fronted_source.hpp"
#include "codec/decompressing_source.hpp"
#include "pg/guard.hpp"
#include "pg/io/held_file.hpp"
#include "pg/io/input_file.hpp"
#include "pg/io/program_source.hpp"
#include "pg/io/remote_source.hpp"
#include "remote/url.hpp"

#include "pg/server.hpp"

namespace ferry::pg {
namespace {

/// A file with its digest.
class DigestedFile final : public InputFile {
 public:
  explicit DigestedFile(const FileOrigin& file) : InputFile(file.path, file.hint), digest_(*file.digest) {}
  [[nodiscard]] std::size_t read(std::span<std::uint8_t> out) override {
    const std::size_t count = InputFile::read(out);
    digest_.update(ByteView(out).first(count));
    return count;
  }

 private:
  FileDigest& digest_;
};

struct Opener {
  std::unique_ptr<Input> operator()(const FileOrigin& file) const {
    if (remote::is_url(file.path)) return std::make_unique<RemoteSource>(file.path);
    if (file.digest != nullptr) return std::make_unique<DigestedFile>(file);
    return std::make_unique<InputFile>(file.path, file.hint);
  }
  std::unique_ptr<Input> operator()(const HeldFileOrigin& file) const {
    if (remote::is_url(file.path)) return std::make_unique<RemoteSource>(file.path);
    return std::make_unique<HeldFile>(file.path);
  }
  std::unique_ptr<Input> operator()(const ClientOrigin& client) const {
    return std::make_unique<ClientSource>(client.format, client.column_count);
  }
  std::unique_ptr<Input> operator()(const ProgramOrigin& program) const {
    return std::make_unique<ProgramSource>(program.command);
  }
};

/// What the context of errors calls it.
struct Namer {
  std::string operator()(const FileOrigin& file) const { return concat("file \"", file.path, '"'); }
  std::string operator()(const HeldFileOrigin& file) const { return concat("file \"", file.path, '"'); }
  std::string operator()(const ClientOrigin& /*client*/) const { return "STDIN"; }
  std::string operator()(const ProgramOrigin& program) const { return concat("program \"", program.command, '"'); }
};

constexpr const char* kClientHint =
    "psql's \\copy sends lines of text. Let it read a compressed file by a program: \\copy ... FROM PROGRAM 'gzip -dc file'.";

/// An origin with what decompresses it, if that is to be done.
class FilteredInput final : public Input {
 public:
  explicit FilteredInput(const Origin& origin)
      : origin_(std::visit(Opener{}, origin)), is_client_(std::holds_alternative<ClientOrigin>(origin)), stored_(*origin_) {
    if (const codec::StreamFormat* const format = codec::find_stream_format(stored_.front())) {
      compression_ = format->name;
      plain_.emplace(decompressing_.emplace(stored_, *format, std::visit(Namer{}, origin), check_interrupts));
    }
  }

  [[nodiscard]] std::size_t read(std::span<std::uint8_t> out) override {
    if (!plain_) return stored_.read(out);
    try {
      if (!std::exchange(is_begun_, true)) check_front();
      return plain_->read(out);
    } catch (Error& error) {
      if (is_client_ && error.sqlstate() == "22P04") error.hint(kClientHint);
      throw;
    }
  }

  [[nodiscard]] std::optional<std::uint64_t> origin_bytes() const override {
    return plain_ ? plain_->origin_bytes() : stored_.origin_bytes();
  }
  [[nodiscard]] std::int64_t size_bytes() const override { return origin_->size_bytes(); }
  [[nodiscard]] std::string_view compression() const override { return compression_; }
  [[nodiscard]] std::string_view etag() const override { return origin_->etag(); }
  void close() override { origin_->close(); }
  void raise_cause() override { origin_->raise_cause(); }

 private:
  /// Whoever compressed a file twice did not mean to, and each layer has its window.
  void check_front() {
    const codec::StreamFormat* const inner = codec::find_stream_format(plain_->front());
    if (inner == nullptr) return;
    throw Error("0A000", concat(compression_, " data holds ", inner->name, " data"))
        .detail("A file that is compressed twice is not decompressed twice.")
        .hint("Decompress it once before it is loaded.");
  }

  std::unique_ptr<Input> origin_;
  bool is_client_;
  FrontedSource stored_;
  std::string_view compression_;
  std::optional<codec::DecompressingSource> decompressing_;
  std::optional<FrontedSource> plain_;
  bool is_begun_ = false;
};

}  // namespace

Compression compression_by_name(const std::string& name) {
  if (name == "auto") return Compression::automatic;
  if (name == "none") return Compression::none;
  throw Error("22023", concat("compression \"", name, "\" not recognized")).hint("Choose \"auto\" or \"none\".");
}

std::unique_ptr<Input> open_source(const Origin& origin, Compression compression) {
  if (compression == Compression::none) return std::visit(Opener{}, origin);
  return std::make_unique<FilteredInput>(origin);
}

}  // namespace ferry::pg

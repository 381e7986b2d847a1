#include "codec/codec.hpp"

#include <string>

#include "base/concat.hpp"
#include "base/error.hpp"
#include "codec/library.hpp"

namespace ferry::codec {
namespace {

class NullCodec final : public Codec {
 public:
  explicit NullCodec(CheckInterrupts check_interrupts) : check_interrupts_(check_interrupts) {}

  std::size_t compress_bound(std::size_t size_bytes) override { return size_bytes; }
  std::size_t compress(ByteView in, std::span<std::uint8_t> out) override {
    std::uint8_t* next = out.data();
    for (ByteView step; !in.empty(); in = in.subspan(step.size())) {
      check(check_interrupts_);
      step = step_of(in, kFastStepBytes);
      next = std::copy(step.begin(), step.end(), next);
    }
    return static_cast<std::size_t>(next - out.data());
  }
  ByteView decompress(ByteView in, std::size_t max_bytes, Room&) override {
    if (in.size() > max_bytes) fail_limit(max_bytes);
    return in;
  }

 private:
  CheckInterrupts check_interrupts_;
};

}  // namespace

void fail_memory() { throw Error("53200", "out of memory"); }

void fail_limit(std::size_t max_bytes) {
  throw Error("54000", concat("block is larger than ", max_bytes, " bytes when decompressed"));
}

void fail_corrupt(CodecKind kind, std::string_view reason) {
  throw Error("22P04", concat("block is not valid ", codec_name(kind), " data"))
      .detail(concat("The decompressor says: ", reason, "."));
}

std::string_view codec_name(CodecKind kind) {
  constexpr std::string_view kNames[] = {"null", "deflate", "snappy", "zstandard", "bzip2", "xz"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::optional<CodecKind> find_codec(std::string_view name) {
  if (name == "none") return CodecKind::null_;
  for (const CodecKind kind : kCodecKinds)
    if (codec_name(kind) == name) return kind;
  return std::nullopt;
}

std::optional<CodecKind> find_option_codec(std::string_view name) {
  std::string small(name);
  for (char& c : small)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  if (small == "zstd") return CodecKind::zstandard;
  if (small == "gzip") return CodecKind::deflate;
  return find_codec(small);
}

const char* codec_suggestion(std::string_view name) {
  struct Alias {
    std::string_view name;
    const char* suggestion;
  };
  constexpr const char *kDeflate = "Perhaps you meant \"deflate\".", *kZstandard = "Perhaps you meant \"zstandard\".",
                       *kBzip2 = "Perhaps you meant \"bzip2\".", *kXz = "Perhaps you meant \"xz\".";
  constexpr Alias kAliases[] = {{"zst", kZstandard}, {"gz", kDeflate}, {"zlib", kDeflate},
                                {"bz2", kBzip2},     {"bzip", kBzip2}, {"lzma", kXz}};
  const auto is_same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + ('a' - 'A') : a) == b; };
  for (const Alias& alias : kAliases)
    if (std::equal(name.begin(), name.end(), alias.name.begin(), alias.name.end(), is_same)) return alias.suggestion;
  return nullptr;
}

std::optional<CodecLevels> codec_levels(CodecKind kind) {
  switch (kind) {
    case CodecKind::deflate:
      return CodecLevels{.min = 1, .max = 12, .preset = 6};
    case CodecKind::zstandard:
      return CodecLevels{.min = 1, .max = 22, .preset = 1};
    case CodecKind::bzip2:
      return CodecLevels{.min = 1, .max = 9, .preset = 9};
    case CodecKind::xz:
      return CodecLevels{.min = 0, .max = 9, .preset = 6};
    default:
      return std::nullopt;
  }
}

void check_codec_level(CodecKind kind, int level) {
  const std::optional<CodecLevels> levels = codec_levels(kind);
  const std::string_view name = kind == CodecKind::null_ ? "none" : codec_name(kind);
  if (!levels) throw Error("22023", concat("codec \"", name, "\" has no compression levels"));
  if (level >= levels->min && level <= levels->max) return;
  throw Error("22023", concat("compression level ", level, " is out of range for codec \"", name, "\""))
      .detail(concat("Valid levels are ", levels->min, " to ", levels->max, "."));
}

std::unique_ptr<Codec> make_codec(CodecKind kind, std::optional<int> level, CheckInterrupts check_interrupts) {
  if (level) check_codec_level(kind, *level);
  const std::optional<CodecLevels> levels = codec_levels(kind);
  const int chosen = level.value_or(levels ? levels->preset : 0);
  switch (kind) {
    case CodecKind::null_:
      return std::make_unique<NullCodec>(check_interrupts);
    case CodecKind::deflate:
      return make_deflate_codec(chosen, check_interrupts);
    case CodecKind::snappy:
      return make_snappy_codec(check_interrupts);
    case CodecKind::zstandard:
      return make_zstandard_codec(chosen, check_interrupts);
    case CodecKind::bzip2:
      return make_bzip2_codec(chosen, check_interrupts);
    case CodecKind::xz:
      return make_xz_codec(chosen, check_interrupts);
  }
  throw Error("XX000", "codec has no implementation");
}

}  // namespace ferry::codec

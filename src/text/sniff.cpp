#include "text/sniff.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "text/csv.hpp"
#include "text/survey.hpp"

namespace ferry::text {
namespace {

constexpr std::size_t kWindowBytes = 256 * 1024;  // in which the layout shows
constexpr std::size_t kMaxColumns = 1600;         // of a table
constexpr std::size_t kMaxFields = 2000;

/// The sample: bytes that were read ahead, and the rest of the file up to the end of the sample.
class Sample final : public ByteSource {
 public:
  Sample(ByteSource& file, std::uint64_t sample_bytes, CheckInterrupts check_interrupts)
      : file_(file), left_(sample_bytes), check_interrupts_(check_interrupts) {}

  /// The first bytes, which read() will give again.
  std::string_view look_ahead() {
    window_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kWindowBytes, left_)));
    std::size_t size = 0;
    while (size < window_.size()) {
      const std::size_t count = read_file({window_.data() + size, window_.size() - size});
      if (count == 0) break;
      size += count;
    }
    window_.resize(size);
    return as_text(window_);
  }

  std::size_t read(std::span<std::uint8_t> out) override {
    check(check_interrupts_);
    if (at_ == window_.size()) return read_file(out);
    const std::size_t count = std::min(out.size(), window_.size() - at_);
    std::copy_n(window_.begin() + static_cast<std::ptrdiff_t>(at_), count, out.begin());
    at_ += count;
    return count;
  }

  /// Whether the file has no more bytes; reads one of them to find out.
  [[nodiscard]] bool is_whole() {
    if (left_ > 0) return ended_;
    if (!ended_ && !has_more_) {
      std::uint8_t byte;
      has_more_ = file_.read({&byte, 1}) > 0;
      ended_ = !has_more_;
    }
    return ended_;
  }

 private:
  std::size_t read_file(std::span<std::uint8_t> out) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), left_));
    if (wanted == 0 || ended_) return 0;
    const std::size_t count = file_.read(out.first(wanted));
    ended_ = count == 0;
    left_ -= count;
    return count;
  }

  ByteSource& file_;
  std::uint64_t left_;
  CheckInterrupts check_interrupts_;
  Bytes window_;
  std::size_t at_ = 0;
  bool ended_ = false, has_more_ = false;
};

void check_is_text(std::string_view window) {
  if (window.empty()) throw Error("22P04", "file is empty");
  if (window.find('\0') == std::string_view::npos) return;
  throw Error("22P04", "file is no text").detail("It has zero bytes.");
}

}  // namespace

SniffedFile sniff(ByteSource& bytes, const SniffOptions& options) {
  Sample sample(bytes, options.sample_bytes, options.check_interrupts);
  const std::string_view window = sample.look_ahead();
  check_is_text(window);
  Layout layout = find_layout(window, window.size() < kWindowBytes && sample.is_whole(), options.check_interrupts);
  if (layout.fields > kMaxColumns) throw Error("54000", "file has more columns than a table may have");
  layout.dialect.max_fields = kMaxFields;
  CsvReader reader(sample, layout.dialect, options.max_record_bytes);
  reader.pass_over_byte_order_marks();
  Survey survey(layout);
  Record record;
  while (reader.next(record)) {
    const bool may_be_cut = !record.has_line_end && !sample.is_whole();
    if (may_be_cut) break;
    survey.add(record);
  }
  return survey.result(options.has_header);
}

}  // namespace ferry::text

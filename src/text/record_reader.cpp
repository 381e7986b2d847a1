#include "text/record_reader.hpp"

#include <algorithm>
#include <cstring>

namespace ferry::text {

RecordReader::RecordReader(ByteSource& source, std::size_t max_record_bytes, CharacterLength character_length,
                           const ByteSearch& special)
    : max_record_bytes_(max_record_bytes), source_(source), character_length_(character_length), special_(special) {}

bool RecordReader::fill() {
  if (source_ended_) return false;
  if (begin_ > 0 && begin_ >= (end_ - begin_)) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    base_offset_ += begin_;
    begin_ = 0;
  }
  if (buffer_.size() < end_ + kChunkBytes) buffer_.resize(std::max(end_ + kChunkBytes, buffer_.size() + buffer_.size() / 2));
  const std::size_t count = source_.read({reinterpret_cast<std::uint8_t*>(buffer_.data() + end_), buffer_.size() - end_});
  end_ += count;
  source_ended_ = count == 0;
  return count > 0;
}

/// Those that the next record begins with; of the first one no more than one, if others belong to the text.
void RecordReader::skip_byte_order_marks() {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  const auto is_at_mark = [&] {
    return !at_end(kMark.size() - 1) && std::memcmp(buffer_.data() + begin_, kMark.data(), kMark.size()) == 0;
  };
  for (bool may_skip = true; may_skip && is_at_mark(); may_skip = passes_over_marks_) begin_ += kMark.size();
}

bool RecordReader::at_end(std::size_t at) {
  while (begin_ + at >= end_)
    if (!fill()) return true;
  return false;
}

std::size_t RecordReader::skip_ordinary(std::size_t at) const {
  if (character_length_ != nullptr) return at;
  const char* const data = buffer_.data() + begin_;
  return static_cast<std::size_t>(special_.find(data + at, buffer_.data() + end_) - data);
}

void RecordReader::drop_excess(std::size_t& at) {
  if (begin_ + at < end_) return;
  base_offset_ += at - max_record_bytes_;
  end_ = begin_ + max_record_bytes_;
  at = max_record_bytes_;
}

void RecordReader::set_raw(Record& record, std::size_t size, bool is_too_long) {
  record.is_cut = is_too_long || size > max_record_bytes_;
  record.raw = {buffer_.data() + begin_, std::min(size, max_record_bytes_)};
}

std::size_t RecordReader::wide_character(std::size_t at) {
  if (character_length_ == nullptr || (byte(at) & 0x80) == 0) return 0;
  constexpr std::size_t kEnough = 4;  // so many bytes tell how long a character is; behind the last one of the stream are zeros
  const bool is_near_end = at_end(at + kEnough - 1);
  const char* const first = buffer_.data() + begin_ + at;
  const std::size_t left = end_ - begin_ - at;
  char padded[kEnough] = {};
  if (is_near_end) std::copy_n(first, std::min(left, kEnough), padded);
  const auto length = static_cast<std::size_t>(std::max(1, character_length_(is_near_end ? padded : first)));
  // a line end is in no character
  if (length > 1 && left > 1 && (first[1] == '\n' || first[1] == '\r')) return 1;
  return std::min(length, left);
}

bool RecordReader::take_line_end(std::size_t& at) {
  const char c = byte(at);
  if (c == '\r') {
    const bool crlf = !at_end(at + 1) && byte(at + 1) == '\n';
    if (crlf && line_end_ != LineEnd::cr) {
      line_end_ = LineEnd::lf;
      has_crlf_ = true;
      at += 2;
      return true;
    }
    if (line_end_ == LineEnd::unknown) line_end_ = LineEnd::cr;
  } else if (line_end_ == LineEnd::unknown) {
    line_end_ = LineEnd::lf;
  }
  at++;
  return (c == '\n') == (line_end_ == LineEnd::lf);
}

bool RecordReader::next(Record& record) {
  begin_ += consumed_next_;
  consumed_next_ = 0;
  if (at_end(0)) return false;
  if (byte(0) == '\xEF' && (!started_ || passes_over_marks_)) {
    skip_byte_order_marks();
    if (at_end(0)) return false;
  }
  started_ = true;
  record.row_number = ++rows_;
  record.line_number = line_;
  record.offset_bytes = base_offset_ + begin_;
  read_record(record);
  record.lines = line_ - record.line_number;
  record.has_line_end = consumed_next_ > record.raw.size();
  return true;
}

}  // namespace ferry::text

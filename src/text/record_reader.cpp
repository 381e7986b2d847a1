#include "text/record_reader.hpp"

#include <algorithm>
#include <cstring>

namespace ferry::text {

RecordReader::RecordReader(ByteSource& source, const Dialect& dialect, std::size_t max_record_bytes,
                           CharacterLength character_length, const ByteSearch& special)
    : delimiter_(dialect.delimiter),
      trims_blanks_(dialect.trims_blanks),
      max_record_bytes_(max_record_bytes),
      source_(source),
      character_length_(character_length),
      special_(special),
      comment_(dialect.comment),
      is_ragged_(dialect.is_ragged),
      passes_over_lines_(is_ragged_ || !comment_.empty()),
      skip_lines_(dialect.skip_lines) {}

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

/// Passes over the line at the front of the buffer, however long it is.
void RecordReader::skip_line() {
  const ByteSearch line_ends{'\n', '\r'};
  for (bool ended = false; !ended && !at_end(0);) {
    begin_ = static_cast<std::size_t>(line_ends.find(buffer_.data() + begin_, buffer_.data() + end_) - buffer_.data());
    if (begin_ == end_) continue;
    std::size_t behind = 0;
    ended = take_line_end(behind);
    begin_ += behind;
  }
  line_++;
}

/// The same if the line is no record; else false. Blanks are looked at up to the limit.
bool RecordReader::pass_over_line() {
  if (!comment_.empty() && !at_end(comment_.size() - 1) &&
      std::memcmp(buffer_.data() + begin_, comment_.data(), comment_.size()) == 0)
    return skip_line(), true;
  if (!is_ragged_) return false;
  std::size_t at = 0;
  while (trims_blanks_ && at <= max_record_bytes_ && !at_end(at) && is_blank(byte(at)) && byte(at) != delimiter_) at++;
  if (!at_end(at)) {
    const bool is_line_end = byte(at) == '\n' || byte(at) == '\r';
    if (!is_line_end || !take_line_end(at)) return false;
  }
  begin_ += at;
  line_++;
  return true;
}

bool RecordReader::next(Record& record) {
  for (bool is_record = false; !is_record;) {
    begin_ += consumed_next_;
    consumed_next_ = 0;
    if (at_end(0)) return false;
    if (byte(0) == '\xEF' && (!started_ || passes_over_marks_)) {
      skip_byte_order_marks();
      if (at_end(0)) return false;
    }
    started_ = true;
    if (skip_lines_ > 0) {
      skip_line();
      skip_lines_--;
    } else {
      is_record = !passes_over_lines_ || !pass_over_line();
    }
  }
  record.row_number = ++rows_;
  record.line_number = line_;
  record.offset_bytes = base_offset_ + begin_;
  read_record(record);
  record.lines = line_ - record.line_number;
  record.has_line_end = consumed_next_ > record.raw.size();
  return true;
}

}  // namespace ferry::text

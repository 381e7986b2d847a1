#include "text/json_reader.hpp"

#include <algorithm>
#include <cstring>

namespace ferry::text {

namespace {
constexpr std::size_t kChunkBytes = 64 * 1024;
constexpr std::string_view kMark = "\xEF\xBB\xBF";
}  // namespace

/// Adds bytes to the buffer; false at the end of the source.
bool JsonReader::fill() {
  if (source_ended_) return false;
  if (begin_ > 0 && begin_ >= end_ - begin_) {
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

/// Whether the stream has no byte at that position behind begin_; reads on to find out.
bool JsonReader::at_end(std::size_t at) {
  while (begin_ + at >= end_)
    if (!fill()) return true;
  return false;
}

/// Where the buffer ends at the position of a record that is too long: drops what is beyond the limit, so that memory stays
/// bounded.
void JsonReader::drop_excess(Element& element) {
  element.is_too_long = true;
  if (begin_ + element.at < end_) return;
  base_offset_ += element.at - max_record_bytes_;
  end_ = begin_ + max_record_bytes_;
  element.at = max_record_bytes_;
}

void JsonReader::set_raw(JsonRecord& record, const Element& element, std::size_t size) const {
  record.is_cut = element.is_too_long || size > max_record_bytes_;
  record.raw = {buffer_.data() + begin_, std::min(size, max_record_bytes_)};
}

void JsonReader::skip_mark() {
  if (!at_end(kMark.size() - 1) && std::memcmp(buffer_.data() + begin_, kMark.data(), kMark.size()) == 0) begin_ += kMark.size();
}

/// What the first byte that is no blank says. Lines without anything else are passed over.
void JsonReader::find_layout() {
  skip_mark();
  std::size_t at = 0;
  while (at <= max_record_bytes_ && !at_end(at) && is_json_blank(byte(at))) {
    if (byte(at++) != '\n') continue;
    begin_ += at;
    line_++;
    line_offset_ = base_offset_ + begin_;
    at = 0;
  }
  layout_ = !at_end(at) && byte(at) == '[' ? Layout::array : Layout::lines;
  if (layout_ == Layout::array) begin_ += at + 1;
}

void JsonReader::skip_blanks() {
  for (; !at_end(0) && is_json_blank(byte(0)); begin_++) {
    if (byte(0) != '\n') continue;
    line_++;
    line_offset_ = base_offset_ + begin_ + 1;
  }
}

bool JsonReader::next(JsonRecord& record) {
  begin_ += consumed_next_;
  consumed_next_ = 0;
  record = {};
  if (layout_ == Layout::unknown) find_layout();
  return layout_ == Layout::array ? next_element(record) : next_line(record);
}

void JsonReader::begin_record(JsonRecord& record, std::uint64_t offset_bytes) {
  record.row_number = ++rows_;
  record.line_number = line_;
  record.offset_bytes = offset_bytes;
}

bool JsonReader::next_line(JsonRecord& record) {
  for (;;) {
    skip_mark();
    if (at_end(0)) return false;
    Element line{.line_offset = bytes_consumed()};
    const auto find_end = [&] {
      const char* const from = buffer_.data() + begin_ + line.at;
      const char* const to = buffer_.data() + end_;
      return static_cast<std::size_t>(std::find(from, to, '\n') - from);
    };
    while (!at_end(line.at)) {
      line.at += find_end();
      if (line.at > max_record_bytes_) drop_excess(line);
      if (begin_ + line.at < end_) break;
    }
    const bool has_end = !at_end(line.at);
    std::size_t size = line.at;
    const bool is_crlf = has_end && size > 0 && byte(size - 1) == '\r';
    if (is_crlf && !line.is_too_long) size--;
    set_raw(record, line, size);
    if (!record.is_cut && std::all_of(record.raw.begin(), record.raw.end(), is_json_blank)) {
      begin_ += line.at + (has_end ? 1 : 0);
      line_++;
      continue;
    }
    has_crlf_ = has_crlf_ || is_crlf;
    begin_record(record, line.line_offset);
    line_++;
    consumed_next_ = line.at + (has_end ? 1 : 0);
    check_line(record);
    return true;
  }
}

void JsonReader::check_line(JsonRecord& record) {
  if (record.is_cut) {
    record.problem = JsonProblem::too_long;
  } else if (const auto fault = find_json_fault(record.raw)) {
    record.problem = JsonProblem::malformed;
    record.fault_line = record.line_number;
    record.fault_byte = static_cast<std::int64_t>(fault->at) + 1;
    record.expected = fault->expected;
  }
}

bool JsonReader::next_element(JsonRecord& record) {
  for (;;) {
    skip_blanks();
    if (at_end(0)) {
      if (place_ == Place::behind) return false;
      begin_record(record, bytes_consumed());
      take_rest(record, place_ == Place::separator ? "\",\" or \"]\"" : "a value", {.line_offset = line_offset_});
      return true;
    }
    const char c = byte(0);
    if (c == ']' && (place_ == Place::first_element || place_ == Place::separator)) {
      place_ = Place::behind;
    } else if (c == ',' && place_ == Place::separator) {
      place_ = Place::element;
    } else {
      begin_record(record, bytes_consumed());
      if (place_ == Place::separator || place_ == Place::behind)
        take_rest(record, place_ == Place::separator ? "\",\" or \"]\"" : "the end of the file", {.line_offset = line_offset_});
      else
        scan_element(record);
      return true;
    }
    begin_++;
  }
}

/// The value at the front of the buffer.
void JsonReader::scan_element(JsonRecord& record) {
  Element element{.line_offset = line_offset_};
  syntax_.begin();
  while (syntax_.verdict() == JsonSyntax::Verdict::open) {
    if (at_end(element.at)) {
      syntax_.end();
      break;
    }
    const std::string_view piece(buffer_.data() + begin_ + element.at, end_ - begin_ - element.at);
    const std::string_view taken = piece.substr(0, syntax_.take(piece));
    if (const std::size_t newline = taken.rfind('\n'); newline != std::string_view::npos) {
      element.newlines += std::count(taken.begin(), taken.end(), '\n');
      element.line_offset = base_offset_ + begin_ + element.at + newline + 1;
    }
    element.at += taken.size();
    if (element.at > max_record_bytes_) drop_excess(element);
  }
  if (syntax_.verdict() == JsonSyntax::Verdict::wrong) return take_rest(record, syntax_.expected(), element);
  set_raw(record, element, element.at);
  if (record.is_cut) record.problem = JsonProblem::too_long;
  record.lines = element.newlines + 1;
  line_ += element.newlines;
  line_offset_ = element.line_offset;
  consumed_next_ = element.at;
  place_ = Place::separator;
}

/// The record is all that is left of the stream; it is malformed behind what element has taken of it.
void JsonReader::take_rest(JsonRecord& record, const char* expected, Element element) {
  record.problem = JsonProblem::broken_array;
  record.expected = expected;
  record.fault_line = line_ + element.newlines;
  record.fault_byte = static_cast<std::int64_t>(base_offset_ + begin_ + element.at - element.line_offset) + 1;
  std::int64_t newlines = element.newlines;
  bool ends_with_newline = false;
  while (!at_end(element.at)) {
    const std::string_view piece(buffer_.data() + begin_ + element.at, end_ - begin_ - element.at);
    newlines += std::count(piece.begin(), piece.end(), '\n');
    ends_with_newline = piece.back() == '\n';
    element.at += piece.size();
    if (element.at > max_record_bytes_) drop_excess(element);
  }
  std::size_t size = element.at;
  if (!element.is_too_long) ends_with_newline = size > 0 && byte(size - 1) == '\n';
  if (ends_with_newline && !element.is_too_long) size -= size > 1 && byte(size - 2) == '\r' ? 2 : 1;
  set_raw(record, element, size);
  record.lines = newlines + (ends_with_newline ? 0 : 1);
  line_ += newlines;
  consumed_next_ = element.at;
  place_ = Place::behind;
}

}  // namespace ferry::text

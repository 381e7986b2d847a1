// A byte that chooses the length of the sample, and a file: what is said of it is the same in whatever pieces it comes, has a
// column for each field, names that a table can have, and reasons that fit into a comment of SQL.
#include <algorithm>
#include <cstdlib>
#include <set>
#include <string>

#include "../support/memory_io.hpp"
#include "base/error.hpp"
#include "text/sniff.hpp"

using namespace ferry;

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

/// All that is said, as one text; of an error its message.
std::string sniffed(ByteView file, std::size_t piece_bytes, std::uint64_t sample_bytes) {
  test::MemorySource source(file, piece_bytes);
  std::string said;
  const auto say = [&said](const auto& what) { (said += std::to_string(what)) += ' '; };
  try {
    const text::SniffedFile found = text::sniff(source, {.sample_bytes = sample_bytes, .max_record_bytes = 4096});
    const text::Layout& layout = found.layout;
    check(found.columns.size() == layout.fields);
    check(layout.dialect.delimiter != layout.dialect.quote);
    check(found.records >= 0 && layout.dialect.skip_lines >= 0);
    for (const int what :
         {int{layout.dialect.delimiter}, int{layout.dialect.quote}, int{layout.dialect.escape},
          static_cast<int>(layout.dialect.quotes), int{layout.is_ragged}, static_cast<int>(layout.line_ends),
          int{found.has_header}, static_cast<int>(found.encoding), static_cast<int>(found.order), int{found.has_blanks_around}})
      say(what);
    say(layout.dialect.skip_lines);
    say(found.records);
    said += layout.dialect.comment;
    for (const std::string& word : found.null_words) said += word + ' ';
    std::set<std::string> names;
    for (const text::SniffedColumn& column : found.columns) {
      check(!column.name.empty() && column.name.size() <= 63 && names.insert(column.name).second);
      check(column.reason.empty() || column.type == text::ColumnType::text);
      check(std::all_of(column.reason.begin(), column.reason.end(), [](char c) { return c >= ' ' && c <= '~'; }));
      say(static_cast<int>(column.type));
      said += column.name + ' ' + column.title + ' ' + column.reason + '\n';
    }
  } catch (const Error& error) {
    said = error.message();
  }
  return said;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const ByteView file{data + 1, size - 1};
  const std::uint64_t sample_bytes = data[0] == 0 ? std::uint64_t{1} << 40 : data[0] * std::uint64_t{8};
  const std::string whole = sniffed(file, SIZE_MAX, sample_bytes);
  check(sniffed(file, 1, sample_bytes) == whole);
  check(sniffed(file, 7, sample_bytes) == whole);
  return 0;
}

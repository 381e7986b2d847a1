#include "query/record_stream.hpp"

#include <cstdio>

#include "base/concat.hpp"
#include "pg/error_context.hpp"
#include "pg/guard.hpp"

namespace ferry::query {

RecordStream::RecordStream(const std::string& path, std::vector<map::ReadColumn> columns, map::Match match)
    : file_(path), rows_(file_.header().schema(), std::move(columns), match), decoder_(ByteView{}) {}

bool RecordStream::next_block() {
  do {
    if (!file_.next_block(block_)) return false;
    decoder_ = avro::Decoder(block_.payload, 0, pg::check_interrupts);
    next_record_ = 0;
    if (block_.record_count > 0 || decoder_.at_end()) continue;
    char position[pg::kMostContextBytes];
    tell_position(position);
    throw Error("22P04", "block without records has bytes").context(position);
  } while (block_.record_count == 0);
  return true;
}

bool RecordStream::next(Datum* values, bool* nulls) {
  if (next_record_ == block_.record_count && !next_block()) return false;
  next_record_++;
  pg::call([&] {
    pg::with_context([this](std::span<char> out) { tell_position(out); },
                     [&] {
                       CHECK_FOR_INTERRUPTS();
                       rows_.read(decoder_, values, nulls);
                       if (next_record_ == block_.record_count && !decoder_.at_end())
                         throw Error("22P04", concat("block has ", decoder_.remaining(), " bytes after its last record"));
                     });
  });
  return true;
}

void RecordStream::tell_position(std::span<char> out) const {
  const map::ReadColumn* const target = rows_.current_column();
  std::snprintf(out.data(), out.size(), "file \"%s\", block %lld, record %lld%s%s", file_.path().c_str(),
                static_cast<long long>(block_.block_number), static_cast<long long>(next_record_),
                target == nullptr ? "" : ", column ", target == nullptr ? "" : target->name.c_str());
}

}  // namespace ferry::query

#include "query/record_stream.hpp"

#include "base/concat.hpp"
#include "pg/guard.hpp"

namespace ferry::query {

RecordStream::RecordStream(const std::string& path, std::vector<map::Target> targets, map::Match match)
    : file_(path), rows_(file_.header().schema(), std::move(targets), match), decoder_(ByteView{}) {}

bool RecordStream::next_block() {
  do {
    if (!file_.next_block(block_)) return false;
    decoder_ = avro::Decoder(block_.payload, 0, pg::check_interrupts);
    next_record_ = 0;
    if (block_.record_count == 0 && !decoder_.at_end()) throw Error("22P04", "block without records has bytes").context(place());
  } while (block_.record_count == 0);
  return true;
}

bool RecordStream::next(Datum* values, bool* nulls) {
  if (next_record_ == block_.record_count && !next_block()) return false;
  next_record_++;
  ErrorContextCallback callback{};
  callback.callback = [](void* self) { static_cast<RecordStream*>(self)->add_context(); };
  callback.arg = this;
  try {
    pg::call([&] {
      callback.previous = error_context_stack;
      error_context_stack = &callback;
      CHECK_FOR_INTERRUPTS();
      rows_.read(decoder_, values, nulls);
      error_context_stack = callback.previous;
    });
    if (next_record_ == block_.record_count && !decoder_.at_end())
      throw Error("22P04", concat("block has ", decoder_.remaining(), " bytes after its last record"));
  } catch (Error& error) {
    error.context(place());
    throw;
  }
  return true;
}

std::string RecordStream::place() const {
  std::string text = concat("file \"", file_.path(), "\", block ", block_.block_number, ", record ", next_record_);
  if (rows_.current_target() != nullptr) text += concat(", column ", rows_.current_target()->name);
  return text;
}

void RecordStream::add_context() const {
  const long long block = static_cast<long long>(block_.block_number), record = static_cast<long long>(next_record_);
  if (rows_.current_target() == nullptr)
    errcontext("file \"%s\", block %lld, record %lld", file_.path().c_str(), block, record);
  else
    errcontext("file \"%s\", block %lld, record %lld, column %s", file_.path().c_str(), block, record,
               rows_.current_target()->name.c_str());
}

}  // namespace ferry::query

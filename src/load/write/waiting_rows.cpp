#include "load/write/waiting_rows.hpp"

#include <algorithm>

#include "pg/subtransaction.hpp"

#include "pg/server.hpp"

namespace ferry::load {

namespace {

constexpr std::size_t kBatchRows = 1000;
constexpr std::size_t kBatchBytes = 1 << 20;
/// Three rounds are the usual number: the first finds the orphans, the second loads the rest, the third nothing more.
constexpr int kPatientRounds = 20;
constexpr int kMaxRounds = 100;

/// Whether a record and another one have the same key, of which one is not in the table now.
bool hides_row(const Result& result) {
  const bool is_conflict =
      result.state == Result::State::rejected && (result.problem->sqlstate == "23505" || result.problem->sqlstate == "23P01");
  return result.state == Result::State::skipped || is_conflict ||
         (result.state == Result::State::loaded && ItemPointerIsValid(&result.location.replaced));
}

}  // namespace

WaitingRows::WaitingRows(RowByRowWriter& writer, SelfReferences& references)
    : writer_(writer), references_(references), context_(CurrentMemoryContext) {}

void WaitingRows::add(const Record& record) {
  if (!records_) {
    MemoryContext const caller = MemoryContextSwitchTo(context_);
    batch_context_ =
        pg::call([] { return AllocSetContextCreate(CurrentMemoryContext, "pg_ferry waiting batch", ALLOCSET_DEFAULT_SIZES); });
    records_.emplace();
    MemoryContextSwitchTo(caller);
  }
  records_->add(record);
}

void WaitingRows::close() {
  if (!records_) return;
  records_->close();
  pg::call([this] { MemoryContextDelete(batch_context_); });
}

/// Reads those of the records of which is_wanted(number), in order; use(records, their numbers).
template <class Wanted, class Use>
void WaitingRows::for_each_batch(Wanted&& is_wanted, Use&& use) {
  std::vector<Record> batch;
  std::vector<std::uint32_t> numbers;
  std::size_t bytes = 0;
  Record record;
  records_->rewind();
  for (std::uint32_t number = 0;; number++) {
    if (number % kBatchRows == 0) pg::check_interrupts();
    const bool at_end = !records_->read(record);
    if (at_end || batch.size() == kBatchRows || bytes > kBatchBytes) {
      MemoryContext const caller = MemoryContextSwitchTo(batch_context_);
      if (!batch.empty()) use(batch, numbers);
      MemoryContextSwitchTo(caller);
      pg::call([this] { MemoryContextReset(batch_context_); });
      batch.clear();
      numbers.clear();
      bytes = 0;
    }
    if (at_end) return;
    if (!is_wanted(number)) continue;
    bytes += record.raw.size();
    batch.push_back(std::move(record));
    numbers.push_back(number);
  }
}

bool WaitingRows::has(State state) const { return std::find(states_.begin(), states_.end(), state) != states_.end(); }

void WaitingRows::settle_all(const Settle& settle) {
  if (!records_) return;
  states_.assign(records_->size(), State::candidate);
  int round = 0;
  for (; round < kMaxRounds && has(State::candidate); round++) {
    if (!load_candidates(round < kPatientRounds)) continue;
    const bool has_loaded = !written_.empty();
    settle_loaded(settle);
    if (!has_loaded) break;
    // what is loaded now may be what others missed, or have the key that an orphan held before
    for (State& state : states_)
      if (state != State::settled) state = State::candidate;
  }
  // as long as rows are loaded: they may be what others wait for
  for (bool goes_on = round > kPatientRounds; goes_on && round < 2 * kMaxRounds; round++)
    goes_on = settle_rest(MissingParent::waits, settle);
  (void)settle_rest(MissingParent::rejects, settle);
}

/// One round. False: there were orphans, and nothing is loaded. What they kept out for its key may fit without them, and may be
/// the parent of what depends on them: these rows are tried again if the round is patient. If not, the next round has no more
/// than what fits together: each of many rows with one key may be an orphan, and hide the next one.
bool WaitingRows::load_candidates(bool is_patient) {
  struct FoundOrphans {};
  const FarthestValues before = writer_.farthest_values();
  try {
    (void)pg::attempt(
        [&] {
          write_candidates();
          const std::vector<std::uint32_t> orphans = references_.find_orphans(written_, !is_patient || !hides_rows_);
          if (orphans.empty()) return;
          for (const std::uint32_t number : orphans) states_[number] = State::orphan;
          throw FoundOrphans{};
        },
        [](const char*) { return false; });
  } catch (const FoundOrphans&) {
    writer_.restore_farthest_values(before);
    for (State& state : states_)
      if (state != State::orphan && state != State::settled && (is_patient || state == State::loaded)) state = State::candidate;
    return false;
  }
  return true;
}

void WaitingRows::write_candidates() {
  written_.clear();
  keys_.clear();
  hides_rows_ = false;
  std::vector<Result> results;
  for_each_batch([this](std::uint32_t number) { return states_[number] == State::candidate; },
                 [&](const std::vector<Record>& batch, const std::vector<std::uint32_t>& numbers) {
                   results.clear();
                   results.resize(batch.size());
                   writer_.write(batch, results, MissingParent::ignored);
                   for (std::size_t i = 0; i < batch.size(); i++) {
                     const Result& result = results[i];
                     State& state = states_[numbers[i]];
                     hides_rows_ = hides_rows_ || hides_row(result);
                     state = State::rejected;
                     if (result.state == Result::State::suppressed || result.state == Result::State::filtered)
                       state = State::suppressed;
                     if (result.state != Result::State::loaded) continue;
                     state = State::loaded;
                     written_.push_back({result.location, numbers[i]});
                     if (!std::holds_alternative<std::monostate>(result.key)) keys_[numbers[i]] = result.key;
                   }
                 });
}

void WaitingRows::settle_loaded(const Settle& settle) {
  std::sort(written_.begin(), written_.end(), [](const WrittenRow& a, const WrittenRow& b) { return a.number < b.number; });
  auto written = written_.begin();
  const auto is_decided = [this](std::uint32_t number) {
    return states_[number] == State::loaded || states_[number] == State::suppressed;
  };
  for_each_batch(is_decided, [&](const std::vector<Record>& batch, const std::vector<std::uint32_t>& numbers) {
    for (std::size_t i = 0; i < batch.size(); i++) {
      State& state = states_[numbers[i]];
      Result result;
      result.state = state == State::loaded ? Result::State::loaded : Result::State::suppressed;
      if (state == State::loaded) {
        result.location = (written++)->location;
        if (const auto key = keys_.find(numbers[i]); key != keys_.end()) result.key = key->second;
      }
      settle(batch[i], result);
      state = State::settled;
    }
  });
}

/// What is left goes the usual way, row by row, which says what is wrong with each. Whether rows were loaded.
bool WaitingRows::settle_rest(MissingParent missing_parent, const Settle& settle) {
  bool has_loaded = false;
  std::vector<Result> results;
  for_each_batch([this](std::uint32_t number) { return states_[number] != State::settled; },
                 [&](const std::vector<Record>& batch, const std::vector<std::uint32_t>& numbers) {
                   results.clear();
                   results.resize(batch.size());
                   writer_.write(batch, results, missing_parent);
                   for (std::size_t i = 0; i < batch.size(); i++) {
                     if (results[i].state == Result::State::waiting) continue;
                     has_loaded = has_loaded || results[i].state == Result::State::loaded;
                     states_[numbers[i]] = State::settled;
                     settle(batch[i], results[i]);
                   }
                 });
  return has_loaded;
}

}  // namespace ferry::load

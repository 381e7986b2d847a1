#pragma once

#include <algorithm>
#include <cstddef>

namespace ferry::load {

/// How far into a batch its records are tried at once. Where an error does not say which of many records was bad, as that of
/// another server does not, halves are tried until a few are left, which are tried one by one; what follows is tried in smaller
/// portions then, which grow again as long as all is well.
class Portion {
 public:
  /// All count records of another batch.
  void begin(std::size_t count) {
    count_ = count;
    bad_before_ = 0;
    begin_at(0);
  }

  /// Records before this one are tried, as far as they are not decided.
  [[nodiscard]] std::size_t end() const { return end_; }
  /// Whether they are to be told from each other.
  [[nodiscard]] bool is_one_by_one() const { return end_ == bad_before_ && end_ - begin_ <= kFew; }
  [[nodiscard]] bool is_last() const { return end_ == count_; }

  /// All of them are decided: on to the next ones.
  void go_on() {
    if (is_fresh_) most_ = std::min(2 * most_, kMost);
    begin_at(end_);
  }

  /// One of the records first to last is bad; is_last: it seems to be the last of them.
  void halve(std::size_t first, std::size_t last, bool is_last = false) {
    if (is_fresh_) most_ = is_last ? std::max(last - first + 1, kFew) : (last - first + 2) / 2;
    bad_before_ = last + 1;
    begin_at(first);
    if (is_last && first < last) end_at(last);
  }

  /// Record bad is decided. Those from first on before it are not; there are none if they are equal.
  void leave_out(std::size_t first, std::size_t bad) {
    const bool are_few = is_one_by_one();
    bad_before_ = 0;
    begin_at(first == bad ? bad + 1 : first);
    if (first < bad && !are_few) end_at(bad);
  }

  /// Record bad is to be tried in another way, behind those from first on before it.
  void put_off(std::size_t first, std::size_t bad) {
    bad_before_ = 0;
    begin_at(first);
    if (first < bad) end_at(bad);
  }

 private:
  static constexpr std::size_t kMost = std::size_t{1} << 20;
  /// To try one more half costs about as many messages as this.
  static constexpr std::size_t kFew = 16;

  void end_at(std::size_t end) {
    is_fresh_ = false;
    end_ = end;
  }

  void begin_at(std::size_t first) {
    begin_ = first;
    const std::size_t suspects = first < bad_before_ ? bad_before_ - first : 0;
    is_fresh_ = suspects == 0;
    end_ = first + (suspects > kFew ? (suspects + 1) / 2 : suspects > 0 ? suspects : std::min(count_ - first, most_));
  }

  std::size_t most_ = kMost;
  std::size_t count_ = 0, begin_ = 0, end_ = 0;
  bool is_fresh_ = true;        ///< nothing is known of them
  std::size_t bad_before_ = 0;  ///< one of the records before this one that are not decided is bad; 0: none is known to be
};

}  // namespace ferry::load

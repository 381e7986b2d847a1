#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace ferry {

/// A key of one or more columns: a number where one integer is all it is, else bytes that are equal where the keys are. Those
/// that are compared are all numbers or all bytes.
struct Key {
  bool is_number = true;
  std::int64_t number = 0;
  std::string_view bytes{};  ///< somebody else's

  friend bool operator==(const Key& a, const Key& b) { return a.is_number ? a.number == b.number : a.bytes == b.bytes; }
};

/// A set of keys that are all numbers or all bytes.
class KeySet {
 public:
  /// True if the key was not there.
  bool add(const Key& key) { return key.is_number ? add_number(key.number) : texts_.emplace(key.bytes).second; }
  [[nodiscard]] bool has(const Key& key) const {
    return key.is_number ? has_number(key.number) : texts_.find(key.bytes) != texts_.end();
  }
  void clear() {
    slots_.assign(slots_.size(), kNone);
    numbers_ = 0;
    has_none_ = false;
    texts_.clear();
  }
  [[nodiscard]] std::size_t size() const { return numbers_ + (has_none_ ? 1 : 0) + texts_.size(); }

 private:
  /// What an empty slot has; whether the set has this number itself is told by has_none_.
  static constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::min();

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  [[nodiscard]] bool has_number(std::int64_t number) const {
    if (number == kNone) return has_none_;
    return !slots_.empty() && slots_[slot_of(number)] == number;
  }

  /// The slot that has the number, or the one for it.
  [[nodiscard]] std::size_t slot_of(std::int64_t number) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = (static_cast<std::uint64_t>(number) * 0x9E3779B97F4A7C15u >> 20) & mask;
    while (slots_[at] != kNone && slots_[at] != number) at = (at + 1) & mask;
    return at;
  }

  bool add_number(std::int64_t number) {
    if (number == kNone) return !std::exchange(has_none_, true);
    if (slots_.size() < 2 * (numbers_ + 1)) grow();
    std::int64_t& slot = slots_[slot_of(number)];
    if (slot == number) return false;
    slot = number;
    numbers_++;
    return true;
  }

  void grow() {
    std::vector<std::int64_t> old(slots_.empty() ? 64 : 2 * slots_.size(), kNone);
    old.swap(slots_);
    for (const std::int64_t number : old)
      if (number != kNone) slots_[slot_of(number)] = number;
  }

  std::vector<std::int64_t> slots_;
  std::size_t numbers_ = 0;  ///< in the slots
  bool has_none_ = false;
  std::unordered_set<std::string, Hash, std::equal_to<>> texts_;
};

}  // namespace ferry

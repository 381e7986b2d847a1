#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace ferry {

/// A key of one or more columns: a number where one integer is all it is, else bytes that are equal where the keys are.
struct Key {
  bool is_number = true;
  std::int64_t number = 0;
  std::string_view bytes{};  ///< somebody else's
};

/// A set of keys that are all numbers or all bytes.
class KeySet {
 public:
  /// True if the key was not there.
  bool add(const Key& key) { return key.is_number ? add_number(key.number) : texts_.emplace(key.bytes).second; }
  [[nodiscard]] bool has(const Key& key) const {
    return key.is_number ? slots_.size() > 0 && find(key.number).used : texts_.find(key.bytes) != texts_.end();
  }
  void clear() {
    slots_.assign(slots_.size(), Slot{});
    numbers_ = 0;
    texts_.clear();
  }
  [[nodiscard]] std::size_t size() const { return numbers_ + texts_.size(); }

 private:
  struct Slot {
    std::int64_t number = 0;
    bool used = false;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  [[nodiscard]] const Slot& find(std::int64_t number) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = (static_cast<std::uint64_t>(number) * 0x9E3779B97F4A7C15u >> 20) & mask;
    while (slots_[at].used && slots_[at].number != number) at = (at + 1) & mask;
    return slots_[at];
  }

  bool add_number(std::int64_t number) {
    if (slots_.size() < 2 * (numbers_ + 1)) grow();
    Slot& slot = const_cast<Slot&>(find(number));
    if (slot.used) return false;
    slot = {number, true};
    numbers_++;
    return true;
  }

  void grow() {
    std::vector<Slot> old(slots_.empty() ? 64 : 2 * slots_.size());
    old.swap(slots_);
    for (const Slot& slot : old)
      if (slot.used) const_cast<Slot&>(find(slot.number)) = slot;
  }

  std::vector<Slot> slots_;
  std::size_t numbers_ = 0;
  std::unordered_set<std::string, Hash, std::equal_to<>> texts_;
};

}  // namespace ferry

#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ferry::text {

/// A few texts, to be told from many others: most of those differ in their sizes already.
class FewTexts {
 public:
  FewTexts() = default;
  FewTexts(std::vector<std::string> texts) : texts_(std::move(texts)) {
    for (const std::string& text : texts_) sizes_ |= bit_of(text.size());
  }
  FewTexts(std::initializer_list<std::string> texts) : FewTexts(std::vector<std::string>(texts)) {}

  [[nodiscard]] bool contains(std::string_view text) const {
    return (sizes_ & bit_of(text.size())) != 0 && std::find(texts_.begin(), texts_.end(), text) != texts_.end();
  }
  [[nodiscard]] const std::vector<std::string>& all() const { return texts_; }

 private:
  /// The last one is for all sizes from there on.
  static std::uint64_t bit_of(std::size_t size) { return std::uint64_t{1} << std::min<std::size_t>(size, 63); }

  std::vector<std::string> texts_{};
  std::uint64_t sizes_ = 0;
};

}  // namespace ferry::text

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "base/copy_few.hpp"
#include "base/equal_few.hpp"

namespace {

using ferry::copy_few;
using ferry::equal_few;

constexpr std::size_t kSizes = 80;

/// Text in memory of exactly its size, so that a sanitizer sees what is read or written beyond.
class Exact {
 public:
  explicit Exact(const std::string& text) : bytes_(std::make_unique<char[]>(text.size())), size_(text.size()) {
    text.copy(bytes_.get(), size_);
  }
  char* data() { return bytes_.get(); }
  std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_;
};

std::string sample(std::size_t size) {
  std::string text;
  while (text.size() < size) text += static_cast<char>('a' + text.size() % 26);
  return text;
}

TEST(CopyFew, CopiesEverySize) {
  for (std::size_t size = 0; size < kSizes; size++) {
    const Exact from(sample(size));
    Exact to(std::string(size, '-'));
    copy_few(to.data(), from.view().data(), size);
    EXPECT_EQ(to.view(), sample(size));
  }
}

TEST(EqualFew, TellsATextFromEachThatDiffersInAByte) {
  for (std::size_t size = 0; size < kSizes; size++) {
    const Exact text(sample(size)), same(sample(size));
    EXPECT_TRUE(equal_few(text.view(), same.view()));
    for (std::size_t at = 0; at < size; at++) {
      std::string other = sample(size);
      other[at] = '-';
      EXPECT_FALSE(equal_few(text.view(), Exact(other).view())) << size << " bytes, the one at " << at;
    }
  }
}

TEST(EqualFew, TellsATextFromItsBeginning) {
  for (std::size_t size = 1; size < kSizes; size++) EXPECT_FALSE(equal_few(sample(size), sample(size - 1)));
}

}  // namespace

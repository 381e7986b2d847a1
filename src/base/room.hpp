#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <span>

namespace ferry {

/// Memory for bytes that are written before they are read. Where a std::vector would write zeros into new memory, and copy the
/// old into it, this takes no time whatever its size: the system gives memory as it is written to, and moves pages, not bytes.
class Room {
 public:
  [[nodiscard]] std::uint8_t* data() const { return bytes_.get(); }
  [[nodiscard]] std::size_t size() const { return size_bytes_; }
  [[nodiscard]] std::span<std::uint8_t> first(std::size_t size_bytes) const { return {data(), size_bytes}; }

  /// Makes it so large, with the same bytes in front. Views into it die. Errors: std::bad_alloc.
  void resize(std::size_t size_bytes) {
    std::uint8_t* const old = bytes_.release();
    void* const moved = std::realloc(old, size_bytes == 0 ? 1 : size_bytes);
    bytes_.reset(moved == nullptr ? old : static_cast<std::uint8_t*>(moved));
    if (moved == nullptr) throw std::bad_alloc();
    size_bytes_ = size_bytes;
  }

  /// Makes it so large; what is in there is lost.
  void renew(std::size_t size_bytes) {
    bytes_.reset();
    size_bytes_ = 0;
    resize(size_bytes);
  }

 private:
  struct Free {
    void operator()(std::uint8_t* bytes) const { std::free(bytes); }
  };
  std::unique_ptr<std::uint8_t[], Free> bytes_;
  std::size_t size_bytes_ = 0;
};

}  // namespace ferry

#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "pg/io/input.hpp"
#include "pg/store/store_place.hpp"
#include "remote/store.hpp"

namespace ferry::pg {

/// What a URL stands for, read from front to back. The connection belongs to the object and not to the transaction, as with
/// HeldFile.
class RemoteSource : public Input {
 public:
  /// Errors: those of StorePlace, for the right to read, and of remote::Store; 53000 too many files held.
  explicit RemoteSource(const std::string& url);
  ~RemoteSource() override;
  RemoteSource(const RemoteSource&) = delete;
  RemoteSource& operator=(const RemoteSource&) = delete;

  /// Errors: those of remote::Store. An interrupt stops it.
  [[nodiscard]] std::size_t read(std::span<std::uint8_t> out) override;
  /// Gives up what has not been read.
  void close() override { reader_.reset(); }
  [[nodiscard]] std::int64_t size_bytes() const override { return static_cast<std::int64_t>(facts_.bytes); }
  [[nodiscard]] std::string_view etag() const override { return facts_.etag; }

 private:
  StorePlace place_;
  std::unique_ptr<remote::ObjectReader> reader_;
  remote::ObjectFacts facts_;
};

}  // namespace ferry::pg

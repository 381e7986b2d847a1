#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/io.hpp"
#include "pg/store/store_place.hpp"
#include "remote/store.hpp"

namespace ferry::pg {

/// A new object of a store that appears under its URL, complete, with commit(), or not at all: what was there before stays until
/// then. One that is given up, by an error, a cancel or the end of the session, asks the store behind the rollback to forget what
/// it has; after a crash that is left to the store's life-cycle rule.
class RemoteSink : public ByteSink {
 public:
  /// Errors: those of StorePlace, for the right to write.
  explicit RemoteSink(const std::string& url);
  ~RemoteSink() override;
  RemoteSink(const RemoteSink&) = delete;
  RemoteSink& operator=(const RemoteSink&) = delete;

  /// Errors: those of remote::Store. An interrupt stops it.
  void write(ByteView bytes) override;
  void commit();

  [[nodiscard]] std::int64_t bytes_written() const { return bytes_written_; }
  /// Precondition: commit() was called.
  [[nodiscard]] const remote::ObjectFacts& facts() const { return writer_->facts(); }

  /// Gives up those of the session that are not finished.
  static void abandon_all();

 private:
  void delist();

  StorePlace place_;
  std::unique_ptr<remote::ObjectWriter> writer_;
  std::int64_t bytes_written_ = 0;
  RemoteSink* next_ = nullptr;  ///< of the session's unfinished objects
};

}  // namespace ferry::pg

#pragma once

#include <cstdint>
#include <memory>

#include "load/log/stored_rejects.hpp"
#include "load/logged_options.hpp"

namespace ferry::load {

/// The rejects of a load as records once more, of the same format as they had been. One that no correction of the table can
/// help keeps its problem, unless it was corrected itself: its end was not found, only its first bytes were kept, or its bytes
/// are still no text.
class RejectSource : public Source {
 public:
  /// rejects and target outlive the source. Errors: those of the columns, as StreamSource.
  RejectSource(StoredRejects& rejects, const LoggedOptions& options, TargetTable& target);

  [[nodiscard]] bool read(Record& record) override;
  void split(const Record& record, Fields& out) override { records_->split(record, out); }
  [[nodiscard]] RecordText text_of(const Record& record, std::size_t most_bytes) override {
    return records_->text_of(record, most_bytes);
  }
  [[nodiscard]] std::optional<std::size_t> failed_field() const override { return records_->failed_field(); }
  [[nodiscard]] bool texts_may_grow() const override { return records_->texts_may_grow(); }
  [[nodiscard]] std::size_t most_records() const override { return records_->most_records(); }
  [[nodiscard]] bool looks_at_tables() const override { return records_->looks_at_tables(); }
  [[nodiscard]] bool may_leave_fields_out() const override { return records_->may_leave_fields_out(); }
  [[nodiscard]] bool takes_whole_decimals() const override { return records_->takes_whole_decimals(); }
  [[nodiscard]] std::int64_t bytes_total() const override { return 0; }
  [[nodiscard]] std::int64_t bytes_read() const override { return bytes_; }

 private:
  /// The stream of a source that is used for the fields of records alone.
  class NoBytes : public ByteSource {
   public:
    [[nodiscard]] std::size_t read(std::span<std::uint8_t> /*out*/) override { return 0; }
  };

  void read_json(Record& record);
  void read_stream(Record& record);

  StoredRejects& rejects_;
  LoggedOptions options_;
  NoBytes no_bytes_;
  std::unique_ptr<Source> stream_;      ///< what expressions compute from; null without any
  std::unique_ptr<Source> records_;     ///< knows the fields of a record
  std::unique_ptr<Source> as_it_came_;  ///< knows its text in the encoding of the file; made for the first record of bytes
  StoredReject reject_;
  std::int64_t bytes_ = 0;
};

}  // namespace ferry::load

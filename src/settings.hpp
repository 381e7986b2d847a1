#pragma once

/// The settings of the module, defined and described in module.cpp.
namespace ferry::settings {

/// Which loads of batches the log keeps.
enum LogBatches : int { kLogRejects, kLogAll, kLogOff };

/// What becomes of an error in a COPY FROM that does not say it.
enum OnError : int { kOnErrorStop, kOnErrorReject };

extern int on_error;  ///< an OnError
extern int max_batch_rows;
extern int max_record_bytes;
inline constexpr int kMostRecordBytes = 256 << 20;  ///< what max_record_bytes may be
extern double max_log_bytes;
extern int log_batches;  ///< a LogBatches
extern int max_block_bytes;
inline constexpr const char* kBlockHint = "The setting \"pg_ferry.max_block_bytes\" limits the size of a block.";
extern char* backup_directory;
extern char* codec;

}  // namespace ferry::settings

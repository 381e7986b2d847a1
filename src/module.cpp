#include <climits>
#include <string_view>

#include "codec/codec.hpp"
#include "copy/hook.hpp"
#include "pg/guard.hpp"
#include "settings.hpp"

#include "pg/server.hpp"

extern "C" {
#include "utils/guc.h"
}

#pragma GCC visibility push(default)
extern "C" {
PG_MODULE_MAGIC;
void _PG_init();
}
#pragma GCC visibility pop

namespace ferry::settings {

int on_error = kOnErrorStop;
int max_batch_rows = 1000;
int max_record_bytes = 16 << 20;
double max_log_bytes = 1 << 30;
int log_batches = kLogRejects;
int max_block_bytes = 2047 << 20;
char* backup_directory = nullptr;
char* codec = nullptr;

namespace {
constexpr double kMostLogBytes = 1e15;
constexpr config_enum_entry kLogBatchesNames[] = {
    {"rejects", kLogRejects, false}, {"all", kLogAll, false}, {"off", kLogOff, false}, {nullptr, 0, false}};
constexpr config_enum_entry kOnErrorNames[] = {
    {"stop", kOnErrorStop, false}, {"reject", kOnErrorReject, false}, {nullptr, 0, false}};
}  // namespace

}  // namespace ferry::settings

namespace {

/// Called by the server; raises nothing.
bool check_codec(char** value, void** /*extra*/, GucSource /*source*/) {
  const std::string_view name = *value;
  if (name.empty() || ferry::codec::find_option_codec(name)) return true;
  GUC_check_errdetail("%s", ferry::codec::kCodecList);
  if (const char* const suggestion = ferry::codec::codec_suggestion(name); suggestion != nullptr)
    GUC_check_errhint("%s", suggestion);
  return false;
}

}  // namespace

extern "C" void _PG_init() {
  using namespace ferry::settings;
  DefineCustomIntVariable("pg_ferry.max_batch_rows", "Sets how many rows one request of insert_rows or insert_batch may have.",
                          nullptr, &max_batch_rows, 1000, 1, 1'000'000, PGC_SUSET, 0, nullptr, nullptr, nullptr);
  DefineCustomIntVariable("pg_ferry.max_record_bytes", "Sets how long one record may be, and how much the log keeps of one.",
                          "A longer one is rejected. Records of Avro files have no such limit.", &max_record_bytes, 16 << 20,
                          1024, kMostRecordBytes, PGC_SUSET, GUC_UNIT_BYTE, nullptr, nullptr, nullptr);
  DefineCustomRealVariable("pg_ferry.max_log_bytes", "Sets how much the log keeps of the rejects of one load.",
                           "Those beyond are counted.", &max_log_bytes, max_log_bytes, 0, kMostLogBytes, PGC_SUSET, GUC_UNIT_BYTE,
                           nullptr, nullptr, nullptr);
  DefineCustomEnumVariable("pg_ferry.log_batches", "Sets which loads of insert_rows and insert_batch are logged.",
                           "Those with rejects, all, or none.", &log_batches, kLogRejects, kLogBatchesNames, PGC_USERSET, 0,
                           nullptr, nullptr, nullptr);
  DefineCustomIntVariable("pg_ferry.max_block_bytes", "Sets how large one block of an Avro file may be, compressed or not.",
                          "A file with a larger one is refused. Backups have no such limit.", &max_block_bytes, 2047 << 20, 1024,
                          INT_MAX, PGC_SUSET, GUC_UNIT_BYTE, nullptr, nullptr, nullptr);
  DefineCustomStringVariable("pg_ferry.backup_directory", "Sets the directory of backups.",
                             "A path, or s3://bucket/prefix. A relative path is relative to the data directory.",
                             &backup_directory, "pg_ferry_backups", PGC_SUSET, 0, nullptr, nullptr, nullptr);
  DefineCustomStringVariable("pg_ferry.codec", "Sets the codec of Avro files that COPY TO writes.",
                             "Empty: deflate, and zstandard for the lossless profile.", &codec, "", PGC_USERSET, 0, check_codec,
                             nullptr, nullptr);
  DefineCustomEnumVariable("pg_ferry.on_error", "Sets what COPY FROM in text and CSV does without the option ON_ERROR.",
                           "Stop at the first row that cannot be loaded, or keep such rows as rejects.", &on_error, kOnErrorStop,
                           kOnErrorNames, PGC_USERSET, 0, nullptr, nullptr, nullptr);
  MarkGUCPrefixReserved("pg_ferry");
  ferry::copy::install_hook();
}

#pragma once

/// The settings of the module, defined and described in module.cpp.
namespace ferry::settings {

extern int max_batch_rows;
extern int max_record_bytes;
extern int max_block_bytes;
extern char* backup_directory;
extern char* codec;

}  // namespace ferry::settings

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "pg/io/input.hpp"
#include "text/sniff.hpp"

namespace ferry::load {

/// What a file is like, with names and titles in the database's encoding.
struct FileSniff {
  text::SniffedFile file{};
  std::string compression{};  ///< "none", or the format of the compressed file
  std::string etag{};         ///< of an object: what the store calls this state of it
  std::string encoding{};     ///< of the server, or the wide one that a byte order mark says; see set_encoding()
};

/// Looks at the first bytes of a file of the server, decompressed. Errors: pg::check_may_read(); those of pg::open_source() and
/// of text::sniff(), with the file in the context.
[[nodiscard]] FileSniff sniff_file(const std::string& path, std::uint64_t sample_bytes, std::optional<bool> has_header = {});

/// For who reads a file twice: by the time of the second it is to be the same. purpose: as in "cannot sniff". Errors: 0A000.
void check_is_regular(const std::string& path, const char* purpose);

/// For who opens a file that was sniffed. Errors: 55000 it is an object that has changed.
void check_is_sniffed(const FileSniff& sniffed, const pg::Input& file, const std::string& path);

/// The server's name.
[[nodiscard]] std::string_view name_of(text::ColumnType type);

/// A name for the table of a file, by the file's: without folders, endings, and a number or a date behind.
[[nodiscard]] std::string table_name_of(const std::string& path);

/// The statements that make a table for a file. table: as SQL has it, quoted and qualified. key: a part of the definition, such
/// as a primary key, or empty.
[[nodiscard]] std::string create_table_sql(const text::SniffedFile& file, const std::string& table, const std::string& key);

/// The statement that loads a file into such a table; a comment that says what is in the way, where load_csv cannot.
[[nodiscard]] std::string load_command_sql(const FileSniff& sniffed, const std::string& table, const std::string& path);

/// The value of the setting datestyle by which the file's dates are read; empty where each will do.
[[nodiscard]] std::string date_style_of(const text::SniffedFile& file);

}  // namespace ferry::load

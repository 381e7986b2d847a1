#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

/// Texts of the database between its own encoding and UTF-8, which is what Avro and JSON are written in.
namespace ferry::pg {

/// Errors: 22021, 22P05 text that has no form in UTF-8.
[[nodiscard]] std::string to_utf8(std::string_view text);

/// The same for people to read: what has no form in UTF-8 makes every character that is not ASCII a question mark.
[[nodiscard]] std::string shown_in_utf8(std::string_view text);

/// Errors: 22021, 22P05 text that is not UTF-8 or has no form in the database's encoding.
[[nodiscard]] std::string from_utf8(std::string_view text);

/// The same, or nothing where there is no such form.
[[nodiscard]] std::optional<std::string> try_from_utf8(std::string_view text);

/// The same for people to read, as shown_in_utf8().
[[nodiscard]] std::string shown_from_utf8(std::string_view text);

/// bytes without the part of a character at their end.
[[nodiscard]] std::string_view whole_characters(std::string_view bytes, int encoding);

/// Cuts a text of the database that is longer than that, and lets it end with three dots then.
void shorten(std::string& text, std::size_t most_bytes);

/// The bytes of text from at on that stand for one character of an encoding of the server's: "0xe2 0x82".
[[nodiscard]] std::string hex_of_character(std::string_view text, std::size_t at, int encoding);

/// What the server says of a text whose character at that position is none of the encoding.
[[nodiscard]] std::string invalid_sequence_text(std::string_view text, std::size_t at, int encoding);

}  // namespace ferry::pg

#include "text/copy_text.hpp"

#include <gtest/gtest.h>

#include "../support/memory_io.hpp"

namespace {

using namespace ferry;
using namespace ferry::text;

struct Seen {
  std::string raw;
  std::int64_t line;
  RecordProblem problem;
  bool operator==(const Seen&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Seen& seen) {
  return out << '[' << seen.raw.substr(0, 40) << "] line " << seen.line << " problem " << static_cast<int>(seen.problem);
}

constexpr auto kNone = RecordProblem::none;

std::vector<Seen> read_all(const std::string& text, std::size_t limit = 1000, CharacterLength length = nullptr,
                           const Dialect& dialect = {}) {
  std::vector<Seen> whole;
  for (const std::size_t piece : {std::size_t{1} << 20, std::size_t{1}, std::size_t{3}}) {
    test::MemorySource source(as_bytes(text), piece);
    CopyTextReader reader(source, dialect, limit, length);
    std::vector<Seen> seen;
    Record record;
    while (reader.next(record)) seen.push_back({std::string(record.raw), record.line_number, record.problem});
    EXPECT_EQ(reader.bytes_consumed(), text.size());
    if (whole.empty()) whole = seen;
    EXPECT_EQ(seen, whole) << "read in pieces of " << piece;
  }
  return whole;
}

TEST(CopyTextReader, EndsRecordsAtEveryKindOfLineEnd) {
  const std::vector<Seen> expected{{"a\tb", 1, kNone}, {"c\td", 2, kNone}};
  EXPECT_EQ(read_all("a\tb\nc\td\n"), expected);
  EXPECT_EQ(read_all("a\tb\r\nc\td\r\n"), expected);
  EXPECT_EQ(read_all("a\tb\rc\td\r"), expected);
  EXPECT_EQ(read_all("a\tb\nc\td"), expected);
  EXPECT_TRUE(read_all("").empty());
}

TEST(CopyTextReader, TakesALineEndBehindABackslash) {
  EXPECT_EQ(read_all("a\\\nb\nc\n"), (std::vector<Seen>{{"a\\\nb", 1, kNone}, {"c", 3, kNone}}));
  EXPECT_EQ(read_all("a\rb\\\rc\rd\r"), (std::vector<Seen>{{"a", 1, kNone}, {"b\\\rc", 2, kNone}, {"d", 4, kNone}}));
  EXPECT_EQ(read_all("a\\\\\nb\n"), (std::vector<Seen>{{"a\\\\", 1, kNone}, {"b", 2, kNone}}));
}

TEST(CopyTextReader, KeepsACarriageReturnBehindABackslash) {
  EXPECT_EQ(read_all("a\\\r\nb\n"), (std::vector<Seen>{{"a\\\r", 1, kNone}, {"b", 2, kNone}}));
}

TEST(CopyTextReader, KnowsTheLastCharacterOfAStreamAsAnyOther) {
  const auto two_bytes = [](const char* text) { return (*text & 0x80) != 0 ? 2 : 1; };
  EXPECT_EQ(read_all("1\t\x81\\\n2\t\x81\\\n", 1000, two_bytes),
            (std::vector<Seen>{{"1\t\x81\\", 1, kNone}, {"2\t\x81\\", 2, kNone}}));
  EXPECT_EQ(read_all("1\t\x81\\", 1000, two_bytes), (std::vector<Seen>{{"1\t\x81\\", 1, kNone}}));
  // half a character takes no line end along
  EXPECT_EQ(read_all("1\t\x81\n2\t\x81\n", 1000, two_bytes), (std::vector<Seen>{{"1\t\x81", 1, kNone}, {"2\t\x81", 2, kNone}}));
}

TEST(CopyTextReader, RefusesABackslashBeforeCrlfWhereverCrlfEndsTheNextLine) {
  const auto bad = RecordProblem::escaped_line_end;
  const std::string longer(1500, '0');
  EXPECT_EQ(read_all("1\tx\\\r\n2\t" + longer + "\r\n3\tz\r\n")[0], (Seen{"1\tx\\", 1, bad}));
  EXPECT_EQ(read_all("1\tx\n2\ty\\\r\n3\tz\r\n")[1], (Seen{"2\ty\\", 2, bad}));
  EXPECT_EQ(read_all("1\tx\n2\ty\\\r\n3\tz\n")[1], (Seen{"2\ty\\\r", 2, kNone}));
}

TEST(CopyTextReader, RefusesABackslashBeforeCrlfInAStreamOfThem) {
  const auto bad = RecordProblem::escaped_line_end;
  EXPECT_EQ(read_all("x\r\ny\\\r\nz"), (std::vector<Seen>{{"x", 1, kNone}, {"y\\", 2, bad}, {"z", 3, kNone}}));
  EXPECT_EQ(read_all("x\r\ny\\\r\n"), (std::vector<Seen>{{"x", 1, kNone}, {"y\\", 2, bad}}));
  EXPECT_EQ(read_all("x\r\ny\\\\\r\nz"), (std::vector<Seen>{{"x", 1, kNone}, {"y\\\\", 2, kNone}, {"z", 3, kNone}}));
  EXPECT_EQ(read_all("x\r\ny\\\nz\r\n"), (std::vector<Seen>{{"x", 1, kNone}, {"y\\\nz", 2, kNone}}));
  EXPECT_EQ(read_all("x\r\ny\\\rz\r\n"), (std::vector<Seen>{{"x", 1, kNone}, {"y\\\rz", 2, kNone}}));
  EXPECT_EQ(read_all("x\r\ny\\\r"), (std::vector<Seen>{{"x", 1, kNone}, {"y\\\r", 2, kNone}}));
  // the first line end that no backslash stands before tells what the lines of the stream end with
  EXPECT_EQ(read_all("x\\\r\ny\\\r\nz\r\n"), (std::vector<Seen>{{"x\\", 1, bad}, {"y\\", 2, bad}, {"z", 3, kNone}}));
  EXPECT_EQ(read_all("x\\\r\ny\nz\\\r\n"), (std::vector<Seen>{{"x\\\r", 1, kNone}, {"y", 2, kNone}, {"z\\\r", 3, kNone}}));
  EXPECT_EQ(read_all("x\ry\\\r\nz\r"), (std::vector<Seen>{{"x", 1, kNone}, {"y\\\r\nz", 2, RecordProblem::stray_newline}}));
}

TEST(CopyTextReader, CountsLinesBehindBackslashes) {
  EXPECT_EQ(read_all("a\\\rb\rc\r"), (std::vector<Seen>{{"a\\\rb", 1, kNone}, {"c", 3, kNone}}));
  EXPECT_EQ(read_all("a\\\nb\r\nc\r\n"), (std::vector<Seen>{{"a\\\nb", 1, kNone}, {"c", 3, kNone}}));
}

TEST(CopyTextReader, EndsAtABackslashThatIsLast) {
  EXPECT_EQ(read_all("a\nb\\"), (std::vector<Seen>{{"a", 1, kNone}, {"b\\", 2, kNone}}));
}

TEST(CopyTextReader, ReportsStrayLineEnds) {
  EXPECT_EQ(read_all("a\nb\rc\nd\n"),
            (std::vector<Seen>{{"a", 1, kNone}, {"b\rc", 2, RecordProblem::stray_carriage_return}, {"d", 3, kNone}}));
  EXPECT_EQ(read_all("a\rb\nc\rd\r"),
            (std::vector<Seen>{{"a", 1, kNone}, {"b\nc", 2, RecordProblem::stray_newline}, {"d", 3, kNone}}));
}

TEST(CopyTextReader, TellsTheEndMarkerFromOneInARecord) {
  const std::string text = "a\n\\.\nb\\.c\n\\\\.\n\\.";
  test::MemorySource source(as_bytes(text));
  CopyTextReader reader(source, {}, 1000);
  std::vector<bool> is_marker, has_stray;
  Record record;
  while (reader.next(record)) {
    is_marker.push_back(record.is_end_marker());
    has_stray.push_back(record.problem == RecordProblem::stray_end_marker);
  }
  EXPECT_EQ(is_marker, (std::vector<bool>{false, true, false, false, true}));
  EXPECT_EQ(has_stray, (std::vector<bool>{false, true, true, false, true}));
}

TEST(CopyTextReader, PassesOverTheRestOfALongRecord) {
  const std::string start(10, 'x');
  EXPECT_EQ(read_all(start + "yyy\\\nz\nb\n", 10), (std::vector<Seen>{{start, 1, RecordProblem::too_long}, {"b", 3, kNone}}));
  EXPECT_EQ(read_all(start + "\nb\n", 10), (std::vector<Seen>{{start, 1, kNone}, {"b", 2, kNone}}));
  EXPECT_EQ(read_all(start + "y", 10), (std::vector<Seen>{{start, 1, RecordProblem::too_long}}));
}

TEST(CopyTextReader, KeepsMemoryBounded) {
  const std::string text = std::string(3'000'000, 'x') + "\\\n" + std::string(3'000'000, 'y') + "\nb\n";
  test::MemorySource source(as_bytes(text));
  CopyTextReader reader(source, {}, 1000);
  Record record;
  ASSERT_TRUE(reader.next(record));
  EXPECT_EQ(record.raw, std::string(1000, 'x'));
  EXPECT_LT(source.largest_request_bytes(), 1'000'000u);
  ASSERT_TRUE(reader.next(record));
  EXPECT_EQ(record.raw, "b");
  EXPECT_EQ(record.line_number, 3);
  EXPECT_EQ(record.offset_bytes, text.size() - 2);
}

TEST(CopyTextReader, PassesOverAByteOrderMark) {
  EXPECT_EQ(read_all("\xEF\xBB\xBF"
                     "a\n"),
            (std::vector<Seen>{{"a", 1, kNone}}));
}

TEST(CopyTextReader, SeesNoBackslashInsideOfACharacter) {
  // as in Big5, where the second byte of a character may be a backslash
  const CharacterLength two = [](const char* c) { return (*c & 0x80) != 0 ? 2 : 1; };
  EXPECT_EQ(read_all("\xA5\\\nb\n", 1000, two), (std::vector<Seen>{{"\xA5\\", 1, kNone}, {"b", 2, kNone}}));
  EXPECT_EQ(read_all("\\\xA5\\\nb\n", 1000, two), (std::vector<Seen>{{"\\\xA5\\", 1, kNone}, {"b", 2, kNone}}));
  EXPECT_EQ(read_all("\xA5\\\nb\n"), (std::vector<Seen>{{"\xA5\\\nb", 1, kNone}}));
}

const Dialect kText{.delimiter = '\t', .null_string = "\\N"};

std::vector<std::string> split(std::string_view record, const Dialect& dialect = kText) {
  std::string storage;
  std::vector<Field> fields;
  split_copy_text(record, dialect, storage, fields);
  std::vector<std::string> texts;
  for (const Field& field : fields) {
    EXPECT_EQ(field.text[field.size], '\0');
    std::string text(field.text, field.size);
    if (field.has_made_bytes) text += " (bytes)";
    if (field.is_null) text = "NULL";
    if (field.is_default) text = "DEFAULT";
    texts.push_back(std::move(text));
  }
  return texts;
}

TEST(CopyTextSplit, GivesOneFieldMoreThanThereMayBe) {
  EXPECT_EQ(split("a,b,c,d,e,f", {.max_fields = 3}), (std::vector<std::string>{"a", "b", "c", "d"}));
  EXPECT_EQ(split("a,b,c", {.max_fields = 3}), (std::vector<std::string>{"a", "b", "c"}));
}

using Texts = std::vector<std::string>;

TEST(CopyTextSplit, FindsFieldsBetweenDelimiters) {
  EXPECT_EQ(split("a\tb\t"), (Texts{"a", "b", ""}));
  EXPECT_EQ(split(""), Texts{""});
  EXPECT_EQ(split("a,b", {.delimiter = ',', .null_string = "\\N"}), (Texts{"a", "b"}));
}

TEST(CopyTextSplit, ResolvesEscapes) {
  EXPECT_EQ(split("\\b\\f\\n\\r\\t\\v"), Texts{"\b\f\n\r\t\v"});
  EXPECT_EQ(split("a\\\tb\tc"), (Texts{"a\tb", "c"}));
  EXPECT_EQ(split("\\\\N\t\\q\t\\\n"), (Texts{"\\N", "q", "\n"}));
  EXPECT_EQ(split("\\101\\1011\\7z\\18"), Texts{"AA1\7z\1"
                                                "8"});
  EXPECT_EQ(split("\\x41\\x4g\\xg\\x"), Texts{"A\4gxgx"});
  EXPECT_EQ(split("\\x4a1\\xFf"), Texts{"J1\xFF (bytes)"});
}

TEST(CopyTextSplit, SaysWhereEscapesMadeBytes) {
  EXPECT_EQ(split("\\303\\251"), Texts{"\xC3\xA9 (bytes)"});
  EXPECT_EQ(split("\\0"), Texts{std::string("\0 (bytes)", 9)});
  EXPECT_EQ(split("\xC3\xA9"), Texts{"\xC3\xA9"});
  EXPECT_EQ(split("\\777"), Texts{"\xFF (bytes)"});
}

TEST(CopyTextSplit, ComparesTheNullStringBeforeEscapes) {
  EXPECT_EQ(split("\\N\tN\t\\N "), (Texts{"NULL", "N", "N "}));
  EXPECT_EQ(split("NA\t\\NA", {.delimiter = '\t', .null_string = "NA"}), (Texts{"NULL", "NA"}));
  EXPECT_EQ(split("\t\\", {.delimiter = '\t', .null_string = ""}), (Texts{"NULL", "NULL"}));
}

TEST(CopyTextSplit, FindsTheDefaultString) {
  EXPECT_EQ(split("\\D\t\\\\D", {.delimiter = '\t', .null_string = "\\N", .default_string = "\\D"}), (Texts{"DEFAULT", "\\D"}));
}

TEST(CopyTextSplit, DropsABackslashThatIsLast) { EXPECT_EQ(split("a\\"), Texts{"a"}); }

TEST(CopyTextReader, PassesOverLinesThatAreNoRecords) {
  const Dialect dialect{.is_ragged = true, .comment = "#", .skip_lines = 1};
  EXPECT_EQ(read_all("a \\\n# \\\n\nb\\\n#c\nd\n", 1000, nullptr, dialect),
            (std::vector<Seen>{{"b\\\n#c", 4, kNone}, {"d", 6, kNone}}));
}

TEST(CopyTextSplit, TrimsBlanksThatNoBackslashMakesData) {
  const Dialect dialect{.delimiter = ',', .null_string = "\\N", .null_strings = {"NA"}, .trims_blanks = true};
  EXPECT_EQ(split(" a , \\ b\\  ,\t\\\\ , \\N ,NA ,  ", dialect),
            (std::vector<std::string>{"a", " b ", "\\", "NULL", "NULL", ""}));
  EXPECT_EQ(split("a\t b \t ", {.delimiter = '\t', .trims_blanks = true}), (std::vector<std::string>{"a", "b", "NULL"}));
}

}  // namespace

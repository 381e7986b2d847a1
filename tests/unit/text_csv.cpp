#include "text/csv.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include <gtest/gtest.h>

#include "../support/memory_io.hpp"

namespace {

using namespace ferry;
using namespace ferry::text;

/// Gives out text in pieces of a chosen size, as a pipe would.
class TextSource : public ByteSource {
 public:
  TextSource(std::string text, std::size_t piece) : text_(std::move(text)), piece_(piece) {}
  std::size_t read(std::span<std::uint8_t> out) override {
    const std::size_t count = std::min({piece_, out.size(), text_.size() - at_});
    std::memcpy(out.data(), text_.data() + at_, count);
    at_ += count;
    return count;
  }

 private:
  std::string text_;
  std::size_t piece_, at_ = 0;
};

struct Seen {
  std::string raw;
  std::int64_t line;
  RecordProblem problem;
  std::int64_t lines = 0;  ///< of a record with a problem of several lines
  bool is_cut = false;
  bool operator==(const Seen&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Seen& seen) {
  return out << '[' << seen.raw.substr(0, 40) << "] line " << seen.line << " problem " << static_cast<int>(seen.problem);
}

std::vector<Seen> read_all(const std::string& text, const Dialect& dialect = {}, std::size_t limit = 1000,
                           CharacterLength length = nullptr) {
  const bool passes_over_lines = dialect.skip_lines > 0 || !dialect.comment.empty() || dialect.is_ragged;
  std::vector<Seen> whole;
  for (const std::size_t piece : {std::size_t{1} << 20, std::size_t{1}, std::size_t{3}}) {
    TextSource source(text, piece);
    CsvReader reader(source, dialect, limit, length);
    std::vector<Seen> seen;
    Record record;
    std::uint64_t next_offset = text.starts_with("\xEF\xBB\xBF") ? 3 : 0;
    while (reader.next(record)) {
      EXPECT_GE(record.offset_bytes, next_offset);
      if (!passes_over_lines) {
        EXPECT_EQ(record.offset_bytes, next_offset);
      }
      next_offset = reader.next_offset();
      EXPECT_EQ(record.row_number, static_cast<std::int64_t>(seen.size() + 1));
      const bool has_lines = record.problem == RecordProblem::unterminated_quote || record.problem == RecordProblem::too_long;
      seen.push_back({std::string(record.raw), record.line_number, record.problem, has_lines ? record.lines : 0, record.is_cut});
    }
    EXPECT_EQ(reader.bytes_consumed(), text.size());
    EXPECT_EQ(reader.next_offset(), text.size());
    if (whole.empty()) whole = seen;
    EXPECT_EQ(seen, whole) << "read in pieces of " << piece;
  }
  return whole;
}

constexpr auto kNone = RecordProblem::none;
const Dialect kResume{.open_quote = OpenQuote::resume};
const Dialect kResumeWithEscape{.escape = '\\', .open_quote = OpenQuote::resume};

TEST(CsvReader, EndsRecordsAtEveryKindOfLineEnd) {
  const std::vector<Seen> expected{{"a,b", 1, kNone}, {"c,d", 2, kNone}};
  EXPECT_EQ(read_all("a,b\nc,d\n"), expected);
  EXPECT_EQ(read_all("a,b\r\nc,d\r\n"), expected);
  EXPECT_EQ(read_all("a,b\rc,d\r"), expected);
  EXPECT_EQ(read_all("a,b\nc,d\r\n"), expected);
}

TEST(CsvReader, NeedsNoLastLineEnd) {
  EXPECT_EQ(read_all("a\nb"), (std::vector<Seen>{{"a", 1, kNone}, {"b", 2, kNone}}));
  EXPECT_EQ(read_all("a\r\nb"), (std::vector<Seen>{{"a", 1, kNone}, {"b", 2, kNone}}));
}

TEST(CsvReader, ReadsNothingFromNothing) { EXPECT_TRUE(read_all("").empty()); }

TEST(CsvReader, GivesEmptyLinesAsEmptyRecords) {
  EXPECT_EQ(read_all("\n\na\n"), (std::vector<Seen>{{"", 1, kNone}, {"", 2, kNone}, {"a", 3, kNone}}));
}

TEST(CsvReader, PassesOverByteOrderMarksBetweenRecordsWhereItIsTold) {
  const std::string mark = "\xEF\xBB\xBF";
  // files put together: with a mark, empty but for the mark, without its last line end
  const std::string text = mark + "a\n" + mark + mark + "b" + mark + "\n\"" + mark + "\n" + mark + "c\"\n" + mark;
  for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{1000}}) {
    TextSource source(text, piece);
    CsvReader reader(source, {}, 1000);
    reader.pass_over_byte_order_marks();
    std::vector<Seen> seen;
    std::vector<std::uint64_t> offsets;
    Record record;
    while (reader.next(record)) {
      seen.push_back({std::string(record.raw), record.line_number, record.problem});
      offsets.push_back(record.offset_bytes);
    }
    EXPECT_EQ(seen, (std::vector<Seen>{{"a", 1, kNone}, {"b" + mark, 2, kNone}, {"\"" + mark + "\n" + mark + "c\"", 3, kNone}}));
    EXPECT_EQ(offsets, (std::vector<std::uint64_t>{3, 11, 16}));
    EXPECT_EQ(reader.bytes_consumed(), text.size());
  }
}

TEST(CsvReader, PassesOverALeadingByteOrderMark) {
  EXPECT_EQ(read_all("\xEF\xBB\xBF"
                     "a\n\xEF\xBB\xBF"
                     "b\n"),
            (std::vector<Seen>{{"a", 1, kNone},
                               {"\xEF\xBB\xBF"
                                "b",
                                2, kNone}}));
}

TEST(CsvReader, CountsPhysicalLinesInsideOfQuotes) {
  EXPECT_EQ(read_all("\"x\ry\r\",1\rb\r"), (std::vector<Seen>{{"\"x\ry\r\",1", 1, kNone}, {"b", 4, kNone}}));
  EXPECT_EQ(read_all("\"x\ny\n\",1\nb\n"), (std::vector<Seen>{{"\"x\ny\n\",1", 1, kNone}, {"b", 4, kNone}}));
  EXPECT_EQ(read_all("\"x\r\ny\",1\r\nb\r\n"), (std::vector<Seen>{{"\"x\r\ny\",1", 1, kNone}, {"b", 3, kNone}}));
}

TEST(CsvReader, KeepsDoubledQuotesInsideOfOneRecord) {
  EXPECT_EQ(read_all("\"a\"\"\n\"\"b\",c\nd\n"), (std::vector<Seen>{{"\"a\"\"\n\"\"b\",c", 1, kNone}, {"d", 3, kNone}}));
}

TEST(CsvReader, HonoursAnEscapeOfItsOwn) {
  const Dialect dialect{.escape = '\\'};
  EXPECT_EQ(read_all("\"a\\\"\n\",b\nc\n", dialect), (std::vector<Seen>{{"\"a\\\"\n\",b", 1, kNone}, {"c", 3, kNone}}));
  EXPECT_EQ(read_all("\"a\\\\\"\nc\n", dialect), (std::vector<Seen>{{"\"a\\\\\"", 1, kNone}, {"c", 2, kNone}}));
}

TEST(CsvReader, ResumesBehindTheLineOfAnOpenQuote) {
  EXPECT_EQ(read_all("a\n\"b\nc\nd\n", kResume),
            (std::vector<Seen>{{"a", 1, kNone}, {"\"b", 2, RecordProblem::stray_quote}, {"c", 3, kNone}, {"d", 4, kNone}}));
  EXPECT_EQ(read_all("a\r\n\"b\r\nc\r\n", kResume),
            (std::vector<Seen>{{"a", 1, kNone}, {"\"b", 2, RecordProblem::stray_quote}, {"c", 3, kNone}}));
  EXPECT_EQ(read_all("\"b", kResume), (std::vector<Seen>{{"\"b", 1, RecordProblem::stray_quote}}));
}

TEST(CsvReader, ResumesBehindEachOfManyOpenQuotes) {
  for (const int limit : {40, 1000}) {
    std::string text;
    std::vector<Seen> expected;
    for (int i = 1; i <= 50; i++) {
      text += "\"C:\\dir\\\"\n";  // "C:\dir\" opens a quote that the escape keeps open
      expected.push_back({"\"C:\\dir\\\"", i, RecordProblem::stray_quote});
    }
    text += "last\n";
    expected.push_back({"last", 51, kNone});
    EXPECT_EQ(read_all(text, kResumeWithEscape, static_cast<std::size_t>(limit)), expected);
  }
}

TEST(CsvReader, ResumesInLinearTime) {
  std::string text;
  for (int i = 0; i < 200'000; i++) text += "\"x\\\"\n";
  TextSource source(text, std::size_t{1} << 20);
  CsvReader reader(source, kResumeWithEscape, std::size_t{16} << 20);
  Record record;
  std::int64_t records = 0;
  while (reader.next(record)) records++;  // hours where each one is scanned to the end
  EXPECT_EQ(records, 200'000);
}

TEST(CsvReader, GoesOnWhereAnEarlierScanGaveUp) {
  // the first record goes beyond the limit; the second one, which starts later, ends at it
  EXPECT_EQ(read_all("\"aaaa\n\"\\\"\ncccccccc\",1\nd\n", kResumeWithEscape, 16),
            (std::vector<Seen>{{"\"aaaa", 1, RecordProblem::stray_quote}, {"\"\\\"\ncccccccc\",1", 2, kNone}, {"d", 4, kNone}}));
}

TEST(CsvReader, ResumesInAFileThatBeginsWithAnOpenQuote) {
  const auto stray = RecordProblem::stray_quote;
  EXPECT_EQ(read_all("\"a\nb\n", kResume), (std::vector<Seen>{{"\"a", 1, stray}, {"b", 2, kNone}}));
  EXPECT_EQ(read_all("\"a\r\nb\r\n", kResume), (std::vector<Seen>{{"\"a", 1, stray}, {"b", 2, kNone}}));
  EXPECT_EQ(read_all("\"a\rb\rc", kResume), (std::vector<Seen>{{"\"a", 1, stray}, {"b", 2, kNone}, {"c", 3, kNone}}));
}

TEST(CsvReader, TakesAnOpenQuoteToTheEndOfTheStream) {
  const auto open = RecordProblem::unterminated_quote;
  EXPECT_EQ(read_all("a\n\"b\nc\nd"), (std::vector<Seen>{{"a", 1, kNone}, {"\"b\nc\nd", 2, open, 3}}));
  EXPECT_EQ(read_all("a\n\"b\nc\nd\n"), (std::vector<Seen>{{"a", 1, kNone}, {"\"b\nc\nd", 2, open, 3}}));
  EXPECT_EQ(read_all("a\r\n\"b\r\nc\r\n"), (std::vector<Seen>{{"a", 1, kNone}, {"\"b\r\nc", 2, open, 2}}));
  EXPECT_EQ(read_all("a\r\"b\rc\nd\r"), (std::vector<Seen>{{"a", 1, kNone}, {"\"b\rc\nd", 2, open, 2}}));
  EXPECT_EQ(read_all("a,\"b"), (std::vector<Seen>{{"a,\"b", 1, open, 1}}));
  EXPECT_EQ(read_all("\""), (std::vector<Seen>{{"\"", 1, open, 1}}));
  EXPECT_EQ(read_all("\"a\n\n"), (std::vector<Seen>{{"\"a\n", 1, open, 2}}));
  EXPECT_EQ(read_all("\"a\rb\r"), (std::vector<Seen>{{"\"a\rb", 1, open, 2}}));
  EXPECT_EQ(read_all("x\"a\\\"\nb", {.escape = '\\'}), (std::vector<Seen>{{"x\"a\\\"\nb", 1, open, 2}}));
  EXPECT_EQ(read_all("'a\nb", {.quote = '\'', .escape = '\''}), (std::vector<Seen>{{"'a\nb", 1, open, 2}}));
}

TEST(CsvReader, KeepsTheFirstBytesOfAnOpenQuote) {
  EXPECT_EQ(read_all("a\n12345,67890\"b\nc\nd", {}, 10),
            (std::vector<Seen>{{"a", 1, kNone}, {"12345,6789", 2, RecordProblem::unterminated_quote, 3, true}}));
  EXPECT_EQ(read_all("a\n12345\"7890\n", {}, 10),
            (std::vector<Seen>{{"a", 1, kNone}, {"12345\"7890", 2, RecordProblem::unterminated_quote, 1, true}}));
}

TEST(CsvReader, ReadsALongRecordToItsClosingQuote) {
  const auto too_long = RecordProblem::too_long;
  EXPECT_EQ(read_all("a\n\"b\nbbbbbbbbbbbb\nc\",1\nd\n", {}, 10),
            (std::vector<Seen>{{"a", 1, kNone}, {"\"b\nbbbbbbb", 2, too_long, 3, true}, {"d", 5, kNone}}));
  EXPECT_EQ(read_all("\"b\r\nbbbbbbbbbbbb\"\"\r\nc\",1\r\nd", {}, 10),
            (std::vector<Seen>{{"\"b\r\nbbbbbb", 1, too_long, 3, true}, {"d", 4, kNone}}));
  EXPECT_EQ(read_all("\"b\rbbbbbbbbbbbb\rc\",1\rd", {}, 10),
            (std::vector<Seen>{{"\"b\rbbbbbbb", 1, too_long, 3, true}, {"d", 4, kNone}}));
  // a quote, an escape and what it is for behind the limit, and right at it
  const Dialect escape{.escape = '\\'};
  for (const int limit : {3, 4, 5, 6, 7, 8}) {
    const std::string text = "\"234\\\"\n89\",1";
    EXPECT_EQ(read_all(text + "\nd\n", escape, static_cast<std::size_t>(limit)),
              (std::vector<Seen>{{text.substr(0, static_cast<std::size_t>(limit)), 1, too_long, 2, true}, {"d", 3, kNone}}));
  }
}

TEST(CsvReader, KeepsMemoryBounded) {
  const std::string field = std::string(3'000'000, 'x') + "\n" + std::string(3'000'000, 'y');
  const std::string text = "1,\"" + field + "\"\nb\n2,\"" + field;
  test::MemorySource source(as_bytes(text), SIZE_MAX);
  CsvReader reader(source, {}, 1000);
  Record record;
  ASSERT_TRUE(reader.next(record));
  EXPECT_EQ(record.raw, text.substr(0, 1000));
  EXPECT_TRUE(record.is_cut);
  ASSERT_TRUE(reader.next(record));
  EXPECT_EQ(record.raw, "b");
  EXPECT_EQ(record.line_number, 3);
  ASSERT_TRUE(reader.next(record));
  EXPECT_EQ(record.problem, RecordProblem::unterminated_quote);
  EXPECT_EQ(record.raw.size(), 1000U);
  EXPECT_EQ(record.lines, 2);
  EXPECT_FALSE(reader.next(record));
  EXPECT_LT(source.largest_request_bytes(), 1'000'000U);
}

TEST(CsvReader, KeepsQuotedLineEndsOfTheOtherKind) {
  EXPECT_EQ(read_all("a\r\"b\nc\"\rx\r"), (std::vector<Seen>{{"a", 1, kNone}, {"\"b\nc\"", 2, kNone}, {"x", 3, kNone}}));
}

TEST(CsvReader, MarksLineEndsOfTheOtherKind) {
  EXPECT_EQ(read_all("a\nb\rc\nd\n"),
            (std::vector<Seen>{{"a", 1, kNone}, {"b\rc", 2, RecordProblem::stray_carriage_return}, {"d", 3, kNone}}));
  EXPECT_EQ(read_all("a\rb\nc\rd\r"),
            (std::vector<Seen>{{"a", 1, kNone}, {"b\nc", 2, RecordProblem::stray_newline}, {"d", 3, kNone}}));
}

TEST(CsvReader, CutsALineOverTheLimitAndGoesOnBehindIt) {
  const std::string text = "a\n" + std::string(300'000, 'x') + "\nb\n";
  EXPECT_EQ(read_all(text, {}, 10),
            (std::vector<Seen>{{"a", 1, kNone}, {std::string(10, 'x'), 2, RecordProblem::too_long, 1, true}, {"b", 3, kNone}}));
}

TEST(CsvReader, ResumesBehindTheLineOfAQuoteThatGoesBeyondTheLimit) {
  EXPECT_EQ(read_all("\"a\nbbbbbbbbbbbb\nc\",1\nd\n", kResume, 10).front(), (Seen{"\"a", 1, RecordProblem::stray_quote}));
}

TEST(CsvReader, TakesALineOfExactlyTheLimit) {
  EXPECT_EQ(read_all("0123456789\nb\n", {}, 10), (std::vector<Seen>{{"0123456789", 1, kNone}, {"b", 2, kNone}}));
}

TEST(CsvReader, TakesBytesOfMultiByteCharactersForNoQuotes) {
  // a two-byte encoding whose second bytes include the quote
  const auto two_bytes = [](const char* text) { return (*text & 0x80) != 0 ? 2 : 1; };
  EXPECT_EQ(read_all("\x81\"a\nb\n", {}, 1000, two_bytes), (std::vector<Seen>{{"\x81\"a", 1, kNone}, {"b", 2, kNone}}));
  // the last one of a stream as any other
  EXPECT_EQ(read_all("1,\"\x81\\\"", {.escape = '\\'}, 1000, two_bytes), (std::vector<Seen>{{"1,\"\x81\\\"", 1, kNone}}));
}

TEST(CsvReader, PassesOverLinesBeforeTheFirstRecord) {
  const Dialect dialect{.skip_lines = 2};
  EXPECT_EQ(read_all("\xEF\xBB\xBFtitle \"x\n\na,b\n", dialect), (std::vector<Seen>{{"a,b", 3, kNone}}));
  EXPECT_EQ(read_all("x\r\ny\r\na\r\n", dialect), (std::vector<Seen>{{"a", 3, kNone}}));
  EXPECT_EQ(read_all("x\ry\ra\r", dialect), (std::vector<Seen>{{"a", 3, kNone}}));
  EXPECT_TRUE(read_all("x\ny", dialect).empty());
  EXPECT_TRUE(read_all("x\n", dialect).empty());
  // a line longer than any record may be
  EXPECT_EQ(read_all(std::string(100'000, 'x') + "\ny\na\n", dialect, 10), (std::vector<Seen>{{"a", 3, kNone}}));
}

TEST(CsvReader, PassesOverComments) {
  const Dialect dialect{.comment = "//"};
  EXPECT_EQ(read_all("// \"a\nb\n/c\n//\nd,\"\n//e\"\n//", dialect),
            (std::vector<Seen>{{"b", 2, kNone}, {"/c", 3, kNone}, {"d,\"\n//e\"", 5, kNone}}));
  // a carriage return of its own is none of a line's end
  EXPECT_EQ(read_all("a\n//x\rb\nc\n", dialect), (std::vector<Seen>{{"a", 1, kNone}, {"c", 3, kNone}}));
}

TEST(CsvReader, PassesOverLinesWithoutAnyByteWhereRecordsAreRagged) {
  EXPECT_EQ(read_all("\n\r\na\n \n\n\"\n\"\n\n", {.is_ragged = true}),
            (std::vector<Seen>{{"a", 3, kNone}, {" ", 4, kNone}, {"\"\n\"", 6, kNone}}));
  EXPECT_EQ(read_all("\r\ra\r\r", {.is_ragged = true}), (std::vector<Seen>{{"a", 3, kNone}}));
  EXPECT_EQ(read_all(" \t\na\n\t", {.trims_blanks = true, .is_ragged = true}), (std::vector<Seen>{{"a", 2, kNone}}));
  EXPECT_EQ(read_all(" \na\n\t\n", {.delimiter = '\t', .trims_blanks = true, .is_ragged = true}),
            (std::vector<Seen>{{"a", 2, kNone}, {"\t", 3, kNone}}));
}

const Dialect kStrict{.quotes = Quotes::strict};
const Dialect kStrictTrimmed{.quotes = Quotes::strict, .trims_blanks = true};

TEST(CsvReader, EndsARecordWithAMisplacedStrictQuoteAtItsLine) {
  EXPECT_EQ(read_all("1,3/4\" x\n2,\"b\nc\"\n3,5\" y\n", kStrict),
            (std::vector<Seen>{{"1,3/4\" x", 1, kNone}, {"2,\"b\nc\"", 2, kNone}, {"3,5\" y", 4, kNone}}));
  EXPECT_EQ(read_all("\"a\"b\n \"c\n\"d\" \ne\n", kStrict),
            (std::vector<Seen>{{"\"a\"b", 1, kNone}, {" \"c", 2, kNone}, {"\"d\" ", 3, kNone}, {"e", 4, kNone}}));
  EXPECT_EQ(read_all("\t\"a\nb\" ,\"\"\"\n\"\"\"\nc\n", kStrictTrimmed),
            (std::vector<Seen>{{"\t\"a\nb\" ,\"\"\"\n\"\"\"", 1, kNone}, {"c", 4, kNone}}));
  EXPECT_EQ(read_all("a\r\"b\"\n\"c\rd\r", kStrict),
            (std::vector<Seen>{{"a", 1, kNone}, {"\"b\"\n\"c", 2, RecordProblem::stray_newline}, {"d", 3, kNone}}));
  EXPECT_EQ(read_all("a,\"b\n", kStrict), (std::vector<Seen>{{"a,\"b", 1, RecordProblem::unterminated_quote, 1}}));
}

TEST(CsvReader, KnowsTheStartOfAFieldBeyondTheLimit) {
  // what is before the quote is dropped by then
  for (const std::size_t size : {65'535U, 65'536U, 65'537U}) {
    const std::string start(size, 'x');
    EXPECT_EQ(read_all(start + ",\"\n\"\nb\n", kStrict, 10).size(), 2U);
    EXPECT_EQ(read_all(start + ", \"\n\"\nb\n", kStrictTrimmed, 10).size(), 2U);
    EXPECT_EQ(read_all(start + "\"\nb\n", kStrict, 10).size(), 2U);
  }
}

TEST(CsvReader, TakesQuotesForDataWhereItIsTold) {
  EXPECT_EQ(read_all("\"a\nb\"\n", {.quotes = Quotes::none}), (std::vector<Seen>{{"\"a", 1, kNone}, {"b\"", 2, kNone}}));
}

}  // namespace

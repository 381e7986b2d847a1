// Small files written by hand, and what a person would say of them.
#include "text/sniff.hpp"

#include <gtest/gtest.h>

#include "../support/error_of.hpp"
#include "../support/memory_io.hpp"

namespace {

using namespace ferry;
using namespace ferry::text;

constexpr const char* kTypes[] = {"boolean",   "integer",     "bigint", "numeric", "double", "date",
                                  "timestamp", "timestamptz", "time",   "uuid",    "jsonb",  "text"};

SniffedFile sniff_text(std::string_view text, SniffOptions options = {}, std::size_t piece_bytes = SIZE_MAX) {
  test::MemorySource source(as_bytes(text), piece_bytes);
  return sniff(source, options);
}

/// The file in a few words: delimiter, header or data, types by column.
std::string in_short(std::string_view text) {
  const SniffedFile file = sniff_text(text);
  std::string result{file.layout.dialect.delimiter};
  result += file.has_header ? " header" : " data";
  for (const SniffedColumn& column : file.columns)
    (result += ' ') += column.name + ":" + kTypes[static_cast<std::size_t>(column.type)];
  return result;
}

/// The type of a column with these values below a title, and why it is text.
std::string type_of(const std::vector<std::string>& values) {
  std::string text = "id\tthing\n";
  for (std::size_t i = 0; i < values.size(); i++) text += std::to_string(i + 1) + "\t" + values[i] + "\n";
  const SniffedFile file = sniff_text(text);
  if (file.columns.size() != 2) return "columns: " + std::to_string(file.columns.size());
  const SniffedColumn& column = file.columns[1];
  const std::string type = kTypes[static_cast<std::size_t>(column.type)];
  const std::string order = file.order == DayMonth::day_first     ? " day first"
                            : file.order == DayMonth::month_first ? " month first"
                                                                  : "";
  return type + order + (column.reason.empty() ? "" : ": " + column.reason);
}

TEST(Sniff, FindsDelimiters) {
  EXPECT_EQ(in_short("id,name\n1,Ann\n2,Bob\n"), ", header id:integer name:text");
  EXPECT_EQ(in_short("id;name\n1;Ann\n2;Bob\n"), "; header id:integer name:text");
  EXPECT_EQ(in_short("id\tname\n1\tAnn\n2\tBob\n"), "\t header id:integer name:text");
  EXPECT_EQ(in_short("id|name\n1|Ann\n2|Bob\n"), "| header id:integer name:text");
  EXPECT_EQ(in_short("id^name\n1^Ann\n2^Bob\n"), "^ header id:integer name:text");
  EXPECT_EQ(in_short("id\x1fname\n1\x1f"
                     "Ann\n2\x1f"
                     "Bob\n"),
            "\x1f header id:integer name:text");
  EXPECT_EQ(in_short("id a b\n1 2 3\n4 5 6\n"), "  header id:integer a:integer b:integer");
}

TEST(Sniff, IsNotMisledByOtherDelimitersInValues) {
  EXPECT_EQ(in_short("1,5;2,5\n2,75;3\n10,25;4,5\n"), "; data column_1:text column_2:text");
  EXPECT_EQ(in_short("at,what\n2021-01-01 10:00:00,a\n2021-01-02 11:30:00,b\n"), ", header at:timestamp what:text");
  EXPECT_EQ(in_short("name;city\nDoe, John;Rome\nRoe, Ann;Oslo\n"), "; header name:text city:text");
  EXPECT_EQ(in_short("root:x:0:0:/root\nbin:x:2:2:/bin\nsync:x:4:65534:/bin\n"),
            ": data column_1:text column_2:text column_3:integer column_4:integer column_5:text");
  EXPECT_EQ(sniff_text("2021-07-27 10:00:00 a\n2021-07-27 10:00:01 b c\n2021-07-27 10:00:02 d e f\n").columns.size(), 1u);
  EXPECT_EQ(in_short("{\"a\": 1, \"b\": []}\n{\"a\": 2, \"b\": [3]}\n"), "; data column_1:jsonb");
  EXPECT_EQ(in_short("id,path\n1,a|b|c\n2,d|e|f\n"), ", header id:integer path:text");
  EXPECT_EQ(in_short("id,text\n1,\"a;b;c;d\"\n2,\"e;f;g;h\"\n"), ", header id:integer text:text");
}

TEST(Sniff, TakesOneColumnForOneColumn) {
  EXPECT_EQ(in_short("name\nAlice\nBob\nCarol\n"), ", header name:text");
  EXPECT_EQ(in_short("1\n2\n3\n"), ", data column_1:integer");
  EXPECT_EQ(in_short("2021-01-01 10:00:00\n2021-01-02 11:30:00\n"), ", data column_1:timestamp");
  EXPECT_EQ(in_short("apple\npear\nplum\n"), ", data column_1:text");
  // a comma would cut some of the values
  EXPECT_EQ(in_short("Hello, world\nNo comma here\nOne, two, three\n"), "; data column_1:text");
}

TEST(Sniff, FindsQuotesAndEscapes) {
  const Layout doubled = sniff_text("id,name\n1,\"a \"\"b\"\", c\"\n2,\"d, e\"\n").layout;
  EXPECT_EQ(doubled.dialect.quote, '"');
  EXPECT_EQ(doubled.dialect.escape, '"');
  const Layout escaped = sniff_text("id,name\n1,\"a \\\"b\\\", c\"\n2,\"d, e\"\n").layout;
  EXPECT_EQ(escaped.dialect.quote, '"');
  EXPECT_EQ(escaped.dialect.escape, '\\');
  const Layout single = sniff_text("id;name\n1;'a; b'\n2;'it''s'\n3;'c'\n").layout;
  EXPECT_EQ(single.dialect.quote, '\'');
  EXPECT_EQ(single.dialect.escape, '\'');
  // apostrophes are none
  EXPECT_EQ(sniff_text("id,name\n1,O'Brien\n2,D'Arc\n3,'t Hooft\n").layout.dialect.quote, '"');
  const Layout none = sniff_text("id,size\n1,3/4\" bolt\n2,nut\n3,5\" nail\n4,x\n5,2\" pipe\n").layout;
  EXPECT_EQ(none.dialect.quotes, Quotes::none);
  EXPECT_EQ(none.fields, 2u);
}

TEST(Sniff, KeepsLinesInQuotesTogether) {
  const SniffedFile file = sniff_text("id,note\n1,\"two\nlines, of text\"\n2,\"a\n\nb\"\n3,c\n");
  EXPECT_EQ(file.records, 3);
  EXPECT_EQ(file.columns.size(), 2u);
}

TEST(Sniff, NamesLineEnds) {
  EXPECT_EQ(sniff_text("a,b\n1,2\n").layout.line_ends, LineEnds::lf);
  EXPECT_EQ(sniff_text("a,b\r\n1,2\r\n").layout.line_ends, LineEnds::crlf);
  EXPECT_EQ(sniff_text("a,b\r1,2\r").layout.line_ends, LineEnds::cr);
  EXPECT_EQ(sniff_text("a,b\r\n1,2\n3,4\r\n").layout.line_ends, LineEnds::mixed);
  EXPECT_EQ(sniff_text("a,b").layout.line_ends, LineEnds::none);
  EXPECT_EQ(sniff_text("Title\r# x\rid,b,c\r1,\"x\ny\",3\r2,z,4\r").layout.dialect.skip_lines, 2);
  // a line end in quotes is data
  EXPECT_EQ(sniff_text("a,b\r\n1,\"x\ny\"\r\n").layout.line_ends, LineEnds::crlf);
}

TEST(Sniff, TellsHeadersFromData) {
  EXPECT_EQ(in_short("1,Marketing\n2,Sales\n3,Research\n"), ", data column_1:integer column_2:text");
  EXPECT_EQ(in_short("name,city\nAnn,Rome\nBob,Oslo\n"), ", header name:text city:text");
  EXPECT_EQ(in_short("Ann,Rome\nBob,Oslo\nAnn,Rome\nAnn,Oslo\n"), ", data column_1:text column_2:text");
  EXPECT_EQ(in_short("country,2019,2020,2021\nChile,5,6,7\nPeru,8,9,10\n"),
            ", header country:text _2019:integer _2020:integer _2021:integer");
  EXPECT_EQ(in_short("id,name\n"), ", header id:text name:text");
  EXPECT_EQ(in_short("DE,Berlin\nFR,Paris\nIT,Rome\nDE,Bonn\n"), ", data column_1:text column_2:text");
  EXPECT_EQ(in_short("a b,true\nc d,false\ne f,true\n"), ", data column_1:text column_2:boolean");
  EXPECT_EQ(in_short("id,,name\n1,,x\n2,,y\n"), ", header id:integer column_2:text name:text");
}

TEST(Sniff, PassesOverTitlesAndComments) {
  const SniffedFile titled = sniff_text("Sales of the year\n\nid,name,amount\n1,Ann,2.50\n2,Bob,3.75\n");
  EXPECT_EQ(titled.layout.dialect.skip_lines, 2);
  EXPECT_TRUE(titled.has_header);
  EXPECT_EQ(titled.columns[2].type, ColumnType::numeric);
  EXPECT_EQ(titled.records, 2);
  const SniffedFile commented = sniff_text("# made by a machine\n# don't edit, please\nid,name\n1,Ann\n# half way\n2,Bob\n");
  EXPECT_EQ(commented.layout.dialect.comment, "#");
  EXPECT_EQ(commented.layout.dialect.skip_lines, 0);
  EXPECT_EQ(commented.records, 2);
  EXPECT_EQ(commented.columns[0].type, ColumnType::integer);
  EXPECT_EQ(sniff_text("// a\nid;name\n1;Ann\n2;Bob\n").layout.dialect.comment, "//");
  const SniffedFile marked = sniff_text("#id,name\n1,Ann\n2,Bob\n");
  EXPECT_EQ(marked.layout.dialect.comment, "");
  EXPECT_TRUE(marked.has_header);
  EXPECT_EQ(marked.columns[0].name, "id");
}

TEST(Sniff, SeesRaggedRecords) {
  EXPECT_FALSE(sniff_text("a,b,c\n1,2,3\n4,5,6\n").layout.is_ragged);
  EXPECT_TRUE(sniff_text("a,b,c\n1,2,3\n4,5\n6,7\n8,9,10\n11,12,13\n").layout.is_ragged);
  EXPECT_TRUE(sniff_text("a,b,c\n1,2,3\n\n4,5,6\n").layout.is_ragged);
  // no value at all, but all delimiters
  EXPECT_FALSE(sniff_text("a\tb\n1\t2\n\t\n3\t4\n").layout.is_ragged);
  const SniffedFile tails = sniff_text("a,b,c\n1,2,3,\n4,5,6,\n");
  EXPECT_EQ(tails.columns.size(), 3u);
  EXPECT_TRUE(tails.has_header);
  EXPECT_TRUE(tails.layout.is_ragged);
  // a line behind the table is a reject, and no reason to change types
  const SniffedFile footed = sniff_text("a,b,c\n1,2,3\n4,5,6\n7,8,9\nTotal: 3 rows\n");
  EXPECT_FALSE(footed.layout.is_ragged);
  EXPECT_EQ(footed.columns[0].type, ColumnType::integer);
}

TEST(Sniff, HoldsQuotesToTheirPlaceWhereAFewAreStray) {
  std::string text = "id,name,n\n", blanks = text, inches = text;
  for (int i = 0; i < 100; i++) {
    text += std::to_string(i) + (i == 10 || i == 90 ? ",pipe 5\",1\n" : ",\"hook, large\",1\n");
    blanks += std::to_string(i) + ", \"hook, large\" ,1\n";
    inches += std::to_string(i) + (i % 2 == 0 ? ",pipe 5\",1\n" : ",bolt,1\n");
  }
  const SniffedFile file = sniff_text(text);
  EXPECT_EQ(file.layout.dialect.quotes, Quotes::strict);
  EXPECT_EQ(file.records, 98);
  EXPECT_EQ(sniff_text(blanks).layout.dialect.quotes, Quotes::copy);
  EXPECT_EQ(sniff_text(inches).layout.dialect.quotes, Quotes::none);
  EXPECT_EQ(sniff_text("id,name\n1,\"a\"\"b\"\n2,\"c\nd\"\n").layout.dialect.quotes, Quotes::copy);
}

TEST(Sniff, SeesBlanksAroundValues) {
  EXPECT_TRUE(sniff_text("id, name\n1, Ann\n2, Bob\n").has_blanks_around);
  EXPECT_TRUE(sniff_text("id, name\n1, \"Ann, x\"\n2, \"Bob\"\n").has_blanks_around);
  EXPECT_TRUE(sniff_text("id,n\n1,5\n2,  \n3,6\n").has_blanks_around);
  EXPECT_TRUE(sniff_text("id,n\n1,5\n2, NA \n3,6\n").has_blanks_around);
  const std::string uuid = "0b9b7b1c-1c5a-4d3e-8f52-6f2d8d1f5e1a";
  EXPECT_TRUE(sniff_text("id,key\n1," + uuid + "\n2, " + uuid + "\n").has_blanks_around);
  EXPECT_FALSE(sniff_text("id,name\n1,Ann\n2, Bob\n3,Cy\n").has_blanks_around);
}

TEST(Sniff, FindsSpellingsOfNull) {
  const SniffedFile file = sniff_text("id,n,name\n1,5,NA\n2,NA,Bob\n3,-,NULL\n");
  EXPECT_EQ(file.null_words, (std::vector<std::string>{"NULL", "NA", "-"}));
  EXPECT_EQ(file.columns[1].type, ColumnType::integer);
  // a dash among texts is a text
  EXPECT_TRUE(sniff_text("id,name\n1,-\n2,Bob\n").null_words.empty());
  // in quotes a word is a word
  EXPECT_TRUE(sniff_text("id,name\n1,\"NULL\"\n2,\"Bob\"\n").null_words.empty());
  // Namibia
  const SniffedFile codes = sniff_text("id,country,n\n1,DE,4\n2,NA,5\n3,FR,NA\n");
  EXPECT_TRUE(codes.null_words.empty());
  EXPECT_EQ(codes.columns[2].type, ColumnType::text);
  EXPECT_EQ(codes.columns[2].reason, "\"NA\", which is a code in another column");
  const SniffedFile quoted = sniff_text("\"id\",\"n\"\n\"1\",\"\"\n\"2\",\"7\"\n");
  EXPECT_EQ(quoted.columns[1].type, ColumnType::integer);
  EXPECT_TRUE(quoted.columns[1].has_quoted_blanks);
}

TEST(Sniff, ChoosesNumbers) {
  EXPECT_EQ(type_of({"0", "-5", "2147483647"}), "integer");
  EXPECT_EQ(type_of({"0", "2147483648"}), "bigint");
  EXPECT_EQ(type_of({"0", "9223372036854775808"}), "numeric");
  EXPECT_EQ(type_of({"0", "1.0"}), "numeric");
  EXPECT_EQ(type_of({".5", "5."}), "numeric");
  EXPECT_EQ(type_of({"0.1", "1e-7"}), "double");
  EXPECT_EQ(type_of({"0.1", "0.30000000000000004"}), "double");
  EXPECT_EQ(type_of({"0.1", "0.12345678901234567"}), "numeric");  // which no double shows
  EXPECT_EQ(type_of({"1e-7", "12345678901234567890123"}), "numeric");
  EXPECT_EQ(type_of({"1", "Infinity"}), "double");
  EXPECT_EQ(type_of({"1", "2e999"}), "text");
  EXPECT_EQ(type_of({"+5", "-3"}), "integer");
}

TEST(Sniff, LeavesWhatOnlyLooksLikeNumbersText) {
  EXPECT_EQ(type_of({"12", "007", "3"}), "text: leading zeros: \"007\" on line 3");
  EXPECT_EQ(type_of({"+4930123456", "12"}), "text: telephone numbers: \"+4930123456\" on line 2");
  EXPECT_EQ(type_of({"3", "1,5"}), "text: decimal comma: \"1,5\" on line 3");
  EXPECT_EQ(type_of({"12", "1,234,567.5"}), "text: thousands separators: \"1,234,567.5\" on line 3");
  EXPECT_EQ(type_of({"5%", "7.5 %"}), "text: percent signs: \"5%\" on line 2");
  EXPECT_EQ(type_of({"$5", "-$7.50"}), "text: currency signs: \"$5\" on line 2");
  EXPECT_EQ(type_of({"1", "2", "x", "4"}), "text: \"x\" on line 4 is no number");
  EXPECT_EQ(type_of({"a", "2", "b"}), "text");
}

TEST(Sniff, ChoosesDates) {
  EXPECT_EQ(type_of({"2021-12-31", "2020-02-29"}), "date");
  EXPECT_EQ(type_of({"2021-12-31", "2021-02-29"}), "text");
  EXPECT_EQ(type_of({"31/12/2021", "01/02/2021"}), "date day first");
  EXPECT_EQ(type_of({"12/31/2021", "01/02/2021"}), "date month first");
  EXPECT_EQ(type_of({"31.12.21", "01.02.21"}), "date day first");
  EXPECT_EQ(type_of({"01/02/2021", "03/04/2021"}), "text: whether the day or the month comes first cannot be told from the data");
  EXPECT_EQ(type_of({"31/12/2021", "12/31/2021"}), "text: some dates have the day first, others the month");
  EXPECT_EQ(type_of({"31 Dec 2021", "1 May 2021"}), "date");
  EXPECT_EQ(type_of({"Dec 31, 2021", "May 1, 2021"}), "date");
  EXPECT_EQ(type_of({"0000-00-00", "2021-12-31"}), "date");
  EXPECT_EQ(type_of({"2021", "2022"}), "integer");
}

TEST(Sniff, ChoosesTimes) {
  EXPECT_EQ(type_of({"2021-12-31 10:00:00", "2021-12-31"}), "timestamp");
  EXPECT_EQ(type_of({"2021-12-31T10:00:00.123456", "2021-12-31 10:00"}), "timestamp");
  EXPECT_EQ(type_of({"2021-12-31T10:00:00Z", "2021-12-31 10:00:00+02:00"}), "timestamptz");
  EXPECT_EQ(type_of({"31/12/2021 10:00", "01/02/2021 1:05 PM"}), "timestamp day first");
  EXPECT_EQ(type_of({"2021-12-31 10:00:00", "2021-12-31 10:00:00Z"}),
            "text: with a time zone, \"2021-12-31 10:00:00Z\" on line 3, and without, \"2021-12-31 10:00:00\" on line 2");
  EXPECT_EQ(type_of({"10:30", "23:59:59.5"}), "time");
  EXPECT_EQ(type_of({"10:30", "25:00"}), "text");
  EXPECT_EQ(type_of({"2021-12-31 10:00:00.123456789"}), "text");  // nanoseconds would be lost
}

TEST(Sniff, ChoosesOtherTypes) {
  EXPECT_EQ(type_of({"true", "false"}), "boolean");
  EXPECT_EQ(type_of({"Y", "N"}), "boolean");
  EXPECT_EQ(type_of({"N", "N"}), "text");
  EXPECT_EQ(type_of({"M", "F"}), "text");
  EXPECT_EQ(type_of({"0", "1"}), "integer");
  EXPECT_EQ(type_of({"0b9b7b1c-1c5a-4d3e-8f52-6f2d8d1f5e1a", "1B9B7B1C-1C5A-4D3E-8F52-6F2D8D1F5E1A"}), "uuid");
  EXPECT_EQ(type_of({"[1,2]", "[]"}), "jsonb");
  EXPECT_EQ(type_of({"{1,2}", "{3}"}), "text");
  EXPECT_EQ(type_of({"", ""}), "text: no values");
}

TEST(Sniff, TakesNoQuoteThatOpensAFieldForData) {
  std::string text = "id,v\n";
  for (int i = 0; i < 300; i++) text += std::to_string(i) + ",plain text\n";
  EXPECT_NE(sniff_text(text + "99,\"Dear all\n666,gift\n").layout.dialect.quotes, Quotes::none);
  EXPECT_EQ(sniff_text(text + "99,3\" pipe\n").layout.dialect.quotes, Quotes::none);
  const SniffedFile cut_off = sniff_text("1,a\n2,\"b\n");
  EXPECT_EQ(cut_off.columns.size(), 2U);
  EXPECT_NE(cut_off.layout.dialect.quotes, Quotes::none);
}

TEST(Sniff, BelievesWhoKnowsTheHeader) {
  const std::string text = "d,b\n01/02/2021,a\n31/12/2021,x\n";
  for (const bool has_header : {true, false}) {
    const SniffedFile file = sniff_text(text, {.has_header = has_header});
    EXPECT_EQ(file.has_header, has_header);
    EXPECT_EQ(file.order, has_header ? DayMonth::day_first : DayMonth::none);
  }
}

TEST(Sniff, GuessesEncodings) {
  EXPECT_EQ(sniff_text("id,name\n1,Z\xC3\xBCrich\n").encoding, TextEncoding::utf8);
  EXPECT_EQ(sniff_text("id,name\n1,Z\xFCrich\n").encoding, TextEncoding::latin1);
  EXPECT_EQ(sniff_text("id,name\n1,Z\xFCrich \x96 \x80\n").encoding, TextEncoding::win1252);
  EXPECT_EQ(sniff_text("id,name\n1,Ann\n").encoding, TextEncoding::utf8);
  // one damaged record among others does not make it another encoding
  EXPECT_EQ(sniff_text("id,name\n1,Z\xFCrich\n2,Zo\xC3\xAB\n").encoding, TextEncoding::utf8);
  const SniffedFile marked = sniff_text("\xEF\xBB\xBFid,name\n1,Ann\n");
  EXPECT_EQ(marked.columns[0].title, "id");
  // of a file that was put together
  EXPECT_EQ(sniff_text("id,name\n1,Ann\n\xEF\xBB\xBF\x32,Bob\n").columns[0].type, ColumnType::integer);
  EXPECT_EQ(sniff_text("id,Stra\xDF"
                       "e\n1,a\n")
                .columns[1]
                .title,
            "Stra\xC3\x9F"
            "e");
}

TEST(Sniff, IsDoneWithTheSample) {
  std::string text = "id,name\n";
  for (int i = 1; i <= 1000; i++) text += std::to_string(i) + ",name\n";
  text += "x,y\n";
  EXPECT_EQ(sniff_text(text).columns[0].type, ColumnType::text);
  const SniffedFile part = sniff_text(text, {.sample_bytes = 27});  // within the third record
  EXPECT_EQ(part.records, 2);
  EXPECT_EQ(part.columns[0].type, ColumnType::integer);
  // a record that the sample cuts in its quotes
  EXPECT_EQ(sniff_text("id,name\n1,\"a\"\n2,\"b\nc\"\n", {.sample_bytes = 20}).records, 1);
}

TEST(Sniff, TellsNoTextAndNothing) {
  EXPECT_EQ(test::error_of([] { (void)sniff_text(""); }).message(), "file is empty");
  EXPECT_EQ(test::error_of([] { (void)sniff_text(std::string_view("PK\0\1,\n", 7)); }).message(), "file is no text");
}

TEST(Sniff, SaysTheSameHoweverTheBytesCome) {
  std::string text;
  for (int i = 1; i <= 300; i++) text += std::to_string(i) + ";\"a\r\nb\";2021-01-" + std::to_string(10 + i % 20) + "\r\n";
  for (const std::size_t piece : {1, 7, 4096}) {
    const SniffedFile file = sniff_text(text, {}, piece);
    EXPECT_EQ(file.records, 300) << piece;
    EXPECT_EQ(file.layout.line_ends, LineEnds::crlf) << piece;
    EXPECT_EQ(file.columns[2].type, ColumnType::date) << piece;
  }
}

}  // namespace

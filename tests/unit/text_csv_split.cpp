#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "text/csv.hpp"

namespace {

using namespace ferry::text;

const Dialect kStrict{.quotes = Quotes::strict};
const Dialect kStrictTrimmed{.quotes = Quotes::strict, .trims_blanks = true};

std::vector<std::string> split(std::string_view record, const Dialect& dialect = {}) {
  std::string storage;
  std::vector<Field> fields;
  const RecordProblem problem = split_csv(record, dialect, storage, fields);
  if (problem == RecordProblem::unterminated_quote) return {"unterminated"};
  if (problem == RecordProblem::misplaced_quote) return {"misplaced"};
  std::vector<std::string> texts;
  for (const Field& field : fields) {
    EXPECT_EQ(std::strlen(field.text), field.size);
    texts.push_back(field.is_null ? "NULL" : field.text);
  }
  return texts;
}

TEST(CsvSplit, GivesOneFieldMoreThanThereMayBe) {
  const std::string long_record(1000, ',');
  for (const std::string& record : {std::string("a,b,c,d,e,f"), long_record, "\"\"" + long_record}) {
    EXPECT_EQ(split(record, {.max_fields = 3}).size(), 4U);
    EXPECT_EQ(split(record, {.max_fields = 5}).size(), 6U);
  }
  EXPECT_EQ(split("a,b,c", {.max_fields = 3}), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(split("a,\"b\",c", {.max_fields = 3}), (std::vector<std::string>{"a", "b", "c"}));
}

using Texts = std::vector<std::string>;

TEST(CsvSplit, SplitsAtUnquotedDelimiters) {
  EXPECT_EQ(split("a,b,c"), (Texts{"a", "b", "c"}));
  EXPECT_EQ(split("\"a,b\",c"), (Texts{"a,b", "c"}));
  EXPECT_EQ(split("a;b", {.delimiter = ';'}), (Texts{"a", "b"}));
}

TEST(CsvSplit, TakesUnquotedNullStringsForNull) {
  EXPECT_EQ(split(","), (Texts{"NULL", "NULL"}));
  EXPECT_EQ(split(""), (Texts{"NULL"}));
  EXPECT_EQ(split("\"\",x"), (Texts{"", "x"}));
  EXPECT_EQ(split("NA,\"NA\"", {.null_string = "NA"}), (Texts{"NULL", "NA"}));
  EXPECT_EQ(split(",x", {.null_string = "NA"}), (Texts{"", "x"}));
}

TEST(CsvSplit, ReadsQuotesInTheMiddleOfAField) {
  EXPECT_EQ(split("a\"b,\"c,d"), (Texts{"ab,c", "d"}));
  EXPECT_EQ(split("\"a\"\"b\""), (Texts{"a\"b"}));
}

TEST(CsvSplit, UnescapesOnlyQuoteAndEscape) {
  const Dialect dialect{.escape = '\\'};
  EXPECT_EQ(split("\"a\\\"b\\\\c\\n\"", dialect), (Texts{"a\"b\\c\\n"}));
  EXPECT_EQ(split("a\\,b", dialect), (Texts{"a\\", "b"}));
}

TEST(CsvSplit, RefusesAnUnterminatedQuote) {
  EXPECT_EQ(split("a,\"b"), (Texts{"unterminated"}));
  EXPECT_EQ(split("\"a\"\""), (Texts{"unterminated"}));
}

TEST(CsvSplit, RefusesMisplacedStrictQuotes) {
  EXPECT_EQ(split("\"a\",b,\"\",\"c\"\"\"", kStrict), (Texts{"a", "b", "", "c\""}));
  for (const char* const record : {"a\"", "a\"b\"", " \"a\"", "\"a\" ", "\"a\"b", "\"a\" \"b\""})
    EXPECT_EQ(split(record, kStrict), (Texts{"misplaced"})) << record;
  EXPECT_EQ(split(" \"a \"\t,\tb ", kStrictTrimmed), (Texts{"a ", "b"}));
  EXPECT_EQ(split("\"a\" \"\"", kStrictTrimmed), (Texts{"misplaced"}));
  EXPECT_EQ(split("\"a", kStrict), (Texts{"unterminated"}));
  const Dialect escaped{.escape = '\\', .quotes = Quotes::strict};
  EXPECT_EQ(split("\"a\\\"\\\\\",b\\", escaped), (Texts{"a\"\\", "b\\"}));
  EXPECT_EQ(split("\"a\"\"\"", escaped), (Texts{"misplaced"}));
}

TEST(CsvSplit, TakesQuotesForDataWhereItIsTold) {
  EXPECT_EQ(split("\"a,b\",", {.quotes = Quotes::none}), (Texts{"\"a", "b\"", "NULL"}));
}

TEST(CsvSplit, TrimsBlanksOutsideOfQuotes) {
  const Dialect dialect{.null_strings = {"NA", "n/a"}, .trims_blanks = true};
  EXPECT_EQ(split(" a b\t, NA,\t,n/a ", dialect), (Texts{"a b", "NULL", "NULL", "NULL"}));
  EXPECT_EQ(split(" \" a \" , \"\" ,\"NA\"", dialect), (Texts{" a ", "", "NA"}));
  EXPECT_EQ(split(" a\" b \"c ,d", dialect), (Texts{"a b c", "d"}));
  EXPECT_EQ(split("\ta \t\t b", {.delimiter = '\t', .trims_blanks = true}), (Texts{"NULL", "a", "NULL", "b"}));
}

TEST(CsvSplit, KnowsSeveralSpellingsOfNull) {
  const std::string long_word(70, 'x');
  const Dialect dialect{.null_string = "-", .null_strings = {"NA", "", long_word}};
  EXPECT_EQ(split("NA,-,,na,\"NA\"," + long_word + "," + long_word + "x", dialect),
            (Texts{"NULL", "NULL", "NULL", "na", "NA", "NULL", long_word + "x"}));
}

}  // namespace

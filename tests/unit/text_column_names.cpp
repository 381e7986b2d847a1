#include "text/column_names.hpp"

#include <gtest/gtest.h>

namespace {

using namespace ferry::text;
using Names = std::vector<std::string>;

TEST(ColumnNames, AreAsAPersonWouldWriteThem) {
  EXPECT_EQ(plain_name("Unit Price"), "unit_price");
  EXPECT_EQ(plain_name("  Amount (EUR) "), "amount_eur");
  EXPECT_EQ(plain_name("departmentId"), "department_id");
  EXPECT_EQ(plain_name("HTTPStatus"), "http_status");
  EXPECT_EQ(plain_name("ID"), "id");
  EXPECT_EQ(plain_name("2019"), "_2019");
  EXPECT_EQ(plain_name("% of total"), "percent_of_total");
  EXPECT_EQ(plain_name("customer's name"), "customers_name");
  EXPECT_EQ(plain_name("a__b"), "a__b");
  EXPECT_EQ(plain_name("Stra\xC3\x9F"
                       "e"),
            "stra\xC3\x9F"
            "e");
  EXPECT_EQ(plain_name("a\xC2\xA0"
                       "b \xE2\x80\x93 c"),
            "a_b_c");
  EXPECT_EQ(plain_name("\"; DROP TABLE t; --\n"), "drop_table_t");
  EXPECT_EQ(plain_name("***"), "");
}

TEST(ColumnNames, AreFilledInAndUnique) {
  EXPECT_EQ(column_names({"", "a", "A", "a_2", " ", "a"}), (Names{"column_1", "a", "a_2", "a_2_2", "column_5", "a_3"}));
  EXPECT_EQ(column_names({"ctid", "order"}), (Names{"ctid_", "order"}));
}

TEST(ColumnNames, FitIntoANameOfTheServer) {
  std::string umlauts;
  for (int i = 0; i < 40; i++) umlauts += "\xC3\xBC";
  const Names names = column_names({umlauts, umlauts, std::string(100, 'x'), std::string(100, 'x')});
  EXPECT_EQ(names[0].size(), 62u);
  EXPECT_EQ(names[1], umlauts.substr(0, 60) + "_2");
  EXPECT_EQ(names[2], std::string(63, 'x'));
  EXPECT_EQ(names[3], std::string(61, 'x') + "_2");
}

}  // namespace

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/json_writer.hpp"

namespace {

using ferry::JsonWriter;

TEST(JsonWriter, SeparatesMembersAndElementsAndNothingElse) {
  std::string json;
  JsonWriter out(json);
  out.open('{');
  out.member("text", "a \"b\"\n");
  out.member("number", std::int64_t{-7});
  out.member("flag", true);
  out.key("empty");
  out.open('[');
  out.close(']');
  out.texts("texts", std::vector<std::string>{"[", "{", ":"});
  out.key("objects");
  out.open('[');
  for (const char* const raw : {"null", "1.5"}) {
    out.open('{');
    out.key("raw");
    out.json(raw);
    out.close('}');
  }
  out.close(']');
  out.close('}');
  EXPECT_EQ(json, R"({"text":"a \"b\"\u000a", "number":-7, "flag":true, "empty":[], "texts":["[", "{", ":"], )"
                  R"("objects":[{"raw":null}, {"raw":1.5}]})");
}

TEST(JsonWriter, TakesAnotherSeparator) {
  std::string json;
  JsonWriter out(json, ",\n");
  out.open('[');
  out.number(1);
  out.boolean(false);
  out.text("x");
  out.close(']');
  EXPECT_EQ(json, "[1,\nfalse,\n\"x\"]");
}

}  // namespace

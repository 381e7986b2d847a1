// client: insert_rows() and insert_batch() by libpq, with parameters and results as text and in binary, prepared and not. Ends
// with 1 and says what is wrong, if something is.
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>

#include <libpq-fe.h>

namespace {

struct Closer {
  void operator()(PGconn* connection) const { PQfinish(connection); }
  void operator()(PGresult* result) const { PQclear(result); }
};
using Answer = std::unique_ptr<PGresult, Closer>;

constexpr const char* kBatch = R"({"client_items": [{"id": 7, "name": "caf\u00e9"}, {"id": 7}], "client_parents": [{"id": 1}]})";
constexpr const char* kStatement = "SELECT rows_loaded, keys::text, table_name FROM insert_batch($1::json)";
int failures = 0;

void expect(const char* what, const std::string& is, const std::string& wanted) {
  if (is == wanted) return;
  std::printf("%s: \"%s\" instead of \"%s\"\n", what, is.c_str(), wanted.c_str());
  failures++;
}

/// A number of a result: text, or four bytes in network order.
std::string number(const PGresult* answer, int row, int column) {
  const char* const value = PQgetvalue(answer, row, column);
  if (PQfformat(answer, column) == 0) return value;
  return std::to_string(static_cast<unsigned char>(value[3]) + 256 * static_cast<unsigned char>(value[2]));
}

void check(const char* what, PGconn* connection, PGresult* result) {
  const Answer answer(result);
  expect(what, PQresultStatus(result) == PGRES_TUPLES_OK ? "" : PQerrorMessage(connection), "");
  if (PQntuples(result) != 2) return expect(what, std::to_string(PQntuples(result)), "2");
  expect(what, number(result, 0, 0), "1");
  expect(what, {PQgetvalue(result, 0, 1), static_cast<std::size_t>(PQgetlength(result, 0, 1))}, "[7, null]");
  expect(what, {PQgetvalue(result, 1, 2), static_cast<std::size_t>(PQgetlength(result, 1, 2))}, "client_parents");
  const Answer rows(PQexec(connection, "SELECT name FROM client_items"));
  expect(what, PQntuples(rows.get()) == 1 ? PQgetvalue(rows.get(), 0, 0) : "?", "caf\xC3\xA9");
  const Answer emptied(PQexec(connection, "TRUNCATE client_items, client_parents"));
}

}  // namespace

int main() {
  const std::unique_ptr<PGconn, Closer> connection(PQconnectdb(""));
  PGconn* const c = connection.get();
  const Answer encoding(PQexec(c, "SET client_encoding = 'UTF8'"));
  const Answer made(
      PQexec(c, "CREATE TABLE client_items (id int PRIMARY KEY, name text); CREATE TABLE client_parents (id int PRIMARY KEY)"));
  expect("tables", PQerrorMessage(c), "");
  const char* const values[] = {kBatch};
  const int lengths[] = {static_cast<int>(std::strlen(kBatch))}, text[] = {0}, binary[] = {1};
  check("text", c, PQexecParams(c, kStatement, 1, nullptr, values, nullptr, text, 0));
  check("binary result", c, PQexecParams(c, kStatement, 1, nullptr, values, nullptr, text, 1));
  check("binary parameter", c, PQexecParams(c, kStatement, 1, nullptr, values, lengths, binary, 0));
  check("binary both", c, PQexecParams(c, kStatement, 1, nullptr, values, lengths, binary, 1));
  const Answer prepared(PQprepare(c, "post", kStatement, 0, nullptr));
  for (int i = 0; i < 12; i++)
    check("prepared", c, PQexecPrepared(c, "post", 1, values, lengths, i % 2 == 0 ? text : binary, i % 3 == 0));
  const Answer gone(PQexec(c, "DROP TABLE client_items, client_parents"));
  return failures > 0;
}

// batch CONNINFO WAY ROWS CONNECTIONS MILLISECONDS: rows per second by insert_rows() or by one of three other ways to insert rows
// that an application has: jsonb_to_recordset, a VALUES list with a parameter for each value, and unnest of an array for each
// column. Statements are prepared, a request is a transaction.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <numeric>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <libpq-fe.h>

namespace {

using Clock = std::chrono::steady_clock;
constexpr int kColumns = 5;
constexpr int kUntimedRequests = 5;  ///< the first of a session: plans are made, catalogs read
constexpr const char* kColumnNames[kColumns] = {"id", "name", "datetime", "department_id", "job_id"};
constexpr const char* kColumnTypes[kColumns] = {"int", "text", "timestamptz", "int", "int"};

enum class Way { insert_rows, recordset, values, unnest };
constexpr Way kWays[] = {Way::insert_rows, Way::recordset, Way::values, Way::unnest};
constexpr const char* kNames[] = {"insert_rows", "jsonb_to_recordset", "VALUES", "unnest"};

struct Closer {
  void operator()(PGconn* connection) const { PQfinish(connection); }
  void operator()(PGresult* result) const { PQclear(result); }
};
using Connection = std::unique_ptr<PGconn, Closer>;
using Answer = std::unique_ptr<PGresult, Closer>;

[[noreturn]] void fail(PGconn* connection) {
  std::fprintf(stderr, "%s", PQerrorMessage(connection));
  std::exit(1);
}

void check(PGconn* connection, const Answer& answer) {
  const auto status = PQresultStatus(answer.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) fail(connection);
}

Connection connect(const char* conninfo) {
  Connection connection(PQconnectdb(conninfo));
  if (PQstatus(connection.get()) != CONNECTION_OK) fail(connection.get());
  return connection;
}

std::string parameter(std::size_t number) { return "$" + std::to_string(number); }

std::string statement(Way way, int rows) {
  std::string sql = "INSERT INTO hired (id, name, datetime, department_id, job_id) ";
  switch (way) {
    case Way::insert_rows:
      return "SELECT rows_loaded, rejects FROM insert_rows('hired', $1)";
    case Way::recordset:
      return sql +
             "SELECT * FROM jsonb_to_recordset($1) AS r (id int, name text, datetime timestamptz, department_id int, job_id int)";
    case Way::unnest:
      return sql + "SELECT * FROM unnest($1::int[], $2::text[], $3::timestamptz[], $4::int[], $5::int[])";
    case Way::values:
      sql += "VALUES ";
      for (std::size_t i = 0; i < static_cast<std::size_t>(rows); i++) {
        sql += i == 0 ? "(" : ", (";
        for (std::size_t k = 0; k < kColumns; k++)
          sql += (k == 0 ? "" : ", ") + parameter(i * kColumns + k + 1) + (i == 0 ? std::string("::") + kColumnTypes[k] : "");
        sql += ")";
      }
      return sql;
  }
  return sql;
}

/// The values of a row as text.
std::vector<std::string> row_of(std::int64_t id) {
  char time[40];
  std::snprintf(time, sizeof time, "2021-%02d-%02dT%02d:48:42Z", static_cast<int>(1 + id % 12), static_cast<int>(1 + id % 28),
                static_cast<int>(id % 24));
  return {std::to_string(id), "Given Family " + std::to_string(id), time, std::to_string(1 + id * 7919 % 12),
          std::to_string(1 + id * 104729 % 183)};
}

bool is_number(int column) { return column == 0 || column >= 3; }

/// The parameters of a request of rows that begin at id.
std::vector<std::string> parameters_of(Way way, std::int64_t id, int rows) {
  std::vector<std::string> parameters;
  if (way == Way::insert_rows || way == Way::recordset) {
    std::string json = "[";
    for (int i = 0; i < rows; i++) {
      const auto row = row_of(id + i);
      json += i == 0 ? "{" : ", {";
      for (int k = 0; k < kColumns; k++) {
        const std::string quote = is_number(k) ? "" : "\"";
        json += std::string(k == 0 ? "\"" : ", \"") + kColumnNames[k] + "\": " + quote + row[static_cast<std::size_t>(k)] + quote;
      }
      json += "}";
    }
    parameters.push_back(json + "]");
  } else if (way == Way::values) {
    for (int i = 0; i < rows; i++)
      for (std::string& value : row_of(id + i)) parameters.push_back(std::move(value));
  } else {
    parameters.assign(kColumns, "{");
    for (int i = 0; i < rows; i++) {
      const auto row = row_of(id + i);
      for (int k = 0; k < kColumns; k++) {
        const std::string quote = is_number(k) ? "" : "\"";
        parameters[static_cast<std::size_t>(k)] += (i == 0 ? "" : ",") + quote + row[static_cast<std::size_t>(k)] + quote;
      }
    }
    for (std::string& list : parameters) list += "}";
  }
  return parameters;
}

/// One client: sends requests that were made before, until the time is over; its rows per second.
/// index: among the clients, whose requests have their keys in turns.
std::int64_t post(const char* conninfo, Way way, int rows, int index, int clients, int milliseconds, std::atomic<int>& waiting) {
  const Connection connection = connect(conninfo);
  const std::string sql = statement(way, rows);
  check(connection.get(), Answer(PQprepare(connection.get(), "post", sql.c_str(), 0, nullptr)));
  // making texts is not what is measured
  const int requests = kUntimedRequests + std::max(20, milliseconds * 600 / (20 + rows));
  std::vector<std::vector<std::string>> made;
  for (int i = 0; i < requests; i++) made.push_back(parameters_of(way, 1 + (std::int64_t{i} * clients + index) * rows, rows));
  waiting--;
  while (waiting > 0) std::this_thread::yield();
  auto started = Clock::now();
  std::int64_t posted = 0;
  int sent = 0;
  for (const auto& parameters : made) {
    if (sent++ == kUntimedRequests) {
      started = Clock::now();
      posted = 0;
    }
    std::vector<const char*> values;
    for (const std::string& value : parameters) values.push_back(value.c_str());
    const Answer answer(
        PQexecPrepared(connection.get(), "post", static_cast<int>(values.size()), values.data(), nullptr, nullptr, 0));
    check(connection.get(), answer);
    const char* const stored = way == Way::insert_rows ? PQgetvalue(answer.get(), 0, 0) : PQcmdTuples(answer.get());
    if (std::atoi(stored) != rows) fail(connection.get());
    posted += rows;
    if (sent > kUntimedRequests && Clock::now() > started + std::chrono::milliseconds(milliseconds)) break;
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - started).count();
  return static_cast<std::int64_t>(static_cast<double>(posted) / seconds);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 6) return 2;
  const auto way = std::find(std::begin(kNames), std::end(kNames), std::string_view(arguments[2])) - std::begin(kNames);
  if (way == std::size(kNames)) return 2;
  const int rows = std::atoi(arguments[3]), connections = std::atoi(arguments[4]), milliseconds = std::atoi(arguments[5]);
  std::atomic<int> waiting = connections;
  std::vector<std::thread> clients;
  std::vector<std::int64_t> rates(static_cast<std::size_t>(connections));
  for (int i = 0; i < connections; i++)
    clients.emplace_back([&, i] {
      rates[static_cast<std::size_t>(i)] = post(arguments[1], kWays[way], rows, i, connections, milliseconds, waiting);
    });
  for (std::thread& client : clients) client.join();
  std::printf("rows_per_second=%lld\n", static_cast<long long>(std::accumulate(rates.begin(), rates.end(), std::int64_t{0})));
  return 0;
}

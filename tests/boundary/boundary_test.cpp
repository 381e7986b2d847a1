// SQL functions that throw and raise on purpose, for tests/regress/sql/boundary.sql and tests/tap/boundary.pl.

#include <cstdint>
#include <map>
#include <string>

#include "base/concat.hpp"
#include "pg/guard.hpp"
#include "pg/subtransaction.hpp"

#include "pg/server.hpp"

#pragma GCC visibility push(default)
extern "C" {
PG_MODULE_MAGIC;
}
#pragma GCC visibility pop

namespace {

using namespace ferry;
using pg::call;

std::int64_t live_objects = 0;

/// Counts itself, and holds memory that a skipped destructor would leak.
struct Witness {
  std::string ballast = std::string(1000, 'x');
  Witness() { live_objects++; }
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;
  ~Witness() { live_objects--; }
};

void raise_in_server() {
  ereport(ERROR,
          (errcode(ERRCODE_CHECK_VIOLATION), errmsg("raised by the server"), errdetail("the detail"), errhint("the hint"),
           err_generic_string(PG_DIAG_COLUMN_NAME, "the_column"), err_generic_string(PG_DIAG_CONSTRAINT_NAME, "the_constraint")));
}

void throw_in_cpp() {
  throw Error("22P04", "thrown by C++")
      .detail("the detail")
      .hint("the hint")
      .context("the context")
      .column("the_column")
      .constraint("the_constraint");
}

/// One error of each kind, with objects alive above and below the boundary.
void fail(const std::string& kind) {
  Witness outer;
  if (kind == "server") call(raise_in_server);
  if (kind == "cpp") throw_in_cpp();
  if (kind == "through_guard") call([] { throw_in_cpp(); });
  if (kind == "out_of_memory") throw std::bad_alloc();
  if (kind == "exception") throw std::runtime_error("a standard exception");
  if (kind == "unknown") throw 42;
  if (kind == "too_long") throw Error("22000", std::string(100'000, 'm')).detail(std::string(100'000, 'd'));
  if (kind == "nested") {
    try {
      Witness inner;
      call(raise_in_server);
    } catch (const pg::ServerError&) {
      Witness while_unwinding;
      throw;
    }
  }
}

/// Swallows an error of that kind in a subtransaction; the SQLSTATE and message of what was swallowed.
std::string swallow(const std::string& kind) {
  Witness outer;
  const auto caught = pg::attempt(
      [&] {
        Witness inner;
        fail(kind);
      },
      [](const char* sqlstate) { return sqlstate[0] == '2'; });
  return caught ? concat(caught->sqlstate, " ", caught->message, " | ", caught->detail, " | ", caught->column, " | ",
                         caught->constraint)
                : "nothing";
}

std::string argument_text(FunctionCallInfo fcinfo) {
  const char* const cstring = call([=] { return const_cast<const char*>(TextDatumGetCString(fcinfo->args[0].value)); });
  return cstring;
}

}  // namespace

FERRY_C_FUNCTION(boundary_fail) {
  return pg::boundary([&]() -> Datum {
    fail(argument_text(fcinfo));
    return Int32GetDatum(0);
  });
}

FERRY_C_FUNCTION(boundary_swallow) {
  return pg::boundary([&]() -> Datum {
    const std::string caught = swallow(argument_text(fcinfo));
    const char* const result = caught.c_str();
    return call([=] { return PointerGetDatum(cstring_to_text(result)); });
  });
}

/// Swallows that many server errors and as many C++ errors, in this call.
FERRY_C_FUNCTION(boundary_swallow_many) {
  return pg::boundary([&]() -> Datum {
    const std::int64_t count = PG_GETARG_INT64(0);
    MemoryContext const scratch =
        call([] { return AllocSetContextCreate(CurrentMemoryContext, "scratch", ALLOCSET_DEFAULT_SIZES); });
    for (std::int64_t i = 0; i < count; i++) {
      pg::check_interrupts();
      call([=] {
        MemoryContextReset(scratch);
        MemoryContextSwitchTo(scratch);
      });
      (void)swallow("server");
      (void)swallow("cpp");
    }
    return Int64GetDatum(live_objects);
  });
}

FERRY_C_FUNCTION(boundary_live_objects) {
  (void)fcinfo;
  return pg::boundary([&]() -> Datum { return Int64GetDatum(live_objects); });
}

/// A loop of C++ without end.
FERRY_C_FUNCTION(boundary_loop) {
  (void)fcinfo;
  return pg::boundary([&]() -> Datum {
    Witness witness;
    for (std::uint64_t i = 0;; i++)
      if (i % 1000 == 0) pg::check_interrupts();
  });
}

/// A large allocation of C++ that fails.
FERRY_C_FUNCTION(boundary_allocate) {
  (void)fcinfo;
  return pg::boundary([&]() -> Datum {
    Witness witness;
    std::string huge;
    for (std::size_t size = std::size_t{1} << 40;; size *= 2) huge.reserve(size);
  });
}

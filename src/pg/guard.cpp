#include "pg/guard.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "pg/server.hpp"

extern "C" {
#include "mb/pg_wchar.h"
}

namespace ferry::pg {
namespace detail {

void run_guarded(void (*thunk)(void*), void* argument) {
  sigjmp_buf* const saved_exception_stack = PG_exception_stack;
  ErrorContextCallback* const saved_context_stack = error_context_stack;
  sigjmp_buf local_buffer;
  if (sigsetjmp(local_buffer, 0) == 0) {
    PG_exception_stack = &local_buffer;
    try {
      thunk(argument);
    } catch (...) {
      PG_exception_stack = saved_exception_stack;
      error_context_stack = saved_context_stack;
      throw;
    }
    PG_exception_stack = saved_exception_stack;
    error_context_stack = saved_context_stack;
  } else {
    PG_exception_stack = saved_exception_stack;
    error_context_stack = saved_context_stack;
    throw ServerError{};
  }
}

namespace {

/// Copies text, cut at a character boundary where it is too long.
template <std::size_t N>
void copy_text(char (&to)[N], std::string_view from) {
  std::size_t length = std::min(from.size(), N - 1);
  if (length < from.size()) length = pg_mbcliplen(from.data(), static_cast<int>(from.size()), static_cast<int>(N - 1));
  std::memcpy(to, from.data(), length);
  to[length] = '\0';
}

}  // namespace

void Report::copy(const Error& error) {
  copy_text(sqlstate_, error.sqlstate());
  copy_text(message_, error.message());
  copy_text(detail_, error.detail());
  copy_text(hint_, error.hint());
  copy_text(context_, error.context());
  copy_text(schema_, error.schema());
  copy_text(table_, error.table());
  copy_text(column_, error.column());
  copy_text(constraint_, error.constraint());
  site_ = error.site();
}

void Report::copy_other(const char* sqlstate, const char* message) {
  std::memset(static_cast<void*>(this), 0, sizeof *this);
  copy_text(sqlstate_, sqlstate);
  copy_text(message_, message);
  site_ = {__FILE__, __LINE__, __func__};
}

void Report::copy_out_of_memory() { copy_other("53200", "out of memory"); }

void Report::raise() {
  errstart(ERROR, TEXTDOMAIN);
  errcode(MAKE_SQLSTATE(sqlstate_[0], sqlstate_[1], sqlstate_[2], sqlstate_[3], sqlstate_[4]));
  errmsg_internal("%s", message_);
  if (detail_[0] != '\0') errdetail_internal("%s", detail_);
  if (hint_[0] != '\0') errhint("%s", hint_);
  // errcontext() by hand: it is a macro made for ereport()
  if (context_[0] != '\0') set_errcontext_domain(TEXTDOMAIN), errcontext_msg("%s", context_);
  if (schema_[0] != '\0') err_generic_string(PG_DIAG_SCHEMA_NAME, schema_);
  if (table_[0] != '\0') err_generic_string(PG_DIAG_TABLE_NAME, table_);
  if (column_[0] != '\0') err_generic_string(PG_DIAG_COLUMN_NAME, column_);
  if (constraint_[0] != '\0') err_generic_string(PG_DIAG_CONSTRAINT_NAME, constraint_);
  errfinish(site_.file, site_.line, site_.function);
  pg_unreachable();
}

}  // namespace detail

void notice(const char* message, const char* hint, const char* detail) {
  call([=] {
    ereport(NOTICE, (errmsg_internal("%s", message), detail != nullptr ? errdetail_internal("%s", detail) : 0,
                     hint != nullptr ? errhint("%s", hint) : 0));
  });
}

}  // namespace ferry::pg

#include "pg/subtransaction.hpp"

#include <exception>
#include <utility>

#include "pg/progress.hpp"

#include "pg/server.hpp"

extern "C" {
#include "utils/resowner.h"
}

namespace ferry::pg {

CaughtError copy_error(const ErrorData& data) {
  const auto text_or_empty = [](const char* text) { return text == nullptr ? std::string() : std::string(text); };
  return {unpack_sql_state(data.sqlerrcode), text_or_empty(data.message),         text_or_empty(data.detail),
          text_or_empty(data.hint),          text_or_empty(data.schema_name),     text_or_empty(data.table_name),
          text_or_empty(data.column_name),   text_or_empty(data.constraint_name), text_or_empty(data.context)};
}

namespace detail {
namespace {

/// Ends the current subtransaction with a rollback and makes the caller's context and owner current again.
void roll_back(MemoryContext context, ResourceOwner owner) {
  call([=] {
    const KeptProgress progress;
    MemoryContextSwitchTo(context);
    RollbackAndReleaseCurrentSubTransaction();
    progress.show_again();
    MemoryContextSwitchTo(context);
    CurrentResourceOwner = owner;
  });
}

/// Copies the error on top of the server's error stack into context and empties the stack.
ErrorData* take_server_error(MemoryContext context) {
  return call([=] {
    MemoryContextSwitchTo(context);
    ErrorData* data = CopyErrorData();
    FlushErrorState();
    return data;
  });
}

}  // namespace

void attempt(const Attempted& attempted, std::optional<CaughtError>& caught) {
  MemoryContext const context = CurrentMemoryContext;
  ResourceOwner const owner = CurrentResourceOwner;
  call([=] {
    BeginInternalSubTransaction(nullptr);
    MemoryContextSwitchTo(context);
  });
  bool failed_in_server = false;
  std::optional<CaughtError> own;
  std::exception_ptr other;
  try {
    attempted.run(attempted.body);
  } catch (const ServerError&) {
    failed_in_server = true;
  } catch (const Error& error) {
    other = std::current_exception();
    own = CaughtError{error.sqlstate(), error.message(), error.detail(),     error.hint(),   error.schema(),
                      error.table(),    error.column(),  error.constraint(), error.context()};
  } catch (...) {
    other = std::current_exception();
  }
  if (other) {
    roll_back(context, owner);
    if (!own || !attempted.may_swallow(attempted.rule, own->sqlstate.c_str())) std::rethrow_exception(other);
    caught = std::move(own);
    return;
  }
  if (!failed_in_server) {
    call([=] {
      ReleaseCurrentSubTransaction();
      MemoryContextSwitchTo(context);
      CurrentResourceOwner = owner;
    });
    return;
  }
  ErrorData* const data = take_server_error(context);
  roll_back(context, owner);
  const char* const sqlstate = unpack_sql_state(data->sqlerrcode);
  if (!attempted.may_swallow(attempted.rule, sqlstate)) call(ReThrowError, data);
  caught = copy_error(*data);
  call(FreeErrorData, data);
}

}  // namespace detail
}  // namespace ferry::pg

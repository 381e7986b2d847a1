#pragma once

#include <exception>
#include <new>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "base/error.hpp"
#include "pg/extension.hpp"

#include "pg/server.hpp"

/// The boundary between C++ and the server. The server reports an error by longjmp, C++ by an exception; neither may cross
/// a frame of the other. Three rules keep them apart:
///   1. Every function that the server calls is `return boundary([&]() -> Datum { ... });`: no exception leaves it.
///   2. Every server call that can fail goes through `call(...)`: no longjmp crosses a frame with a destructor.
///   3. Only attempt() (subtransaction.hpp) may swallow a server error, and input_value() (value_input.hpp) the refusal of a
///   value.
/// After an error the (sub)transaction abort frees what belongs to the server: relations, snapshots, memory, files.
/// Destructors free what belongs to C++ and never call the server.
namespace ferry::pg {

/// Thrown by call() for a server error, which itself stays untouched on the server's error stack. Deliberately no
/// std::exception: only boundary(), attempt() and input_value() may catch it.
struct ServerError {};

namespace detail {

/// Runs thunk(argument) with the server's errors turned into ServerError. Restores the error and context stacks however it ends.
void run_guarded(void (*thunk)(void*), void* argument);

/// A C++ error, copied out of its handler into memory without destructors, so that it can be raised from a frame that has none.
class Report {
 public:
  void copy(const Error& error);
  void copy_out_of_memory();
  void copy_other(const char* sqlstate, const char* message);
  /// ereport(ERROR); does not return.
  [[noreturn]] void raise();

 private:
  char sqlstate_[6];
  char message_[1024], hint_[512], context_[1024];
  char detail_[8192];
  char schema_[NAMEDATALEN], table_[NAMEDATALEN], column_[NAMEDATALEN], constraint_[NAMEDATALEN];
  ThrowSite site_;
};

}  // namespace detail

/// Calls a function of the server (or a lambda of calls) and returns its result. A server error becomes ServerError; a C++
/// exception passes through. Arguments, result and captures must be trivially destructible, and so must every local that is
/// alive across a server call inside a lambda: the longjmp skips destructors. Cost: some 5 ns.
template <class F, class... Args>
auto call(F&& function, Args&&... args) {
  using Result = std::invoke_result_t<F, Args...>;
  static_assert(std::is_trivially_destructible_v<std::decay_t<F>>);
  static_assert((std::is_trivially_destructible_v<std::decay_t<Args>> && ...));
  static_assert(std::is_void_v<Result> || std::is_trivially_destructible_v<Result>);
  auto bound = [&] { return function(std::forward<Args>(args)...); };
  using Bound = decltype(bound);
  if constexpr (std::is_void_v<Result>) {
    detail::run_guarded([](void* self) { (*static_cast<Bound*>(self))(); }, &bound);
  } else {
    struct Frame {
      Bound* bound;
      Result result;
    } frame{&bound, {}};
    detail::run_guarded(
        [](void* self) {
          auto* f = static_cast<Frame*>(self);
          f->result = (*f->bound)();
        },
        &frame);
    return frame.result;
  }
}

/// The body of every function that the server calls: runs body and turns whatever it throws into the server's error, after
/// all C++ objects of the body are gone. Nothing of a server error is lost; a C++ Error keeps SQLSTATE, texts, names and
/// throw site; std::bad_alloc becomes 53200.
template <class F>
auto boundary(F&& body) -> std::invoke_result_t<F> {
  static_assert(std::is_void_v<std::invoke_result_t<F>> || std::is_trivially_destructible_v<std::invoke_result_t<F>>);
  bool from_server = false;
  detail::Report report;
  try {
    return body();
  } catch (const ServerError&) {
    from_server = true;
  } catch (const Error& error) {
    report.copy(error);
  } catch (const std::bad_alloc&) {
    report.copy_out_of_memory();
  } catch (const std::length_error& error) {
    report.copy_other("54000", error.what());
  } catch (const std::exception& error) {
    report.copy_other("XX000", error.what());
  } catch (...) {
    report.copy_other("XX000", "unrecognized C++ exception");
  }
  if (from_server) PG_RE_THROW();
  report.raise();
}

/// A place where a cancel, a statement_timeout or a shutdown may stop a loop of ours; to be passed at least once a block of
/// bytes and once a thousand rows.
inline void check_interrupts() {
  if (INTERRUPTS_PENDING_CONDITION()) call(ProcessInterrupts);
}

/// Sends a NOTICE to the client. hint and detail may be null.
void notice(const char* message, const char* hint = nullptr, const char* detail = nullptr);

}  // namespace ferry::pg

/// Declares and opens a function that SQL calls; its body follows and goes through boundary().
#define FERRY_C_FUNCTION(name)                                                      \
  _Pragma("GCC visibility push(default)") extern "C" { PG_FUNCTION_INFO_V1(name); } \
  _Pragma("GCC visibility pop") extern "C" Datum name(PG_FUNCTION_ARGS)

/// The same for a function of the extension. Its arguments are those of the library's version, so that is required first.
#define FERRY_SQL_FUNCTION(name)              \
  static Datum name##_body(PG_FUNCTION_ARGS); \
  FERRY_C_FUNCTION(name) {                    \
    ferry::pg::require_version();             \
    return name##_body(fcinfo);               \
  }                                           \
  static Datum name##_body(PG_FUNCTION_ARGS)

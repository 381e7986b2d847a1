#pragma once

#include <optional>
#include <string>
#include <type_traits>

#include "pg/guard.hpp"

namespace ferry::pg {

/// A server error that was swallowed: a copy, the server's own is gone.
struct CaughtError {
  std::string sqlstate, message, detail, hint, schema, table, column, constraint, context;
};

/// A copy of the server's.
[[nodiscard]] CaughtError copy_error(const ErrorData& data);

namespace detail {
/// What attempt() is given, without their types.
struct Attempted {
  void (*run)(void*);
  void* body;
  bool (*may_swallow)(void*, const char* sqlstate);
  void* rule;
};
void attempt(const Attempted& attempted, std::optional<CaughtError>& caught);
}  // namespace detail

/// Runs body in a subtransaction of its own. Nothing when it succeeded and was released; the error when it failed and was
/// rolled back. Errors that may_swallow refuses are raised on after the rollback, with nothing lost, and so are C++
/// exceptions other than Error. The caller's memory context and resource owner are current again afterwards.
/// may_swallow: takes the five characters of an SQLSTATE; called when body is rolled back, so that it may look at the catalogs.
template <class F, class P>
[[nodiscard]] std::optional<CaughtError> attempt(F&& body, P&& may_swallow) {
  using Body = std::remove_reference_t<F>;
  using Rule = std::remove_reference_t<P>;
  std::optional<CaughtError> caught;
  detail::attempt({.run = [](void* self) { (*static_cast<Body*>(self))(); },
                   .body = const_cast<void*>(static_cast<const void*>(&body)),
                   .may_swallow = [](void* self, const char* sqlstate) -> bool { return (*static_cast<Rule*>(self))(sqlstate); },
                   .rule = const_cast<void*>(static_cast<const void*>(&may_swallow))},
                  caught);
  return caught;
}

/// Runs body in a subtransaction and rolls it back, whatever body did: a rehearsal. Errors pass through.
template <class F>
void rehearse(F&& body) {
  struct Done {};
  try {
    (void)attempt(
        [&] {
          body();
          throw Done{};
        },
        [](const char*) { return false; });
  } catch (const Done&) {
  }
}

}  // namespace ferry::pg

#pragma once

#include <cstddef>
#include <span>
#include <type_traits>

#include "base/error.hpp"

#include "pg/server.hpp"

namespace ferry::pg {

/// Of a line of context.
inline constexpr std::size_t kMostContextBytes = 8192;

/// errcontext() with a text that is ready; nothing where it is empty. For the server's callbacks.
void add_context_line(const char* line);

/// Runs body with a line added to the context of its errors, the server's and our own. tell(out) writes it, zero-terminated, as
/// it is when the error is made; an empty one is left out. tell raises none. Calls the server without a guard.
template <class Tell, class F>
auto with_context(const Tell& tell, F&& body) -> std::invoke_result_t<F> {
  ErrorContextCallback callback{};
  callback.callback = [](void* self) {
    char line[kMostContextBytes];
    (*static_cast<const Tell*>(self))(std::span<char>(line));
    add_context_line(line);
  };
  callback.arg = const_cast<Tell*>(&tell);
  callback.previous = error_context_stack;
  error_context_stack = &callback;
  try {
    if constexpr (std::is_void_v<std::invoke_result_t<F>>) {
      body();
      error_context_stack = callback.previous;
    } else {
      const auto result = body();
      error_context_stack = callback.previous;
      return result;
    }
  } catch (Error& error) {
    error_context_stack = callback.previous;
    char line[kMostContextBytes];
    tell(std::span<char>(line));
    if (line[0] != '\0') error.context(line);
    throw;
  }
}

}  // namespace ferry::pg

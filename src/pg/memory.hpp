#pragma once

#include <type_traits>

#include "pg/server.hpp"

namespace ferry::pg {

/// Runs body with another current memory context and returns its result. Where body raises, who catches that sets the context
/// that it needs. May be used without a guard: nothing here needs a destructor.
template <class F>
auto in_context(MemoryContext context, F&& body) -> std::invoke_result_t<F> {
  MemoryContext const caller = MemoryContextSwitchTo(context);
  if constexpr (std::is_void_v<std::invoke_result_t<F>>) {
    body();
    MemoryContextSwitchTo(caller);
  } else {
    const auto result = body();
    MemoryContextSwitchTo(caller);
    return result;
  }
}

}  // namespace ferry::pg

#pragma once

#include <type_traits>

#include "base/error.hpp"

namespace ferry::pg {

/// The same error as text of the database. Errors of stores are in UTF-8, as their keys are, and what a store says of itself may
/// be anything.
[[nodiscard]] Error shown_error(const Error& error);

/// Runs body, and gives its errors on like that.
template <class F>
auto with_shown_errors(F&& body) -> std::invoke_result_t<F> {
  try {
    return body();
  } catch (const Error& error) {
    throw shown_error(error);
  }
}

}  // namespace ferry::pg

#pragma once

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace ferry::test {

/// The error that function throws; a failure of the test if it throws none.
template <class Function>
Error error_of(Function function) {
  try {
    function();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "no error was thrown";
  return Error("00000", "no error");
}

}  // namespace ferry::test

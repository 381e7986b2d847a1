#pragma once

namespace ferry {

/// Called now and then in long work, so that it can be stopped: it throws then. nullptr: nothing is called.
using CheckInterrupts = void (*)();

inline void check(CheckInterrupts check_interrupts) {
  if (check_interrupts != nullptr) check_interrupts();
}

}  // namespace ferry

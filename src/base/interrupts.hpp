#pragma once

namespace ferry {

/// Called now and then in long work, so that it can be stopped: it throws then. nullptr: nothing is called.
using CheckInterrupts = void (*)();

}  // namespace ferry

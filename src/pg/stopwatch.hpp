#pragma once

#include "pg/server.hpp"

extern "C" {
#include "portability/instr_time.h"
}

namespace ferry::pg {

/// Milliseconds since it was made.
class Stopwatch {
 public:
  Stopwatch() { INSTR_TIME_SET_CURRENT(start_); }
  [[nodiscard]] double elapsed_ms() const {
    instr_time now;
    INSTR_TIME_SET_CURRENT(now);
    INSTR_TIME_SUBTRACT(now, start_);
    return INSTR_TIME_GET_MILLISEC(now);
  }

 private:
  instr_time start_;
};

}  // namespace ferry::pg

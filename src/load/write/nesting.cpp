#include "load/write/nesting.hpp"

#include "base/concat.hpp"
#include "base/error.hpp"

namespace ferry::load {

namespace {

constexpr int kMostLevels = 16;

int levels = 0;
bool occurred = false;

}  // namespace

Nesting::Nesting() {
  if (levels == kMostLevels)
    throw Error("54001", "loads are nested too deeply")
        .detail(concat("A load may call functions that load in turn, up to ", kMostLevels, " levels deep."))
        .hint("Look for a trigger that loads into its own table.");
  occurred = levels > 0;
  levels++;
}

Nesting::~Nesting() { levels--; }

bool Nesting::has_occurred() { return occurred; }

}  // namespace ferry::load

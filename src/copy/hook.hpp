#pragma once

namespace ferry::copy {

/// Puts the module into the chain of utility hooks, so that it runs the COPY statements that options.hpp knows.
void install_hook();

}  // namespace ferry::copy

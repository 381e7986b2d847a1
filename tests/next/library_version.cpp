#include "pg/extension.hpp"

namespace ferry::pg {

// the version that tests/tap/upgrade.pl makes of the extension
const char* const kLibraryVersion = "next";

}  // namespace ferry::pg

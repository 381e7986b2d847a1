#include "pg/extension.hpp"

namespace ferry::pg {

const char* const kLibraryVersion = "1.0";

}  // namespace ferry::pg

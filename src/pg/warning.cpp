#include "pg/warning.hpp"

#include "pg/guard.hpp"

#include "pg/server.hpp"

namespace ferry::pg {

void warning(const std::string& message) {
  const char* const text = message.c_str();
  call([text] { ereport(WARNING, (errmsg_internal("%s", text))); });
}

}  // namespace ferry::pg

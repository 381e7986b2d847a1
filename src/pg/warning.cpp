#include "pg/warning.hpp"

#include "pg/guard.hpp"

#include "pg/server.hpp"

namespace ferry::pg {

void warning(const std::string& message, const char* hint) {
  const char* const text = message.c_str();
  call([=] { ereport(WARNING, (errmsg_internal("%s", text), hint != nullptr ? errhint("%s", hint) : 0)); });
}

}  // namespace ferry::pg

#include "pg/error_context.hpp"

namespace ferry::pg {

void add_context_line(const char* line) {
  if (line[0] == '\0') return;
  // errcontext() by hand: it is a macro made for ereport()
  set_errcontext_domain(TEXTDOMAIN);
  errcontext_msg("%s", line);
}

}  // namespace ferry::pg

#include "pg/store/shown_errors.hpp"

#include "pg/encoding.hpp"

namespace ferry::pg {

Error shown_error(const Error& error) {
  const ThrowSite& site = error.site();
  Error shown(error.sqlstate().c_str(), shown_from_utf8(error.message()), site.file, site.line, site.function);
  shown.detail(shown_from_utf8(error.detail())).hint(shown_from_utf8(error.hint()));
  if (!error.context().empty()) shown.context(shown_from_utf8(error.context()));
  return shown;
}

}  // namespace ferry::pg

#include "load/write/error_place.hpp"

#include "pg/server.hpp"

namespace ferry::load {

ErrorPlace::ErrorPlace(const std::string& table_name, const Source& source) : table_name_(table_name.c_str()), source_(source) {
  callback_.callback = describe;
  callback_.arg = this;
  callback_.previous = error_context_stack;
  error_context_stack = &callback_;
}

/// Called by the server while it makes an error; raises none.
void ErrorPlace::describe(void* self) {
  const auto& place = *static_cast<const ErrorPlace*>(self);
  const char* const unit = place.has_lines_ ? "line" : "row";
  const auto first = static_cast<long long>(place.first_), last = static_cast<long long>(place.last_);
  if (first == 0) return;  // not at a record yet
  // errcontext() by hand: it is a macro made for ereport()
  set_errcontext_domain(TEXTDOMAIN);
  char text[1024];
  if (place.source_.tell_place(place.first_row_, place.last_row_, {}, text)) {
    errcontext_msg("%s", text);
    return;
  }
  if (first == last)
    errcontext_msg("load into table %s, %s %lld", place.table_name_, unit, first);
  else
    errcontext_msg("load into table %s, %ss %lld to %lld", place.table_name_, unit, first, last);
}

}  // namespace ferry::load

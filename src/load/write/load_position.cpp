#include "load/write/load_position.hpp"

#include <algorithm>
#include <cstdio>

#include "pg/error_context.hpp"

#include "pg/server.hpp"

namespace ferry::load {

LoadPosition::LoadPosition(const std::string& context, const Source& source) : context_(context.c_str()), source_(source) {
  callback_.callback = describe;
  callback_.arg = this;
  callback_.previous = error_context_stack;
  error_context_stack = &callback_;
}

void LoadPosition::tell(std::string_view column, std::span<char> out) const {
  out[0] = '\0';
  if (first_ == 0) return;
  std::size_t used = 0;
  const auto add = [&](const char* format, auto... arguments) {
    const auto rest = out.subspan(used);
    const int wanted = std::snprintf(rest.data(), rest.size(), format, arguments...);
    used += std::min(static_cast<std::size_t>(wanted), rest.size() - 1);
  };
  const char* const unit = has_lines_ ? "line" : "row";
  const auto first = static_cast<long long>(first_), last = static_cast<long long>(last_);
  char location[128];
  if (source_.tell_location(first_row_, last_row_, location))
    add("%s, %s", context_, location);
  else if (first == last)
    add("%s, %s %lld", context_, unit, first);
  else
    add("%s, %ss %lld to %lld", context_, unit, first, last);
  if (!column.empty()) add(", column %.*s", static_cast<int>(column.size()), column.data());
}

/// Called by the server while it makes an error; raises none.
void LoadPosition::describe(void* self) {
  char text[pg::kMostContextBytes];
  static_cast<const LoadPosition*>(self)->tell({}, text);
  pg::add_context_line(text);
}

}  // namespace ferry::load

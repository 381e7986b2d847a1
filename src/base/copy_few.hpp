#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace ferry {

namespace detail {
/// The first and the last of them, which may overlap. Precondition: at least as many bytes as Part has.
template <class Part>
void copy_ends(void* out, const void* in, std::size_t size_bytes) {
  Part first, last;
  std::memcpy(&first, in, sizeof first);
  std::memcpy(&last, static_cast<const char*>(in) + size_bytes - sizeof last, sizeof last);
  std::memcpy(out, &first, sizeof first);
  std::memcpy(static_cast<char*>(out) + size_bytes - sizeof last, &last, sizeof last);
}
}  // namespace detail

/// As std::memcpy(), for places where mostly few bytes are copied: up to 32 without its call.
inline void copy_few(void* out, const void* in, std::size_t size_bytes) {
  if (size_bytes > 32)
    std::memcpy(out, in, size_bytes);
  else if (size_bytes >= 16)
    detail::copy_ends<unsigned __int128>(out, in, size_bytes);
  else if (size_bytes >= 8)
    detail::copy_ends<std::uint64_t>(out, in, size_bytes);
  else
    for (std::size_t i = 0; i < size_bytes; i++) static_cast<char*>(out)[i] = static_cast<const char*>(in)[i];
}

}  // namespace ferry

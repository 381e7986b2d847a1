#pragma once

#include <cstddef>
#include <cstdint>

// Knows nothing of the server.
namespace ferry::map {

/// The most bytes that write_duration() writes.
inline constexpr std::size_t kDurationTextBytes = 80;

/// Writes an interval as ISO 8601 has durations, "P1Y2M3DT4H5M6.7S", every part with its own sign, zero as "PT0S". Returns the
/// end. It is what the server shows with IntervalStyle iso_8601.
[[nodiscard]] char* write_duration(char* out, std::int32_t months, std::int32_t days, std::int64_t micros);

}  // namespace ferry::map

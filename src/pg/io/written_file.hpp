#pragma once

#include <cstdint>
#include <string>

#include "pg/io/device_sink.hpp"
#include "pg/io/output_file.hpp"
#include "pg/io/remote_sink.hpp"
#include "remote/url.hpp"

namespace ferry::pg {

/// Lets produce(ByteSink&) write what stands under a path, as COPY TO does: a file is replaced by a good one or not at all, and
/// keeps its permission bits; a FIFO or a device is written; under a URL there is a new object, complete, or what was there.
/// Checks no privilege but that to write to a URL: see check_may_write(). Errors: those of find_destination(), OutputFile,
/// DeviceSink and RemoteSink.
template <class F>
void write_to_file(const std::string& path, F&& produce) {
  constexpr std::uint32_t kNewFileMode = 0644;  // whatever the server's umask, as COPY has it
  if (remote::is_url(path)) {
    RemoteSink object(path);
    produce(object);
    return object.commit();
  }
  const OutputDestination destination = find_destination(path);
  if (destination.is_device) {
    DeviceSink device(destination.path);
    produce(device);
    return device.close();
  }
  OutputFile file(destination.path, {.mode = destination.mode == 0 ? kNewFileMode : destination.mode, .has_digest = false});
  produce(file);
  file.commit();
}

}  // namespace ferry::pg

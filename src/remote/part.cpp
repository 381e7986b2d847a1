#include "remote/part.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <unistd.h>

#include "base/error.hpp"

namespace ferry::remote {
namespace {

constexpr std::size_t kMostMemoryBytes = std::size_t{1} << 20;  ///< of a part that may go into a file

void write_all(int file, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0)
      throw Error(errno == ENOSPC || errno == EDQUOT ? "53100" : "58030", "could not write to a temporary file")
          .detail("A part of a large object waits there until the store has it.");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

}  // namespace

Part::Descriptor::Descriptor(Descriptor&& other) noexcept : number(std::exchange(other.number, -1)) {}

Part::Descriptor& Part::Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(number, other.number);
  return *this;
}

Part::Descriptor::~Descriptor() {
  if (number >= 0) close(number);
}

Part::Part(const Surroundings& surroundings, bool has_digest) : open_spool_(surroundings.open_spool), has_digest_(has_digest) {}

Part::~Part() = default;

void Part::begin(int number) {
  most_bytes_ = open_spool_ == nullptr ? kMemoryPartBytes : part_bytes(number);
  memory_.clear();
  payload_ = {};
  file_ = Descriptor();
}

void Part::move_to_file() {
  file_ = Descriptor(open_spool_());
  write_all(file_.number, memory_);
  memory_ = {};
}

std::size_t Part::add(ByteView bytes) {
  bytes = bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), room_bytes())));
  if (open_spool_ != nullptr && file_.number < 0 && memory_.size() + bytes.size() > kMostMemoryBytes) move_to_file();
  if (file_.number >= 0)
    write_all(file_.number, bytes);
  else
    memory_.insert(memory_.end(), bytes.begin(), bytes.end());
  if (has_digest_) digest_.add(bytes);
  payload_.bytes += bytes.size();
  return bytes.size();
}

const Payload& Part::finish() {
  payload_.memory = memory_;
  payload_.file = file_.number;
  if (has_digest_ && payload_.sha256.empty()) payload_.sha256 = hex(digest_.finish());
  return payload_;
}

}  // namespace ferry::remote

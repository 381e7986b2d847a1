#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/interrupts.hpp"
#include "base/io.hpp"
#include "remote/url.hpp"

namespace ferry::remote {

struct Credentials {
  std::string access_key_id, secret_access_key;
  std::string session_token{};  ///< empty: none
};

/// How the host of an address is spoken to.
struct Endpoint {
  std::string url{};                         ///< https://host[:port]; of an https:// address: that itself
  std::string region{};                      ///< empty: us-east-1
  bool has_bucket_in_host = false;           ///< virtual-host style: https://bucket.host/key; else https://host/bucket/key
  std::optional<Credentials> credentials{};  ///< nothing: requests are not signed
  std::string ca_file{};                     ///< certificates that are trusted instead of the system's; empty: those
  bool checks_certificate = true;
  bool allows_http = false;    ///< http:// elsewhere than on the loopback, too
  int idle_limit_ms = 30'000;  ///< a connection on which nothing happens for so long counts as broken
};

/// An object as a store has it.
struct ObjectFacts {
  std::string key;
  std::uint64_t bytes = 0;
  std::string etag{};            ///< without quotes; empty where the server tells none
  std::int64_t modified_at = 0;  ///< seconds since 1970; 0 where the server does not say
};

/// An object that is read from front to back. A connection that breaks is made again and reading goes on where it stopped, if the
/// object is still the same one.
class ObjectReader : public ByteSource {
 public:
  [[nodiscard]] virtual const ObjectFacts& facts() const = 0;
};

/// An object that appears under its name, complete, with commit(), or not at all. The destructor of one without commit() gives
/// its upload to be aborted by abort_abandoned_uploads().
class ObjectWriter : public ByteSink {
 public:
  /// Errors: those of Store.
  virtual void commit() = 0;
  /// Of what was stored. Precondition: commit() was called.
  [[nodiscard]] virtual const ObjectFacts& facts() const = 0;
};

/// What is needed of the process around: waiting is broken off by check_interrupts, which is called at least every 100 ms; parts
/// of very large objects do not stay in memory.
struct Surroundings {
  CheckInterrupts check_interrupts = nullptr;
  /// The descriptor of a new file without a name, which the caller closes. Throws.
  int (*open_spool)() = nullptr;
  /// Told before each wait for a store of the process, and behind it. May not throw.
  void (*show_wait)(bool is_waiting) = nullptr;
};

/// One bucket of a store, or the host of https:// addresses. Connections are kept for the process and used again.
/// Errors of all functions, with the address in them and never a secret: 28000 keys or rights that the store does not accept,
/// with its code; 58P01 no such object or bucket; 55000 the object changed while it was read; 08001 nobody there, or a
/// certificate that is not trusted; 08006 broken off, or the store in trouble, after retries; 08P01 what the protocol does not
/// allow, redirects among it; 42501 an address that is refused: link-local ones that the endpoint does not name, http:// without
/// leave; what check_interrupts throws.
class Store {
 public:
  /// place: its key does not matter. Connects to nothing.
  Store(const Url& place, Endpoint endpoint, Surroundings surroundings);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// Opens an object: one request, which has been answered when it returns.
  [[nodiscard]] std::unique_ptr<ObjectReader> read(const std::string& key);
  /// Nothing where there is no such object; a missing bucket is an error. One request.
  [[nodiscard]] std::optional<ObjectFacts> find(const std::string& key);
  /// A new object, whatever is under its name. Connects to nothing before there is a part to send; one that fits into a part is
  /// one request.
  [[nodiscard]] std::unique_ptr<ObjectWriter> write(const std::string& key);
  /// Calls visit for every object whose key begins with prefix, in the order of keys (bytes of UTF-8). s3:// only, as the next
  /// ones.
  void list(const std::string& prefix, const std::function<void(const ObjectFacts&)>& visit);
  /// The names directly below prefix, which ends with a slash or is empty: of objects, and of folders with a slash at their end.
  [[nodiscard]] std::vector<ObjectFacts> list_folder(const std::string& prefix);
  /// None there is no error.
  void remove(const std::string& key);
  /// The same for abort_abandoned_uploads() to do. Does not throw.
  void give_up(const std::string& key) noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Asks the stores to abort the uploads and to remove the objects that were given up, within limit_ms together; those that fail
/// are left to the store's life-cycle rule. Does not throw. To be called behind a rollback, and before the process ends.
void abort_abandoned_uploads(int limit_ms) noexcept;

}  // namespace ferry::remote

#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/interrupts.hpp"
#include "remote/answer.hpp"
#include "remote/connections.hpp"
#include "remote/network_address.hpp"

namespace ferry::remote {

/// The body of a request: bytes in memory, or those at the front of a file. It is not owned, and stays until the answer is there.
struct Payload {
  ByteView memory{};
  int file = -1;
  std::uint64_t bytes = 0;
  std::string sha256{};  ///< in hexadecimal digits; empty: not known
};

/// How a server is connected to.
struct Route {
  std::string ca_file{};
  bool checks_certificate = true;
  bool allows_http = false;
  std::optional<NetworkAddress> named_address{};  ///< of an endpoint that is one literally: it may be local to the link
  int idle_limit_ms = 30'000;                     ///< nothing may arrive and nothing be taken for so long
};

struct HttpRequest {
  std::string method;
  std::string url;
  std::vector<std::string> headers{};  ///< "name: value"
  const Payload* payload = nullptr;    ///< must outlive the transfer
  bool is_streamed = false;            ///< the body of a success waits for stream_to()
};

/// Who takes the body of an answer.
class BodyTaker {
 public:
  virtual ~BodyTaker() = default;
  /// Takes all of bytes, or nothing and returns false: they come again after resume().
  [[nodiscard]] virtual bool take(ByteView bytes) = 0;
};

/// One request, from when it is made until its answer is complete. Destroying it breaks it off.
class Transfer : private Listener {
 public:
  enum class State : std::uint8_t { under_way, answered, failed };
  /// Why there is no complete answer.
  struct Failure {
    enum class Kind : std::uint8_t { refused_address, untrusted, unreachable, broken, unacceptable } kind = Kind::broken;
    std::string text{};
  };

  Transfer(const HttpRequest& request, const Route& route);
  ~Transfer() override;
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const Failure& failure() const { return failure_; }
  /// Complete but for the body once has_head() is true.
  [[nodiscard]] const Answer& answer() const { return answer_; }
  [[nodiscard]] bool has_head() const { return has_head_; }

  /// From now on the body goes to taker, which must outlive the transfer.
  void stream_to(BodyTaker& taker);
  /// After take() returned false.
  void resume();
  /// Does what can be done without waiting, for all requests of the process. Throws what a taker threw.
  void advance();
  /// Goes on until done() is true or the transfer is over.
  template <class Done>
  void run_until(Done done, CheckInterrupts check_interrupts) {
    Patience patience = begin_waiting();
    while (advance(), state_ == State::under_way && !done()) wait(patience, check_interrupts);
  }

 private:
  /// Since when there was no progress.
  struct Patience {
    std::uint64_t progress;
    std::int64_t since_ms;
  };

  static std::size_t take_head(char* line, std::size_t size, std::size_t count, void* transfer) noexcept;
  static std::size_t take_body(char* bytes, std::size_t size, std::size_t count, void* transfer) noexcept;
  static std::size_t give_body(char* room, std::size_t size, std::size_t count, void* transfer) noexcept;
  static int rewind_body(void* transfer, curl_off_t offset, int origin) noexcept;
  static curl_socket_t open_socket(void* transfer, curlsocktype purpose, curl_sockaddr* address) noexcept;

  void set_up(const HttpRequest& request);
  void set_security();
  std::size_t body_arrived(ByteView bytes);
  std::size_t fill(std::span<std::uint8_t> room);
  [[nodiscard]] bool may_connect(const sockaddr& address);
  void finished(CURLcode result) noexcept override;
  [[nodiscard]] Failure::Kind kind_of(CURLcode result) const;
  [[nodiscard]] Patience begin_waiting() const;
  void wait(Patience& patience, CheckInterrupts check_interrupts);
  void leave_connections() noexcept;
  void fail(Failure failure);

  const Route& route_;
  const Payload* payload_;
  bool is_streamed_, is_http_;
  Handle handle_;
  std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers_{nullptr, curl_slist_free_all};
  char error_text_[CURL_ERROR_SIZE] = "";
  Answer answer_;
  bool has_head_ = false, is_paused_ = false, is_added_ = false;
  BodyTaker* taker_ = nullptr;
  std::uint64_t payload_offset_ = 0, progress_ = 0;
  std::string refused_;  ///< why an address was not connected to, or an answer not taken
  std::exception_ptr thrown_;
  State state_ = State::under_way;
  Failure failure_;
};

}  // namespace ferry::remote

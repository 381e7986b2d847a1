#include "remote/transfer.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>

#include <sys/socket.h>
#include <unistd.h>

#include "base/concat.hpp"
#include "base/error.hpp"

namespace ferry::remote {
namespace {

constexpr std::size_t kMostBodyBytes = std::size_t{8} << 20;  ///< of answers that are kept in memory
constexpr long kReceiveBytes = 256L << 10;
constexpr long kSendBytes = 256L << 10;
constexpr int kConnectLimitMs = 10'000;
constexpr int kSliceMs = 100;  ///< check_interrupts is called as often
constexpr const char* kSchemes = "http,https";

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

template <class Value>
void set(CURL* handle, CURLoption option, Value value) {
  const CURLcode code = curl_easy_setopt(handle, option, value);
  if (code == CURLE_OUT_OF_MEMORY) throw std::bad_alloc();
  if (code != CURLE_OK)
    throw Error("XX000", concat("libcurl: ", curl_easy_strerror(code), ", option ", static_cast<int>(option)));
}

void restrict_schemes(CURL* handle) {
#if LIBCURL_VERSION_NUM >= 0x075500
  set(handle, CURLOPT_PROTOCOLS_STR, kSchemes);
#else
  set(handle, CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

/// A name that is being looked up is not waited for when its request is given up.
void leave_at_once(CURL* handle) {
#if LIBCURL_VERSION_NUM >= 0x075700
  set(handle, CURLOPT_QUICK_EXIT, 1L);
#else
  static_cast<void>(handle);
#endif
}

}  // namespace

Transfer::Transfer(const HttpRequest& request, const Route& route)
    : route_(route),
      payload_(request.payload),
      is_streamed_(request.is_streamed),
      is_http_(request.url.starts_with("http://")),
      handle_(curl_easy_init()) {
  if (!handle_) throw std::bad_alloc();
  set_up(request);
  set_security();
  Connections::of_process().add(handle_.get());
  is_added_ = true;
}

Transfer::~Transfer() { leave_connections(); }

void Transfer::leave_connections() noexcept {
  if (is_added_) Connections::of_process().remove(handle_.get());
  is_added_ = false;
}

void Transfer::set_up(const HttpRequest& request) {
  CURL* const handle = handle_.get();
  set(handle, CURLOPT_NOSIGNAL, 1L);
  set(handle, CURLOPT_PRIVATE, static_cast<void*>(static_cast<Listener*>(this)));
  set(handle, CURLOPT_ERRORBUFFER, error_text_);
  set(handle, CURLOPT_URL, request.url.c_str());
  set(handle, CURLOPT_PATH_AS_IS, 1L);
  set(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(handle, CURLOPT_TCP_NODELAY, 1L);
  set(handle, CURLOPT_TCP_KEEPALIVE, 1L);
  set(handle, CURLOPT_BUFFERSIZE, kReceiveBytes);
  set(handle, CURLOPT_UPLOAD_BUFFERSIZE, kSendBytes);
  set(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::min(kConnectLimitMs, route_.idle_limit_ms)));
  set(handle, CURLOPT_HEADERFUNCTION, &Transfer::take_head);
  set(handle, CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(handle, CURLOPT_WRITEFUNCTION, &Transfer::take_body);
  set(handle, CURLOPT_WRITEDATA, static_cast<void*>(this));
  leave_at_once(handle);
  if (request.method == "HEAD") set(handle, CURLOPT_NOBODY, 1L);
  if (request.payload != nullptr) {
    set(handle, CURLOPT_UPLOAD, 1L);
    set(handle, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.payload->bytes));
    set(handle, CURLOPT_READFUNCTION, &Transfer::give_body);
    set(handle, CURLOPT_READDATA, static_cast<void*>(this));
    set(handle, CURLOPT_SEEKFUNCTION, &Transfer::rewind_body);
    set(handle, CURLOPT_SEEKDATA, static_cast<void*>(this));
  }
  if (request.method != "HEAD" && request.method != "GET") set(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  for (const std::string& header : request.headers) {
    curl_slist* const longer = curl_slist_append(headers_.get(), header.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    static_cast<void>(headers_.release());
    headers_.reset(longer);
  }
  set(handle, CURLOPT_HTTPHEADER, headers_.get());
}

void Transfer::set_security() {
  CURL* const handle = handle_.get();
  restrict_schemes(handle);
  set(handle, CURLOPT_FOLLOWLOCATION, 0L);
  set(handle, CURLOPT_PROXY, "");  // not that of the environment, either
  set(handle, CURLOPT_SSL_VERIFYPEER, route_.checks_certificate ? 1L : 0L);
  set(handle, CURLOPT_SSL_VERIFYHOST, route_.checks_certificate ? 2L : 0L);
  if (!route_.ca_file.empty()) {
    set(handle, CURLOPT_CAINFO, route_.ca_file.c_str());
    set(handle, CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }
  set(handle, CURLOPT_OPENSOCKETFUNCTION, &Transfer::open_socket);
  set(handle, CURLOPT_OPENSOCKETDATA, static_cast<void*>(this));
  // a connection that others with more rights made is not used: addresses are judged when one is made
  if (is_http_ && !route_.allows_http && !(route_.named_address && is_loopback(*route_.named_address)))
    set(handle, CURLOPT_FRESH_CONNECT, 1L);
}

// --- what curl calls: no exception may pass through it

std::size_t Transfer::take_head(char* line, std::size_t size, std::size_t count, void* transfer) noexcept {
  auto& self = *static_cast<Transfer*>(transfer);
  try {
    const std::string_view text(line, size * count);
    ++self.progress_;
    take_header_line(text, self.answer_);
    if ((text == "\r\n" || text == "\n") && self.answer_.status >= 200) self.has_head_ = true;
    return text.size();
  } catch (...) {
    self.thrown_ = std::current_exception();
    return 0;
  }
}

std::size_t Transfer::take_body(char* bytes, std::size_t size, std::size_t count, void* transfer) noexcept {
  auto& self = *static_cast<Transfer*>(transfer);
  try {
    return self.body_arrived(as_bytes({bytes, size * count}));
  } catch (...) {
    self.thrown_ = std::current_exception();
    return 0;
  }
}

std::size_t Transfer::give_body(char* room, std::size_t size, std::size_t count, void* transfer) noexcept {
  auto& self = *static_cast<Transfer*>(transfer);
  try {
    return self.fill({reinterpret_cast<std::uint8_t*>(room), size * count});
  } catch (...) {
    self.thrown_ = std::current_exception();
    return CURL_READFUNC_ABORT;
  }
}

int Transfer::rewind_body(void* transfer, curl_off_t offset, int origin) noexcept {
  auto& self = *static_cast<Transfer*>(transfer);
  if (origin != SEEK_SET || offset < 0 || static_cast<std::uint64_t>(offset) > self.payload_->bytes) return CURL_SEEKFUNC_FAIL;
  self.payload_offset_ = static_cast<std::uint64_t>(offset);
  return CURL_SEEKFUNC_OK;
}

curl_socket_t Transfer::open_socket(void* transfer, curlsocktype, curl_sockaddr* address) noexcept {
  auto& self = *static_cast<Transfer*>(transfer);
  try {
    if (!self.may_connect(address->addr)) return CURL_SOCKET_BAD;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  } catch (...) {
    self.thrown_ = std::current_exception();
    return CURL_SOCKET_BAD;
  }
}

// --- their parts that may throw

std::size_t Transfer::body_arrived(ByteView bytes) {
  if (is_streamed_ && answer_.is_success()) {
    if (taker_ == nullptr || !taker_->take(bytes)) {
      is_paused_ = true;
      return CURL_WRITEFUNC_PAUSE;
    }
  } else {
    if (answer_.body.size() + bytes.size() > kMostBodyBytes) {
      refused_ = "The answer is too large.";
      return 0;
    }
    answer_.body += as_text(bytes);
  }
  ++progress_;
  return bytes.size();
}

std::size_t Transfer::fill(std::span<std::uint8_t> room) {
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(room.size(), payload_->bytes - payload_offset_));
  if (count == 0) return 0;
  std::size_t filled = count;
  if (payload_->file < 0) {
    std::memcpy(room.data(), payload_->memory.data() + payload_offset_, count);
  } else {
    const ssize_t got = pread(payload_->file, room.data(), count, static_cast<off_t>(payload_offset_));
    if (got <= 0) throw Error("58030", "could not read from a temporary file");
    filled = static_cast<std::size_t>(got);
  }
  payload_offset_ += filled;
  ++progress_;
  return filled;
}

bool Transfer::may_connect(const sockaddr& address) {
  const char* const why = refusal(network_address(address), {!is_http_ || route_.allows_http, route_.named_address});
  if (why != nullptr) refused_ = why;
  return why == nullptr;
}

// --- going on

void Transfer::stream_to(BodyTaker& taker) {
  taker_ = &taker;
  resume();
}

void Transfer::resume() {
  if (!is_paused_ || !is_added_) return;
  is_paused_ = false;
  curl_easy_pause(handle_.get(), CURLPAUSE_CONT);
  if (thrown_) std::rethrow_exception(thrown_);
}

void Transfer::advance() {
  Connections::of_process().advance();
  if (thrown_) std::rethrow_exception(thrown_);
}

Transfer::Patience Transfer::begin_waiting() const { return {progress_, now_ms()}; }

void Transfer::wait(Patience& patience, CheckInterrupts check_interrupts) {
  if (progress_ != patience.progress) patience = begin_waiting();
  if (now_ms() - patience.since_ms > route_.idle_limit_ms) {
    fail({kind_of(CURLE_OPERATION_TIMEDOUT), concat("Nothing happened for ", route_.idle_limit_ms, " milliseconds.")});
    leave_connections();
    return;
  }
  Connections::of_process().wait(kSliceMs);
  check(check_interrupts);
}

void Transfer::fail(Failure failure) {
  failure_ = std::move(failure);
  state_ = State::failed;
}

void Transfer::finished(CURLcode result) noexcept {
  if (result == CURLE_OK) {
    state_ = State::answered;
    return;
  }
  try {
    const char* const text = error_text_[0] != '\0' ? error_text_ : curl_easy_strerror(result);
    fail({kind_of(result), refused_.empty() ? concat(text, '.') : refused_});
  } catch (...) {
    state_ = State::failed;
    thrown_ = std::current_exception();
  }
}

Transfer::Failure::Kind Transfer::kind_of(CURLcode result) const {
  switch (result) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CIPHER:
      return Failure::Kind::untrusted;
    case CURLE_COULDNT_CONNECT:
      return refused_.empty() ? Failure::Kind::unreachable : Failure::Kind::refused_address;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
      return Failure::Kind::unacceptable;
    case CURLE_WRITE_ERROR:
      return refused_.empty() ? Failure::Kind::broken : Failure::Kind::unacceptable;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_SSL_CONNECT_ERROR:
      return Failure::Kind::unreachable;
    case CURLE_OPERATION_TIMEDOUT: {
      double connected_s = 0;
      curl_easy_getinfo(handle_.get(), CURLINFO_PRETRANSFER_TIME, &connected_s);
      return connected_s > 0 ? Failure::Kind::broken : Failure::Kind::unreachable;
    }
    default:
      return Failure::Kind::broken;
  }
}

}  // namespace ferry::remote

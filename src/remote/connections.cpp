#include "remote/connections.hpp"

#include <csignal>

#include <pthread.h>

#include "base/concat.hpp"
#include "base/error.hpp"

namespace ferry::remote {
namespace {

/// Keeps all signals back while it lives. curl looks up names in a thread of its own, and a thread has the mask of the one that
/// makes it. One with the server's mask could be given the server's signals, whose handlers must run in the server's only thread.
class SignalsHeldBack {
 public:
  SignalsHeldBack() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsHeldBack() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsHeldBack(const SignalsHeldBack&) = delete;
  SignalsHeldBack& operator=(const SignalsHeldBack&) = delete;

 private:
  sigset_t before_;
};

void require(CURLMcode code) {
  if (code == CURLM_OUT_OF_MEMORY) throw std::bad_alloc();
  if (code != CURLM_OK) throw Error("XX000", concat("libcurl: ", curl_multi_strerror(code)));
}

}  // namespace

Connections& Connections::of_process() {
  struct Made : Connections {};
  static Connections* const connections = std::make_unique<Made>().release();
  return *connections;
}

Connections::Connections() {
  const SignalsHeldBack held;
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) throw Error("XX000", "could not initialize libcurl");
  multi_ = curl_multi_init();
  if (multi_ == nullptr) throw std::bad_alloc();
}

Connections::~Connections() { curl_multi_cleanup(multi_); }

void Connections::add(CURL* handle) { require(curl_multi_add_handle(multi_, handle)); }

void Connections::remove(CURL* handle) noexcept {
  const SignalsHeldBack held;
  curl_multi_remove_handle(multi_, handle);
}

void Connections::advance() {
  int running = 0, left = 0;
  {
    const SignalsHeldBack held;
    require(curl_multi_perform(multi_, &running));
  }
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    Listener* listener = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &listener);
    listener->finished(message->data.result);
  }
}

void Connections::wait(int limit_ms) {
  show_(true);
  const CURLMcode code = curl_multi_poll(multi_, nullptr, 0, limit_ms, nullptr);
  show_(false);
  require(code);
}

}  // namespace ferry::remote

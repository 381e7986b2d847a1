#pragma once

#include <memory>

#include <curl/curl.h>

namespace ferry::remote {

struct FreeHandle {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using Handle = std::unique_ptr<CURL, FreeHandle>;

/// Whom the end of a request is told to.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual void finished(CURLcode result) noexcept = 0;
};

/// The connections of the process, which are kept from request to request, and all requests that are on their way.
class Connections {
 public:
  /// Made when it is first used, and never destroyed.
  static Connections& of_process();
  ~Connections();
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  /// Whom the handle's CURLOPT_PRIVATE names, a Listener, is told of the end.
  void add(CURL* handle);
  void remove(CURL* handle) noexcept;
  /// Lets all requests do what they can without waiting.
  void advance();
  /// Waits until there is something to do, for limit_ms at most; a signal ends it.
  void wait(int limit_ms);
  /// Who is told before each wait, and behind it. It may not throw.
  void show_waits_by(void (*show)(bool is_waiting)) { show_ = show; }

 private:
  Connections();
  CURLM* multi_;
  void (*show_)(bool is_waiting) = [](bool /*is_waiting*/) {};
};

}  // namespace ferry::remote

/// A peer of taskactor-bench: what libcurl takes by itself, in the shortest loop that asks 64 times at once:
/// `curl_multi_socket_action` and epoll, one thread, one handle for each place.
///
/// It lacks everything around: tasks, deadlines of their own, answers that are kept, headers, other threads
/// that may ask.
#include "peer.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include <sys/epoll.h>
#include <unistd.h>

using namespace bench;

namespace {

constexpr std::size_t at_once = 64, body_size = 1024;

void check(CURLMcode code) {
  if (code != CURLM_OK)
    throw std::runtime_error{curl_multi_strerror(code)};
}

class loop {
public:
  loop() : epoll_(epoll_create1(EPOLL_CLOEXEC)), multi_(curl_multi_init()) {
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, watch);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(at_once));
  }
  loop(const loop&) = delete;
  loop& operator=(const loop&) = delete;
  ~loop() {
    for (auto& each : places_) {
      curl_multi_remove_handle(multi_, each->handle);
      curl_easy_cleanup(each->handle);
    }
    curl_multi_cleanup(multi_);
    close(epoll_);
  }

  void ask(const char* url, std::size_t size) {
    std::size_t begun = 0, ended = 0;
    for (; begun < std::min(size, at_once); ++begun)
      begin(url);
    std::array<epoll_event, at_once> ready{};
    int running = 0;
    while (ended < size) {
      const int count = epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()), timeout_);
      if (count == 0)
        check(curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running));
      for (int i = 0; i < count; ++i) {
        const auto& event = ready[static_cast<std::size_t>(i)];
        const int what = ((event.events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0)
                         | ((event.events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0)
                         | ((event.events & (EPOLLERR | EPOLLHUP)) != 0 ? CURL_CSELECT_ERR : 0);
        check(curl_multi_socket_action(multi_, event.data.fd, what, &running));
      }
      ended += collect(begun, size);
    }
  }

private:
  struct place {
    CURL* handle = nullptr;
    std::size_t received = 0;
  };

  void begin(const char* url) {
    auto& made = *places_.emplace_back(std::make_unique<place>());
    made.handle = curl_easy_init();
    curl_easy_setopt(made.handle, CURLOPT_URL, url);
    curl_easy_setopt(made.handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(made.handle, CURLOPT_PRIVATE, &made);
    curl_easy_setopt(made.handle, CURLOPT_WRITEFUNCTION, count_bytes);
    curl_easy_setopt(made.handle, CURLOPT_WRITEDATA, &made);
    check(curl_multi_add_handle(multi_, made.handle));
  }
  std::size_t collect(std::size_t& begun, std::size_t size) {
    std::size_t ended = 0;
    int left = 0;
    while (const auto* const told = curl_multi_info_read(multi_, &left)) {
      auto* const handle = told->easy_handle;
      if (told->data.result != CURLE_OK)
        throw std::runtime_error{curl_easy_strerror(told->data.result)};
      place* at = nullptr;
      long status = 0;
      curl_easy_getinfo(handle, CURLINFO_PRIVATE, &at);
      curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
      check_equal(static_cast<std::size_t>(status), 200);
      check_equal(std::exchange(at->received, 0), body_size);
      ++ended;
      check(curl_multi_remove_handle(multi_, handle));
      if (begun < size) {
        ++begun;
        check(curl_multi_add_handle(multi_, handle));
      }
    }
    return ended;
  }

  static std::size_t count_bytes(char*, std::size_t one, std::size_t count, void* at) {
    static_cast<place*>(at)->received += one * count;
    return one * count;
  }
  static int set_timer(CURLM*, long milliseconds, void* self) {
    static_cast<loop*>(self)->timeout_ = static_cast<int>(milliseconds);
    return 0;
  }
  static int watch(CURL*, curl_socket_t socket, int what, void* self, void* known) {
    auto& here = *static_cast<loop*>(self);
    if (what == CURL_POLL_REMOVE) {
      epoll_ctl(here.epoll_, EPOLL_CTL_DEL, socket, nullptr);
      return 0;
    }
    epoll_event event{};
    event.events
        = ((what & CURL_POLL_IN) != 0 ? EPOLLIN : 0U) | ((what & CURL_POLL_OUT) != 0 ? EPOLLOUT : 0U);
    event.data.fd = socket;
    epoll_ctl(here.epoll_, known != nullptr ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, &event);
    curl_multi_assign(here.multi_, socket, &here);
    return 0;
  }

  const int epoll_;
  CURLM* const multi_;
  int timeout_ = -1;
  std::vector<std::unique_ptr<place>> places_;
};

sample run_http(std::size_t size) {
  const char* const url = std::getenv("TASKACTOR_BENCH_URL");
  if (url == nullptr)
    throw std::runtime_error{"TASKACTOR_BENCH_URL isn't set: there is no server to ask"};
  loop all;
  const stopwatch watch;
  all.ask(url, size);
  return watch.read();
}

} // namespace

int main(int argc, char** argv) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  return serve({.name = "curl_multi",
                .version = curl_version_info(CURLVERSION_NOW)->version,
                .works = {{"http", run_http}}},
               argc, argv);
}

/// A client in a manager, and how a test asks it.
#pragma once

#include <taskactor/http.hpp>
#include <taskactor/taskactor.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace test {

namespace ta = taskactor;
using namespace std::chrono_literals;

struct web {
  explicit web(ta::http::client_options options = {}) : client(tasks, std::move(options)) {}

  ta::task_manager tasks;
  ta::http::client client;

  /// What a task gives.
  template <class T>
  T run(ta::task<T> (*body)(ta::http::client, std::string), const std::string& url) {
    return tasks.add_task({}, body, client, url).value().get();
  }
  ta::http::response get(const std::string& url) {
    ta::http::request what;
    what.url = url;
    return send(std::move(what));
  }
  ta::http::response send(ta::http::request what) {
    const auto body = [](ta::http::client by, ta::http::request request) -> ta::task<ta::http::response> {
      co_return co_await by.send(std::move(request));
    };
    return tasks.add_task({}, body, client, std::move(what)).value().get();
  }
  /// The error of a request that fails.
  ta::http::error fails(ta::http::request what) {
    try {
      const auto got = send(std::move(what));
      throw std::logic_error{"it was answered: " + std::to_string(got.status)};
    } catch (const ta::http::error& why) {
      return why;
    }
  }
  ta::http::error fails_at(const std::string& url) {
    ta::http::request what;
    what.url = url;
    return fails(std::move(what));
  }
};

/// What a client has that believes this authority.
inline ta::http::client_options trusting(const std::string& authority) {
  ta::http::client_options options;
  options.tls.authority = authority;
  return options;
}

} // namespace test

/// Ends of links that note what they are told, and let a test wait for it.
#pragma once

#include "transport/frame.hpp"
#include "transport/node_link.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace test {

namespace ta = taskactor::detail;

/// Longer than anything takes on a busy machine.
inline constexpr std::chrono::seconds patience{60};

class end : public ta::node_link_listener {
public:
  void on_open(std::shared_ptr<ta::node_link> opened, const ta::link_peer& peer) noexcept override {
    change([&] {
      link_ = std::move(opened);
      peer_ = peer;
    });
  }
  void on_frame(std::string_view content) noexcept override {
    change([&] { frames_.emplace_back(content); });
    if (echo)
      send_back(content);
  }
  void on_drained() noexcept override {
    change([&] { ++drained_; });
  }
  void on_closed(const ta::link_reason& reason) noexcept override {
    change([&] {
      closed_ = reason;
      link_.reset();
    });
  }

  std::shared_ptr<ta::node_link> opened() {
    const auto lock = wait([&] { return link_ || closed_; });
    return link_;
  }
  std::vector<std::string> frames(std::size_t count) {
    const auto lock = wait([&] { return frames_.size() >= count || closed_; });
    return frames_;
  }
  ta::link_reason closed() {
    const auto lock = wait([&] { return closed_.has_value(); });
    return closed_.value_or(ta::link_reason{ta::link_end::ended, "(it isn't over)"});
  }
  int drained() {
    const auto lock = wait([&] { return drained_ > 0 || closed_; });
    return drained_;
  }
  bool is_closed() {
    const std::lock_guard lock{mutex_};
    return closed_.has_value();
  }
  ta::link_peer peer() {
    const std::lock_guard lock{mutex_};
    return peer_;
  }
  bool echo = false;

private:
  /// As it is, decodable or not.
  void send_back(std::string_view content) {
    std::string frame;
    for (unsigned shift = 32; shift != 0; shift -= 8)
      frame += static_cast<char>(content.size() >> (shift - 8) & 0xFFU);
    link_->send(frame.append(content));
  }
  template <class F>
  void change(F f) {
    const std::lock_guard lock{mutex_};
    f();
    changed_.notify_all();
  }
  template <class F>
  std::unique_lock<std::mutex> wait(F f) {
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, patience, f);
    return lock;
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<ta::node_link> link_;
  ta::link_peer peer_;
  std::vector<std::string> frames_;
  std::optional<ta::link_reason> closed_;
  int drained_ = 0;
};

/// Takes all, or those that `wanted` names; their ends echo.
class door : public ta::node_link_acceptor {
public:
  std::shared_ptr<ta::node_link_listener> on_peer(const ta::link_peer& peer) noexcept override {
    if (wanted && !wanted(peer))
      return nullptr;
    const std::lock_guard lock{mutex_};
    auto made = std::make_shared<end>();
    made->echo = echo;
    ends_.push_back(made);
    changed_.notify_all();
    return made;
  }
  void on_refused(const ta::link_peer& peer, const ta::link_reason& reason) noexcept override {
    const std::lock_guard lock{mutex_};
    refused_.emplace_back(peer, reason);
    changed_.notify_all();
  }
  std::shared_ptr<end> entered(std::size_t index = 0) {
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, patience, [&] { return ends_.size() > index; });
    return ends_.at(index);
  }
  std::vector<std::pair<ta::link_peer, ta::link_reason>> refused(std::size_t count) {
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, patience, [&] { return refused_.size() >= count; });
    return refused_;
  }
  std::function<bool(const ta::link_peer&)> wanted;
  bool echo = true;

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<end>> ends_;
  std::vector<std::pair<ta::link_peer, ta::link_reason>> refused_;
};

} // namespace test

/// A gate that threads wait at until it is opened, at the latest when it is destroyed.
#pragma once

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace test {

class gate {
public:
  gate() = default;
  gate(const gate&) = delete;
  gate& operator=(const gate&) = delete;
  ~gate() { open(); }

  void pass() {
    std::unique_lock lock{mutex_};
    ++held_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  int held() {
    const std::lock_guard lock{mutex_};
    return held_;
  }
  /// Until so many have come to it.
  void wait_held(int count) {
    std::unique_lock lock{mutex_};
    BOOST_TEST(changed_.wait_for(lock, std::chrono::seconds{20}, [&] { return held_ >= count; }));
  }
  void open() {
    const std::lock_guard lock{mutex_};
    open_ = true;
    changed_.notify_all();
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int held_ = 0;
  bool open_ = false;
};

} // namespace test

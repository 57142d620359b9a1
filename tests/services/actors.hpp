/// Actors to be supervised, which write down what becomes of them.
#pragma once

#include "caf_adapter/compat.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>
#include <caf/all.hpp>
#include <taskactor/actors/supervisor.hpp>
#include <taskactor/detail/caf_message.hpp>

#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace test {

/// What the actors of one test have done, in order. Threads: any.
class diary {
public:
  void write(const std::string& what) {
    const std::lock_guard lock{mutex_};
    text_ += what + ' ';
  }
  /// Since the last call.
  std::string read() {
    const std::lock_guard lock{mutex_};
    return std::exchange(text_, {});
  }

private:
  std::mutex mutex_;
  std::string text_;
};

// What a worker can be told; none of it has a reply but int and std::string.
struct say_ready {};
struct end_well {};
struct end_badly {};
struct throw_up {};

/// "+a" when it starts, "-a" when it is asked to stop; replies to an int with how often it was asked in this
/// run, to a string with its own name behind it.
inline caf::behavior worker(caf::event_based_actor* self, std::string name, diary* into,
                            const ta::service_start& start) {
  into->write('+' + name);
  ta::detail::when_asked_to_end(*self, [self, name, into](caf::exit_msg& exit) {
    into->write('-' + name);
    self->quit(std::move(exit.reason));
  });
  self->set_exception_handler([](std::exception_ptr&) -> caf::error { return caf::sec::runtime_error; });
  auto asked = std::make_shared<int>(0);
  return {
      [asked](int) { return ++*asked; },
      [name](const std::string& what) { return what + name; },
      [start](say_ready) { start.ready(); },
      [self](end_well) { self->quit(); },
      [self](end_badly) { self->quit(caf::sec::runtime_error); },
      [](throw_up) { throw std::runtime_error{"boom"}; },
  };
}

/// Ignores that it is asked to stop.
inline caf::behavior stubborn(caf::event_based_actor* self, std::string name, diary* into) {
  into->write('+' + name);
  ta::detail::when_asked_to_end(*self, [name, into](caf::exit_msg&) { into->write('?' + name); });
  return {[self](end_well) { self->quit(); }};
}

inline ta::child_spec a_worker(ta::child_options options, diary& into) {
  auto make = [name = std::string{options.name}, &into](ta::service_start start) {
    return start.system().spawn(worker, name, &into, start);
  };
  return ta::child_actor(std::move(options), make);
}

inline ta::child_spec a_stubborn_one(ta::child_options options, diary& into) {
  auto make = [name = std::string{options.name}, &into](ta::service_start start) {
    return start.system().spawn(stubborn, name, &into);
  };
  return ta::child_actor(std::move(options), make);
}

/// Tells one, through its name.
template <class Message>
void tell(ta::testing::manager& world, const ta::supervisor& services, const std::string& path,
          Message what) {
  ta::detail::post(services.whereis(path).actor(), what);
  world.settle();
}

/// Its line of the tree, without name and kind.
inline std::string line(const ta::supervisor& services, const std::string& path) {
  const auto info = services.whereis(path).info();
  auto text = to_text(info);
  return text.substr(0, text.size() - 1);
}

} // namespace test

TASKACTOR_LOCAL_MESSAGES_BEGIN(taskactor_service_tests, 5900)
TASKACTOR_LOCAL_MESSAGE(taskactor_service_tests, test::say_ready)
TASKACTOR_LOCAL_MESSAGE(taskactor_service_tests, test::end_well)
TASKACTOR_LOCAL_MESSAGE(taskactor_service_tests, test::end_badly)
TASKACTOR_LOCAL_MESSAGE(taskactor_service_tests, test::throw_up)
TASKACTOR_LOCAL_MESSAGES_END(taskactor_service_tests)

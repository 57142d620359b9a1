/// `service_start`: what a child is given for one run, by the supervisor that starts it.
///
///     ta::child_actor({.name = "cache", .ready_within = 2s},
///                     [](ta::service_start start) { return start.system().spawn(cache, start); })
///
/// Copies mean the same run; of a run that is over they do nothing. Threads: any.
#pragma once

#include <taskactor/actors/service_options.hpp>

#include <caf/fwd.hpp>

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

namespace taskactor {

class service;

namespace detail {
struct child_run;
} // namespace detail

class service_start {
public:
  /// For the runtime.
  explicit service_start(std::shared_ptr<detail::child_run> run) noexcept : run_(std::move(run)) {}

  /// In which it lives.
  caf::actor_system& system() const noexcept;
  /// From the root supervisor on: "services/cache".
  const std::string& path() const noexcept;
  /// The child runs; the next one is started. Without `child_options::ready_within` it needn't be said.
  void ready() const;
  /// Asked to stop when the child is: for detached actors that block in something else than `receive`. (An
  /// event-based actor gets an exit message; so does a blocking one, which has to receive a `caf::exit_msg`.)
  std::stop_token stop_token() const noexcept;
  /// A sibling, or with a path what is below one. Errors: `std::system_error{errc::unknown_service}`.
  /// `service.hpp` is to be included.
  service whereis(std::string_view path, when_down how = when_down::wait) const;

private:
  std::shared_ptr<detail::child_run> run_;
};

} // namespace taskactor

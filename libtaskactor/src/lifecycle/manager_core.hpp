/// `manager_core`: what the parts of one manager have in common: where they find each other, its settings and
/// its clock, what it publishes, and what only its maker can do for them, which is `runtime`.
///
///     what is asked of it and has rules of its own is elsewhere:
///     lifecycle/admission.hpp, status.hpp, requests.hpp, reports.hpp   threads/waits.hpp
///     capacity/limiter_changes.hpp
///
/// A part includes the headers of those others that it uses; it knows nothing of how it came to be.
/// Threads: any, for what isn't said to be the manager's.
#pragma once

#include "base/striped_count.hpp"
#include "lifecycle/attachment.hpp"
#include "lifecycle/callers.hpp"
#include "lifecycle/overruns.hpp"
#include "lifecycle/part_directory.hpp"
#include "lifecycle/settings.hpp"

#include <taskactor/detail/context.hpp>
#include <taskactor/fwd.hpp>

#include <caf/actor.hpp>
#include <caf/actor_clock.hpp>
#include <caf/actor_system.hpp>

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

namespace taskactor::detail {

class manager_core : public part_directory {
public:
  manager_core(const manager_core&) = delete;
  manager_core& operator=(const manager_core&) = delete;

  caf::actor_system& system() const noexcept { return system_; }
  const settings& with() const noexcept { return settings_; }
  time_point now() const noexcept { return system_.clock().now(); }

  // -- the manager's published counts ---------------------------------------
  alignas(64) std::atomic<std::size_t> waiting{0}; // a cache line apart from what everybody reads
  std::atomic<std::size_t> set_aside{0}, running{0}, tokens_used{0}, capacity{0};
  overrun_counts overruns;
  striped_count items;
  /// Threads of supervised actors that are about to say something: a test's clock waits for them.
  std::atomic<std::size_t> busy_threads{0};
  detail::callers callers; // by handles, which may outlive the manager
  /// The actor system has gone first: what waits here is left behind, and isn't woken any more.
  std::atomic<bool> is_left_behind{false};

  // -- what only its maker can do -------------------------------------------
  virtual caf::actor keep(caf::actor part) = 0;   // ended with the others when the manager is taken apart
  virtual bool has_part(caf::actor_id which) = 0; // one that is kept, or a dependent
  /// The manager's: all has ended, or the last stage is over.
  virtual void shut_down(shutdown_report report) = 0;
  virtual bool is_taken_apart() const noexcept = 0;
  virtual void api_over() noexcept = 0; // the API actor has ended
  virtual manager_statistics statistics() = 0;
  /// `make` is called once for each; they are stopped in reverse order of `which`.
  virtual attachment& attached(attachment_kind which,
                               const std::function<std::unique_ptr<attachment>()>& make)
      = 0;

protected:
  manager_core(caf::actor_system& system, settings with) : system_(system), settings_(std::move(with)) {}
  ~manager_core() = default;

private:
  caf::actor_system& system_;
  const settings settings_;
};

} // namespace taskactor::detail

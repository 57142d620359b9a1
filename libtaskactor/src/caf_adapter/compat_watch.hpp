/// Hears of an actor's end on whatever thread that is, as who monitors it does by a message; and no more once
/// it has gone itself, so that nothing piles up with an actor that lives on.
///
///     actor_watch watch{who, [](const caf::error& reason) { ... }};      // at once, if it has ended already
///     actor_watch watch{first_to_end(system), ...};                      // hears a system begin to end
#pragma once

#include "caf_adapter/compat.hpp"

#include <caf/attachable.hpp>
#include <caf/error.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace taskactor::detail {

class actor_watch {
public:
  using heard = std::function<void(const caf::error& reason)>;

  actor_watch(caf::strong_actor_ptr who, heard tell)
      : told_(std::make_shared<told>()), actor_(std::move(who)) {
    told_->tell = std::move(tell);
    if (!actor_)
      return;
    auto made = std::make_unique<attached>(told_);
    key_ = made.get();
    actor_->get()->attach(caf::attachable_ptr{made.release()});
  }
  actor_watch(const actor_watch&) = delete;
  actor_watch& operator=(const actor_watch&) = delete;
  /// Waits until what is just being heard has been.
  ~actor_watch() {
    {
      const std::lock_guard lock{told_->mutex};
      told_->tell = nullptr;
    }
    if (actor_)
      actor_->get()->detach(caf::attachable::token{kind, key_});
  }

private:
  struct told {
    std::mutex mutex; // what follows
    heard tell;
  };
  static constexpr std::size_t kind = 0x7a5c; // CAF's own begin at zero

  class attached final : public caf::attachable {
  public:
    explicit attached(std::shared_ptr<told> whom) : told_(std::move(whom)) {}
    bool matches(const token& what) override { return what.subtype == kind && what.ptr == this; }
    void actor_exited(const caf::error& reason, executor*) override {
      const std::lock_guard lock{told_->mutex};
      if (told_->tell)
        told_->tell(reason);
    }

  private:
    std::shared_ptr<told> told_;
  };

  std::shared_ptr<told> told_;
  caf::strong_actor_ptr actor_;
  const void* key_ = nullptr;
};

/// A system that ends ends its own actors first, while others still run.
inline caf::strong_actor_ptr first_to_end(caf::actor_system& system) { return system.config_serv(); }

} // namespace taskactor::detail

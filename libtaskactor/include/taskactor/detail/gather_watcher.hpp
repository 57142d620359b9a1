/// A gather that watches the source of its items. Not for users: see `typed_gather.hpp`.
#pragma once

#include <taskactor/detail/source_watcher.hpp>

#include <exception>

namespace taskactor::detail {

class gather_state;

class gather_watcher final : public source_watcher {
public:
  explicit gather_watcher(gather_state& of) noexcept : of_(of) {}
  void items_came() noexcept override;
  void source_ended(const std::exception_ptr& error) noexcept override;

private:
  bool hold() noexcept override;
  void let_go(bool held) noexcept override;

  gather_state& of_;
};

} // namespace taskactor::detail

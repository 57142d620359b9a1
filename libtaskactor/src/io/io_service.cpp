#include "io/io_service.hpp"

#include "io/io_loop.hpp"
#include "lifecycle/attachment.hpp"
#include "lifecycle/manager_core.hpp"

#include <memory>

namespace taskactor::detail {

namespace {

class io_service final : public attachment {
public:
  void stop() noexcept override {} // the loop ends with the last who keeps it
  void leave_behind() noexcept override { loop_->wait_until_told(); }
  const std::shared_ptr<io_loop>& loop() const noexcept { return loop_; }

private:
  const std::shared_ptr<io_loop> loop_ = io_loop::shared();
};

} // namespace

const std::shared_ptr<io_loop>& loop_of(manager_core& home) {
  auto& service = home.attached(attachment_kind::io, [] { return std::make_unique<io_service>(); });
  return static_cast<io_service&>(service).loop();
}

} // namespace taskactor::detail

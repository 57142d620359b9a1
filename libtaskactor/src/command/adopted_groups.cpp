#include "command/adopted_groups.hpp"

#include <sys/wait.h>

namespace taskactor::detail {

void adopted_groups::reap() noexcept {
  std::erase_if(groups_, [](pid_t group) {
    pid_t answer = 0;
    do
      answer = ::waitpid(-group, nullptr, WNOHANG);
    while (answer > 0);
    return answer < 0; // none is left
  });
}

} // namespace taskactor::detail

#include "worker/worker_process.hpp"

#include "base/unique_fd.hpp"

#include <array>
#include <cerrno>
#include <fstream>
#include <system_error>

#include <sys/socket.h>
#include <unistd.h>

namespace taskactor::detail {

void worker_process::start(command_spec spec, link_host& links, std::shared_ptr<command_listener> of_process,
                           std::shared_ptr<link_listener> of_link) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    throw std::system_error{errno, std::generic_category(), "socketpair"};
  auto ours = unique_fd{ends[0]};
  auto theirs = own(ends[1], "socketpair");
  spec.input = std::move(theirs);
  spec.stays = true;
  link_ = links.open(ours.get(), std::move(of_link));
  static_cast<void>(ours.release());
  key_ = commands_.start(std::move(spec), std::move(of_process));
}

std::size_t worker_process::memory() const {
  const pid_t id = id_;
  std::size_t all = 0, resident = 0;
  if (id == 0 || reaped_ || !(std::ifstream{"/proc/" + std::to_string(id) + "/statm"} >> all >> resident))
    return 0;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

} // namespace taskactor::detail

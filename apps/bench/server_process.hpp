/// A server of the bench's own: in a folder that goes with it, as an ordinary user, and ended by the kernel
/// with this process.
#pragma once

#include <filesystem>
#include <string>
#include <sys/types.h>
#include <vector>

namespace bench {

class server_process {
public:
  /// With its folder, and not yet started. Errors: `std::system_error`.
  explicit server_process(const std::string& name);
  server_process(const server_process&) = delete;
  server_process& operator=(const server_process&) = delete;
  /// Killed, and its folder is gone.
  ~server_process();

  const std::filesystem::path& folder() const noexcept { return folder_; }
  /// Another program, to its end, as the server's user. Errors: `std::runtime_error`: it has failed.
  void run(std::vector<std::string> command) const;
  void start(std::vector<std::string> command);
  /// Asks `answers` until it does. Errors: `std::runtime_error`: the server has ended, or takes too long.
  void await(bool (*answers)(const std::string& what), const std::string& what);

private:
  pid_t spawn(std::vector<std::string> command) const;

  std::filesystem::path folder_;
  pid_t pid_ = -1;
};

} // namespace bench

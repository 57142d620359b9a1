/// nginx, as Debian has it, for as long as an object lives: on loopback, on ports that were free, as an
/// ordinary user, with a folder of its own.
///
/// Sockets of ours hold its ports until it listens at them: so none is lost between being found free and
/// being used. One process, without a master: it is killed by its id, and by the kernel when the thread that
/// has made it ends, which should therefore be the main one.
///
/// The benchmark uses it too: nothing of Boost.Test in it, and errors are `std::runtime_error`s in words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace test {

class nginx_process {
public:
  /// Makes the files it serves in its folder, and gives what belongs into its `http` section: a server with
  /// `listen 127.0.0.1:PORT reuseport` for each of the ports.
  using configuration = std::function<std::string(const std::filesystem::path& folder,
                                                  const std::vector<std::uint16_t>& ports)>;

  /// Why no nginx can be started here; empty when one can.
  static std::string trouble();

  /// Returns when it answers. Errors: what it has said, when it ends before that; no answer within 20 s.
  nginx_process(std::size_t ports, const configuration& make);
  nginx_process(const nginx_process&) = delete;
  nginx_process& operator=(const nginx_process&) = delete;
  ~nginx_process();

  const std::filesystem::path& folder() const { return folder_; }
  std::uint16_t port(std::size_t number) const { return ports_.at(number); }
  pid_t pid() const { return pid_; }
  /// Ends it as a crash would. Returns when it is gone, and its ports refuse.
  void kill();
  /// What it has complained of.
  std::string error_log() const;

private:
  void await_answers();

  std::filesystem::path folder_;
  std::vector<std::uint16_t> ports_;
  pid_t pid_ = -1;
};

} // namespace test

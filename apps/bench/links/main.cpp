// taskactor-bench-links: what a round trip over a link between nodes costs, against a bare socket's.
//
//     taskactor-bench-links [--quick]     prints a table, and the ratios that are aimed at
//
// Each is measured between two processes on 127.0.0.1. Each line is the best of three. Exit codes: 0, 1 when
// a ratio is missed, 2 for a wrong use.
#include "bare.hpp"
#include "linked.hpp"

#include <taskactor/link/certificates.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <functional>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

namespace {

using taskactor::detail::link_identity;
using teller = std::function<void(std::uint16_t)>;

/// Runs the other side in a process of its own while `here` runs. No thread may be there yet.
double against(const std::function<void(const teller&)>& there,
               const std::function<double(std::uint16_t)>& here) {
  int ends[2]{};
  if (::pipe(ends) != 0)
    throw std::runtime_error{"pipe"};
  const auto child = ::fork();
  if (child == 0) {
    try {
      there([&](std::uint16_t port) {
        if (::write(ends[1], &port, sizeof port) < 0)
          ::_exit(1);
      });
      ::_exit(0);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
      ::_exit(1);
    }
  }
  std::uint16_t port = 0;
  ::close(ends[1]);
  const bool told = ::read(ends[0], &port, sizeof port) == sizeof port;
  ::close(ends[0]);
  if (!told)
    throw std::runtime_error{"the other side has died"};
  const auto result = here(port);
  ::waitpid(child, nullptr, 0);
  return result;
}

struct measured {
  const char* name;
  double bare, linked; // microseconds
};

measured measure(const char* name, const link_identity& as, bool tls, std::size_t bytes, std::size_t count,
                 std::size_t window) {
  constexpr int rounds = 3;
  measured result{name, 1e9, 1e9};
  const auto link_as = tls ? as : link_identity{};
  for (int i = 0; i < rounds; ++i) {
    const auto bare
        = against([&](const teller& tell) { bench::bare_echo(as, tls, bytes, tell); },
                  [&](std::uint16_t port) { return bench::bare_round_trips(as, tls, port, bytes, count); });
    const auto linked = against(
        [&](const teller& tell) { bench::linked_echo(link_as, tell); },
        [&](std::uint16_t port) { return bench::linked_round_trips(link_as, port, bytes, count, window); });
    const auto scale = 1e6 / static_cast<double>(count);
    result.bare = std::min(result.bare, bare * scale);
    result.linked = std::min(result.linked, linked * scale);
  }
  return result;
}

} // namespace

int main(int argc, char** argv) {
  const bool quick = argc == 2 && std::string{argv[1]} == "--quick";
  if (argc > 1 && !quick)
    return std::fprintf(stderr, "use: taskactor-bench-links [--quick]\n"), 2;
  std::string folder = (std::filesystem::temp_directory_path() / "taskactor-XXXXXX").string();
  if (!::mkdtemp(folder.data()))
    return std::perror("mkdtemp"), 1;
  taskactor::make_authority(folder);
  const auto files = taskactor::make_certificate(folder, {"localhost"});
  const link_identity as{std::filesystem::path{folder} / "authority.pem", files.certificate, files.key};
  const std::size_t small = quick ? 2000 : 50'000, large = quick ? 20 : 500;
  constexpr std::size_t mebibyte = std::size_t{1} << 20;
  const auto many = measure("64 bytes, TLS, 256 at a time", as, true, 64, 4 * small, 256);
  const measured all[]{
      measure("64 bytes, plain", as, false, 64, small, 1),
      measure("64 bytes, TLS", as, true, 64, small, 1),
      measure("1 MiB, plain", as, false, mebibyte, large, 1),
      measure("1 MiB, TLS", as, true, mebibyte, large, 1),
  };
  std::filesystem::remove_all(folder);
  std::printf("%-30s %12s %12s %8s\n", "a round trip of", "bare, us", "link, us", "ratio");
  bool missed = false;
  for (const auto& each : all) {
    const auto ratio = each.linked / each.bare;
    std::printf("%-30s %12.1f %12.1f %8.2f\n", each.name, each.bare, each.linked, ratio);
    constexpr double aim = 1.5;
    missed = missed || (std::string{each.name}.find("TLS") != std::string::npos && ratio > aim);
  }
  std::printf("%-30s %12s %12.1f\n", many.name, "", many.linked);
  return missed ? 1 : 0;
}

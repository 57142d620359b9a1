#include "node/node_identity.hpp"

#include "node/protocol.hpp"
#include "transport/tls/certificate_name.hpp"

#include <taskactor/errc.hpp>
#include <taskactor/expected.hpp>
#include <taskactor/task_options.hpp>

#include <array>
#include <chrono>
#include <random>
#include <utility>

#include <unistd.h>

namespace taskactor::detail {

namespace {

[[noreturn]] void refuse(const std::string& why) { throw_rejection({errc::invalid_argument, why}); }

std::string name_of_machine() {
  constexpr std::size_t longest = 64;
  std::array<char, longest + 1> name{};
  if (::gethostname(name.data(), longest) != 0 || name[0] == '\0')
    return "node";
  return name.data();
}

} // namespace

node_options checked(node_options options) {
  const auto& files = options.certificates;
  const int given = !files.authority.empty() + !files.certificate.empty() + !files.key.empty();
  if (given != 0 && given != 3)
    refuse("node_options::certificates: all three files, or none");
  if (given != 0 && (options.name.empty() || options.name.front() == '/'))
    options.name = certificate_name(files.certificate) + options.name;
  if (options.name.empty())
    options.name = name_of_machine() + '-' + std::to_string(::getpid());
  if (options.name.size() > node_name_limit)
    refuse("node_options::name: at most " + std::to_string(node_name_limit) + " bytes");
  if (options.labels.size() > node_labels_limit)
    refuse("node_options::labels: at most " + std::to_string(node_labels_limit));
  for (const auto& each : options.labels)
    if (each.empty() || each.size() > node_name_limit)
      refuse("node_options::labels: from 1 to " + std::to_string(node_name_limit) + " bytes each");
  constexpr std::size_t least_frame = 4096, most_frame = std::size_t{64} << 20;
  if (options.limits.max_frame < least_frame || options.limits.max_frame > most_frame)
    refuse("node_options::limits.max_frame: from 4 KiB to 64 MiB");
  if (options.limits.max_queued < 2 * options.limits.max_frame)
    refuse("node_options::limits.max_queued: at least two frames");
  constexpr std::chrono::hours longest{24};
  if (options.heartbeat < std::chrono::milliseconds{10} || options.heartbeat > longest)
    refuse("node_options::heartbeat: from 10 ms to 24 h");
  if (options.lease < 2 * options.heartbeat || options.lease > 2 * longest)
    refuse("node_options::lease: from two heartbeats to 48 h");
  if (options.limits.handshake_timeout < std::chrono::milliseconds{1}
      || options.limits.handshake_timeout > longest)
    refuse("node_options::limits.handshake_timeout: from 1 ms to 24 h");
  if (const auto wrong = detail::check_duration("node_options::drain", options.drain))
    refuse(wrong->message);
  return options;
}

std::string new_uuid() {
  std::random_device random;
  constexpr auto digits = "0123456789abcdef";
  constexpr unsigned variant = 8, low_bits = 3, version = 4;
  std::string made;
  for (const char place : std::string_view{"xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx"}) {
    const auto nibble = random() % 16;
    made += place == 'x'   ? digits[nibble]
            : place == 'y' ? digits[variant | (nibble & low_bits)]
            : place == '4' ? digits[version]
                           : '-';
  }
  return made;
}

std::uint64_t new_incarnation() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

} // namespace taskactor::detail

#include "node/node_client.hpp"

#include "cli/command_line.hpp"
#include "cli/exit_code.hpp"
#include "cli/quantity.hpp"

#include <taskactor/node/named_calls.hpp>
#include <taskactor/task_manager.hpp>

#include <spdlog/logger.h>

#include <iostream>
#include <memory>

#include <unistd.h>

namespace taskactor::cli {

namespace {

using namespace std::chrono_literals;
constexpr std::chrono::milliseconds connecting{10'000}, look_again{50};

/// Of several at once, since one name is one node.
std::string own_name(const node_settings& settings) {
  return (settings.certificate.empty() ? "cli-" : "/cli-") + std::to_string(::getpid());
}

/// The node's name, or why there is no session with it.
expected<std::string> find_peer(node& here, const std::string& address) {
  const auto until = std::chrono::steady_clock::now() + connecting;
  do {
    here.wait_for_peers(1, look_again);
    for (const auto& each : here.peers())
      if (each.state == peer_state::up)
        return each.name;
      else if (!each.reason.empty())
        return rejection{errc::no_node, address + ": " + each.reason};
  } while (std::chrono::steady_clock::now() < until);
  return rejection{errc::no_node, address + ": no answer within " + to_text(connecting)};
}

int code_of(const failure& what) {
  try {
    what.raise();
  } catch (const std::system_error& error) {
    if (error.code() == errc::unknown_task || error.code() == errc::bad_arguments)
      return say(detail::message_of(error), bad_usage);
    if (error.code() == errc::task_timed_out)
      return say(detail::message_of(error), some_timed_out);
    return say(error.what(), some_failed);
  } catch (const std::exception& error) {
    return say(error.what(), some_failed);
  }
}

} // namespace

node_reply ask_node(const node_question& what) {
  const auto [address, expected] = address_and_name(what.address);
  auto options = options_of(what.certificates);
  options.name = own_name(what.certificates);
  options.capacity = 0;
  options.drain = 0s;
  // What it would log is said once, in the end.
  task_manager tasks{{.capacity = 2, .logger = std::make_shared<spdlog::logger>("taskactor")}};
  node here{tasks, options};
  here.join(address, expected);
  const auto peer = find_peer(here, address);
  if (!peer)
    return {{}, say(peer.error().message, some_failed)};
  const auto call = submit_named(here, {.timeout = what.timeout.value_or(no_timeout)}, on_node(*peer),
                                 what.task, what.arguments);
  if (!call)
    return {{}, say(call.error().message, some_failed)};
  const auto& end = call->wait_outcome();
  if (end)
    return {*end, all_completed};
  return {{}, code_of(end.error())};
}

} // namespace taskactor::cli

#include "node_client.hpp"

#include "exit_code.hpp"

#include <taskactor/node/named_calls.hpp>
#include <taskactor/task_manager.hpp>

#include <csignal>
#include <iostream>
#include <thread>

#include <unistd.h>

namespace taskactor::cli {

namespace {

using namespace std::chrono_literals;
constexpr auto connecting = 10s;

/// Of several at once, since one name is one node.
std::string own_name(const node_settings& settings) {
  const auto number = "cli-" + std::to_string(::getpid());
  if (settings.certificate.empty())
    return number;
  return std::filesystem::path{settings.certificate}.stem().string() + '/' + number;
}

int say(const std::string& what, int code) {
  std::cerr << "taskactor: " << what << '\n';
  return code;
}

/// Why there is no session.
std::string reason_of(const node& here, const std::string& address) {
  for (const auto& each : here.peers())
    if (!each.reason.empty())
      return address + ": " + each.reason;
  return address + ": no answer within " + std::to_string(connecting.count()) + " s";
}

int code_of(const failure& what) {
  try {
    what.raise();
  } catch (const std::system_error& error) {
    if (error.code() == errc::unknown_task || error.code() == errc::bad_arguments)
      return say detail::message_of(error), bad_usage);
    if (error.code() == errc::task_timed_out)
      return say detail::message_of(error), some_timed_out);
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
  task_manager tasks{{.capacity = 2}};
  node here{tasks, options};
  here.join(address, expected);
  if (!here.wait_for_peers(1, connecting))
    return {{}, say(reason_of(here, address), some_failed)};
  std::string peer;
  for (const auto& each : here.peers())
    if (each.state == peer_state::up)
      peer = each.name;
  const auto call = submit_named(here, {.timeout = what.timeout.value_or(no_timeout)}, on_node(peer),
                                 what.task, what.arguments);
  if (!call)
    return {{}, say(call.error().message, some_failed)};
  const auto& end = call->wait_outcome();
  if (end)
    return {*end, all_completed};
  return {{}, code_of(end.error())};
}

} // namespace taskactor::cli

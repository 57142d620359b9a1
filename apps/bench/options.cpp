#include "options.hpp"

#include "peers.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <iostream>
#include <stdexcept>

namespace bench {

namespace {

constexpr int wrong_use = 2;
constexpr std::size_t quick_repeats = 3;

std::string footer() {
  std::string text = "Works:\n";
  for (const auto& each : all_works())
    text += "  " + std::string{each.name} + std::string(17 - each.name.size(), ' ') + std::string{each.what}
            + '\n';
  text += "\nPeers:\n ";
  for (const auto& each : all_peers())
    text += ' ' + each;
  return text + R"(

Each sample comes from a process of its own, ours and a peer's in turn. A ratio says how many times as much the
peer has needed, by two samples taken one after the other; the table has the median of the repeats' ratios, and
their spread. Peers that are interpreted do fewer tasks; what is compared is the cost of one.

Exit codes: 0 measured; 1 a work failed or, with --check, a target was missed; 2 wrong use.)";
}

std::size_t to_size(const std::string& text) {
  std::size_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (error != std::errc{} || end != text.data() + text.size() || size == 0)
    throw std::invalid_argument{"'" + text + "' is no number of tasks"};
  return size;
}

void declare(CLI::App& app, options& result, std::vector<std::string>& works, std::vector<std::string>& once,
             std::vector<std::string>& peers) {
  app.add_option("work", works, "The works to do (all)");
  app.add_flag("--quick", result.quick, "Fewer tasks and 3 repeats: a few minutes in all");
  app.add_option("--repeats", result.repeats, "Samples of each side of each work (5)")
      ->check(CLI::Range(1, 1000));
  app.add_flag("--check", result.check, "Exit with code 1 when a target is missed or can't be measured");
  app.add_option("--json", result.json, "Write all samples, and facts about the machine, to this file")
      ->type_name("FILE");
  app.add_option("--peers", peers, "Only these peers (all that are there), or \"none\"")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("PEER,...");
  app.add_option("--size", result.size, "Of every work, in place of its own")->check(CLI::PositiveNumber);
  app.add_option("--python", result.python, "The interpreter of peers (/usr/bin/python3: Debian's packages)")
      ->type_name("PATH");
  app.add_option("--threads", result.scheduler_threads, "Our scheduler threads (0: as many as processors)")
      ->check(CLI::Range(0, 1024));
  app.add_option("--once", once,
                 "WORK SIZE: just do this work once, here, and print its times; to profile it")
      ->expected(2)
      ->type_name("");
  app.footer(footer());
}

std::vector<std::string> known_peers(const std::vector<std::string>& names) {
  auto known = all_peers();
  if (names.empty())
    return known;
  if (names == std::vector<std::string>{"none"})
    return {};
  for (const auto& each : names)
    if (std::find(known.begin(), known.end(), each) == known.end())
      throw std::invalid_argument{"unknown peer '" + each + "'"};
  return names;
}

void resolve(options& result, const CLI::App& app, const std::vector<std::string>& works,
             const std::vector<std::string>& once, const std::vector<std::string>& peers) {
  result.peers = known_peers(peers);
  for (const auto& name : works)
    result.works.push_back(&find_work(name));
  if (works.empty())
    for (const auto& each : all_works())
      result.works.push_back(&each);
  if (!once.empty())
    result.once = {&find_work(once[0]), to_size(once[1])};
  if (result.quick && app.count("--repeats") == 0)
    result.repeats = quick_repeats;
}

} // namespace

std::size_t options::size_of(const work& what, bool slow) const {
  if (size != 0)
    return size;
  const auto own = slow ? what.slow_size : what.size;
  return quick ? std::min(own, what.quick_size) : own;
}

options parse(int argc, char** argv) {
  options result;
  std::vector<std::string> works, once, peers;
  CLI::App app{"What a task costs with taskactor and elsewhere: the same work, side by side.",
               "taskactor-bench"};
  declare(app, result, works, once, peers);
  try {
    app.parse(argc, argv);
    resolve(result, app, works, once, peers);
    return result;
  } catch (const CLI::ParseError& error) {
    throw command_line_exit{app.exit(error) == 0 ? 0 : wrong_use};
  } catch (const std::invalid_argument& error) {
    std::cerr << "taskactor-bench: " << error.what() << '\n';
    throw command_line_exit{wrong_use};
  }
}

} // namespace bench

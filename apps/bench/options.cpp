#include "options.hpp"

#include <CLI/CLI.hpp>

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
    text += "  " + std::string{each.name} + std::string(10 - each.name.size(), ' ') + std::string{each.what}
            + '\n';
  return text + R"(
Each sample comes from a process of its own, ours and the peer's in turn. A ratio is that of two samples taken
one after the other; the table has the median of the repeats' ratios, and their spread.

Exit codes: 0 measured; 1 a work failed or, with --check, a target was missed; 2 wrong use.)";
}

std::size_t to_size(const std::string& text) {
  std::size_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (error != std::errc{} || end != text.data() + text.size() || size == 0)
    throw std::invalid_argument{"'" + text + "' is no number of tasks"};
  return size;
}

void declare(CLI::App& app, options& result, std::vector<std::string>& works,
             std::vector<std::string>& once) {
  app.add_option("work", works, "The works to do (all)");
  app.add_flag("--quick", result.quick, "Fewer tasks and 3 repeats: under half a minute in all");
  app.add_option("--repeats", result.repeats, "Samples of each side of each work (5)")
      ->check(CLI::Range(1, 1000));
  app.add_flag("--check", result.check, "Exit with code 1 when a target is missed or can't be measured");
  app.add_option("--json", result.json, "Write all samples, and facts about the machine, to this file")
      ->type_name("FILE");
  app.add_option("--python", result.python, "The peer's interpreter (/usr/bin/python3: Debian's packages)")
      ->type_name("PATH");
  app.add_option("--threads", result.scheduler_threads, "Our scheduler threads (0: as many as processors)")
      ->check(CLI::Range(0, 1024));
  app.add_option("--once", once,
                 "WORK SIZE: just do this work once, here, and print its times; to profile it")
      ->expected(2)
      ->type_name("");
  app.footer(footer());
}

void resolve(options& result, const CLI::App& app, const std::vector<std::string>& works,
             const std::vector<std::string>& once) {
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

options parse(int argc, char** argv) {
  options result;
  std::vector<std::string> works, once;
  CLI::App app{"What a task costs with taskactor and with AnyIO: the same work, side by side.",
               "taskactor-bench"};
  declare(app, result, works, once);
  try {
    app.parse(argc, argv);
    resolve(result, app, works, once);
    return result;
  } catch (const CLI::ParseError& error) {
    throw command_line_exit{app.exit(error) == 0 ? 0 : wrong_use};
  } catch (const std::invalid_argument& error) {
    std::cerr << "taskactor-bench: " << error.what() << '\n';
    throw command_line_exit{wrong_use};
  }
}

} // namespace bench

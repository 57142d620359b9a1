#include "schedule/preview_verb.hpp"

#include "cli/command_line.hpp"
#include "cli/exit_code.hpp"

#include <CLI/CLI.hpp>
#include <taskactor/schedule.hpp>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <optional>
#include <system_error>
#include <utility>

namespace taskactor::cli {

namespace {

constexpr std::uint64_t most_fires = 1'000'000'000;
/// So many are found before they are printed.
constexpr std::uint64_t page_size = 1000;

constexpr const char* about
    = "Prints when a trigger fires next, a line for each fire: its time, and behind it\n"
      "what clocks do to it, when it is due if that is later, and why there are no more.\n\n"
      "  taskactor preview '0 9 * * mon-fri' --zone Europe/Berlin\n"
      "  taskactor preview 'cron 30 2 * * * @ Europe/Berlin gap skip' --utc\n"
      "  taskactor preview 'every 1h30m from 2026-01-01T00:00:00Z' -n 20\n"
      "  taskactor preview 'calendar 2 months on last at 09:00'\n"
      "  taskactor preview 'any_of(@daily; at 2026-12-24T18:00)'";

constexpr const char* codes = "Exit codes:\n"
                              "  0  there is at least one fire\n"
                              "  1  it is never due again\n"
                              "  2  bad usage, or no trigger can be made of it\n"
                              "  5  standard output can't be written";

std::uint64_t fires_of(const std::string& text) {
  std::uint64_t count = 0;
  const auto* const end = text.data() + text.size();
  const auto [rest, fault] = std::from_chars(text.data(), end, count);
  if (fault != std::errc{} || rest != end || count == 0 || count > most_fires)
    throw CLI::ValidationError{"-n", '"' + text + "\" is not a number of fires; write 1 to "
                                         + std::to_string(most_fires)};
  return count;
}

fire_time time_of(const std::string& text) {
  auto when = parse_rfc3339(text);
  if (!when)
    throw CLI::ValidationError{"--after", when.error().message};
  return *when;
}

/// The words of it: quoted it is one, but `every 90m` needs no quotes.
std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const auto& each : words)
    all += (all.empty() ? "" : " ") + each;
  return all;
}

struct preview_line {
  preview_line() {
    app.footer(codes);
    app.get_formatter()->label("OPTIONS", "OPTION");
    app.add_option("EXPR", words, "A trigger's text, or a cron expression; in quotes")
        ->type_name("")
        ->required();
    app.add_option("--zone", zone, "The zone of what names none (UTC): Europe/Berlin")->type_name("NAME");
    app.add_option_function<std::string>(
           "--after", [this](const std::string& text) { after = time_of(text); },
           "Only fires later than this: 2026-03-29T01:00:00Z, or ...+02:00 (now)")
        ->type_name("TIME");
    app.add_option_function<std::string>(
           "-n", [this](const std::string& text) { count = fires_of(text); }, "How many fires (5)")
        ->type_name("N");
    app.add_flag("--utc", utc, "Times in UTC, not as the zone's clocks show them");
    app.add_option("--name", name, "The name of the schedule that it is of: what jitter is drawn from")
        ->type_name("NAME");
  }

  CLI::App app{about, "taskactor preview"};
  std::vector<std::string> words;
  std::string zone, name;
  std::optional<fire_time> after;
  std::uint64_t count = 5;
  bool utc = false;
};

/// Lines of standard output, the last of which can still be added to.
class fire_printer {
public:
  explicit fire_printer(bool utc) : utc_{utc} {}
  bool empty() const noexcept { return line_.empty(); }
  void add(const previewed_fire& each) {
    put_line();
    line_ = utc_ ? to_rfc3339(each.at.nominal) : each.local;
    note(each.note);
  }
  void note(std::string_view what) {
    if (!what.empty())
      line_.append(std::exchange(noted_, true) ? "; " : "  ").append(what);
  }
  /// Returns false if its reader takes no more.
  bool flush(bool last) {
    if (last)
      put_line();
    errno = 0;
    return static_cast<bool>(std::cout.flush());
  }

private:
  void put_line() {
    if (!line_.empty())
      std::cout << line_ << '\n';
    line_.clear();
    noted_ = false;
  }

  std::string line_;
  bool noted_ = false;
  bool utc_;
};

int unwritable() {
  return say("standard output can't be written: " + std::generic_category().message(errno),
             output_unwritable);
}

int print_fires(const preview_line& line, const trigger& of) {
  fire_printer printer{line.utc};
  const auto first = line.after ? *line.after : detail::fire_time_of(std::chrono::system_clock::now());
  auto after = first;
  for (auto left = line.count; left > 0;) {
    const auto page = of.preview(static_cast<std::size_t>(std::min(left, page_size)), after, line.name);
    for (const auto& each : page.fires) {
      printer.add(each);
      after = each.at.nominal;
    }
    left -= page.fires.size();
    if (page.end && printer.empty())
      return say("it is never due again after " + to_rfc3339(first) + ": "
                     + std::string{to_string(*page.end)},
                 some_failed);
    if (page.end) {
      printer.note(to_string(*page.end));
      left = 0;
    }
    if (!printer.flush(left == 0))
      return unwritable();
  }
  return all_completed;
}

} // namespace

int run_preview(std::vector<std::string> arguments) {
  preview_line line;
  if (const auto answered = parse(line.app, std::move(arguments)))
    return *answered;
  const auto made = trigger::parse(joined(line.words), line.zone);
  if (!made)
    return say(
        made.error().message
            + (line.words.size() > 1 ? ". Put it into quotes, or the shell makes names of files of *" : ""),
        bad_usage);
  return print_fires(line, *made);
}

verb_entry preview_entry() {
  verb_entry made{
      .name = "preview", .text = "Print when a trigger, or a line of cron, fires next", .arguments = "EXPR"};
  made.options = option_table(preview_line{}.app);
  std::erase_if(made.options, [](const auto& each) { return each.names.empty(); }); // what has its place
  made.section = verb_section::schedules;
  return made;
}

} // namespace taskactor::cli

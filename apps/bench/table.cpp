#include "table.hpp"

#include "numbers.hpp"

#include <iostream>
#include <unistd.h>

namespace bench {

namespace {

std::string columns(const std::string& who, const std::string& ratio, const std::string& range,
                    const std::string& wanted, const std::string& theirs) {
  return "  " + left(who, 14) + right(ratio, 8) + right(range, 18) + "   " + left(wanted, 18) + theirs + '\n';
}

std::string in_words(const figure& what, double cost) {
  std::string text = std::string{what.name} + ' ' + rounded(cost) + ' ' + std::string{what.unit};
  if (&what == &wall_time)
    text += ", " + grouped(1e6 / cost) + "/s";
  return text;
}

std::string in_words(const work& what, const side& of) {
  std::string text;
  for (const auto* each : what.figures)
    text += (text.empty() ? "" : "; ") + in_words(*each, of.costs(*each).median);
  return text;
}

std::string verdict(const comparison& measured, const target& wanted) {
  const std::string unit = wanted.peer.empty() ? "" : wanted.beyond ? " beyond" : "x";
  return rounded(wanted.value) + unit + (measured.reached(wanted) ? " reached" : " MISSED");
}

} // namespace

table::table(std::ostream& out, const machine& where, const contender& ours,
             const std::vector<contender>& peers, std::size_t repeats)
    : out_(out), repeats_(repeats), terminal_(isatty(STDERR_FILENO) == 1) {
  out_ << "taskactor " << ours.version << " on CAF " << where.caf << "; medians of " << repeats
       << " interleaved repeats\n"
       << where.processor << ", " << where.processors << " processors, " << where.kernel << "; "
       << where.compiler << "; load before " << rounded(where.load) << "; stores in " << where.stores << '\n';
  for (const auto& each : peers)
    out_ << left(each.name, 12) << each.title << ' ' << each.version << '\n';
  out_ << std::flush;
}

void table::running(const work& what, std::size_t repeat, const contender& who) {
  if (terminal_)
    std::cerr << "\r\033[K" << what.name << ": " << repeat << " of " << repeats_ << ", " << who.title
              << std::flush;
}

void table::clear_line() {
  if (terminal_)
    std::cerr << "\r\033[K" << std::flush;
}

void table::add(const comparison& measured) {
  clear_line();
  out_ << '\n' << measured.what->name << ": " << measured.what->what << '\n';
  add_ours(measured);
  if (!measured.pairings.empty())
    out_ << columns("peer", "ratio", "least - most", "target", "");
  for (const auto& each : measured.pairings)
    add_pairing(measured, each);
  out_ << std::flush;
}

void table::add_ours(const comparison& measured) {
  out_ << "  taskactor: " << in_words(*measured.what, measured.ours) << " ("
       << grouped(static_cast<double>(measured.ours.tasks)) << ")\n";
  for (const auto& each : measured.what->targets)
    if (each.peer.empty()) {
      const auto costs = measured.ours.costs(*each.what);
      out_ << columns(std::string{each.what->name}, rounded(costs.median),
                      rounded(costs.least) + " - " + rounded(costs.greatest),
                      "at most " + verdict(measured, each), "");
    }
}

void table::add_pairing(const comparison& measured, const pairing& each) {
  if (!each.trouble.empty())
    out_ << "  " << each.peer->name << ": FAILED: " << each.trouble << '\n';
  for (const auto* what : measured.what->figures) {
    const auto ratio = each.ratio(*what);
    if (!ratio)
      continue;
    std::string wanted;
    for (const auto& aim : measured.what->targets)
      if (aim.what == what && aim.peer == each.peer->name)
        wanted = verdict(measured, aim);
    const bool first = what == measured.what->figures.front();
    if (first || !wanted.empty() || what == &tail_latency)
      out_ << columns(each.peer->name + (first ? "" : ' ' + std::string{what->name}),
                      rounded(ratio->median) + 'x', rounded(ratio->least) + " - " + rounded(ratio->greatest),
                      wanted, first ? in_words(*measured.what, each.theirs) : "");
  }
}

} // namespace bench

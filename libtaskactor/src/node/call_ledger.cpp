#include "call_ledger.hpp"

#include <utility>

namespace taskactor {

std::string to_string(const placement& where) {
  switch (where.how()) {
  case placement::kind::any:
    return "any node";
  case placement::kind::least_loaded:
    return "the least loaded node";
  case placement::kind::name:
    return "node \"" + where.which() + '"';
  case placement::kind::label:
    return "any node with the label \"" + where.which() + '"';
  }
  return "?";
}

namespace detail {

namespace {

/// Before the names of lines of calls that need no place.
constexpr char without_room = '*';

} // namespace

std::string call_ledger::line_of(const call_request& what) {
  const std::string before(what.needs_room() ? 0 : 1, without_room);
  switch (what.where.how()) {
  case placement::kind::name:
    return before + 'n' + what.where.which();
  case placement::kind::label:
    return before + 'l' + what.where.which();
  default:
    return before + 'a';
  }
}

std::uint64_t call_ledger::add(call_request what) {
  const auto number = ++last_number_;
  lines_[line_of(what)].insert(number);
  entries_.emplace(number, ledger_entry{.what = std::move(what)});
  return number;
}

ledger_entry* call_ledger::find(std::uint64_t number) {
  const auto found = entries_.find(number);
  return found == entries_.end() ? nullptr : &found->second;
}

ledger_entry* call_ledger::current(session_id from, const call_key& key) {
  auto* const entry = find(key.number);
  const bool is = entry && entry->is != ledger_entry::stage::pending && entry->session == from
                  && entry->epoch == key.epoch;
  return is ? entry : nullptr;
}

std::uint64_t call_ledger::next_for(std::string_view node, const std::vector<std::string>& labels,
                                    bool with_room) {
  std::uint64_t oldest = 0;
  const std::string before(with_room ? 0 : 1, without_room);
  const auto look = [&](const std::string& name) {
    const auto found = lines_.find(before + name);
    if (found != lines_.end() && (oldest == 0 || *found->second.begin() < oldest))
      oldest = *found->second.begin();
  };
  look("a");
  look('n' + std::string{node});
  for (const auto& each : labels)
    look('l' + each);
  return oldest;
}

std::size_t call_ledger::waiting_for(std::string_view node, const std::vector<std::string>& labels) const {
  const auto size = [&](const std::string& name) {
    const auto found = lines_.find(name);
    return found == lines_.end() ? 0 : found->second.size();
  };
  auto sum = size("a") + size('n' + std::string{node});
  for (const auto& each : labels)
    sum += size('l' + each);
  return sum;
}

void call_ledger::leave_line(std::uint64_t number, const ledger_entry& entry) {
  const auto line = lines_.find(line_of(entry.what));
  if (line == lines_.end())
    return;
  line->second.erase(number);
  if (line->second.empty())
    lines_.erase(line);
}

call_key call_ledger::sent(std::uint64_t number, session_id session, std::string node) {
  auto& entry = entries_.at(number);
  leave_line(number, entry);
  entry.is = ledger_entry::stage::sent;
  entry.session = session;
  entry.node = std::move(node);
  auto& there = sessions_[session];
  there.numbers.insert(number);
  there.with_room += entry.what.needs_room() ? 1 : 0;
  return {number, ++entry.epoch};
}

void call_ledger::again(std::uint64_t number) {
  auto& entry = entries_.at(number);
  if (const auto found = sessions_.find(entry.session); found != sessions_.end()) {
    found->second.with_room -= entry.what.needs_room() ? 1 : 0;
    found->second.numbers.erase(number);
    if (found->second.numbers.empty())
      sessions_.erase(found);
  }
  entry.is = ledger_entry::stage::pending;
  entry.session = 0;
  lines_[line_of(entry.what)].insert(number);
}

ledger_entry call_ledger::take(std::uint64_t number) {
  if (entries_.at(number).is != ledger_entry::stage::pending)
    again(number);
  auto node = entries_.extract(number);
  leave_line(number, node.mapped());
  return std::move(node.mapped());
}

std::vector<std::uint64_t> call_ledger::sent_in(session_id session) const {
  const auto found = sessions_.find(session);
  if (found == sessions_.end())
    return {};
  return {found->second.numbers.begin(), found->second.numbers.end()};
}

std::size_t call_ledger::on_their_way(session_id session) const noexcept {
  const auto found = sessions_.find(session);
  return found == sessions_.end() ? 0 : found->second.with_room;
}

std::vector<std::uint64_t> call_ledger::all() const {
  std::vector<std::uint64_t> numbers;
  numbers.reserve(entries_.size());
  for (const auto& [number, entry] : entries_)
    numbers.push_back(number);
  return numbers;
}

std::size_t call_ledger::waiting() const noexcept {
  std::size_t sum = 0;
  for (const auto& [name, line] : lines_)
    sum += line.size();
  return sum;
}

} // namespace detail
} // namespace taskactor

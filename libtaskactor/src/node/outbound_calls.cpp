#include "node/outbound_calls.hpp"

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
constexpr char without_window = '*';

} // namespace

std::string outbound_calls::line_of(const call_request& what) {
  const std::string before(what.needs_window() ? 0 : 1, without_window);
  switch (what.where.how()) {
  case placement::kind::name:
    return before + 'n' + what.where.which();
  case placement::kind::label:
    return before + 'l' + what.where.which();
  default:
    return before + 'a';
  }
}

std::uint64_t outbound_calls::add(call_request what) {
  const auto number = ++last_number_;
  lines_[line_of(what)].insert(number);
  entries_.emplace(number, pending_call{.what = std::move(what)});
  return number;
}

pending_call* outbound_calls::find(std::uint64_t number) {
  const auto found = entries_.find(number);
  return found == entries_.end() ? nullptr : &found->second;
}

pending_call* outbound_calls::current(session_id from, const call_key& key) {
  auto* const entry = find(key.number);
  const bool is = entry && entry->is != pending_call::send_state::pending && entry->session == from
                  && entry->fencing_token == key.fencing_token;
  return is ? entry : nullptr;
}

std::uint64_t outbound_calls::next_for(std::string_view node, const std::vector<std::string>& labels,
                                       bool with_window) {
  std::uint64_t oldest = 0;
  const std::string before(with_window ? 0 : 1, without_window);
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

std::size_t outbound_calls::waiting_for(std::string_view node, const std::vector<std::string>& labels) const {
  const auto size = [&](const std::string& name) {
    const auto found = lines_.find(name);
    return found == lines_.end() ? 0 : found->second.size();
  };
  auto sum = size("a") + size('n' + std::string{node});
  for (const auto& each : labels)
    sum += size('l' + each);
  return sum;
}

void outbound_calls::dequeue(std::uint64_t number, const pending_call& entry) {
  const auto line = lines_.find(line_of(entry.what));
  if (line == lines_.end())
    return;
  line->second.erase(number);
  if (line->second.empty())
    lines_.erase(line);
}

call_key outbound_calls::sent(std::uint64_t number, session_id session, std::string node) {
  auto& entry = entries_.at(number);
  dequeue(number, entry);
  entry.is = pending_call::send_state::sent;
  entry.session = session;
  entry.node = std::move(node);
  auto& there = sessions_[session];
  there.numbers.insert(number);
  there.with_window += entry.what.needs_window() ? 1 : 0;
  return {number, ++entry.fencing_token};
}

void outbound_calls::again(std::uint64_t number) {
  auto& entry = entries_.at(number);
  if (const auto found = sessions_.find(entry.session); found != sessions_.end()) {
    found->second.with_window -= entry.what.needs_window() ? 1 : 0;
    found->second.numbers.erase(number);
    if (found->second.numbers.empty())
      sessions_.erase(found);
  }
  entry.is = pending_call::send_state::pending;
  entry.session = 0;
  lines_[line_of(entry.what)].insert(number);
}

pending_call outbound_calls::take(std::uint64_t number) {
  if (entries_.at(number).is != pending_call::send_state::pending)
    again(number);
  auto node = entries_.extract(number);
  dequeue(number, node.mapped());
  return std::move(node.mapped());
}

std::vector<std::uint64_t> outbound_calls::sent_in(session_id session) const {
  const auto found = sessions_.find(session);
  if (found == sessions_.end())
    return {};
  return {found->second.numbers.begin(), found->second.numbers.end()};
}

std::size_t outbound_calls::on_their_way(session_id session) const noexcept {
  const auto found = sessions_.find(session);
  return found == sessions_.end() ? 0 : found->second.with_window;
}

std::vector<std::uint64_t> outbound_calls::all() const {
  std::vector<std::uint64_t> numbers;
  numbers.reserve(entries_.size());
  for (const auto& [number, entry] : entries_)
    numbers.push_back(number);
  return numbers;
}

std::size_t outbound_calls::waiting() const noexcept {
  std::size_t sum = 0;
  for (const auto& [name, line] : lines_)
    sum += line.size();
  return sum;
}

} // namespace detail
} // namespace taskactor

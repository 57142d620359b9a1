#include "http/name_resolver.hpp"

#include "base/all_signals_blocked.hpp"
#include "base/new_thread.hpp"
#include "base/service_thread.hpp"

#include <algorithm>
#include <cerrno>
#include <exception>
#include <system_error>
#include <thread>

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace taskactor::detail {

namespace {

constexpr auto kept_for = std::chrono::minutes{1};
constexpr auto idle_for = std::chrono::seconds{5};
constexpr std::size_t most_known = 4096;

name_answer look_up(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &found); code != 0) {
    const std::string why
        = code == EAI_SYSTEM ? std::generic_category().message(errno) : ::gai_strerror(code);
    return {{}, why};
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned{found, &::freeaddrinfo};
  name_answer answer{{}, "it has no address of a kind that can be used"};
  for (const auto* each = found; each; each = each->ai_next) {
    char text[NI_MAXHOST];
    if (each->ai_family == AF_INET6
        && reinterpret_cast<const sockaddr_in6*>(each->ai_addr)->sin6_scope_id != 0)
      continue; // libcurl's list has no zones
    if ((each->ai_family != AF_INET && each->ai_family != AF_INET6)
        || ::getnameinfo(each->ai_addr, each->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) != 0)
      continue;
    if (!answer.addresses.empty())
      answer.addresses += ',';
    answer.addresses += each->ai_family == AF_INET6 ? '[' + std::string{text} + ']' : std::string{text};
  }
  return answer;
}

void tell(const resumer<name_answer>& waiter, const name_answer& answer, const std::exception_ptr& failed) {
  if (failed) {
    waiter(failed);
    return;
  }
  try {
    waiter(answer);
  } catch (...) {
    waiter(std::current_exception());
  }
}

} // namespace

std::string name_resolver::known(const std::string& host) {
  const std::lock_guard lock{mutex_};
  const auto found = known_.find(host);
  if (found == known_.end())
    return {};
  if (found->second.until > clock::now())
    return found->second.addresses;
  known_.erase(found);
  return {};
}

std::uint64_t name_resolver::ask(const std::string& host, resumer<name_answer> waiter) {
  const std::lock_guard lock{mutex_};
  const auto number = ++last_;
  auto [place, is_new] = lookups_.try_emplace(host);
  try {
    place->second.waiters.emplace_back(number, std::move(waiter));
    if (!is_new)
      return number;
    queue_.push_back(host);
  } catch (...) {
    if (is_new)
      lookups_.erase(place);
    throw;
  }
  if (idle_ >= queue_.size()) {
    queued_.notify_one();
  } else if (threads_ < most_threads) {
    try {
      add_thread();
    } catch (...) {
      if (threads_ == 0) { // nobody will ever look it up
        queue_.pop_back();
        lookups_.erase(place);
        throw;
      }
    }
  }
  return number;
}

void name_resolver::add_thread() {
  const all_signals_blocked inherited;
  new_thread("looking up names", [self = shared_from_this()] { run(self); }).detach();
  ++threads_;
}

void name_resolver::leave(const std::string& host, std::uint64_t number) noexcept {
  std::pair<std::uint64_t, resumer<name_answer>> left; // ends when the lock is free
  const std::lock_guard lock{mutex_};
  const auto found = lookups_.find(host);
  if (found == lookups_.end())
    return;
  auto& waiters = found->second.waiters;
  const auto place
      = std::find_if(waiters.begin(), waiters.end(), [&](const auto& each) { return each.first == number; });
  if (place == waiters.end())
    return;
  left = std::move(*place);
  waiters.erase(place);
  if (waiters.empty() && !found->second.begun) {
    std::erase(queue_, host);
    lookups_.erase(found);
  }
}

/// Without memory for it, it is asked for again.
void name_resolver::keep(const std::string& host, const std::string& addresses) noexcept {
  const auto now = clock::now();
  if (known_.size() >= most_known)
    std::erase_if(known_, [&](const auto& each) { return each.second.until <= now; });
  if (known_.size() >= most_known)
    known_.clear();
  try {
    known_.insert_or_assign(host, entry{addresses, now + kept_for});
  } catch (...) { // NOLINT(bugprone-empty-catch)
  }
}

void name_resolver::run(const std::shared_ptr<name_resolver>& self) {
  const service_thread here;
  std::unique_lock lock{self->mutex_};
  for (;;) {
    ++self->idle_;
    const bool any = self->queued_.wait_for(lock, idle_for, [&] { return !self->queue_.empty(); });
    --self->idle_;
    if (!any) {
      --self->threads_;
      return;
    }
    const std::string host = std::move(self->queue_.front());
    self->queue_.pop_front();
    self->lookups_.at(host).begun = true;
    lock.unlock();
    name_answer answer;
    std::exception_ptr failed; // there is no memory
    try {
      answer = look_up(host);
    } catch (...) {
      failed = std::current_exception();
    }
    lock.lock();
    if (!answer.addresses.empty())
      self->keep(host, answer.addresses);
    {
      const auto done = self->lookups_.extract(host);
      lock.unlock();
      for (const auto& [number, waiter] : done.mapped().waiters)
        tell(waiter, answer, failed);
    }
    lock.lock();
  }
}

} // namespace taskactor::detail

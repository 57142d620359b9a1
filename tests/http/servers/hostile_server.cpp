#include "hostile_server.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <exception>
#include <system_error>

#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace test {

namespace {

constexpr std::string_view line_end = "\r\n";

[[noreturn]] void fail(const char* what) { throw std::system_error{errno, std::generic_category(), what}; }

bool equal_but_for_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

received_request parse(std::string_view head) {
  received_request result;
  const auto next_line = [&] {
    const auto end = std::min(head.find(line_end), head.size());
    const auto line = head.substr(0, end);
    head.remove_prefix(std::min(end + line_end.size(), head.size()));
    return line;
  };
  const auto first = next_line();
  const auto space = first.find(' ');
  result.method = first.substr(0, space);
  if (space != std::string_view::npos)
    result.target = first.substr(space + 1, first.rfind(' ') - space - 1);
  while (!head.empty()) {
    const auto line = next_line();
    const auto colon = std::min(line.find(':'), line.size());
    const auto value = std::min(line.find_first_not_of(' ', colon + 1), line.size());
    result.headers.emplace_back(line.substr(0, colon), line.substr(value));
  }
  return result;
}

std::string head_of(std::size_t length) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n";
}

} // namespace

std::optional<std::string> received_request::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (equal_but_for_case(key, name))
      return value;
  return {};
}

// -- a connection -----------------------------------------------------------

/// False: the time is over, or the server stops.
bool hostile_connection::poll_for(short events, int milliseconds) {
  std::array<pollfd, 2> both{{{fd_, events, 0}, {stop_, POLLIN, 0}}};
  return ::poll(both.data(), both.size(), milliseconds) > 0 && both[1].revents == 0;
}

bool hostile_connection::receive_some() {
  std::array<char, 16384> some{};
  if (!poll_for(POLLIN, -1))
    return false;
  const auto got = ::recv(fd_, some.data(), some.size(), 0);
  if (got <= 0)
    return false;
  buffer_.append(some.data(), static_cast<std::size_t>(got));
  return true;
}

bool hostile_connection::receive_until(std::size_t size) {
  while (buffer_.size() < size)
    if (!receive_some())
      return false;
  return true;
}

bool hostile_connection::receive_head() {
  constexpr std::string_view empty_line = "\r\n\r\n";
  std::size_t end = 0;
  while ((end = buffer_.find(empty_line)) == std::string::npos)
    if (!receive_some())
      return false;
  request_ = parse(std::string_view{buffer_}.substr(0, end));
  buffer_.erase(0, end + empty_line.size());
  ++number_;
  return true;
}

bool hostile_connection::receive_body() {
  if (request_.header("Transfer-Encoding"))
    return receive_chunks();
  const auto length = request_.header("Content-Length");
  const std::size_t size = length ? std::stoul(*length) : 0;
  if (!receive_until(size))
    return false;
  request_.body = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return true;
}

bool hostile_connection::receive_chunks() {
  for (;;) {
    std::size_t end = 0;
    while ((end = buffer_.find(line_end)) == std::string::npos)
      if (!receive_some())
        return false;
    std::size_t size = 0;
    std::from_chars(buffer_.data(), buffer_.data() + end, size, 16);
    buffer_.erase(0, end + line_end.size());
    if (!receive_until(size + line_end.size()))
      return false;
    request_.body += buffer_.substr(0, size);
    buffer_.erase(0, size + line_end.size());
    if (size == 0)
      return true;
  }
}

bool hostile_connection::send(std::string_view text) {
  while (!text.empty()) {
    const auto sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0)
      text.remove_prefix(static_cast<std::size_t>(sent));
    else if (errno != EAGAIN || !poll_for(POLLOUT, -1))
      return false;
  }
  return true;
}

bool hostile_connection::answer(int status, std::string_view body, std::string_view more_headers) {
  std::string all = "HTTP/1.1 " + std::to_string(status)
                    + " of a test\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  return send(all.append(more_headers).append(line_end).append(body));
}

bool hostile_connection::wait(std::chrono::milliseconds time) {
  std::array<pollfd, 2> both{{{fd_, POLLRDHUP, 0}, {stop_, POLLIN, 0}}};
  return ::poll(both.data(), both.size(), static_cast<int>(time.count())) == 0;
}

void hostile_connection::wait_for_close() { poll_for(POLLRDHUP, -1); }

bool hostile_connection::wait_for_more() {
  char first = 0;
  return !buffer_.empty() || (poll_for(POLLIN, -1) && ::recv(fd_, &first, 1, MSG_PEEK) == 1);
}

void hostile_connection::send_no_more() { ::shutdown(fd_, SHUT_WR); }

void hostile_connection::reset() {
  constexpr linger at_once{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

// -- the server -------------------------------------------------------------

hostile_server::hostile_server() : stop_(::eventfd(0, EFD_CLOEXEC)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  listening_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (stop_ < 0 || listening_ < 0 || ::bind(listening_, reinterpret_cast<sockaddr*>(&address), length) != 0
      || ::listen(listening_, SOMAXCONN) != 0
      || ::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &length) != 0)
    fail("hostile_server");
  port_ = ntohs(address.sin_port);
  accepting_ = std::thread{[this] { accept_all(); }};
}

void hostile_server::on(const std::string& path, script what) {
  const std::lock_guard lock{mutex_};
  scripts_[path] = std::move(what);
}

void hostile_server::on_others(script what) {
  const std::lock_guard lock{mutex_};
  others_ = std::move(what);
}

void hostile_server::on_connection(script what) {
  const std::lock_guard lock{mutex_};
  first_ = std::move(what);
}

std::string hostile_server::url(std::string_view path, std::string_view host) const {
  return "http://" + std::string{host} + ':' + std::to_string(port_) + std::string{path};
}

void hostile_server::stop() {
  if (!accepting_.joinable())
    return;
  ::eventfd_write(stop_, 1);
  accepting_.join();
  for (auto& each : visits_) // nobody adds one any more
    each.thread.join();
  visits_.clear();
  ::close(listening_);
  ::close(stop_);
}

void hostile_server::accept_all() {
  for (;;) {
    std::array<pollfd, 2> both{{{listening_, POLLIN, 0}, {stop_, POLLIN, 0}}};
    ::poll(both.data(), both.size(), -1);
    if (both[1].revents != 0)
      return;
    const int fd = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0)
      continue;
    const std::lock_guard lock{mutex_};
    std::erase_if(visits_, [](visit& each) {
      if (each.ended)
        each.thread.join(); // its last act was to say so
      return each.ended;
    });
    ++connections_;
    most_open_ = std::max(most_open_, ++open_);
    auto& place = visits_.emplace_back();
    place.thread = std::thread{[this, fd, &place] {
      serve(fd);
      const std::lock_guard ending{mutex_};
      --open_;
      place.ended = true;
      changed_.notify_all();
    }};
    changed_.notify_all();
  }
}

void hostile_server::serve(int fd) noexcept {
  hostile_connection with{fd, stop_};
  try {
    script first;
    {
      const std::lock_guard lock{mutex_};
      first = first_;
    }
    if (!first || first(with))
      while (with.receive_head()) {
        const auto what = script_for(with.request());
        const auto place = take_in(with.request());
        const bool goes_on = what(with);
        keep_body(place, with.request());
        if (!goes_on)
          break;
      }
  } catch (const std::exception&) { // of a request that is none
  }
  ::close(fd);
}

hostile_server::script hostile_server::script_for(const received_request& what) const {
  const std::lock_guard lock{mutex_};
  const auto found = scripts_.find(what.target.substr(0, what.target.find('?')));
  if (found != scripts_.end())
    return found->second;
  return others_ ? others_ : hostile::answers(404, "");
}

std::size_t hostile_server::take_in(const received_request& what) {
  const std::lock_guard lock{mutex_};
  requests_.push_back(what);
  changed_.notify_all();
  return requests_.size() - 1;
}

void hostile_server::keep_body(std::size_t place, const received_request& of) {
  const std::lock_guard lock{mutex_};
  requests_[place].body = of.body;
}

std::vector<received_request> hostile_server::requests() const {
  const std::lock_guard lock{mutex_};
  return requests_;
}

std::size_t hostile_server::connections() const {
  const std::lock_guard lock{mutex_};
  return connections_;
}

std::size_t hostile_server::open_connections() const {
  const std::lock_guard lock{mutex_};
  return open_;
}

std::size_t hostile_server::most_open_connections() const {
  const std::lock_guard lock{mutex_};
  return most_open_;
}

template <class Condition>
bool hostile_server::wait_until(Condition holds) const {
  std::unique_lock lock{mutex_};
  return changed_.wait_for(lock, std::chrono::seconds{20}, holds);
}

bool hostile_server::wait_for_connections(std::size_t count) const {
  return wait_until([&] { return connections_ >= count; });
}

bool hostile_server::wait_for_requests(std::size_t count) const {
  return wait_until([&] { return requests_.size() >= count; });
}

bool hostile_server::wait_for_open_connections(std::size_t count) const {
  return wait_until([&] { return open_ == count; });
}

// -- scripts ----------------------------------------------------------------

namespace hostile {

namespace {

std::string letters(std::size_t count) { return std::string(count, 'x'); }

bool send_body(hostile_connection& with, std::size_t said, std::size_t sent) {
  return with.send(head_of(said)) && with.send(letters(sent));
}

} // namespace

script answers(int status, std::string body, std::string more_headers) {
  return [=](hostile_connection& with) {
    return with.receive_body() && with.answer(status, body, more_headers);
  };
}

script echo() {
  return [](hostile_connection& with) {
    if (!with.receive_body())
      return false;
    const auto& got = with.request();
    std::string text = got.method + ' ' + got.target + '\n';
    for (const auto& [name, value] : got.headers)
      text.append(name).append(": ").append(value).append("\n");
    return with.answer(200, text + '\n' + got.body);
  };
}

script endless_headers() {
  return [](hostile_connection& with) {
    bool wanted = with.send("HTTP/1.1 200 OK\r\n");
    for (std::size_t i = 0; wanted; ++i)
      wanted = with.send("X-" + std::to_string(i) + ": " + letters(100) + "\r\n");
    return false;
  };
}

script header_line_of(std::size_t size) {
  return [=](hostile_connection& with) { return with.answer(200, "", "X-Long: " + letters(size) + "\r\n"); };
}

script body_of(std::size_t said, std::size_t sent) {
  return [=](hostile_connection& with) {
    send_body(with, said, sent);
    return false;
  };
}

script body_of_and_waits(std::size_t said, std::size_t sent) {
  return [=](hostile_connection& with) {
    if (send_body(with, said, sent))
      with.wait_for_close();
    return false;
  };
}

script resets_in_head() {
  return [](hostile_connection& with) {
    with.send("HTTP/1.1 200 OK\r\nContent-Le");
    with.reset();
    return false;
  };
}

script resets_in_body(std::size_t said, std::size_t sent) {
  return [=](hostile_connection& with) {
    send_body(with, said, sent);
    with.reset();
    return false;
  };
}

script trickle(std::chrono::milliseconds each) {
  return [=](hostile_connection& with) {
    constexpr std::size_t endless = std::size_t{1} << 40;
    bool wanted = with.send(head_of(endless));
    while (wanted)
      wanted = with.send("x") && with.wait(each);
    return false;
  };
}

script trickle_of_head(std::chrono::milliseconds each) {
  return [=](hostile_connection& with) {
    bool wanted = with.send("HTTP/1.1 200 OK\r\nX-Long: ");
    while (wanted)
      wanted = with.send("x") && with.wait(each);
    return false;
  };
}

script garbage() {
  return [](hostile_connection& with) {
    with.send("\x16\x03\x01 no HTTP at all\r\n\r\n");
    return false;
  };
}

script bad_chunk_size() {
  return [](hostile_connection& with) {
    with.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n");
    return false;
  };
}

script cut_chunk() {
  return [](hostile_connection& with) {
    with.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n10\r\nhel");
    return false;
  };
}

script closes() {
  return [](hostile_connection&) { return false; };
}

script half_closes() {
  return [](hostile_connection& with) {
    with.send_no_more();
    with.wait_for_close();
    return false;
  };
}

script never_answers() {
  return [](hostile_connection& with) {
    with.wait_for_close();
    return false;
  };
}

script closes_when_used_again() {
  return [](hostile_connection& with) {
    if (with.answer(200, std::to_string(with.number())) && with.wait_for_more())
      with.reset();
    return false;
  };
}

script never_continues() {
  return [](hostile_connection& with) {
    return with.receive_body() && with.answer(200, std::to_string(with.request().body.size()));
  };
}

} // namespace hostile

} // namespace test

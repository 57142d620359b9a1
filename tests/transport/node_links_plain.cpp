// Links between nodes without TLS: calls, greetings, frames, ends and bounds, over TCP and Unix sockets.
#include "ends.hpp"
#include "loopback.hpp"

#include "base/unique_fd.hpp"
#include "support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <filesystem>
#include <future>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <thread>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

using namespace std::chrono_literals;
using namespace test;
using ta::link_address;
using ta::link_end;
using ta::make_frame;

namespace node_links_plain {

struct two_ends {
  ta::node_links links;
  std::shared_ptr<door> inside = std::make_shared<door>();
  std::shared_ptr<end> caller = std::make_shared<end>();
  ta::link_bounds bounds{.handshake_timeout = 1min, .closing_timeout = 1min}; // a busy machine is in time
  std::shared_ptr<ta::node_listening> listening;

  void listen(const std::string& at = "127.0.0.1:0") {
    listening = links.listen(link_address::parse(at), {}, bounds, inside);
  }
  std::shared_ptr<ta::node_link> call(const std::shared_ptr<end>& as) {
    return links.connect(listening->address(), {}, {}, bounds, as);
  }
  std::shared_ptr<ta::node_link> call() { return call(caller); }
};

/// Nobody listens at this port of 127.0.0.1 as long as it lives, in no other process either.
class held_port {
public:
  explicit held_port(std::uint16_t port)
      : socket_(ta::own(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket")) {
    const auto address = loopback(port);
    held_ = ::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  /// No: somebody else has got it before.
  bool is_held() const { return held_; }

private:
  ta::unique_fd socket_;
  bool held_ = false;
};

/// Lets another thread send as soon as there is a link.
class eager : public end {
public:
  void on_open(std::shared_ptr<ta::node_link> opened, const ta::link_peer& peer) noexcept override {
    end::on_open(opened, peer);
    std::jthread{[&opened] { opened->send(make_frame("at once")); }}.join();
  }
};

class eager_door : public door {
public:
  std::shared_ptr<ta::node_link_listener> on_peer(const ta::link_peer&) noexcept override {
    return std::make_shared<eager>();
  }
};

} // namespace node_links_plain

BOOST_FIXTURE_TEST_SUITE(node_links_plain, two_ends)

BOOST_AUTO_TEST_CASE(frames_go_both_ways_over_every_kind_of_address) {
  temporary_directory folder;
  for (const auto& at : {std::string{"127.0.0.1:0"}, std::string{"[::1]:0"}, "unix:" + (folder / "a")}) {
    inside = std::make_shared<door>();
    caller = std::make_shared<end>();
    listen(at);
    call();
    const auto link = caller->opened();
    BOOST_REQUIRE(link);
    link->send(make_frame("hello"));
    link->send(make_frame(std::string(300'000, 'x')));
    const auto frames = caller->frames(2);
    BOOST_REQUIRE_EQUAL(frames.size(), 2U);
    BOOST_TEST(ta::read_frame(frames[0]).value() == "hello");
    BOOST_TEST(frames[1].size() == 300'005U);
    BOOST_TEST(!caller->peer().address.empty());
    BOOST_TEST(caller->peer().name.empty());
    BOOST_TEST(listening->connections() == 1U);
    BOOST_TEST(listening->handshakes() == 0U);
    listening->close();
  }
}

BOOST_AUTO_TEST_CASE(what_is_sent_before_the_link_is_up_is_sent_then) {
  listen();
  call()->send(make_frame(1));
  BOOST_TEST(caller->frames(1).size() == 1U);
}

BOOST_AUTO_TEST_CASE(what_another_thread_sends_at_once_comes_behind_the_greeting) {
  inside = std::make_shared<eager_door>();
  listen();
  call();
  const auto frames = caller->frames(1);
  BOOST_REQUIRE_EQUAL(frames.size(), 1U);
  BOOST_TEST(ta::read_frame(frames[0]).value() == "at once");
}

BOOST_AUTO_TEST_CASE(a_closed_link_delivers_also_when_all_links_end_at_once) {
  constexpr int times = 50;
  inside->echo = false;
  bounds.closing_timeout = 1min; // in it all has to be taken there
  listen();
  for (int i = 0; i < times; ++i) {
    const auto there = std::make_shared<end>();
    {
      ta::node_links others;
      const auto link = others.connect(listening->address(), {}, {}, bounds, there);
      BOOST_REQUIRE(there->opened());
      const auto back = inside->entered(static_cast<std::size_t>(i))->opened();
      for (int j = 0; j < 100; ++j) // unread there when it ends: the socket would be reset
        back->send(make_frame(std::string(1000, 'x')));
      link->send(make_frame("goodbye"));
      link->close();
    }
    BOOST_TEST(there->is_closed());
    const auto frames = inside->entered(static_cast<std::size_t>(i))->frames(1);
    BOOST_REQUIRE_EQUAL(frames.size(), 1U);
    BOOST_TEST(ta::read_frame(frames[0]).value() == "goodbye");
  }
}

BOOST_AUTO_TEST_CASE(a_closed_link_delivers_first_and_a_cut_one_does_not) {
  inside->echo = false;
  bounds.closing_timeout = 1min;
  listen();
  const auto link = call();
  for (int i = 0; i < 100; ++i)
    link->send(make_frame(std::string(100'000, 'x')));
  BOOST_REQUIRE(caller->opened());
  link->close();
  link->send(make_frame(1)); // dropped
  const auto other = inside->entered();
  BOOST_CHECK(other->closed().what == link_end::ended);
  BOOST_TEST(other->frames(100).size() == 100U);
  BOOST_CHECK(caller->closed().what == link_end::cut);

  const auto second = std::make_shared<end>();
  call(second);
  second->opened()->cut();
  BOOST_CHECK(second->closed().what == link_end::cut);
  BOOST_CHECK(inside->entered(1)->closed().what == link_end::ended);
}

BOOST_AUTO_TEST_CASE(who_is_not_wanted_is_told_so) {
  inside->wanted = [](const auto&) { return false; };
  listen();
  call();
  const auto why = caller->closed();
  BOOST_CHECK(why.what == link_end::refused);
  BOOST_TEST(why.text == "the other side refuses: it may not come in");
  BOOST_CHECK(inside->refused(1).front().second.what == link_end::not_allowed);
  BOOST_TEST(listening->refused()[link_end::not_allowed] == 1U);
  const auto second = std::make_shared<end>();
  call(second);
  second->closed();
  BOOST_TEST(listening->refused()[link_end::not_allowed] == 2U);
  BOOST_TEST(inside->refused(1).size() == 1U); // told once
}

BOOST_AUTO_TEST_CASE(nobody_there_and_no_such_name_are_told_as_such) {
  link_address gone;
  std::optional<held_port> nobody;
  for (int i = 0; i < 20 && !(nobody && nobody->is_held()); ++i) {
    listen();
    gone = listening->address();
    listening.reset();
    nobody.emplace(gone.port);
  }
  BOOST_REQUIRE(nobody->is_held());
  links.connect(gone, {}, {}, bounds, caller);
  BOOST_CHECK(caller->closed().what == link_end::not_reached);
  BOOST_TEST(caller->closed().text == gone.text() + ": Connection refused");
  const auto second = std::make_shared<end>();
  links.connect(link_address::parse("unix:/nowhere/at/all"), {}, {}, bounds, second);
  BOOST_TEST(second->closed().text == "unix:/nowhere/at/all: No such file or directory");
}

BOOST_AUTO_TEST_CASE(without_an_identity_no_address_but_a_local_one_is_called_or_listened_at) {
  links.connect(link_address::parse("192.0.2.1:4000"), {}, {}, bounds, caller);
  const auto why = caller->closed();
  BOOST_CHECK(why.what == link_end::insecure);
  BOOST_TEST(why.text.find("`taskactor node cert`") != std::string::npos);
  for (const char* at : {":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:0", "some.host:0"})
    BOOST_CHECK_THROW(listen(at), std::system_error);
}

BOOST_AUTO_TEST_CASE(who_listens_and_never_greets_is_given_up_in_time) {
  bounds.handshake_timeout = 50ms;
  temporary_directory folder;
  const auto path = folder / "silent";
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  BOOST_REQUIRE(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  BOOST_REQUIRE(::listen(socket, 8) == 0);
  links.connect(link_address::parse("unix:" + path), {}, {}, bounds, caller);
  BOOST_CHECK(caller->closed().what == link_end::timed_out);
  ::close(socket);
}

BOOST_AUTO_TEST_CASE(a_slow_reader_is_cut_and_the_sender_keeps_no_more_than_the_bound) {
  bounds.frame = 1 << 20;
  bounds.queued = 4 << 20;
  inside->echo = false;
  temporary_directory folder;
  listen("unix:" + (folder / "a"));
  std::promise<void> stop_reading;
  class sleeper : public end {
  public:
    explicit sleeper(std::shared_future<void> until) : until_(std::move(until)) {}
    void on_frame(std::string_view) noexcept override { until_.wait(); }
    std::shared_future<void> until_;
  };
  ta::node_links others; // its thread stands still
  const auto slow = std::make_shared<sleeper>(stop_reading.get_future().share());
  others.connect(listening->address(), {}, {}, bounds, slow);
  BOOST_REQUIRE(slow->opened());
  const auto reader = inside->entered();
  const auto link = reader->opened();
  const auto frame = make_frame(std::string(500'000, 'x'));
  for (int i = 0; i < 100 && !reader->is_closed(); ++i) {
    link->send(frame);
    BOOST_TEST(link->queued() <= bounds.queued);
  }
  BOOST_CHECK(reader->closed().what == link_end::slow_reader);
  stop_reading.set_value();
  slow->closed();
}

BOOST_AUTO_TEST_CASE(a_sender_hears_when_what_waited_has_drained) {
  inside->echo = false;
  bounds.low_water = 1000;
  listen();
  call()->send(make_frame(std::string(1'000'000, 'x')));
  BOOST_TEST(caller->drained() == 1);
}

BOOST_AUTO_TEST_CASE(a_frame_beyond_the_bound_is_refused_at_both_ends) {
  bounds.frame = 1000;
  listen();
  const auto large = make_frame(std::string(2000, 'x'));
  BOOST_CHECK_THROW(call()->send(large), std::length_error);
  BOOST_REQUIRE(caller->opened());
  const auto generous = std::make_shared<end>();
  links.connect(listening->address(), {}, {}, {}, generous)->send(large);
  BOOST_CHECK(inside->entered(1)->closed().what == link_end::large_frame);
  generous->closed();
}

BOOST_AUTO_TEST_CASE(more_connections_than_there_may_be_are_refused) {
  bounds.connections = 2;
  listen();
  for (int i = 0; i < 2; ++i) {
    call(std::make_shared<end>());
    inside->entered(static_cast<std::size_t>(i))->opened();
  }
  call();
  caller->closed();
  BOOST_CHECK(inside->refused(1).front().second.what == link_end::many_connections);
}

BOOST_AUTO_TEST_CASE(a_stale_unix_socket_is_replaced_a_living_one_is_not_and_it_is_private) {
  temporary_directory folder;
  const auto path = folder / "node";
  listen("unix:" + path);
  struct stat file {};
  BOOST_REQUIRE(::lstat(path.c_str(), &file) == 0);
  BOOST_TEST((file.st_mode & 0777U) == 0600U);
  const auto first = listening;
  BOOST_CHECK_THROW(listen("unix:" + path), std::system_error);
  first->close();
  BOOST_TEST(!std::filesystem::exists(path));

  const int stale = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  BOOST_REQUIRE(::bind(stale, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  ::close(stale);
  listen("unix:" + path);
  call();
  BOOST_TEST(caller->opened());
  const auto ordinary = folder / "file";
  std::filesystem::copy_file("/proc/self/comm", ordinary);
  BOOST_CHECK_THROW(listen("unix:" + ordinary), std::system_error);
  BOOST_TEST(std::filesystem::exists(ordinary));
}

BOOST_AUTO_TEST_CASE(the_end_of_all_links_ends_each_and_returns) {
  auto more = std::make_unique<ta::node_links>();
  const auto open = std::make_shared<end>();
  const auto hanging = std::make_shared<end>();
  listen();
  more->connect(listening->address(), {}, {}, bounds, open);
  open->opened();
  more->connect(listening->address(), {}, {}, bounds, hanging);
  more.reset();
  BOOST_TEST(open->is_closed());
  BOOST_TEST(hanging->is_closed());
}

BOOST_AUTO_TEST_CASE(bounds_that_cannot_be_are_refused_by_their_name) {
  bounds.queued = 10;
  BOOST_CHECK_EXCEPTION(listen(), std::system_error, [](const auto& error) {
    return std::string{error.what()}.find("queued") != std::string::npos;
  });
}

BOOST_AUTO_TEST_SUITE_END()

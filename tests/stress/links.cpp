// taskactor_stress_links: a port of links between nodes, and what is sent to it by who means no good.
//
//     taskactor_stress_links [STREAMS]    so many (20,000) streams, half of them with TLS, most of these with
//                                         a certificate that is believed; then 1,000 connections that say
//                                         nothing
//
// Meanwhile another link goes on; at the end nothing of them is left, neither descriptors nor memory. Exit
// codes: 0, 1 when something was wrong.
#include "transport/accept_filter.hpp"
#include "transport/ends.hpp"
#include "transport/hostile_streams.hpp"
#include "transport/tls/openssl.hpp"

#include <taskactor/node/certificates.hpp>

#include <malloc.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <thread>

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using namespace test;
using ta::link_end;

int wrong = 0;
void must(bool right, const std::string& what) {
  if (!right) {
    std::cerr << "links: " << what << '\n';
    ++wrong;
  }
}

template <class F>
void wait_until(F is_so) {
  for (int i = 0; i < 1200 && !is_so(); ++i)
    std::this_thread::sleep_for(25ms);
}

std::size_t descriptors() {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator{"/proc/self/fd"}, fs::directory_iterator{}));
}

std::size_t resident_kilobytes() {
  malloc_trim(0);
  std::ifstream status{"/proc/self/status"};
  std::size_t value = 0;
  for (std::string word; status >> word;)
    if (word == "VmRSS:")
      status >> value;
  return value;
}

struct directory {
  directory() {
    std::string name = (fs::temp_directory_path() / "taskactor-XXXXXX").string();
    if (!::mkdtemp(name.data()))
      std::abort();
    path = name;
    taskactor::make_authority(path);
    taskactor::make_certificate(path, {"alpha"});
    taskactor::make_authority(path / "other");
    taskactor::make_certificate(path / "other", {"alpha"});
  }
  ~directory() { fs::remove_all(path); }
  ta::link_identity identity() const {
    return {path / "authority.pem", path / "alpha.pem", path / "alpha.key"};
  }
  fs::path path;
};

std::shared_ptr<SSL_CTX> context_of(const fs::path& authority, const fs::path& of) {
  std::shared_ptr<SSL_CTX> made{SSL_CTX_new(TLS_method()), SSL_CTX_free};
  SSL_CTX_load_verify_file(made.get(), authority.c_str());
  if (!of.empty()) {
    SSL_CTX_use_certificate_chain_file(made.get(), (of / "alpha.pem").c_str());
    SSL_CTX_use_PrivateKey_file(made.get(), (of / "alpha.key").c_str(), SSL_FILETYPE_PEM);
  }
  return made;
}

/// Keeps nobody who has come in.
class forgetful_door : public door {
public:
  std::shared_ptr<ta::node_link_listener> on_peer(const ta::link_peer&) noexcept override {
    auto made = std::make_shared<end>();
    made->echo = true;
    return made;
  }
};

/// A listening side, and the link that has to go on.
struct port {
  explicit port(const ta::link_identity& as)
      : listening(links.listen(ta::link_address::parse("127.0.0.1:0"), as, bounds, inside)) {
    links.connect(listening->address(), as, "alpha", bounds, good);
    must(good->opened() != nullptr, "the good link did not come to be");
  }
  void good_goes_on() {
    const auto link = good->opened();
    if (link && !good->is_closed()) {
      link->send(ta::make_frame(++echoes));
      must(good->frames(echoes).size() == echoes, "the good link is disturbed");
    }
  }
  void wait_until_alone() {
    wait_until([this] { return listening->connections() == 1 && listening->handshakes() == 0; });
    must(listening->connections() == 1, std::to_string(listening->connections()) + " connections are left");
    must(listening->handshakes() == 0, "handshakes are left");
  }

  ta::link_bounds bounds{.frame = 1 << 20, .handshake_timeout = 5s, .closing_timeout = 500ms};
  std::shared_ptr<forgetful_door> inside = std::make_shared<forgetful_door>();
  std::shared_ptr<end> good = std::make_shared<end>();
  ta::node_links links;
  std::shared_ptr<ta::node_listening> listening;
  std::size_t echoes = 0;
};

/// From two threads, that there is something to mix.
void attack(port& at, std::size_t streams, unsigned seed,
            const std::vector<std::shared_ptr<SSL_CTX>>& contexts) {
  std::vector<std::thread> attackers;
  for (unsigned thread = 0; thread < 2; ++thread)
    attackers.emplace_back([&, thread] {
      hostile_streams with{seed + thread};
      for (std::size_t i = 0; i < streams / 2; ++i)
        if (contexts.empty() || with.below(3) == 0)
          attack_bare(with, at.listening->address().port, contexts.empty() ? nullptr : contexts.front());
        else
          attack_tls(with, at.listening->address().port, contexts[with.below(contexts.size())]);
    });
  std::thread echo{[&] {
    for (int i = 0; i < 500; ++i) {
      at.good_goes_on();
      std::this_thread::sleep_for(10ms);
    }
  }};
  for (auto& each : attackers)
    each.join();
  echo.join();
  at.wait_until_alone();
  at.good_goes_on();
}

void say_nothing(port& at) {
  std::vector<raw_caller> silent;
  for (int i = 0; i < 1000; ++i)
    silent.emplace_back(at.listening->address().port);
  at.good_goes_on();
  const auto second = std::make_shared<end>();
  at.links.connect(at.listening->address(), {}, {}, at.bounds, second);
  must(second->opened() != nullptr, "nobody can come in beside those who say nothing");
  must(at.listening->handshakes() <= at.bounds.handshakes, "more handshakes than there may be");
  if (const auto link = second->opened())
    link->cut();
  at.wait_until_alone(); // though these still hold on
}

void report(const port& at, const char* what) {
  std::cout << what << ": " << at.listening->refused().total() << " refused:";
  for (std::size_t i = 0; i < ta::link_ends; ++i)
    if (const auto count = at.listening->refused().of[i])
      std::cout << ' ' << to_string(static_cast<link_end>(i)) << ' ' << count;
  std::cout << "; resident " << resident_kilobytes() << " kB\n";
}

} // namespace

int main(int argc, char** argv) {
  const std::size_t streams = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 20'000;
  const directory files;
  port plain{{}}, tls{files.identity()};
  const std::vector<std::shared_ptr<SSL_CTX>> contexts{
      context_of(files.path / "authority.pem", files.path),
      context_of(files.path / "authority.pem", files.path), context_of(files.path / "authority.pem", {}),
      context_of(files.path / "authority.pem", files.path / "other")};
  const auto round = [&](std::size_t count, unsigned seed) {
    attack(plain, count / 2, seed, {});
    attack(tls, count / 2, seed + 100, contexts);
  };
  round(streams / 5, 1); // what is made once has been made
  say_nothing(plain);
  // A connection is gone a moment before its socket is closed, by the thread that serves the good link, too.
  for (auto* const each : {&plain, &tls, &plain, &tls})
    each->good_goes_on();
  [[maybe_unused]] const auto open = descriptors(), resident = resident_kilobytes();
  round(streams - streams / 5, 1000);
  say_nothing(plain);
  report(plain, "without TLS");
  report(tls, "with TLS");
  wait_until([open] { return descriptors() == open; });
  must(descriptors() == open, std::to_string(descriptors()) + " descriptors, before " + std::to_string(open));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) // whose own memory it would be
  constexpr std::size_t slack = 8192;
  must(resident_kilobytes() < resident + slack,
       std::to_string(resident_kilobytes()) + " kB, before " + std::to_string(resident));
#endif
  return wrong == 0 ? 0 : 1;
}

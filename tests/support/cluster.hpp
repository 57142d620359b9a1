/// Nodes without processes: each is a `node_core`, the network between them a queue of what is on its way, in
/// virtual time. Connections may be slow, silent in one direction or both, or cut; nodes may stop and be
/// killed.
#pragma once

#include "node/node_core.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace test {

using namespace taskactor;
using namespace taskactor::detail;
using namespace std::chrono_literals;

class cluster;

/// Counts its answers.
struct recorded_call final : call_sink {
  void ended(call_answer what) noexcept override {
    ++answers;
    answer = std::move(what);
  }
  int answers = 0;
  call_answer answer;
};

/// One run of a node.
class sim_node final : public node_ports {
public:
  sim_node(cluster& world, std::string name, std::uint64_t incarnation, std::vector<access_rule> rights = {},
           std::vector<std::string> labels = {});

  std::shared_ptr<recorded_call> submit(placement where, std::string task = "task", bool idempotent = false,
                                        std::optional<std::chrono::nanoseconds> limit = {});
  /// Of a peer; null when it isn't known.
  std::optional<node_peer> peer(const std::string& name) const;
  bool is_up(const std::string& name) const;

  void send(session_id to, node_frame frame) override;
  void dial(session_id as, const std::string& address) override;
  void close(session_id which) override;
  void begin(inbound_call call) override;
  void stop(inbound_id which) override;
  void hand_back(inbound_id which) override;
  void answer(const std::shared_ptr<call_sink>& whom, call_answer what) override {
    if (whom)
      whom->ended(std::move(what));
  }
  void progress(const std::shared_ptr<call_sink>& whom, node_frames::progress what) override {
    whom->progressed(what.done, what.total, what.text);
  }
  void log(const std::shared_ptr<call_sink>&, const std::string&, node_frames::log) override {}
  void note(int, const std::string& text) override { notes.push_back(text); }

  void run_next();
  void end_inbound(inbound_id which, const inbound_result& how);

  cluster& world;
  const std::string name;
  node_core core;
  std::size_t capacity = 4;
  std::chrono::nanoseconds work = 10ms; // of each call
  bool alive = true, stopped = false;
  std::deque<inbound_id> line;
  std::map<inbound_id, inbound_call> held;
  std::set<inbound_id> running;
  std::size_t most_held = 0, most_running = 0;
  std::vector<std::string> notes, ran;
  std::vector<std::uint64_t> fencing_tokens;
};

class cluster {
public:
  explicit cluster(std::uint64_t seed = 1) : random(seed) {}

  sim_node& add(const std::string& name, std::vector<access_rule> rights = {},
                std::vector<std::string> labels = {});
  /// Its process is gone: connections break.
  void kill(const std::string& name);
  sim_node& restart(const std::string& name);
  /// As SIGSTOP and SIGCONT.
  void stop(sim_node& which) { which.stopped = true; }
  void go_on(sim_node& which);
  /// What is on its way from one to the other, and what follows, waits as in TCP.
  void block(const std::string& from, const std::string& to) { blocked.insert({from, to}); }
  void unblock() { blocked.clear(); }
  void cut(const std::string& one, const std::string& other);

  void run_for(std::chrono::nanoseconds time);
  void at(node_time when, std::function<void()> what) { events.emplace(when, std::move(what)); }
  sim_node& node(const std::string& name) { return *nodes.at(name); }
  std::size_t open_connections() const;

  struct end {
    sim_node* who = nullptr;
    session_id session = 0;
    bool open = false;
  };
  struct connection {
    end ends[2];
    std::deque<std::pair<node_time, std::string>> lines[2]; // on their way, from each end
  };
  connection* find(sim_node& who, session_id session, int& side);
  void deliver(sim_node& from, session_id session, std::string bytes);
  void hang_up(sim_node& who, session_id session);

  std::mt19937_64 random;
  node_time now{};
  std::chrono::nanoseconds latency = 1ms;
  std::multimap<node_time, std::function<void()>> events;
  std::map<std::string, std::unique_ptr<sim_node>> nodes;
  std::vector<std::unique_ptr<sim_node>> dead;
  std::vector<std::unique_ptr<connection>> connections;
  std::set<std::pair<std::string, std::string>> blocked;
  std::uint64_t incarnations = 0;

private:
  void tick(sim_node& which);
  void arrive(connection& over, int side);
  void close_other(connection& over, int side);
};

} // namespace test

#include "cluster.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

namespace test {

namespace {
constexpr std::size_t ahead = 2;
}

sim_node::sim_node(cluster& w, std::string n, std::uint64_t incarnation, std::vector<access_rule> rights,
                   std::vector<std::string> labels)
    : world(w),
      name(std::move(n)),
      core({.self = {name, name + "-" + std::to_string(incarnation), incarnation},
            .labels = std::move(labels),
            .rights = std::move(rights),
            .seed = world.random()},
           *this) {
  core.windows().set_capacity(capacity, ahead);
}

std::shared_ptr<recorded_call> sim_node::submit(placement where, std::string task, bool idempotent,
                                                std::optional<std::chrono::nanoseconds> limit) {
  auto sink = std::make_shared<recorded_call>();
  core.submit({.name = std::move(task),
               .arguments = "\x80",
               .id = "t",
               .where = std::move(where),
               .idempotent = idempotent,
               .deadline = limit ? world.now + *limit : node_time::max(),
               .sink = sink},
              world.now);
  return sink;
}

std::optional<node_peer> sim_node::peer(const std::string& which) const {
  for (auto& each : core.peers())
    if (each.name == which)
      return each;
  return {};
}

bool sim_node::is_up(const std::string& which) const {
  const auto found = peer(which);
  return found && found->state == peer_state::up;
}

void sim_node::send(session_id to, node_frame frame) {
  world.deliver(*this, to, encode(std::move(frame)).substr(4));
}

void sim_node::dial(session_id as, const std::string& address) {
  world.at(world.now + world.latency, [this, as, address, &w = world] {
    const auto found = w.nodes.find(address);
    if (!alive)
      return;
    if (found == w.nodes.end() || w.blocked.contains({name, address})
        || w.blocked.contains({address, name})) {
      core.sessions().closed(as, "nobody answers", w.now);
      return;
    }
    auto made = std::make_unique<cluster::connection>();
    auto& there = *found->second;
    made->ends[0] = {this, as, true};
    made->ends[1] = {&there, 0, true};
    auto* const kept = made.get();
    w.connections.push_back(std::move(made));
    w.at(w.now, [kept, &there, this, as, &w] {
      if (!there.alive || there.stopped)
        return;
      kept->ends[1].session = there.core.sessions().accept(name, w.now);
      there.core.sessions().opened(kept->ends[1].session, {}, w.now);
      w.at(w.now + w.latency, [this, as, &w] {
        if (alive)
          core.sessions().opened(as, {}, w.now);
      });
    });
  });
}

void sim_node::close(session_id which) { world.hang_up(*this, which); }

void sim_node::begin(inbound_call call) {
  const auto id = call.id;
  const bool is_own = call.what.name.starts_with(own_task_prefix);
  held.emplace(id, std::move(call));
  if (is_own) {
    world.at(world.now, [this, id] {
      if (alive && held.contains(id))
        end_inbound(id, {.how = inbound_result::kind::result, .text = "\x01"});
    });
    return;
  }
  most_held = std::max(most_held, held.size());
  line.push_back(id);
  world.at(world.now, [this] { run_next(); });
}

void sim_node::run_next() {
  while (alive && !stopped && running.size() < capacity && !line.empty()) {
    const auto id = line.front();
    line.pop_front();
    running.insert(id);
    most_running = std::max(most_running, running.size());
    ran.push_back(held.at(id).what.name);
    fencing_tokens.push_back(held.at(id).what.key.fencing_token);
    core.inbound().begun(id);
    const bool hangs = held.at(id).what.name == "hang";
    if (!hangs)
      world.at(world.now + work, [this, id] {
        if (alive && held.contains(id))
          end_inbound(id, {.how = inbound_result::kind::result, .text = "\x01"});
      });
  }
}

void sim_node::end_inbound(inbound_id which, const inbound_result& how) {
  running.erase(which);
  std::erase(line, which);
  held.erase(which);
  core.inbound_ended(which, how);
  run_next();
}

void sim_node::stop(inbound_id which) {
  world.at(world.now, [this, which] {
    if (alive && held.contains(which))
      end_inbound(which, {.how = inbound_result::kind::cancelled});
  });
}

void sim_node::hand_back(inbound_id which) {
  world.at(world.now, [this, which] {
    if (alive && held.contains(which) && !running.contains(which))
      end_inbound(which, {.how = inbound_result::kind::returned});
  });
}

// -- the network ------------------------------------------------------------

sim_node& cluster::add(const std::string& name, std::vector<access_rule> rights,
                       std::vector<std::string> labels) {
  auto made = std::make_unique<sim_node>(*this, name, ++incarnations, std::move(rights), std::move(labels));
  auto& kept = *made;
  nodes[name] = std::move(made);
  tick(kept);
  return kept;
}

void cluster::tick(sim_node& which) {
  at(now + 250ms, [this, &which] {
    if (!which.alive)
      return;
    if (!which.stopped)
      which.core.tick(now);
    tick(which);
  });
}

cluster::connection* cluster::find(sim_node& who, session_id session, int& side) {
  for (auto& each : connections)
    for (side = 0; side < 2; ++side)
      if (each->ends[side].who == &who && each->ends[side].session == session && each->ends[side].open)
        return each.get();
  return nullptr;
}

void cluster::deliver(sim_node& from, session_id session, std::string bytes) {
  // Not looked up now: the first frame of a session is sent before its number is known.
  at(now, [this, &from, session, bytes = std::move(bytes)] {
    int side = 0;
    auto* const over = find(from, session, side);
    if (!over)
      return;
    auto& line = over->lines[side];
    line.emplace_back(now + latency, bytes);
    if (line.size() == 1)
      at(now + latency, [this, over, side] { arrive(*over, side); });
  });
}

/// In order, as TCP has it: what is blocked, or comes to one that is stopped, waits.
void cluster::arrive(connection& over, int side) {
  auto& line = over.lines[side];
  auto& other = over.ends[1 - side];
  if (!other.who->alive || !other.open)
    return line.clear();
  if (other.who->stopped || blocked.contains({over.ends[side].who->name, other.who->name}))
    return at(now + 1ms, [this, &over, side] { arrive(over, side); });
  const auto bytes = std::move(line.front().second);
  line.pop_front();
  if (!line.empty())
    at(std::max(now, line.front().first), [this, &over, side] { arrive(over, side); });
  other.who->core.received(other.session, bytes, now);
}

void cluster::hang_up(sim_node& who, session_id session) {
  at(now, [this, &who, session] {
    int side = 0;
    auto* const over = find(who, session, side);
    if (!over)
      return;
    over->ends[side].open = false;
    at(now + latency, [this, over, side] { close_other(*over, side); });
  });
}

/// Behind what was sent before it.
void cluster::close_other(connection& over, int side) {
  auto& other = over.ends[1 - side];
  if (!other.who->alive || !other.open)
    return;
  if (other.who->stopped || !over.lines[side].empty()
      || blocked.contains({over.ends[side].who->name, other.who->name}))
    return at(now + 1ms, [this, &over, side] { close_other(over, side); });
  other.open = false;
  other.who->core.sessions().closed(other.session, "the connection was closed", now);
}

void cluster::kill(const std::string& name) {
  auto node = nodes.extract(name);
  auto& who = *node.mapped();
  for (auto& each : connections)
    for (int side = 0; side < 2; ++side)
      if (each->ends[side].who == &who && each->ends[side].open)
        hang_up(who, each->ends[side].session);
  who.alive = false;
  dead.push_back(std::move(node.mapped()));
}

sim_node& cluster::restart(const std::string& name) { return add(name); }

void cluster::go_on(sim_node& which) {
  which.stopped = false;
  at(now, [&which] { which.run_next(); });
}

void cluster::cut(const std::string& one, const std::string& other) {
  for (auto& each : connections) {
    auto& [a, b] = each->ends;
    const bool between
        = (a.who->name == one && b.who->name == other) || (a.who->name == other && b.who->name == one);
    if (!between)
      continue;
    for (auto* end : {&a, &b})
      if (end->who->alive && std::exchange(end->open, false))
        end->who->core.sessions().closed(end->session, "cut", now);
  }
}

std::size_t cluster::open_connections() const {
  return static_cast<std::size_t>(std::count_if(connections.begin(), connections.end(), [](const auto& each) {
    return each->ends[0].open && each->ends[1].open;
  }));
}

void cluster::run_for(std::chrono::nanoseconds time) {
  const auto until = now + time;
  while (!events.empty() && events.begin()->first <= until) {
    auto next = events.extract(events.begin());
    now = std::max(now, next.key());
    next.mapped()();
  }
  now = until;
}

} // namespace test

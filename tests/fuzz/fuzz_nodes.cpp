// A node's core, and whatever a peer may send it. The input: a byte whose lowest bit says who of the two
// decides, then steps: two bytes of a length and so many of a frame's content; or a length of 0xFFFF: a
// quarter of a second passes, and a call that runs here ends.
#include "fuzz.hpp"

#include "node/node_core.hpp"
#include "transport/frame.hpp"

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace taskactor;
using namespace taskactor::detail;
using fuzz::check;

namespace {

struct counted_call final : call_sink {
  void ended(call_answer) noexcept override { ++answers; }
  int answers = 0;
};

constexpr std::size_t capacity = 3, ahead = 2;

class lone_node final : public node_ports {
public:
  explicit lone_node(std::string name) : core({.self = {std::move(name), "u", 5}}, *this) {
    core.windows().set_capacity(capacity, ahead);
  }
  void send(session_id to, node_frame frame) override {
    check(to == session, "a frame is for a session that there is");
    const auto content = encode(frame).substr(frame_prefix);
    check(decode_node_frame(content).has_value(), "what is sent means something");
  }
  void dial(session_id as, const std::string&) override { dialled.push_back(as); }
  void close(session_id which) override {
    const bool is = which == session ? std::exchange(session, 0) != 0 : std::erase(dialled, which) == 1;
    check(is, "a session is closed once");
  }
  void begin(inbound_call call) override {
    check(call.what.name.size() <= node_name_limit, "names have their bound");
    inbound.push_back(call.id);
    check(inbound.size() <= capacity + ahead, "there are never more calls than there is room");
  }
  void stop(inbound_id which) override { stopped.push_back(which); }
  void hand_back(inbound_id which) override { stopped.push_back(which); }
  void answer(const std::shared_ptr<call_sink>& whom, call_answer what) override {
    if (whom)
      whom->ended(std::move(what));
  }
  void progress(const std::shared_ptr<call_sink>&, node_frames::progress) override {}
  void log(const std::shared_ptr<call_sink>&, const std::string&, node_frames::log) override {}
  void note(int, const std::string&) override {}

  void end_one(inbound_id which) {
    std::erase(inbound, which);
    core.inbound_ended(which, {.how = inbound_result::kind::result, .text = "\xF6"});
  }
  void end_stopped() {
    for (const auto each : std::exchange(stopped, {}))
      if (std::find(inbound.begin(), inbound.end(), each) != inbound.end())
        end_one(each);
  }

  node_time now{};
  session_id session = 0;
  std::deque<inbound_id> inbound;
  std::vector<inbound_id> stopped;
  std::vector<session_id> dialled; // nobody answers
  node_core core;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0)
    return 0;
  lone_node node{(data[0] & 1U) != 0 ? "a" : "z"};
  std::vector<std::shared_ptr<counted_call>> calls;
  const auto submit = [&](placement where, bool idempotent) {
    calls.push_back(std::make_shared<counted_call>());
    node.core.submit({.name = "t",
                      .arguments = "\x80",
                      .where = std::move(where),
                      .idempotent = idempotent,
                      .sink = calls.back()},
                     node.now);
  };
  node.core.join("somewhere", node.now); // so that calls wait
  node.session = node.core.sessions().accept("peer", node.now);
  check(node.core.sessions().opened(node.session, {}, node.now), "a session that was accepted is opened");
  auto rest = fuzz::text_of(data + 1, size - 1);
  while (rest.size() >= 2) {
    const auto length = static_cast<std::size_t>(static_cast<unsigned char>(rest[0])) << 8U
                        | static_cast<unsigned char>(rest[1]);
    rest.remove_prefix(2);
    if (length == 0xFFFF) {
      node.now += std::chrono::milliseconds{250};
      node.core.tick(node.now);
      if (!node.inbound.empty())
        node.end_one(node.inbound.front());
      submit(calls.size() % 3 == 0 ? on_node("peer") : on_any(), calls.size() % 2 == 0);
    } else {
      const auto content = rest.substr(0, length);
      rest.remove_prefix(content.size());
      if (const auto frame = decode_node_frame(content))
        check(decode_node_frame(encode(*frame).substr(frame_prefix)).has_value(),
              "what means something, does so again");
      if (node.session != 0)
        node.core.received(node.session, content, node.now);
    }
    node.end_stopped();
  }
  if (node.session != 0)
    node.core.sessions().closed(std::exchange(node.session, 0), "the end", node.now);
  node.end_stopped();
  node.core.leave(node.now);
  for (const auto& each : calls)
    check(each->answers == 1, "each call has one answer");
  check(node.core.outbound().is_empty(), "no call is left");
  return 0;
}

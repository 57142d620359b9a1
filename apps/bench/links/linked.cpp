#include "linked.hpp"

#include "transport/node_link.hpp"

#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace bench {

namespace {

using namespace taskactor::detail;
using steady = std::chrono::steady_clock;

/// A frame of any content: links don't look into it.
std::string framed(std::string_view content) {
  std::string frame;
  frame.reserve(content.size() + 4);
  for (unsigned shift = 32; shift != 0; shift -= 8)
    frame += static_cast<char>(content.size() >> (shift - 8) & 0xFFU);
  return frame.append(content);
}

class echo : public node_link_listener {
public:
  void on_open(std::shared_ptr<node_link> opened, const link_peer&) noexcept override {
    link_ = std::move(opened);
  }
  void on_frame(std::string_view content) noexcept override { link_->send(framed(content)); }
  void on_closed(const link_reason&) noexcept override {
    link_.reset();
    over.set_value();
  }
  std::promise<void> over;

private:
  std::shared_ptr<node_link> link_;
};

struct one_inbound : node_link_acceptor {
  std::shared_ptr<node_link_listener> on_peer(const link_peer&) noexcept override { return guest; }
  void on_refused(const link_peer&, const link_reason&) noexcept override {}
  std::shared_ptr<echo> guest = std::make_shared<echo>();
};

/// Sends the next when an answer has come.
class pinging : public node_link_listener {
public:
  pinging(std::size_t bytes, std::size_t count, std::size_t window)
      : frame_(framed(std::string(bytes, 'x'))),
        before_(count / 10 + 1),
        left_(count + before_),
        window_(window) {}
  void on_open(std::shared_ptr<node_link> opened, const link_peer&) noexcept override {
    link_ = std::move(opened);
    for (std::size_t i = 0; i < window_; ++i)
      link_->send(frame_);
  }
  void on_frame(std::string_view) noexcept override {
    if (before_ != 0 && --before_ == 0)
      begin_ = steady::now();
    if (left_ == 0)
      return;
    if (--left_ == 0) {
      taken.set_value(std::chrono::duration<double>(steady::now() - begin_).count());
      link_->close();
      return;
    }
    link_->send(frame_);
  }
  void on_closed(const link_reason& why) noexcept override {
    link_.reset();
    if (left_ != 0)
      taken.set_exception(std::make_exception_ptr(std::runtime_error{"link: " + why.text}));
  }
  std::promise<double> taken;

private:
  const std::string frame_;
  std::size_t before_, left_;
  const std::size_t window_;
  steady::time_point begin_;
  std::shared_ptr<node_link> link_;
};

} // namespace

void linked_echo(const link_identity& as, const std::function<void(std::uint16_t)>& tell) {
  node_links links;
  const auto door = std::make_shared<one_inbound>();
  const auto listening = links.listen(link_address::parse("127.0.0.1:0"), as, {}, door);
  tell(listening->address().port);
  door->guest->over.get_future().wait();
}

double linked_round_trips(const link_identity& as, std::uint16_t port, std::size_t bytes, std::size_t count,
                          std::size_t window) {
  node_links links;
  const auto caller = std::make_shared<pinging>(bytes, count, window);
  links.connect({.host = "127.0.0.1", .port = port}, as, "localhost", {}, caller);
  return caller->taken.get_future().get();
}

} // namespace bench

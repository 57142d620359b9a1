#include <taskactor/node/node.hpp>

#include "node/node_host.hpp"

#include <taskactor/node/named_calls.hpp>

#include <utility>

namespace taskactor {

node::node(task_manager& tasks, node_options options)
    : tasks_(tasks),
      drain_(options.drain),
      host_(std::make_shared<detail::node_host>(tasks, std::move(options))) {
  host_->start();
}

node::~node() {
  host_->leave(drain_);
  host_->stop();
}

std::string node::listen(const std::string& address) { return host_->listen(address); }

void node::join(const std::string& address, const std::string& expected_name) {
  host_->join(address, expected_name);
}

bool node::disconnect(const std::string& address) { return host_->disconnect(address); }

bool node::wait_for_peers(std::size_t count, time_span bound) { return host_->wait_for_peers(count, bound); }

bool node::leave(time_span bound) { return host_->leave(bound); }

bool node::relay_log(int level, std::string_view logger, std::string_view text) noexcept {
  return host_->inbound().relay_log(level, logger, text);
}

const std::string& node::name() const noexcept { return host_->self().name; }

std::vector<node_peer> node::peers() const { return host_->peers(); }

node_statistics node::statistics() const { return host_->statistics(); }

/// Each of several has an id of its own.
task_options node::of_node(task_options options, const std::string& name) {
  if (!detail::content_of(options.id).empty())
    options.id = detail::content_of(options.id) + '@' + name;
  return options;
}

std::shared_ptr<detail::node_host> detail::host_of(node& which) noexcept { return which.host_; }

namespace {

/// As `detail::call_typed_on_node`, for who has but the name.
struct call_by_name {
  task<json> operator()(std::shared_ptr<detail::node_host> host, placement where, std::string name,
                        std::string arguments, bool idempotent) const {
    const std::string bytes = co_await detail::call_on_node(std::move(host), std::move(where), name,
                                                            std::move(arguments), idempotent);
    try {
      auto value = detail::from_bytes(bytes);
      co_return value;
    } catch (const detail::decode_fault& fault) {
      throw argument_error{name + ": result" + fault.path, 0, fault.expected, fault.got};
    }
  }
};

} // namespace

template <>
inline constexpr bool detail::runs_on_any_thread<call_by_name> = true;

expected<handle<json>> submit_named(node& from, task_options options, placement where, std::string_view name,
                                    const json& arguments, std::optional<bool> idempotent) {
  const auto* const known = registry::global().find(name);
  return from.manager().add_task(std::move(options), call_by_name{}, detail::host_of(from), std::move(where),
                                 std::string{name}, detail::to_bytes(arguments),
                                 idempotent.value_or(known && known->is_idempotent()));
}

} // namespace taskactor

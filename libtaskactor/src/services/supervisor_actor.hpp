/// The actor that supervises: maps messages to the rules in `supervision.hpp`, and does what they say.
#pragma once

#include "caf_adapter/compat_ending.hpp"
#include "services/child_runs.hpp"
#include "services/service_messages.hpp"
#include "services/supervision.hpp"
#include "services/supervisor_root.hpp"

#include <caf/event_based_actor.hpp>

#include <optional>
#include <string>
#include <vector>

namespace taskactor::detail {

class supervisor_actor final : public ending_actor {
public:
  /// `mine`: of one that is a child itself.
  supervisor_actor(caf::actor_config& config, std::shared_ptr<supervisor_root> root, service_node& node,
                   const supervisor_options& options, std::vector<child_spec> children,
                   std::optional<service_start> mine);
  caf::behavior make_behavior() override;
  const char* name() const override { return "taskactor.supervisor"; }
  /// Also when it is killed: then what is below it is killed, too.
  void on_exit() override;

private:
  void on_child_over(std::size_t which, std::uint64_t run, exit_kind how, std::string why);
  void on_down(caf::actor_id who, const caf::error& reason);
  void carry_out(std::vector<step> steps);
  void follow(const step& what, std::vector<step>& more);
  void follow_mine(const step& what);
  void tell(const step& what);
  bool begin_run(std::size_t which);
  running_child spawn_run(std::size_t which, std::shared_ptr<child_run> run);
  void leave_behind(std::size_t which);
  void keep_for(std::size_t which, dependent_list& keeper, const std::shared_ptr<service_registry>& registry);
  void publish(std::size_t which);
  void publish_myself();
  void give_up(const std::string& why);
  void end(const std::string& why);
  void arm();
  time_point now();

  std::shared_ptr<supervisor_root> root_;
  service_node& node_;
  std::vector<child_spec> children_;
  std::optional<service_start> mine_;
  supervision rules_;
  child_runs runs_;
  bool started_ = false;
  std::string why_;
  alarm alarm_;
};

} // namespace taskactor::detail

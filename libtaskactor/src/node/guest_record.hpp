/// `guest_record`: the task here that runs another node's call.
///
///     waiting --has its token--> begun --> ended: answered
///        \--the node drains--> handed back: never begins
///
/// Its result is CBOR already, made where the body runs. Its end is told by the manager, whatever it is: a
/// deadline and a kill as well.
#pragma once

#include "node_host.hpp"

#include <taskactor/named_tasks.hpp>
#include <taskactor/run/body.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace taskactor::detail {

class guest_record final : public outcome_record<std::string>, private end_listener {
public:
  guest_record(std::shared_ptr<node_host> host, guest_call call);

  /// Admits it, or tells why not. Once.
  void begin() noexcept;
  void stop() noexcept;
  /// Unless it has begun.
  void hand_back() noexcept;
  /// It has been answered.
  void forget() noexcept { handle_.reset(); }
  guest_id number() const noexcept { return call_.id; }

  bool start(context& where) override;
  void collect() noexcept override;
  std::exception_ptr discard_body() noexcept override;
  bool keep_spare() override { return spare_ = true; }
  void drop_spare() noexcept override;
  void report_progress(std::uint64_t done, std::uint64_t total, std::string text) override;
  std::uint64_t epoch() const noexcept override { return call_.what.key.epoch; }

private:
  enum class stage : std::uint8_t { waiting, begun, handed_back };
  std::optional<guest_end> admit();
  std::optional<guest_end> admit_task(const named_task& which);
  void on_end() noexcept;
  guest_end how_it_ended();

  const std::shared_ptr<node_host> host_;
  guest_call call_;
  std::function<task<json>()> body_;
  taskactor::task<std::string> root_;
  bool spare_ = false;
  std::optional<handle<std::string>> handle_; // so that its outcome is kept until it is told
  std::atomic<stage> stage_{stage::waiting};
  std::atomic<bool> admitted_{false}, unwanted_{false};
};

} // namespace taskactor::detail

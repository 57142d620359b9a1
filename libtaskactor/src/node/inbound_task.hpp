/// `inbound_task`: the task here that runs another node's call.
///
///     waiting --has its token--> begun --> ended: answered
///        |                         \--its arguments are wrong--> refused
///        \--the node drains--> handed back: never begins
///
/// Its arguments are the function's own once it begins, and not before: what makes them so is its user's. Its
/// result is CBOR already, made where the body runs. Its end is told by the manager, whatever it is: a
/// deadline and a kill as well.
#pragma once

#include "node/inbound_tasks.hpp"

#include <taskactor/detail/body.hpp>
#include <taskactor/named_tasks.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace taskactor::detail {

class inbound_task final : public outcome_record<std::string>, private end_listener {
public:
  inbound_task(std::shared_ptr<inbound_tasks> tasks, inbound_call call);

  /// Admits it, or tells why not. Once.
  void begin() noexcept;
  void stop() noexcept;
  /// Unless it has begun.
  void hand_back() noexcept;
  /// It has been answered.
  void forget() noexcept { handle_.reset(); }

  bool start(context& where) override;
  void collect() noexcept override;
  std::exception_ptr discard_body() noexcept override;
  std::uint8_t user_parts(std::uint8_t among) const noexcept override {
    const auto of_body
        = (among & (body_part | spare_part)) != 0 && body_ ? among & (body_part | spare_part) : 0;
    return static_cast<std::uint8_t>(outcome_record::user_parts(among) | of_body);
  }
  bool keep_spare() override { return spare_ = true; }
  void drop_spare() noexcept override;
  void report_progress(std::uint64_t done, std::uint64_t total, std::string text) override;
  std::uint64_t fencing_token() const noexcept override { return call_.what.key.fencing_token; }

private:
  enum class begin_state : std::uint8_t { waiting, begun, handed_back, refused };
  std::optional<inbound_result> admit();
  std::optional<inbound_result> admit_task(const named_task& which);
  std::optional<inbound_result> bind();
  void on_end() noexcept;
  inbound_result how_it_ended();
  std::string thrown_text() const;

  const std::shared_ptr<inbound_tasks> tasks_;
  inbound_call call_;
  const named_task* which_ = nullptr;
  run_where where_{};
  std::function<task<json>()> body_;
  taskactor::task<std::string> root_;
  bool spare_ = false;
  std::optional<handle<std::string>> handle_; // so that its outcome is kept until it is told
  std::optional<inbound_result> wrong_;       // of a call that is `refused`
  std::atomic<begin_state> begin_state_{begin_state::waiting};
  std::atomic<bool> admitted_{false}, unwanted_{false};
};

} // namespace taskactor::detail

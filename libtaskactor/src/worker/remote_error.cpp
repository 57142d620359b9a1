#include <taskactor/error.hpp>
#include <taskactor/remote_error.hpp>

namespace taskactor {

namespace {

const call_output& output_of(const std::shared_ptr<const call_output>& output) noexcept {
  static const call_output none;
  return output ? *output : none;
}

} // namespace

worker_lost::worker_lost(int exit_code, int term_signal, const std::string& text,
                         std::shared_ptr<const call_output> output)
    : error(errc::worker_lost, text),
      exit_code_(exit_code),
      term_signal_(term_signal),
      output_(std::move(output)) {}

const call_output& worker_lost::output() const noexcept { return output_of(output_); }

remote_error::remote_error(const std::string& text, std::shared_ptr<const call_output> output)
    : std::runtime_error(text), output_(std::move(output)) {}

const call_output& remote_error::output() const noexcept { return output_of(output_); }

} // namespace taskactor

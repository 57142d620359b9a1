/// `named_task`: a registered function with its name, its signature and its default options. See
/// `registry.hpp`.
#pragma once

#include <taskactor/detail/json_encode.hpp>
#include <taskactor/detail/json_value.hpp>
#include <taskactor/detail/remote_callable.hpp>
#include <taskactor/error.hpp>
#include <taskactor/task.hpp>
#include <taskactor/task_options.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <source_location>
#include <stop_token>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace taskactor {

using json = nlohmann::json;

/// JSON arguments that a named task can't be called with: `errc::bad_arguments`.
class argument_error : public error {
public:
  argument_error(const std::string& task, std::size_t position, const std::string& expected,
                 const std::string& got, const std::string& path = {});
  /// Of the argument, from one; zero: there are too many, or too few.
  std::size_t position() const noexcept { return position_; }
  const std::string& expected() const noexcept { return texts_->first; }
  const std::string& got() const noexcept { return texts_->second; }

private:
  std::size_t position_;
  std::shared_ptr<const std::pair<std::string, std::string>> texts_; // an exception's copy must not throw
};

struct named_options {
  /// Of each task of this name, where the one that submits it leaves them unset.
  task_options options{};
  /// Of the last parameters, where arguments are missing. A parameter that is a std::optional may be missing,
  /// too.
  std::vector<json> defaults{};
  /// Of each call in a worker.
  process_limits process{};
  /// To run it twice is as good as once: a call whose worker dies is run again in another one, without any
  /// `retry`, unless its task has killed `manager_options::workers.max_kills`. False: it runs at most once,
  /// and has failed (`worker_lost`).
  bool idempotent = false;
  /// Of jobs (`job_queue`) that are pushed by this program, and of those that it runs: a runner takes jobs of
  /// its own version alone, and those without any. Empty: none.
  std::string version{};
};

class named_task : public detail::remote_callable {
public:
  const std::string& name() const noexcept { return name_; }
  /// "(string, int = 100) -> string".
  const std::string& signature() const noexcept { return signature_; }
  const task_options& options() const noexcept { return how_.options; }
  const std::source_location& where() const noexcept { return where_; }
  std::size_t parameters() const noexcept { return parameters_; }
  /// How many arguments there must be at least.
  std::size_t required() const noexcept { return required_; }

  /// The body of a task, with arguments (an array) that have been decoded here. Errors: `argument_error`.
  virtual std::function<task<json>()> bind(const json& arguments) const = 0;
  /// As `bind`, to be called on a thread, whose token tells it to end. Empty: the function is a coroutine.
  virtual std::function<json(std::stop_token)> bind_blocking(const json& arguments) const = 0;

  const std::string& remote_name() const noexcept final { return name_; }
  const std::string& version() const noexcept { return how_.version; }
  const process_limits& limits() const noexcept final { return how_.process; }
  bool is_idempotent() const noexcept final { return how_.idempotent; }

protected:
  named_task(std::string name, named_options how, std::source_location where)
      : name_(std::move(name)), how_(std::move(how)), where_(where) {
    share_retry_on();
  }
  /// Takes the types' names, and which of them may be missing.
  void describe(const std::vector<std::string>& types, const std::vector<bool>& optional,
                const std::string& result);
  /// The argument or its default. Errors: `argument_error` for a wrong number of them.
  void check_count(const json& arguments) const;
  const json& argument(const json& arguments, std::size_t index) const;
  bool has_default(std::size_t index) const noexcept { return index >= parameters_ - how_.defaults.size(); }
  template <class T>
  T decode_argument(const json& arguments, std::size_t index) const {
    try {
      return detail::decode<T>(argument(arguments, index));
    } catch (const detail::decode_fault& fault) {
      throw argument_error{name_, index + 1, fault.expected, fault.got, fault.path};
    }
  }

private:
  void share_retry_on();

  std::string name_;
  named_options how_;
  std::source_location where_;
  std::string signature_;
  std::size_t parameters_ = 0, required_ = 0;
};

} // namespace taskactor

#include <taskactor/task/options.hpp>
#include <taskactor/task/outcome.hpp>

#include "type_name.hpp"

#include <ostream>
#include <typeinfo>

namespace taskactor {

namespace {

std::string describe_one(const std::exception& what) {
  std::string text = detail::type_name(typeid(what)) + ": " + what.what();
  try {
    std::rethrow_if_nested(what);
  } catch (...) {
    text += " <- " + describe(std::current_exception());
  }
  return text;
}

} // namespace

task_error::task_error(taskactor::state how, const std::string& message)
    : std::system_error(
        make_error_code(how == state::timed_out ? errc::task_timed_out : errc::task_cancelled), message),
      state_(how) {}

std::string describe(const std::exception_ptr& what) {
  if (!what)
    return "no exception";
  try {
    std::rethrow_exception(what);
  } catch (const std::exception& e) {
    return describe_one(e);
  } catch (const char* text) {
    return std::string{"const char*: "} + text;
  } catch (const std::string& text) {
    return "std::string: " + text;
  } catch (...) {
    const auto* type = abi::__cxa_current_exception_type();
    return type ? detail::type_name(*type) : "unknown exception";
  }
}

std::string failure::message() const {
  std::string text{to_string(state_)};
  if (cause_)
    return text + ": " + describe(cause_);
  if (reason_ == end_reason::none)
    return text;
  text += ": ";
  text += to_string(reason_);
  if (limit_.count() > 0)
    text += " (limit " + detail::to_text(limit_) + ")";
  return text;
}

void failure::raise() const {
  if (cause_)
    std::rethrow_exception(cause_);
  throw task_error{state_, message()};
}

std::ostream& operator<<(std::ostream& out, const failure& what) { return out << what.message(); }

} // namespace taskactor

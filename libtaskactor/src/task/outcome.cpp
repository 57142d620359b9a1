#include <taskactor/error.hpp>
#include <taskactor/outcome.hpp>
#include <taskactor/task_options.hpp>

#include "base/type_name.hpp"

#include <ostream>
#include <typeinfo>

namespace taskactor {

namespace {

/// `nested`: what is in it, or null. Also where `std::throw_with_nested` was called outside of a handler.
std::string describe_one(const std::exception_ptr& what, std::exception_ptr& nested) {
  try {
    std::rethrow_exception(what);
  } catch (const std::exception& e) {
    if (const auto* const outer = dynamic_cast<const std::nested_exception*>(&e))
      nested = outer->nested_ptr();
    return detail::type_name(typeid(e)) + ": " + e.what();
  } catch (const char* text) {
    return std::string{"const char*: "} + (text ? text : "null");
  } catch (const std::string& text) {
    return "std::string: " + text;
  } catch (const std::nested_exception& e) {
    nested = e.nested_ptr();
    return detail::type_name(typeid(e));
  } catch (...) {
    const auto* type = abi::__cxa_current_exception_type();
    return type ? detail::type_name(*type) : "unknown exception";
  }
}

} // namespace

task_error::task_error(taskactor::state how, const std::string& message)
    : error(how == state::timed_out ? errc::task_timed_out : errc::task_cancelled, message), state_(how) {}

std::string describe(const std::exception_ptr& what) {
  std::string text;
  for (auto each = what; each;) { // not by recursion: how deep it is, others decide
    std::exception_ptr nested;
    text += (text.empty() ? "" : " <- ") + describe_one(each, nested);
    each = std::move(nested);
  }
  return text.empty() ? "no exception" : text;
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

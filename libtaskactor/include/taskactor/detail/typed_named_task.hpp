/// What knows the types of a registered function. Not for users: see `registry.hpp`.
#pragma once

#include <taskactor/named_task.hpp>
#include <taskactor/task.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <source_location>
#include <stop_token>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace taskactor {

namespace detail {

/// CBOR (RFC 8949).
std::string to_bytes(const json& value);
/// Errors: `decode_fault`.
json from_bytes(std::string_view bytes);

/// Runs a blocking function on a thread: defined above this layer, where threads are known.
task<json> run_blocking(std::function<json(std::stop_token)> function);

/// `Function` is an `R (*)(Args...)`, or has a `std::stop_token` before them.
template <class Function, class R, class... Args>
class typed_named_task final : public named_task {
  static constexpr bool stoppable = std::is_invocable_v<Function, std::stop_token, Args...>;
  static constexpr bool coroutine = result_traits<R>::coroutine;
  static_assert(!stoppable || !coroutine,
                "a named task that is a coroutine takes no std::stop_token: it is cancelled at its awaits");
  using result = typename result_traits<R>::type;
  using values = std::tuple<std::remove_cvref_t<Args>...>;
  static_assert((... && (!std::is_reference_v<Args> || std::is_const_v<std::remove_reference_t<Args>>)),
                "a named task's parameters are values or const references: its arguments come from JSON");

public:
  typed_named_task(Function function, std::string name, named_options how, std::source_location where)
      : named_task(std::move(name), std::move(how), where), function_(function) {
    describe({type_text<std::remove_cvref_t<Args>>()...}, {is_optional<std::remove_cvref_t<Args>>...},
             type_text<result>());
    check_defaults(std::index_sequence_for<Args...>{});
  }

  std::function<task<json>()> bind(const json& arguments) const override {
    if constexpr (stoppable)
      return [call = bind_blocking(arguments)] { return run_blocking(call); };
    else
      return [function = function_, bound = bound_values(arguments)] { return run(function, bound); };
  }
  std::function<json(std::stop_token)> bind_blocking([[maybe_unused]] const json& arguments) const override {
    if constexpr (coroutine)
      return {};
    else
      return [function = function_, bound = bound_values(arguments)](std::stop_token stop) {
        return call_now(function, *bound, std::move(stop));
      };
  }

  std::string encode_arguments(const void* given) const override {
    auto arguments = json::array();
    std::apply([&](const auto&... each) { (arguments.push_back(encode(each)), ...); },
               *static_cast<const values*>(given));
    return to_bytes(arguments);
  }
  void decode_result(std::string_view bytes, [[maybe_unused]] void* into) const override {
    try {
      const auto given = from_bytes(bytes);
      if constexpr (!std::is_void_v<result>)
        static_cast<std::optional<result>*>(into)->emplace(decode<result>(given));
    } catch (const decode_fault& fault) {
      throw argument_error{name() + ": result" + fault.path, 0, fault.expected, fault.got};
    }
  }

private:
  template <std::size_t... I>
  values decode_all([[maybe_unused]] const json& arguments, std::index_sequence<I...>) const {
    return values{decode_argument<std::tuple_element_t<I, values>>(arguments, I)...};
  }
  template <std::size_t... I>
  void check_defaults(std::index_sequence<I...>) const {
    const auto none = json::array();
    (static_cast<void>(has_default(I) && (decode_argument<std::tuple_element_t<I, values>>(none, I), true)),
     ...);
  }
  std::shared_ptr<const values> bound_values(const json& arguments) const {
    check_count(arguments);
    return std::make_shared<const values>(decode_all(arguments, std::index_sequence_for<Args...>{}));
  }
  static R call(Function function, const values& bound, [[maybe_unused]] std::stop_token stop = {}) {
    return std::apply(
        [&](const auto&... each) -> R {
          if constexpr (stoppable)
            return function(std::move(stop), each...);
          else
            return function(each...);
        },
        bound);
  }
  static json call_now(Function function, const values& bound, std::stop_token stop = {}) {
    json given;
    if constexpr (std::is_void_v<result>)
      call(function, bound, std::move(stop));
    else
      given = encode(call(function, bound, std::move(stop)));
    return given;
  }
  static task<json> run(Function function, std::shared_ptr<const values> bound) {
    json given;
    if constexpr (!coroutine) {
      given = call_now(function, *bound);
    } else if constexpr (std::is_void_v<result>) {
      co_await call(function, *bound);
    } else {
      const result value = co_await call(function, *bound);
      given = encode(value);
    }
    co_return given;
  }

  Function function_;
};

template <class R, class... Args>
std::unique_ptr<named_task> make_named(R (*function)(Args...), std::string name, named_options how,
                                       std::source_location where) {
  return std::make_unique<typed_named_task<R (*)(Args...), R, Args...>>(function, std::move(name),
                                                                        std::move(how), where);
}
template <class R, class... Args>
std::unique_ptr<named_task> make_named(R (*function)(std::stop_token, Args...), std::string name,
                                       named_options how, std::source_location where) {
  return std::make_unique<typed_named_task<R (*)(std::stop_token, Args...), R, Args...>>(
      function, std::move(name), std::move(how), where);
}

} // namespace detail

} // namespace taskactor

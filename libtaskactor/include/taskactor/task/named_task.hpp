/// `named_task`: a registered function with its name, its signature and its default options. See
/// `registry.hpp`.
#pragma once

#include <taskactor/task/json_encode.hpp>
#include <taskactor/task/json_value.hpp>
#include <taskactor/task/options.hpp>
#include <taskactor/task/portable.hpp>
#include <taskactor/task/task.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace taskactor {

using json = nlohmann::json;

/// JSON arguments that a named task can't be called with: `errc::bad_arguments`.
class argument_error : public std::system_error {
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
};

class named_task : public detail::portable {
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

  const std::string& portable_name() const noexcept final { return name_; }

protected:
  named_task(std::string name, named_options how, std::source_location where)
      : name_(std::move(name)), how_(std::move(how)), where_(where) {}
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
  std::string name_;
  named_options how_;
  std::source_location where_;
  std::string signature_;
  std::size_t parameters_ = 0, required_ = 0;
};

namespace detail {

/// CBOR (RFC 8949).
std::string to_bytes(const json& value);
/// Errors: `decode_fault`.
json from_bytes(std::string_view bytes);

template <class R>
struct named_result {
  using type = R;
  static constexpr bool coroutine = false;
};
template <class T>
struct named_result<task<T>> {
  using type = T;
  static constexpr bool coroutine = true;
};

template <class R, class... Args>
class typed_named_task final : public named_task {
  using result = typename named_result<R>::type;
  using values = std::tuple<std::remove_cvref_t<Args>...>;
  static_assert((... && (!std::is_reference_v<Args> || std::is_const_v<std::remove_reference_t<Args>>)),
                "a named task's parameters are values or const references: its arguments come from JSON");

public:
  typed_named_task(R (*function)(Args...), std::string name, named_options how, std::source_location where)
      : named_task(std::move(name), std::move(how), where), function_(function) {
    describe({type_text<std::remove_cvref_t<Args>>()...}, {is_optional<std::remove_cvref_t<Args>>...},
             type_text<result>());
    check_defaults(std::index_sequence_for<Args...>{});
  }

  std::function<task<json>()> bind(const json& arguments) const override {
    check_count(arguments);
    auto bound = std::make_shared<const values>(decode_all(arguments, std::index_sequence_for<Args...>{}));
    return [function = function_, bound] { return run(function, bound); };
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
  static R call(R (*function)(Args...), const values& bound) {
    return std::apply([function](const auto&... each) -> R { return function(each...); }, bound);
  }
  static task<json> run(R (*function)(Args...), std::shared_ptr<const values> bound) {
    json given;
    if constexpr (named_result<R>::coroutine && std::is_void_v<result>) {
      co_await call(function, *bound);
    } else if constexpr (named_result<R>::coroutine) {
      const result value = co_await call(function, *bound);
      given = encode(value);
    } else if constexpr (std::is_void_v<result>) {
      call(function, *bound);
    } else {
      given = encode(call(function, *bound));
    }
    co_return given;
  }

  R (*function_)(Args...);
};

} // namespace detail

} // namespace taskactor

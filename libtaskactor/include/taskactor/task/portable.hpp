/// `detail::portable`: how the arguments and the result of a registered function get into bytes (CBOR), and
/// out of them, for who doesn't know its types. Not for users: see `registry.hpp`.
///
/// Known apart from the registry, so that calling a function elsewhere needs no JSON header; registering it
/// does.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

namespace taskactor {

template <class T>
class task;

namespace detail {

class portable {
public:
  virtual ~portable() = default;
  virtual const std::string& portable_name() const noexcept = 0;
  /// Of a `std::tuple` of the parameters' values.
  virtual std::string encode_arguments(const void* values) const = 0;
  /// Into a `std::optional` of the result; nothing for void. Errors: `argument_error`.
  virtual void decode_result(std::string_view bytes, void* into) const = 0;
};

/// What is registered for a function. Errors: `errc::unknown_task`, which says how to register it.
const portable& portable_of(const void* function);

/// Values that may cross to another process; whether they have a JSON form is seen where they are registered.
template <class T>
inline constexpr bool may_cross = !std::is_pointer_v<std::remove_cvref_t<T>>
                                  && (!std::is_reference_v<T> || std::is_const_v<std::remove_reference_t<T>>);

} // namespace detail

} // namespace taskactor

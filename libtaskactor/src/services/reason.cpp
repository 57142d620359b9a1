#include "services/reason.hpp"

#include <taskactor/actors/messages.hpp>

#include <caf/all.hpp>

namespace taskactor::detail {

exit_kind kind_of(const caf::error& reason) {
  if (!reason || reason == caf::exit_reason::normal)
    return exit_kind::normal;
  return reason == caf::exit_reason::user_shutdown ? exit_kind::shutdown : exit_kind::failed;
}

std::string in_words(const caf::error& reason) {
  if (!reason)
    return "normal";
  if (const auto ours = msg::why(reason))
    return ours->message;
  const auto of_kind
      = [&reason](const auto& example) { return caf::make_error(example).category() == reason.category(); };
  std::string name;
  if (of_kind(caf::exit_reason::kill))
    name = caf::to_string(static_cast<caf::exit_reason>(reason.code()));
  else if (of_kind(caf::sec::runtime_error))
    name = caf::to_string(static_cast<caf::sec>(reason.code()));
  else
    return caf::to_string(reason);
  if (const auto qualified = name.rfind(':'); qualified != std::string::npos)
    name.erase(0, qualified + 1); // CAF 1.x says "caf::sec::runtime_error"
  return reason.context().empty() ? name : name + ' ' + caf::to_string(reason.context());
}

} // namespace taskactor::detail

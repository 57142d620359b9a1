#include "transport/link_reason.hpp"

#include <array>

namespace taskactor::detail {

std::string_view to_string(link_end what) noexcept {
  constexpr std::array<std::string_view, link_ends> names{"ended",
                                                          "cut",
                                                          "not_reached",
                                                          "timed_out",
                                                          "insecure",
                                                          "no_identity",
                                                          "no_certificate",
                                                          "other_authority",
                                                          "expired",
                                                          "wrong_name",
                                                          "refused",
                                                          "not_tls",
                                                          "not_a_link",
                                                          "broken_frame",
                                                          "large_frame",
                                                          "slow_reader",
                                                          "many_connections",
                                                          "many_handshakes",
                                                          "not_allowed",
                                                          "no_resources"};
  const auto index = static_cast<std::size_t>(what);
  return index < names.size() ? names[index] : "unknown";
}

} // namespace taskactor::detail

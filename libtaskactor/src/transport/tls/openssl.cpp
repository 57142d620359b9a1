#include "transport/tls/openssl.hpp"

namespace taskactor::detail {

std::string openssl_words() {
  const auto code = ERR_peek_error();
  ERR_clear_error();
  if (code == 0)
    return "no reason is known";
  const char* const reason = ERR_reason_error_string(code);
  return reason ? reason : "error " + std::to_string(code);
}

} // namespace taskactor::detail

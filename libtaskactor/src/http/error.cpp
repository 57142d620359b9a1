#include <taskactor/http/error.hpp>

#include <utility>

namespace taskactor::http {

namespace {

const char* meaning(errc code) noexcept {
  switch (code) {
  case errc::invalid_url:
    return "the URL can't be used";
  case errc::unsupported_scheme:
    return "the URL is neither http nor https";
  case errc::resolve:
    return "the host's name has no address";
  case errc::connect:
    return "no connection could be made";
  case errc::tls:
    return "the TLS handshake failed";
  case errc::timeout:
    return "the request's time was up";
  case errc::too_large:
    return "the answer is larger than allowed";
  case errc::protocol:
    return "the answer is no HTTP";
  case errc::disconnected:
    return "the connection ended before the answer was complete";
  case errc::too_many_redirects:
    return "there were too many redirects";
  case errc::body_was_sent:
    return "the request's body can't be sent again";
  case errc::file:
    return "a file couldn't be read or written";
  }
  return "unknown error";
}

class http_category final : public std::error_category {
public:
  const char* name() const noexcept override { return "taskactor.http"; }
  std::string message(int code) const override { return meaning(static_cast<errc>(code)); }
};

} // namespace

const std::error_category& error_category() noexcept {
  static const http_category one;
  return one;
}

std::error_code make_error_code(errc code) noexcept { return {static_cast<int>(code), error_category()}; }

error::error(errc code, const std::string& message, std::string url, std::shared_ptr<const response> got)
    : std::system_error(make_error_code(code), message),
      message_(std::make_shared<const std::string>(message)),
      url_(std::make_shared<const std::string>(std::move(url))),
      received_(got ? std::move(got) : std::make_shared<const response>()) {}

} // namespace taskactor::http

#include "transport/link_address.hpp"

#include <taskactor/error.hpp>

#include <charconv>
#include <system_error>

#include <arpa/inet.h>
#include <sys/un.h>

namespace taskactor::detail {

namespace {

constexpr std::string_view unix_prefix = "unix:";

[[noreturn]] void refuse(std::string_view text, const std::string& why) {
  throw error{errc::invalid_argument, "the address \"" + std::string{text} + "\": " + why};
}

std::uint16_t port_of(std::string_view text, std::string_view digits) {
  std::uint16_t port = 0;
  const auto* const end = digits.data() + digits.size();
  const auto [stopped, error] = std::from_chars(digits.data(), end, port);
  if (digits.empty() || error != std::errc{} || stopped != end)
    refuse(text, "its port has to be a number from 0 to 65535");
  return port;
}

link_address unix_address(std::string_view text) {
  const auto path = text.substr(unix_prefix.size());
  constexpr auto longest = sizeof(sockaddr_un::sun_path) - 1;
  if (path.empty())
    refuse(text, "a path has to follow \"unix:\"");
  if (path.size() > longest)
    refuse(text, "a Unix socket's path has at most " + std::to_string(longest) + " bytes");
  if (path.find('\0') != std::string_view::npos)
    refuse(text, "a null byte in a path");
  return {.path = std::string{path}};
}

/// In brackets, with or without a port behind them.
link_address bracketed(std::string_view text) {
  const auto end = text.find(']');
  if (end == std::string_view::npos)
    refuse(text, "a closing bracket is missing");
  link_address result{.host = std::string{text.substr(1, end - 1)}, .port = link_address::default_port};
  in6_addr unused{};
  if (::inet_pton(AF_INET6, result.host.substr(0, result.host.find('%')).c_str(), &unused) != 1)
    refuse(text, "what is in brackets has to be an IPv6 address");
  const auto rest = text.substr(end + 1);
  if (!rest.empty() && rest.front() != ':')
    refuse(text, "a colon and a port have to follow the bracket");
  if (!rest.empty())
    result.port = port_of(text, rest.substr(1));
  return result;
}

bool is_host(std::string_view host) {
  constexpr std::string_view rest = "-._";
  for (const char c : host)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
          || rest.find(c) != std::string_view::npos))
      return false;
  return true;
}

} // namespace

link_address link_address::parse(std::string_view text) {
  if (text.empty())
    refuse(text, "it is empty; say host:port or unix:/path");
  if (text.starts_with(unix_prefix))
    return unix_address(text);
  if (text.front() == '[')
    return bracketed(text);
  const auto colon = text.find(':');
  if (colon != text.rfind(':'))
    refuse(text, "an IPv6 address stands in brackets, as in [::1]:4000");
  const auto host = text.substr(0, colon);
  if (!is_host(host))
    refuse(text, "a host's name has letters, digits, dots and hyphens");
  return {.host = std::string{host},
          .port = colon == std::string_view::npos ? default_port : port_of(text, text.substr(colon + 1))};
}

std::string link_address::text() const {
  if (!path.empty())
    return std::string{unix_prefix} + path;
  const auto name = host.find(':') == std::string::npos ? host : '[' + host + ']';
  return name + ':' + std::to_string(port);
}

bool link_address::is_local() const {
  if (!path.empty() || host == "localhost")
    return true;
  in_addr v4{};
  if (::inet_pton(AF_INET, host.c_str(), &v4) == 1)
    return ntohl(v4.s_addr) >> 24U == IN_LOOPBACKNET;
  in6_addr v6{};
  return ::inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

} // namespace taskactor::detail

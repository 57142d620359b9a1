#include "web_server.hpp"

#include "http/servers/nginx_process.hpp"

#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace bench {

namespace {

constexpr const char* url_variable = "TASKACTOR_BENCH_URL";

std::string configure(const std::filesystem::path& folder, const std::vector<std::uint16_t>& ports) {
  std::ofstream{folder / "1k"} << std::string(web_body_size, 'x');
  return "default_type text/plain; keepalive_requests 1000000000; keepalive_timeout 600s; sendfile on; "
         "tcp_nodelay on; open_file_cache max=10; server { listen 127.0.0.1:"
         + std::to_string(ports.at(0)) + " reuseport; root " + folder.string() + "; }";
}

struct web_server {
  web_server() {
    ::setenv(url_variable, ("http://127.0.0.1:" + std::to_string(nginx.port(0)) + "/1k").c_str(), 1);
  }
  web_server(const web_server&) = delete;
  web_server& operator=(const web_server&) = delete;
  ~web_server() { ::unsetenv(url_variable); }

  const test::nginx_process nginx{1, configure};
};

} // namespace

std::shared_ptr<void> make_web_server() {
  if (std::getenv(url_variable) != nullptr)
    return {};
  return std::make_shared<web_server>();
}

std::string web_url() {
  if (const char* const found = std::getenv(url_variable))
    return found;
  throw std::runtime_error{std::string{url_variable} + " isn't set: there is no server to ask"};
}

} // namespace bench

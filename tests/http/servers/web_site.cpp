#include "web_site.hpp"

#include "raw_connection.hpp"

#include <array>
#include <ctime>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace test {

namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t huge = 10'000'000'000;

void make_files(const fs::path& folder) {
  fs::create_directories(folder / "files/gzip");
  fs::create_directories(folder / "put");
  const auto put = [&](const char* name, const std::string& content) {
    std::ofstream{folder / "files" / name, std::ios::binary} << content;
  };
  put("empty", "");
  put("1k", web_site::text(1024));
  put("1m", web_site::text(1 << 20));
  put("slow", web_site::text(64 << 10));
  put("gzip/text", web_site::text(64 << 10));
  put("huge", "");
  fs::resize_file(folder / "files/huge", huge); // zeros that take no room
  put("gzip/huge", "");
  fs::resize_file(folder / "files/gzip/huge", huge);
  std::ofstream{folder / "users"} << "ann:{PLAIN}secret\n";
}

void make_certificates(const fs::path& folder) {
  const certificate_authority authority{folder};
  const std::string names = "DNS:localhost,IP:127.0.0.1";
  authority.issue("right", names);
  authority.issue("wrong_name", "DNS:other.example");
  authority.issue("expired", names, certificate_authority::expired);
  authority.make_self_signed("self_signed", names);
}

/// All servers have these.
std::string locations(const fs::path& folder) {
  const auto here = folder.string();
  std::string text
      = "  root " + here
        + "/files;\n"
          "  location / { }\n"
          "  location = /slow { limit_rate 1k; }\n"
          "  location /gzip/ { gzip on; gzip_types *; gzip_min_length 1; gzip_http_version 1.0; }\n"
          "  location = /loop { return 302 /loop; }\n"
          "  location = /once { keepalive_timeout 0; return 200 'once\\n'; }\n"
          "  location = /status { stub_status; }\n";
  const std::string echo
      = "default_type text/plain; return 200 'Method: $request_method\\nTarget: $request_uri\\n"
        "Protocol: $server_protocol\\nHost: $http_host\\nAuthorization: $http_authorization\\n"
        "Cookie: $http_cookie\\nUser-Agent: $http_user_agent\\n"
        "Accept-Encoding: $http_accept_encoding\\nX-Test: $http_x_test\\n';";
  text += "  location = /echo { " + echo
          + " }\n"
            // `return` would come before the question who it is; the other location is reached after it.
            "  location = /private { auth_basic 'tests'; auth_basic_user_file users; try_files /none @echo; "
            "}\n"
            "  location @echo { "
          + echo + " }\n";
  for (const auto& [name, limit] : {std::pair{"put", "0"}, {"put-little", "1k"}})
    text += std::string{"  location /"} + name + "/ { alias " + here
            + "/put/; dav_methods PUT DELETE; client_max_body_size " + limit + "; }\n";
  for (const auto* status : {"204", "404", "429", "500", "502", "503"})
    text += std::string{"  location = /"} + status + " { return " + status + "; }\n  location ~ ^/" + status
            + "/(?<after>.+)$ { add_header Retry-After $after always; add_header X-Connection '$connection "
              "$connection_requests' always; return "
            + status + "; }\n";
  for (const auto* status : {"301", "302", "303", "307", "308"})
    text += std::string{"  location ~ ^/redirect/"} + status + "/(?<to>.+)$ { return " + status + " $to; }\n";
  return text;
}

std::string configure(const fs::path& folder, const std::vector<std::uint16_t>& numbers) {
  make_files(folder);
  make_certificates(folder);
  std::ofstream{folder / "locations"} << locations(folder);
  std::string text
      = "  default_type application/octet-stream;\n  sendfile on;\n  merge_slashes off;\n"
        "  keepalive_requests 1000000;\n  keepalive_timeout 600s;\n  http2_max_concurrent_streams 100;\n"
        "  add_header X-Connection '$connection $connection_requests' always;\n";
  const auto server = [&](web_site::port which, const char* how, const char* certificate) {
    text += "  server { listen 127.0.0.1:" + std::to_string(numbers.at(static_cast<std::size_t>(which))) + how
            + " reuseport; include locations;";
    if (certificate != nullptr)
      text += std::string{" ssl_certificate "} + certificate + ".pem; ssl_certificate_key " + certificate
              + ".key;";
    text += " }\n";
  };
  server(web_site::port::plain, "", nullptr);
  server(web_site::port::other_plain, "", nullptr);
  server(web_site::port::tls, " ssl http2", "right");
  server(web_site::port::tls_1, " ssl", "right");
  server(web_site::port::wrong_name, " ssl http2", "wrong_name");
  server(web_site::port::expired, " ssl http2", "expired");
  server(web_site::port::self_signed, " ssl http2", "self_signed");
  return text;
}

} // namespace

web_site::web_site() : server_(ports, configure) {}

std::string web_site::url(std::string_view path, port at, std::string_view host) const {
  const bool plain = at == port::plain || at == port::other_plain;
  std::string text = plain ? "http://" : "https://";
  text.append(host).append(":").append(std::to_string(server_.port(static_cast<std::size_t>(at))));
  return text.append(path);
}

std::string web_site::redirect(int status, std::string_view to, port at) const {
  return url("/redirect/" + std::to_string(status) + '/' + percent_encoded(to), at);
}

std::string web_site::retry_after(int status, std::string_view after, port at) const {
  return url('/' + std::to_string(status) + '/' + percent_encoded(after), at);
}

std::string web_site::uploaded(const std::string& name) const {
  std::ifstream file{server_.folder() / "put" / name, std::ios::binary};
  if (!file)
    throw std::runtime_error{"nothing was uploaded as " + name};
  std::ostringstream content;
  content << file.rdbuf();
  return std::move(content).str();
}

std::size_t web_site::open_connections() const {
  raw_connection asking{server_.port(0)};
  asking.send("GET /status HTTP/1.0\r\n\r\n");
  const auto answer = asking.receive_all();
  constexpr std::string_view before = "Active connections: ";
  const auto at = answer.find(before);
  if (at == std::string::npos)
    throw std::runtime_error{"no status: " + answer};
  return std::stoul(answer.substr(at + before.size())) - 1;
}

std::string web_site::text(std::size_t size) {
  std::string made;
  made.reserve(size + 16);
  while (made.size() < size)
    made += std::to_string(made.size()) + ' ';
  made.resize(size);
  return made;
}

std::string web_site::http_date(long seconds) {
  const auto when = std::time(nullptr) + seconds;
  std::tm parts{};
  ::gmtime_r(&when, &parts);
  std::array<char, 64> words{};
  std::strftime(words.data(), words.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return words.data();
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string made;
  for (const char each : text) {
    const auto byte = static_cast<unsigned char>(each);
    if (std::isalnum(byte) != 0 || std::string_view{"-_.~"}.find(each) != std::string_view::npos)
      made += each;
    else
      made.append({'%', digits[byte >> 4], digits[byte & 15]});
  }
  return made;
}

} // namespace test

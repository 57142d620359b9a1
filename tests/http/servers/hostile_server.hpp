/// A server that does what no good server does: scripted for each path, a thread for each connection.
///
///     hostile_server server;
///     server.on("/cut", hostile::body_of(100, 40));
///     server.on("/silent", [](hostile_connection& with) { with.wait_for_close(); return false; });
///
/// A script is called when the head of a request for its path has come, and acts on the socket. The
/// connection is closed when it returns false; else the next request is awaited. All that a script waits in
/// ends when the server does, and `send` and the like return false then: so a script's loop ends.
/// Threads: any.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace test {

struct received_request {
  std::string method, target;
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{}; ///< as far as a script has asked for it

  /// Whatever its case; none: it wasn't sent.
  std::optional<std::string> header(std::string_view name) const;
};

/// What a script has of a connection. Threads: its own.
class hostile_connection {
public:
  const received_request& request() const { return request_; }
  /// Which of the connection's it is, from one.
  std::size_t number() const { return number_; }

  /// The whole body, by its length or in chunks. False: it didn't come.
  bool receive_body();
  /// False: the other end is gone, or the server stops.
  bool send(std::string_view text);
  /// An answer as it should be, with its length.
  bool answer(int status, std::string_view body, std::string_view more_headers = {});
  /// False: the other end has closed, or the server stops.
  bool wait(std::chrono::milliseconds time);
  /// Until the other end has closed, or the server stops.
  void wait_for_close();
  /// Until the next request begins to come. False: the other end is gone, or the server stops.
  bool wait_for_more();
  /// No more is sent; more can be received.
  void send_no_more();
  /// The other end gets an error, and loses what it hasn't read.
  void reset();

private:
  friend class hostile_server;
  hostile_connection(int fd, int stop) : fd_(fd), stop_(stop) {}

  bool receive_head();
  bool receive_some();
  bool receive_chunks();
  bool receive_until(std::size_t size);
  bool poll_for(short events, int milliseconds);

  int fd_, stop_;
  std::size_t number_ = 0;
  std::string buffer_; // what has come and isn't used
  received_request request_;
};

class hostile_server {
public:
  /// False: the connection is closed.
  using script = std::function<bool(hostile_connection&)>;

  hostile_server();
  hostile_server(const hostile_server&) = delete;
  hostile_server& operator=(const hostile_server&) = delete;
  ~hostile_server() { stop(); }

  /// For a path, whatever its query; what is asked for and has no script is answered with 404.
  void on(const std::string& path, script what);
  /// For what has no script: a proxy's requests too, whose targets are whole URLs.
  void on_others(script what);
  /// Before anything is read of a connection.
  void on_connection(script what);

  std::uint16_t port() const { return port_; }
  std::string url(std::string_view path, std::string_view host = "127.0.0.1") const;
  /// Closes all; returns when all its threads have ended.
  void stop();

  /// Those whose scripts have been called, in this order; a body is there when its script has ended.
  std::vector<received_request> requests() const;
  std::size_t connections() const;      ///< accepted so far
  std::size_t open_connections() const; ///< that this end hasn't closed
  std::size_t most_open_connections() const;
  /// Each returns false when it isn't so within 20 s.
  bool wait_for_connections(std::size_t count) const;
  bool wait_for_requests(std::size_t count) const;
  bool wait_for_open_connections(std::size_t count) const;

private:
  struct visit {
    std::thread thread{};
    bool ended = false;
  };

  void accept_all();
  void serve(int fd) noexcept;
  script script_for(const received_request& what) const;
  std::size_t take_in(const received_request& what);
  void keep_body(std::size_t place, const received_request& of);
  template <class Condition>
  bool wait_until(Condition holds) const;

  int listening_ = -1, stop_ = -1;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_; // what follows
  mutable std::condition_variable changed_;
  std::map<std::string, script> scripts_;
  script others_, first_;
  std::vector<received_request> requests_;
  std::size_t connections_ = 0, open_ = 0, most_open_ = 0;
  std::list<visit> visits_;
  std::thread accepting_;
};

/// Scripts of what goes wrong.
namespace hostile {

using script = hostile_server::script;

script answers(int status, std::string body, std::string more_headers = {});
/// The request as it came, its body too, as text: the first line, the headers, an empty line, the body.
script echo();
/// A header after the other, until the other end has had enough.
script endless_headers();
script header_line_of(std::size_t size);
/// Says so many bytes, sends so many, and closes; more than were said, too.
script body_of(std::size_t said, std::size_t sent);
/// The same, and keeps the connection.
script body_of_and_waits(std::size_t said, std::size_t sent);
script resets_in_head();
script resets_in_body(std::size_t said, std::size_t sent);
/// A byte of the body each so often, until the other end has had enough.
script trickle(std::chrono::milliseconds each);
script trickle_of_head(std::chrono::milliseconds each);
script garbage();
script bad_chunk_size();
/// Ends in the middle of its second chunk.
script cut_chunk();
/// Without an answer.
script closes();
/// Sends nothing more, and keeps the connection.
script half_closes();
script never_answers();
/// Answers, and resets the connection when it is used again.
script closes_when_used_again();
/// Waits for a body without saying that it may come, and answers with its size.
script never_continues();

} // namespace hostile

} // namespace test

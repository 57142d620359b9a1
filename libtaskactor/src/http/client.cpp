#include <taskactor/http/client.hpp>

#include "http/http_client.hpp"
#include "http/http_service.hpp"
#include "http/http_source.hpp"

#include <taskactor/error.hpp>
#include <taskactor/task_manager.hpp>

#include <charconv>
#include <utility>

namespace taskactor::http {

namespace {

using detail::http_body;
using detail::http_delivery;

task<response> whole_of(task<std::unique_ptr<detail::http_exchange>> opening) {
  const auto got = co_await std::move(opening);
  bool paused = false;
  got->head().body = got->transfer().take(paused);
  co_return std::move(got->head());
}

task<stream> stream_of(task<std::unique_ptr<detail::http_exchange>> opening) {
  auto made = co_await std::move(opening);
  co_return stream{std::move(made)};
}

task<response> to_file(task<stream> opening, std::string path) {
  auto answer = co_await std::move(opening);
  if (!answer.head().ok())
    co_return co_await answer.rest();
  detail::file_sink file{std::move(path)};
  while (auto piece = co_await answer.read())
    co_await file.write(std::move(*piece));
  co_await file.close();
  co_return answer.head();
}

task<response> to_channel(task<stream> opening, channel<std::string> to) {
  auto answer = co_await std::move(opening);
  if (!answer.head().ok())
    co_return co_await answer.rest();
  while (auto piece = co_await answer.read())
    co_await to.send(std::move(*piece));
  co_return answer.head();
}

/// Of the header Content-Length; negative: unknown.
std::int64_t length_of(const request& what) {
  const auto text = detail::content_of(what.headers)["Content-Length"];
  if (text.empty())
    return -1;
  std::int64_t length = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (code != std::errc{} || end != text.data() + text.size() || length < 0)
    throw taskactor::error{taskactor::errc::invalid_argument,
                           "header Content-Length: \"" + std::string{text} + "\" is no count of bytes"};
  return length;
}

request get_of(std::string url) {
  request what;
  what.url = std::move(url);
  return what;
}

} // namespace

client::client(task_manager& tasks, client_options options)
    : client_(detail::make_http_client(detail::core_of(tasks), std::move(options))) {}

task<response> client::get(std::string url) const { return send(get_of(std::move(url))); }

task<response> client::head(std::string url) const {
  auto what = get_of(std::move(url));
  what.method = "HEAD";
  return send(std::move(what));
}

task<response> client::post(std::string url, std::string body, std::string content_type) const {
  auto what = get_of(std::move(url));
  what.method = "POST";
  what.body = std::move(body);
  what.headers = header_list{{"Content-Type", std::move(content_type)}};
  return send(std::move(what));
}

task<response> client::send(request what) const {
  detail::http_plan plan{client_->options(), std::move(what), http_body::memory};
  return whole_of(detail::open_exchange(client_, std::move(plan), http_delivery::whole, nullptr));
}

task<stream> client::open(request what) const {
  detail::http_plan plan{client_->options(), std::move(what), http_body::memory};
  return stream_of(detail::open_exchange(client_, std::move(plan), http_delivery::pieces, nullptr));
}

task<response> client::download(request what, std::string path) const {
  return to_file(open(std::move(what)), std::move(path));
}

task<response> client::download(request what, channel<std::string> to) const {
  return to_channel(open(std::move(what)), std::move(to));
}

task<response> client::upload(request what, std::string path) const {
  detail::http_plan plan{client_->options(), std::move(what), http_body::file};
  return whole_of(detail::open_exchange(client_, std::move(plan), http_delivery::whole,
                                        std::make_unique<detail::file_body>(std::move(path))));
}

task<response> client::upload(request what, channel<std::string> from) const {
  const auto length = length_of(what);
  detail::http_plan plan{client_->options(), std::move(what), http_body::channel};
  return whole_of(detail::open_exchange(client_, std::move(plan), http_delivery::whole,
                                        std::make_unique<detail::channel_body>(std::move(from), length)));
}

client_statistics client::statistics() const {
  return {.active = client_->active.load(std::memory_order_relaxed),
          .begun = client_->begun.load(std::memory_order_relaxed),
          .answered = client_->answered.load(std::memory_order_relaxed),
          .hosts = client_->gates().count()};
}

stream::stream(std::unique_ptr<detail::http_exchange> of) noexcept : exchange_(std::move(of)) {}
stream::stream(stream&&) noexcept = default;
stream& stream::operator=(stream&&) noexcept = default;
stream::~stream() = default;

const response& stream::head() const noexcept { return exchange_->head(); }

task<std::optional<std::string>> stream::read() {
  if (exchange_->is_closed())
    throw taskactor::error{taskactor::errc::closed, "read: the stream was closed"};
  for (bool paused = false;;) {
    auto& of = exchange_->transfer();
    auto piece = of.take(paused);
    if (paused)
      exchange_->client().loop().go_on(exchange_->shared());
    if (!piece.empty())
      co_return std::move(piece);
    if (of.done()) { // what came before it has been taken: nothing comes after it
      piece = of.take(paused);
      if (!piece.empty())
        co_return std::move(piece);
      exchange_->check();
      co_return std::nullopt;
    }
    co_await detail::wait_for(exchange_->shared(), detail::http_news::piece);
  }
}

task<response> stream::rest() {
  response all = head();
  const auto most = exchange_->transfer().bounds().max_body;
  while (const auto piece = co_await read()) {
    if (piece->size() > most - all.body.size())
      throw error{errc::too_large,
                  all.url + ": its body has more than " + std::to_string(most) + " bytes (max_body)", all.url,
                  std::make_shared<response>(all)};
    all.body += *piece;
  }
  co_return all;
}

void stream::close() noexcept { exchange_->end(); }

} // namespace taskactor::http

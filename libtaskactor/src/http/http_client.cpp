#include "http/http_client.hpp"

#include "http/http_source.hpp"
#include "lifecycle/manager_core.hpp"

#include <taskactor/detail/visible_text.hpp>
#include <taskactor/error.hpp>
#include <taskactor/sleep.hpp>
#include <taskactor/this_task.hpp>
#include <taskactor/version.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <limits>
#include <new>
#include <optional>
#include <utility>

namespace taskactor::detail {

namespace {

/// What all of the process share.
void begin_curl() {
  static const CURLcode begun = ::curl_global_init(CURL_GLOBAL_DEFAULT);
  if (begun != CURLE_OK)
    throw error{errc::invalid_argument, std::string{"libcurl can't be used: "} + ::curl_easy_strerror(begun)};
}

/// As libcurl looks for one; `HTTP_PROXY` isn't among them, since servers set it to what clients say.
bool environment_has_proxy() noexcept {
  constexpr std::array names{"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
  return std::any_of(names.begin(), names.end(), [](const char* name) {
    const auto* const value = std::getenv(name); // NOLINT(concurrency-mt-unsafe)
    return value && *value != '\0';
  });
}

http::client_options checked(http::client_options given) {
  const auto refuse = [](const std::string& what) { throw error{errc::invalid_argument, what}; };
  if (given.per_host == 0)
    refuse("per_host: it is at least one");
  if (given.per_host_rate)
    if (const auto why = validate("per_host_rate", limiter_options{.rate = given.per_host_rate}))
      refuse(why->message);
  if (given.connect_timeout.count() <= 0)
    refuse("connect_timeout: it is positive");
  if (given.timeout && given.timeout->count() <= 0)
    refuse("timeout: it is positive");
  if (given.max_header == 0)
    refuse("max_header: it is at least one");
  if (given.max_retry_after.count() < 0)
    refuse("max_retry_after: it isn't negative");
  if (given.retry)
    if (const auto why = validate(*given.retry))
      refuse(why->message);
  auto headers = content_of(given.headers);
  check(headers);
  if (!headers.contains("User-Agent"))
    headers.add("User-Agent", "taskactor/" + std::to_string(version_major) + '.'
                                  + std::to_string(version_minor) + '.' + std::to_string(version_patch));
  given.headers = std::move(headers);
  return given;
}

struct http_wait {
  std::shared_ptr<http_transfer> of;
  http_news what;
  void operator()(resumer<void> waiter) const { of->wait(what, std::move(waiter)); }
};

/// While an await is for the world, a test's clock stands.
class awaits_world {
public:
  awaits_world() : home_(require_context().home()) { home_.busy_threads.fetch_add(1); }
  awaits_world(const awaits_world&) = delete;
  awaits_world& operator=(const awaits_world&) = delete;
  ~awaits_world() { home_.busy_threads.fetch_sub(1); }

private:
  manager_core& home_;
};

constexpr callback_options left_to_itself{.abandonable = true}; // the loop uses nothing of the task's

/// It needs no answer any more, however the await ends.
class name_lookup {
public:
  name_lookup(name_resolver& by, const std::string& host) : by_(by), host_(host) {}
  name_lookup(const name_lookup&) = delete;
  name_lookup& operator=(const name_lookup&) = delete;
  ~name_lookup() {
    if (number_ != 0)
      by_.leave(host_, number_);
  }
  void ask(resumer<name_answer> waiter) { number_ = by_.ask(host_, std::move(waiter)); }

private:
  name_resolver& by_;
  const std::string& host_;
  std::uint64_t number_ = 0;
};

task<std::string> addresses_of(std::shared_ptr<http_client> at, const http_url& url) {
  auto known = at->names().known(url.host());
  if (!known.empty())
    co_return std::move(known);
  const awaits_world here;
  name_lookup lookup{at->names(), url.host()};
  const auto start = [&lookup](resumer<name_answer> waiter) { lookup.ask(std::move(waiter)); };
  auto answer = co_await callback<name_answer>(start, left_to_itself);
  if (answer.addresses.empty())
    throw http::error{http::errc::resolve, "\"" + url.host() + "\": " + answer.why, url.shown()};
  co_return std::move(answer.addresses);
}

/// Gives the loop the request's body, until it has all of it or wants no more. Then libcurl has to be told to
/// go on: it isn't done while it waits for a piece.
task<void> feed(std::shared_ptr<http_transfer> to, http_loop& loop, http_source& from) {
  for (;;) {
    co_await wait_for(to, http_news::room);
    if (to->done())
      co_return;
    const auto piece = co_await from.next(to);
    const bool over = to->wants_no_more();
    if (over || to->give(piece))
      loop.go_on(to);
    if (over || !piece)
      co_return;
  }
}

http::errc meaning(CURLcode code) noexcept {
  switch (code) {
  case CURLE_URL_MALFORMAT:
    return http::errc::invalid_url;
  case CURLE_COULDNT_RESOLVE_HOST:
  case CURLE_COULDNT_RESOLVE_PROXY:
    return http::errc::resolve;
  case CURLE_COULDNT_CONNECT:
  case CURLE_INTERFACE_FAILED:
  case CURLE_PROXY:
    return http::errc::connect;
  case CURLE_SSL_CONNECT_ERROR:
  case CURLE_SSL_ENGINE_NOTFOUND:
  case CURLE_SSL_ENGINE_SETFAILED:
  case CURLE_SSL_CERTPROBLEM:
  case CURLE_SSL_CIPHER:
  case CURLE_PEER_FAILED_VERIFICATION:
  case CURLE_SSL_ENGINE_INITFAILED:
  case CURLE_SSL_CACERT_BADFILE:
  case CURLE_SSL_SHUTDOWN_FAILED:
  case CURLE_SSL_CRL_BADFILE:
  case CURLE_SSL_ISSUER_ERROR:
  case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
  case CURLE_SSL_INVALIDCERTSTATUS:
  case CURLE_SSL_CLIENTCERT:
  case CURLE_USE_SSL_FAILED:
    return http::errc::tls;
  case CURLE_OPERATION_TIMEDOUT:
    return http::errc::timeout;
  case CURLE_RECV_ERROR:
  case CURLE_SEND_ERROR:
  case CURLE_GOT_NOTHING:
  case CURLE_PARTIAL_FILE:
    return http::errc::disconnected;
  case CURLE_SEND_FAIL_REWIND:
    return http::errc::body_was_sent;
  default:
    return http::errc::protocol;
  }
}

task<std::unique_ptr<http_exchange>> exchange_once(std::shared_ptr<http_client> at, const http_plan& plan,
                                                   const http_hop& hop, http_delivery how,
                                                   http_source* source) {
  auto gate = at->gates().of(hop.url.origin());
  auto place = gate->places.try_acquire();
  if (!place)
    place = co_await gate->places.acquire();
  if (at->gates().has_rate())
    co_await at->gates().begin(gate);
  std::string addresses;
  if (at->looks_up() && !hop.url.needs_no_lookup())
    addresses = co_await addresses_of(at, hop.url);
  const std::int64_t length = source && hop.with_body ? co_await source->begin() : 0;
  const auto transfer = std::make_shared<http_transfer>(at->pool(), plan.bounds(), how);
  plan.apply(hop, at->fields(), addresses, length, *transfer);
  auto made
      = std::make_unique<http_exchange>(at, std::move(gate), std::move(place), transfer, hop.url.shown());
  at->loop().begin(transfer);
  if (source && hop.with_body)
    co_await feed(transfer, at->loop(), *source);
  co_await wait_for(transfer, how == http_delivery::pieces ? http_news::header : http_news::done);
  made->read_head();
  // Of a stream whoever reads it is told of what has come, and then of its end.
  if (transfer->done() && (how == http_delivery::whole || made->head().status == 0))
    made->check();
  co_return std::move(made);
}

/// The connection can be used again when its answer has been read.
task<void> read_away(http_exchange& of) {
  constexpr std::size_t most = std::size_t{64} << 10;
  bool paused = false;
  for (std::size_t read = 0; read < most && !of.transfer().done();) {
    co_await wait_for(of.shared(), http_news::piece);
    read += of.transfer().take(paused).size();
    if (paused)
      of.client().loop().go_on(of.shared());
  }
}

task<std::unique_ptr<http_exchange>> exchanges(std::shared_ptr<http_client> at, const http_plan& plan,
                                               http_delivery how, http_source* source) {
  auto hop = plan.first();
  for (std::size_t redirects = 0;; ++redirects) {
    auto got = co_await exchange_once(at, plan, hop, how, source);
    got->head().redirects = redirects;
    const auto* const location = got->head().headers.find("Location");
    if (!is_redirect(got->head().status) || !location || plan.max_redirects() == 0)
      co_return std::move(got);
    if (redirects == plan.max_redirects())
      throw http::error{http::errc::too_many_redirects,
                        "more than " + std::to_string(redirects) + " redirects, the last one to \""
                            + visible(*location) + '"',
                        hop.url.shown(), std::make_shared<http::response>(std::move(got->head()))};
    hop = plan.next(hop, got->head().status, *location);
    if (how == http_delivery::pieces)
      co_await read_away(*got);
  }
}

bool is_worth_another(const http::error& why, const http_plan& plan) noexcept {
  const auto& code = why.code();
  if (code == http::errc::resolve || code == http::errc::connect) // nothing was sent
    return true;
  return plan.is_idempotent() && (code == http::errc::timeout || code == http::errc::disconnected);
}

bool is_worth_another(int status, const http_plan& plan) noexcept {
  constexpr std::array statuses{408, 429, 500, 502, 503, 504};
  return plan.is_idempotent() && std::find(statuses.begin(), statuses.end(), status) != statuses.end();
}

/// Empty: it isn't waited for.
std::optional<std::chrono::nanoseconds> wait_before_next(const taskactor::retry& how, std::size_t failures,
                                                         std::chrono::nanoseconds asked, time_span most) {
  if (asked > most)
    return std::nullopt;
  const auto jitter = how.backoff.jitter.count() > 0 ? random_below(how.backoff.jitter) : asked.zero();
  const auto wait = std::max(plus(how.backoff.wait_after(failures), jitter), asked);
  if (after(this_task::now(), wait) >= this_task::deadline())
    return std::nullopt;
  return wait;
}

/// RFC 9110, section 10.2.3: seconds, or a date. Zero: it says nothing that can be understood.
std::chrono::nanoseconds retry_after(const http::response& of) {
  const std::string text{of.headers["Retry-After"]};
  std::int64_t seconds = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (code != std::errc{} || end != text.data() + text.size()) {
    const auto date = ::curl_getdate(text.c_str(), nullptr);
    seconds = date == -1 ? 0 : date - ::time(nullptr);
  }
  return saturated(std::chrono::seconds{std::max<std::int64_t>(seconds, 0)});
}

} // namespace

http_client::http_client(http::client_options options)
    : options_(checked(std::move(options))),
      by_proxy_(options_.proxy ? !options_.proxy->empty() : environment_has_proxy()),
      fields_(make_list(content_of(options_.headers))),
      gates_(options_.per_host, options_.per_host_rate),
      pool_(std::make_shared<easy_pool>([this](CURL* handle) { prepare(handle); })),
      loop_((begin_curl(), options_.max_idle_connections)) {
  pool_->give_back(pool_->take()); // options that libcurl refuses are told now
}

/// What all requests have in common.
void http_client::prepare(CURL* handle) {
  const auto set = [handle](CURLoption option, auto value, const char* name = nullptr) {
    const auto code = ::curl_easy_setopt(handle, option, value);
    if (code == CURLE_OUT_OF_MEMORY)
      throw std::bad_alloc{};
    if (code != CURLE_OK && name)
      throw error{errc::invalid_argument, std::string{name} + ": " + ::curl_easy_strerror(code)};
  };
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L); // else a lookup of libcurl's own that hangs would hold up the loop
  set(CURLOPT_PROTOCOLS_STR, "http,https", "libcurl has no http or https");
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  const auto connect = std::chrono::ceil<std::chrono::milliseconds>(options_.connect_timeout).count();
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::min<std::int64_t>(connect, 1'000'000'000)));
  set(CURLOPT_HTTP_VERSION, options_.http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1);
  if (options_.compressed)
    set(CURLOPT_ACCEPT_ENCODING, "");
  if (options_.proxy || !by_proxy_)
    set(CURLOPT_PROXY, options_.proxy ? options_.proxy->c_str() : "", "proxy");
  if (options_.max_idle_connections == 0)
    set(CURLOPT_FORBID_REUSE, 1L);
  const auto& tls = options_.tls;
  set(CURLOPT_SSL_VERIFYPEER, tls.verify ? 1L : 0L);
  set(CURLOPT_SSL_VERIFYHOST, tls.verify ? 2L : 0L);
  const auto set_file = [&](CURLoption option, const std::string& file, const char* name) {
    if (!file.empty())
      set(option, file.c_str(), name);
  };
  set_file(CURLOPT_CAINFO, content_of(tls.authority), "tls.authority");
  if (!content_of(tls.authority).empty())
    set(CURLOPT_CAPATH, static_cast<const char*>(nullptr)); // in place of the system's, not beside them
  set_file(CURLOPT_SSLCERT, content_of(tls.certificate), "tls.certificate");
  set_file(CURLOPT_SSLKEY, content_of(tls.key), "tls.key");
}

http_exchange::http_exchange(std::shared_ptr<http_client> at, std::shared_ptr<host_gate> gate,
                             semaphore_permit place, std::shared_ptr<http_transfer> of, std::string url)
    : at_(std::move(at)), gate_(std::move(gate)), place_(std::move(place)), transfer_(std::move(of)) {
  head_.url = std::move(url);
  at_->begun.fetch_add(1, std::memory_order_relaxed);
  at_->active.fetch_add(1, std::memory_order_relaxed);
}

http_exchange::~http_exchange() {
  end();
  at_->active.fetch_sub(1, std::memory_order_relaxed);
}

void http_exchange::end() noexcept {
  closed_ = true;
  if (!transfer_->done())
    at_->loop().cancel(transfer_);
  place_.release();
}

void http_exchange::read_head() {
  auto url = std::move(head_.url);
  head_ = transfer_->head();
  head_.url = std::move(url);
  if (head_.status != 0)
    at_->answered.fetch_add(1, std::memory_order_relaxed);
}

void http_exchange::check() {
  place_.release();
  const auto code = transfer_->end().code;
  if (code == CURLE_OK)
    return;
  if (code == CURLE_ABORTED_BY_CALLBACK && transfer_->end().why == http_end::refused::nothing)
    throw error{errc::stopping, "the manager of this http client has ended"};
  if (transfer_->end().no_memory)
    throw std::bad_alloc{};
  curl_off_t first_byte
      = 0; // libcurl says "out of memory", too, when a line of a header has more than 100 KiB
  ::curl_easy_getinfo(transfer_->request().handle(), CURLINFO_STARTTRANSFER_TIME_T, &first_byte);
  if (code == CURLE_OUT_OF_MEMORY && first_byte == 0)
    throw std::bad_alloc{};
  auto got = std::make_shared<http::response>(head_);
  using refused = http_end::refused;
  const auto why = code == CURLE_OUT_OF_MEMORY ? refused::header : transfer_->end().why;
  bool paused = false;
  got->body = transfer_->take(paused);
  const auto url = head_.url;
  if (why == refused::header)
    throw http::error{http::errc::too_large,
                      url + ": its header has more than " + std::to_string(at_->options().max_header)
                          + " bytes (max_header), or a line of more than 100 KiB",
                      url, std::move(got)};
  if (why == refused::upload)
    throw http::error{
        http::errc::body_was_sent,
        url
            + ": the request's body isn't as long as was said: its file has changed, or its header "
              "Content-Length is wrong",
        url, std::move(got)};
  if (why == refused::body)
    throw http::error{http::errc::too_large,
                      url + ": its body has more than " + std::to_string(transfer_->bounds().max_body)
                          + " bytes (max_body)",
                      url, std::move(got)};
  const auto* const words = transfer_->request().words();
  throw http::error{meaning(code), url + ": " + (*words != '\0' ? words : ::curl_easy_strerror(code)), url,
                    std::move(got)};
}

task<void> wait_for(std::shared_ptr<http_transfer> of, http_news what) {
  const awaits_world here;
  const http_wait start{std::move(of), what};
  co_await callback<void>(start, left_to_itself);
}

task<std::unique_ptr<http_exchange>> open_exchange(std::shared_ptr<http_client> at, http_plan plan,
                                                   http_delivery how, std::unique_ptr<http_source> source) {
  if (!plan.retry())
    co_return co_await exchanges(at, plan, how, source.get());
  const auto& again = *plan.retry();
  const bool repeatable = plan.body_from() != http_body::channel;
  for (std::size_t attempt = 1;; ++attempt) {
    std::unique_ptr<http_exchange> got;
    std::exception_ptr failed;
    std::optional<std::chrono::nanoseconds> wait;
    const bool last = attempt >= again.max_attempts || !repeatable;
    try {
      got = co_await exchanges(at, plan, how, source.get());
      got->head().attempts = attempt;
      if (!last && is_worth_another(got->head().status, plan))
        wait = wait_before_next(again, attempt, retry_after(got->head()), at->options().max_retry_after);
    } catch (const http::error& why) {
      failed = std::current_exception();
      if (!last && is_worth_another(why, plan) && (!again.retry_on || again.retry_on(failure{failed})))
        wait = wait_before_next(again, attempt, {}, at->options().max_retry_after);
    }
    if (wait) {
      if (got && how == http_delivery::pieces)
        co_await read_away(*got);
      got.reset(); // its place is free meanwhile
      co_await sleep_for(*wait);
    } else if (failed) {
      std::rethrow_exception(failed);
    } else {
      co_return std::move(got);
    }
  }
}

} // namespace taskactor::detail

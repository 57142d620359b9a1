#include "queue/store_engine.hpp"

#include "base/memory.hpp"

#include <new>
#include <system_error>

namespace taskactor::detail {

rejection store_engine::why_not_made(const std::exception_ptr& thrown) noexcept {
  return once_there_is_memory([&]() -> rejection {
    try {
      std::rethrow_exception(thrown);
    } catch (const error& what) {
      return {static_cast<errc>(what.code().value()), what.message()};
    } catch (const std::bad_alloc&) {
      return {errc::store_failed, "out of memory"};
    } catch (const std::exception& what) {
      return {errc::store_failed, what.what()};
    } catch (...) {
      return {errc::store_failed, "for no known reason"};
    }
  });
}

void store_engine::publish(const store_news& news) {
  for (const auto& [id, how] : news.ended)
    ends_.ended(id, how);
  if (news.changed)
    watchers_.tell();
  if (news.schedules)
    schedule_watchers_.tell();
  if (news.some_ended)
    ends_.look_at_all(news.is_others);
  else if (!news.perhaps.empty())
    ends_.look_at(news.perhaps);
}

store_news store_engine::news_of(std::span<const std::shared_ptr<store_request>> made) noexcept {
  store_news news;
  try {
    for (const auto& each : made)
      each->add_to(news);
  } catch (const std::exception&) { // no memory for what exactly
    return {.changed = true, .schedules = true, .some_ended = true};
  }
  return news;
}

void store_in_memory::post(std::shared_ptr<store_request> what) {
  std::exception_ptr thrown;
  store_news news;
  {
    const std::lock_guard lock{mutex_};
    try {
      what->make(*backend_, {&what, 1});
      news = news_of({&what, 1});
      news.some_ended |= backend_->ended_others();
    } catch (...) {
      thrown = std::current_exception();
    }
  }
  if (thrown)
    what->refuse(why_not_made(thrown));
  else
    what->tell();
  once_there_is_memory([&] { publish(news); }); // who is told twice sees nothing new
}

} // namespace taskactor::detail

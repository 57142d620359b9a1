#include "http/curl_handles.hpp"

#include <new>
#include <utility>

namespace taskactor::detail {

void append(curl_list& list, const char* text) {
  auto* const longer = ::curl_slist_append(list.get(), text);
  if (!longer)
    throw std::bad_alloc{};
  static_cast<void>(list.release()); // it is a part of the longer one
  list.reset(longer);
}

} // namespace taskactor::detail

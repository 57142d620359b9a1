/// `leaks_ignored`: what is allocated on this thread as long as one lives may leak, on purpose.
#pragma once

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
using leaks_ignored = __lsan::ScopedDisabler;
#else
struct leaks_ignored {
  ~leaks_ignored() {} // not trivial, so that the variable counts as used
};
#endif

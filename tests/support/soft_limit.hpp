/// The soft limit of a resource of this process, while it lives.
#pragma once

#include <boost/test/unit_test.hpp>

#include <sys/resource.h>

namespace test {

class soft_limit {
public:
  soft_limit(__rlimit_resource which, rlim_t value) : which_(which) {
    ::getrlimit(which, &before_);
    const rlimit lower{value, before_.rlim_max};
    BOOST_REQUIRE(::setrlimit(which, &lower) == 0);
  }
  soft_limit(const soft_limit&) = delete;
  soft_limit& operator=(const soft_limit&) = delete;
  ~soft_limit() { ::setrlimit(which_, &before_); }

private:
  __rlimit_resource which_;
  rlimit before_{};
};

} // namespace test

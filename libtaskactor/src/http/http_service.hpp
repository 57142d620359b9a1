/// What a manager has for http: the clients that were made with it end with it.
#pragma once

#include <taskactor/http/client_options.hpp>

#include <memory>

namespace taskactor::detail {

class http_client;
class manager_core;

/// Errors: those of `http::client`.
std::shared_ptr<http_client> make_http_client(manager_core& home, http::client_options options);

} // namespace taskactor::detail

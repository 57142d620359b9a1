/// Requests by HTTP: all of `taskactor/http/`. The library `taskactor::http`, on libcurl.
#pragma once

#include <taskactor/http/client.hpp>
#include <taskactor/http/client_options.hpp>
#include <taskactor/http/error.hpp>
#include <taskactor/http/header_list.hpp>
#include <taskactor/http/request.hpp>
#include <taskactor/http/response.hpp>
#include <taskactor/http/stream.hpp>

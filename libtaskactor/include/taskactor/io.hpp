/// What the world tells a task: all of `taskactor/io/`. Asio's headers are in `taskactor/asio.hpp` and
/// `taskactor/boost_asio.hpp`.
#pragma once

#include <taskactor/io/adapt.hpp>
#include <taskactor/io/callback.hpp>
#include <taskactor/io/descriptor.hpp>
#include <taskactor/io/signals.hpp>
#include <taskactor/io/stream.hpp>

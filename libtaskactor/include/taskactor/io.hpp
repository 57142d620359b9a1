/// What the world tells a task: all of `taskactor/io/`.
#pragma once

#include <taskactor/io/descriptor.hpp>
#include <taskactor/io/signals.hpp>

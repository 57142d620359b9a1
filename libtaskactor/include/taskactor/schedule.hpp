/// When something is to be done: all of `taskactor/schedule/`. The library `taskactor::schedule`, on Howard
/// Hinnant's date library.
#pragma once

#include <taskactor/schedule/fire.hpp>
#include <taskactor/schedule/fire_time.hpp>
#include <taskactor/schedule/trigger.hpp>
#include <taskactor/schedule/trigger_options.hpp>

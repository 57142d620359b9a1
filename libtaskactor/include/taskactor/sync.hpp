/// What tasks and threads pass to each other, and wait for: all of `taskactor/sync/`.
#pragma once

#include <taskactor/sync/channel.hpp>

/// What tasks and threads pass to each other, and wait for: all of `taskactor/sync/`.
#pragma once

#include <taskactor/sync/broadcast.hpp>
#include <taskactor/sync/channel.hpp>
#include <taskactor/sync/condition.hpp>
#include <taskactor/sync/event.hpp>
#include <taskactor/sync/mutex.hpp>
#include <taskactor/sync/one_shot.hpp>
#include <taskactor/sync/semaphore.hpp>
#include <taskactor/sync/task_local.hpp>
#include <taskactor/sync/watch.hpp>

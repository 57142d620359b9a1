// Tells ThreadSanitizer how the packaged CAF 0.17 synchronises; part of every program of the preset `tsan`.
//
// CAF's shared library is not instrumented: ThreadSanitizer sees neither that a message is sent before it is
// handled, nor that an actor which moves to another worker thread takes its state along, and would report
// every handler as a race. These functions stand in front of CAF's own, as the dynamic linker binds the
// library to them, and say so. They say only what CAF promises: what two actors do to the same memory without
// a message between them is still reported.
//
// Classes are handed over by address, `this` and references as well, so plain pointers stand for all of them;
// a mailbox_element_ptr is the address of a pointer to the element.
#include <caf/actor_control_block.hpp>

#include <dlfcn.h>

extern "C" {
void __tsan_acquire(void* address);
void __tsan_release(void* address);
}

#define SCHEDULED "_ZN3caf15scheduled_actor"
#define BLOCKING "_ZN3caf14blocking_actor"
#define ENQUEUE "7enqueueESt10unique_ptrINS_15mailbox_elementENS_6detail8disposerEEPNS_14execution_unitE"

// Defines `name` under the name that CAF's function has for the linker; `real_name()` is CAF's function.
#define IN_FRONT_OF(symbol, result, name, ...)                                                               \
  result name(__VA_ARGS__) __asm__(symbol);                                                                  \
  static decltype(&name) real_##name() {                                                                     \
    static const auto real = reinterpret_cast<decltype(&name)>(dlsym(RTLD_NEXT, symbol));                    \
    return real;                                                                                             \
  }                                                                                                          \
  result name(__VA_ARGS__)

namespace tsan_caf {

// What is sent happens before it is handled.

IN_FRONT_OF(SCHEDULED ENQUEUE, void, scheduled_enqueue, void* self, void** element, void* context) {
  __tsan_release(*element);
  real_scheduled_enqueue()(self, element, context);
}

IN_FRONT_OF(BLOCKING ENQUEUE, void, blocking_enqueue, void* self, void** element, void* context) {
  __tsan_release(*element);
  real_blocking_enqueue()(self, element, context);
}

IN_FRONT_OF(
    "_ZN3caf6detail23thread_safe_actor_clock16schedule_messageENSt6chrono10time_pointINS2_3_V212"
    "steady_clockENS2_8durationIlSt5ratioILl1ELl1000000000EEEEEENS_13intrusive_ptrINS_19actor_control_"
    "blockEEESt10unique_ptrINS_15mailbox_elementENS0_8disposerEE",
    void, schedule_message, void* clock, long time, void* receiver, void** element) {
  __tsan_release(*element);
  real_schedule_message()(clock, time, receiver, element);
}

IN_FRONT_OF(BLOCKING "15mailbox_visitorclERNS_15mailbox_elementE", int, visit, void* visitor, void* element) {
  __tsan_acquire(element);
  return real_visit()(visitor, element);
}

// One handler of an actor happens before the next one.

IN_FRONT_OF(SCHEDULED "6launchEPNS_14execution_unitEbb", void, launch, void* self, void* context, bool lazy,
            bool hide) {
  __tsan_release(self);
  real_launch()(self, context, lazy, hide);
}

IN_FRONT_OF(SCHEDULED "8activateEPNS_14execution_unitE", bool, activate, void* self, void* context) {
  __tsan_acquire(self);
  const bool active = real_activate()(self, context);
  __tsan_release(self);
  return active;
}

IN_FRONT_OF(SCHEDULED "10reactivateERNS_15mailbox_elementE", int, reactivate, void* self, void* element) {
  __tsan_acquire(self);
  __tsan_acquire(element);
  const int result = real_reactivate()(self, element);
  __tsan_release(self);
  return result;
}

// Every use of an actor happens before its end. Who finds itself to be the last has to see what all others
// have told, so the others count themselves off here: CAF's own count would let one be told of after the last
// has looked, and come first all the same.

IN_FRONT_OF("_ZN3caf21intrusive_ptr_releaseEPNS_19actor_control_blockE", void, release_actor,
            caf::actor_control_block* block) {
  __tsan_release(block);
  auto owners = block->strong_refs.load();
  while (owners > 1)
    if (block->strong_refs.compare_exchange_weak(owners, owners - 1))
      return;
  __tsan_acquire(block);
  real_release_actor()(block);
}

// Every use of an exception happens before its end: its count is in the C++ library, which has no instruments
// either.
// `self` is a std::exception_ptr, which is the exception's address.

IN_FRONT_OF("_ZNSt15__exception_ptr13exception_ptr10_M_releaseEv", void, release_exception, void** self) {
  if (void* const exception = *self) {
    __tsan_release(exception);
    __tsan_acquire(exception);
  }
  real_release_exception()(self);
}

} // namespace tsan_caf

/* The system calls of watchdog.c. On the usual processors they are made without a C library: a static program
 * of glibc takes 400 us to start, one without it 20 us. Elsewhere the C library is used (static as well). */
#pragma once

#include <asm/unistd.h>

#if defined TASKACTOR_WATCHDOG_BARE && defined __x86_64__

static inline long system_call(long number, long a, long b, long c, long d, long e) {
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                   : "rcx", "r11", "memory");
  return result;
}
__asm__(".globl _start\n"
        "_start: xor %ebp, %ebp\n"
        "mov %rsp, %rdi\n"
        "and $-16, %rsp\n"
        "call enter\n"
        "hlt\n");

#elif defined TASKACTOR_WATCHDOG_BARE && defined __aarch64__

static inline long system_call(long number, long a, long b, long c, long d, long e) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory", "cc");
  return x0;
}
__asm__(".globl _start\n"
        "_start: mov x29, #0\n"
        "mov x30, #0\n"
        "mov x0, sp\n"
        "bl enter\n");

#else

#include <errno.h>
#include <unistd.h>

static inline long system_call(long number, long a, long b, long c, long d, long e) {
  long result = syscall(number, a, b, c, d, e);
  return result == -1 ? -errno : result;
}

#endif

/* Arguments of 32 bits are widened, pointers stay pointers: the casts are here, once. */
#define SYSTEM_CALL(name, a, b, c, d, e)                                                                     \
  system_call(__NR_##name, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e))

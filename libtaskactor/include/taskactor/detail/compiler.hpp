/// What the library has to know of the compiler. Not for users.
///
/// TASKACTOR_GCC_12: 1 for g++ 12 and earlier, which do two things wrong in coroutines. In an await they copy
/// the temporary of an aggregate, or of a lambda with captures, byte by byte into the coroutine's frame, and
/// destroy both; and a parameter whose destructor throws keeps them from destroying the others.
#pragma once

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
#define TASKACTOR_GCC_12 1
#else
#define TASKACTOR_GCC_12 0
#endif

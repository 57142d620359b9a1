#include <taskactor/field.hpp>

namespace taskactor::detail {

#if TASKACTOR_PLAIN_FIELDS
const char fields_are_plain = 1;
#else
const char fields_are_guarded = 1;
#endif

} // namespace taskactor::detail

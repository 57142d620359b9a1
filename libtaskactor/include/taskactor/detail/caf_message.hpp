/// Names types as messages between actors of one process, which are never serialized: for both versions of
/// CAF. Not for users.
///
/// CAF 1.x numbers all types of a program in one table, which must be complete before there is any actor
/// system: a block of ours is in it before `main`, or with the first manager of a program that makes it even
/// earlier. Our numbers begin at 5200, where users' rarely come to: theirs begin at 200. Where they meet
/// nevertheless, CAF ends the program at its start and names both types.
#pragma once

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/config.hpp>
#include <caf/init_global_meta_objects.hpp>

#if CAF_MAJOR_VERSION == 0
#define TASKACTOR_ERROR_CODE(space, type)
#define TASKACTOR_LOCAL_MESSAGES_BEGIN(block, first)
#define TASKACTOR_LOCAL_MESSAGE(block, type) CAF_ALLOW_UNSAFE_MESSAGE_TYPE(type)
#define TASKACTOR_LOCAL_MESSAGES_END(block)                                                                  \
  namespace taskactor::detail {                                                                              \
  inline void register_##block() {}                                                                          \
  }
#else
#include <caf/is_error_code_enum.hpp>
#include <caf/type_id.hpp>

/// Its type is to be a message as well.
#define TASKACTOR_ERROR_CODE(space, type) CAF_ERROR_CODE_ENUM(space::type)
#define TASKACTOR_LOCAL_MESSAGES_BEGIN(block, first) CAF_BEGIN_TYPE_ID_BLOCK(block, first)
#define TASKACTOR_LOCAL_MESSAGE(block, type)                                                                 \
  CAF_ADD_TYPE_ID(block, (type))                                                                             \
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(type)
#define TASKACTOR_LOCAL_MESSAGES_END(block)                                                                  \
  CAF_END_TYPE_ID_BLOCK(block)                                                                               \
  namespace taskactor::detail {                                                                              \
  inline void register_##block() {                                                                           \
    static const bool once = (caf::core::init_global_meta_objects(),                                         \
                              caf::init_global_meta_objects<caf::id_block::block>(), true);                  \
    static_cast<void>(once);                                                                                 \
  }                                                                                                          \
  inline const bool block##_registered = (register_##block(), true);                                         \
  }
#endif

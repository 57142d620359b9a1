# taskactor_embed_watchdog(<target>)
#
# Compiles src/command/watchdog.c to a static program of its own, and has src/command/watchdog_image.cpp of the target
# carry it. It never gets the project's flags: a sanitizer's runtime would be started with every command. With
# -x c the C++ compiler does it, so that the project needs no second language.
function(taskactor_embed_watchdog target)
  set(folder "${CMAKE_CURRENT_SOURCE_DIR}/src/command")
  set(program "${CMAKE_CURRENT_BINARY_DIR}/taskactor_watchdog")

  set(flags -x c -std=c11 -Os -static -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64|aarch64|arm64)$" AND CMAKE_SIZEOF_VOID_P EQUAL 8)
    list(APPEND flags -DTASKACTOR_WATCHDOG_BARE -nostdlib -ffreestanding -fno-stack-protector -fno-pie
                      -fno-asynchronous-unwind-tables -Wl,--build-id=none -Wl,-z,noseparate-code)
  endif()
  if(CMAKE_CXX_COMPILER_TARGET)
    list(APPEND flags "--target=${CMAKE_CXX_COMPILER_TARGET}")
  endif()
  if(CMAKE_SYSROOT)
    list(APPEND flags "--sysroot=${CMAKE_SYSROOT}")
  endif()

  add_custom_command(
    OUTPUT "${program}"
    COMMAND ${CMAKE_CXX_COMPILER} ${flags} -Wl,-z,noexecstack -s "${folder}/watchdog.c" -o "${program}"
    DEPENDS "${folder}/watchdog.c" "${folder}/system_call.h" "${folder}/watchdog_protocol.h"
    COMMENT "Building the watchdog of commands"
    VERBATIM)
  set_property(SOURCE "${folder}/watchdog_image.cpp" APPEND PROPERTY OBJECT_DEPENDS "${program}")
  set_property(SOURCE "${folder}/watchdog_image.cpp" APPEND PROPERTY
               COMPILE_DEFINITIONS "TASKACTOR_WATCHDOG_FILE=\"${program}\"")
  target_sources(${target} PRIVATE "${program}")
  set_source_files_properties("${program}" PROPERTIES EXTERNAL_OBJECT OFF GENERATED ON HEADER_FILE_ONLY ON)
endfunction()

# What every target of ours is compiled with. CAF's, Boost's and spdlog's headers are SYSTEM and stay out of it.

string(FIND "${CMAKE_CXX_FLAGS}" "-fsanitize=" sanitizes)
add_library(taskactor_strict INTERFACE)
target_compile_features(taskactor_strict INTERFACE cxx_std_20)
target_compile_options(taskactor_strict INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wold-style-cast -Wcast-align -Wnon-virtual-dtor
  -Woverloaded-virtual -Wextra-semi -Wundef
  # A size and a difference meet too often for -Wsign-conversion to find more bugs than it makes casts.
  -Wno-sign-conversion
  # Options are aggregates, written {.id = "x"}: leaving fields out is their point.
  -Wno-missing-field-initializers
  # GCC's plain -Wshadow takes a variable that is named like a member's type for a mistake.
  $<$<CXX_COMPILER_ID:GNU>:-Wshadow=local;-Wduplicated-cond;-Wlogical-op;-Wsuggest-override>
  $<$<CXX_COMPILER_ID:Clang>:-Wshadow;-Winconsistent-missing-override;-Wunused-lambda-capture>
  # A sanitizer's checks hide from GCC what has been initialised; its manual warns of that.
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<NOT:$<EQUAL:${sanitizes},-1>>>:-Wno-maybe-uninitialized>
  # ccache needs it to see into GCC's precompiled headers.
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<BOOL:${TASKACTOR_PCH}>>:-fpch-preprocess>
  $<$<AND:$<CXX_COMPILER_ID:Clang>,$<BOOL:${TASKACTOR_PCH}>>:SHELL:-Xclang -fno-pch-timestamp>
  $<$<BOOL:${TASKACTOR_WERROR}>:-Werror>)

# taskactor_compile_together(<target> <count>): its sources so many at once, where that is wanted.
function(taskactor_compile_together target count)
  if(NOT TASKACTOR_UNITY)
    return()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${count})
  # GCC takes an unnamed namespace in an included source for one in a header.
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endfunction()

# taskactor_own(<target>): the target is our own code, so its warnings are ours to mend.
function(taskactor_own target)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:taskactor_strict>)
  if(CMAKE_CURRENT_SOURCE_DIR STREQUAL "${PROJECT_SOURCE_DIR}/libtaskactor")
    taskactor_compile_together(${target} 20)
  endif()
  get_target_property(type ${target} TYPE)
  if(type STREQUAL EXECUTABLE AND CMAKE_CXX_FLAGS MATCHES "-fsanitize=thread")
    target_sources(${target} PRIVATE ${PROJECT_SOURCE_DIR}/cmake/tsan_caf.cpp)
    target_link_libraries(${target} PRIVATE ${CMAKE_DL_LIBS})
  endif()
endfunction()

# Libraries of tasks for test_task_libraries.py: one that is as it should be, and the ways in which one can be wrong.
# taskactor_tasks(<name> <prefix of its tasks> <kind of taskactor> <source>)
function(taskactor_tasks name prefix kind source)
  add_library(tasks_${name} MODULE ${source})
  target_compile_definitions(tasks_${name} PRIVATE TEST_PREFIX="${prefix}")
  target_link_libraries(tasks_${name} PRIVATE ${kind})
  taskactor_own(tasks_${name})
endfunction()

taskactor_tasks(one "" taskactor::shared tasks_library.cpp)
taskactor_tasks(two "two." taskactor::shared tasks_library.cpp)
taskactor_tasks(one_again "" taskactor::shared tasks_library.cpp)
taskactor_tasks(none "" taskactor::shared no_tasks_library.cpp)
taskactor_tasks(number "" taskactor::shared number_library.cpp)
taskactor_tasks(nodes "" taskactor::shared nodes_library.cpp)
set(environment_nodes "TASKACTOR_NODES_LIBRARY=$<TARGET_FILE:tasks_nodes>;TASKACTOR_EXAMPLES=${PROJECT_SOURCE_DIR}/examples")

# Of a taskactor that isn't this one, by its version.
file(READ "${PROJECT_SOURCE_DIR}/libtaskactor/include/taskactor/version.hpp" version)
string(REGEX REPLACE "minor = [0-9]+" "minor = 999" version "${version}")
string(REGEX REPLACE "patch = [0-9]+" "patch = 0" version "${version}")
file(CONFIGURE OUTPUT newer/taskactor/version.hpp CONTENT "${version}" @ONLY)
taskactor_tasks(newer "" taskactor::shared tasks_library.cpp)
target_include_directories(tasks_newer BEFORE PRIVATE "${CMAKE_CURRENT_BINARY_DIR}/newer")

# With the static taskactor inside: seen by the loader, bound to itself, hidden.
if(TARGET taskactor::static)
  taskactor_tasks(static "" taskactor::static tasks_library.cpp)
  taskactor_tasks(static_symbolic "" taskactor::static tasks_library.cpp)
  target_link_options(tasks_static_symbolic PRIVATE -Wl,-Bsymbolic)
  taskactor_tasks(static_hidden "" taskactor::static tasks_library.cpp)
  target_link_options(tasks_static_hidden PRIVATE -Wl,--exclude-libs,ALL -Wl,-Bsymbolic)
  add_executable(taskactor_static_program named_program.cpp)
  target_link_libraries(taskactor_static_program PRIVATE taskactor::static)
  taskactor_own(taskactor_static_program)
endif()

add_executable(taskactor_worker_program worker_program.cpp)
target_link_libraries(taskactor_worker_program PRIVATE taskactor::shared)
taskactor_own(taskactor_worker_program)

set(environment_task_libraries
  "TASKACTOR_LIBRARIES=$<TARGET_FILE_DIR:tasks_one>"
  "TASKACTOR_WORKER_PROGRAM=$<TARGET_FILE:taskactor_worker>"
  "TASKACTOR_WORKER_PARENT=$<TARGET_FILE:taskactor_worker_program>")
if(TARGET taskactor::static)
  list(APPEND environment_task_libraries "TASKACTOR_STATIC_PROGRAM=$<TARGET_FILE:taskactor_static_program>")
endif()

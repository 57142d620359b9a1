# What `cmake --install` puts into a prefix, by components:
#
#   library      the shared library
#   node, http, schedule, queue, postgres   the shared library of each of `taskactor_components`
#   development  headers, the static libraries, the CMake package, FindCAF for it, a pkg-config file for each library,
#                and what is to be read: the README, the design, the guide, the examples
#   programs     what apps/ installs
#
# The CMake package takes what is there, and the shared library where both kinds are: cmake/taskactor-config.cmake.in.
# The target `taskactor_installed` builds all of it.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# taskactor_build_to_install(<target>...): of these something is installed.
function(taskactor_build_to_install)
  if(NOT TARGET taskactor_installed)
    add_custom_target(taskactor_installed)
  endif()
  add_dependencies(taskactor_installed ${ARGN})
endfunction()

# taskactor_install(<target>...): the library, and its components (taskactor_node...) on it; of each kind, shared and
# static, one target at most.
function(taskactor_install)
  set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/taskactor")
  set(kinds "")
  foreach(target IN LISTS ARGN)
    get_target_property(type ${target} TYPE)
    set(kind shared)
    if(type STREQUAL "STATIC_LIBRARY")
      set(kind static)
    endif()
    list(APPEND kinds ${kind})
    taskactor_build_to_install(${target})
    foreach(name IN LISTS taskactor_components)
      _taskactor_install_component(${name} ${target} ${kind} "${package_dir}")
    endforeach()
    install(TARGETS ${target} EXPORT taskactor_${kind}
      LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT library NAMELINK_COMPONENT development
      ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT development
      INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
    install(EXPORT taskactor_${kind} NAMESPACE taskactor:: FILE taskactor-${kind}.cmake
      DESTINATION "${package_dir}" COMPONENT development)
  endforeach()
  set_property(GLOBAL PROPERTY TASKACTOR_KINDS ${kinds})

  # For either kind of the library: its users' tests link it.
  taskactor_build_to_install(taskactor_testing)
  install(TARGETS taskactor_testing EXPORT taskactor_testing
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT development)
  install(EXPORT taskactor_testing NAMESPACE taskactor:: FILE taskactor-testing.cmake
    DESTINATION "${package_dir}" COMPONENT development)

  install(DIRECTORY include/ DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT development
    FILES_MATCHING PATTERN "*.hpp")

  configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/taskactor-config.cmake.in" taskactor-config.cmake
    INSTALL_DESTINATION "${package_dir}" NO_SET_AND_CHECK_MACRO)
  # Before 1.0 a minor version may break what an earlier one said.
  write_basic_package_version_file(taskactor-config-version.cmake COMPATIBILITY SameMinorVersion)
  install(FILES "${CMAKE_CURRENT_BINARY_DIR}/taskactor-config.cmake"
                "${CMAKE_CURRENT_BINARY_DIR}/taskactor-config-version.cmake"
                "${PROJECT_SOURCE_DIR}/cmake/FindCAF.cmake"
    DESTINATION "${package_dir}" COMPONENT development)

  _taskactor_pkg_config("${kinds}")
  _taskactor_install_pages()
endfunction()

# What is to be read, in folders as in the repository: so the pages' links lead to each other there, too.
function(_taskactor_install_pages)
  set(source "${PROJECT_SOURCE_DIR}")
  install(FILES "${source}/README.md" DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT development)
  install(DIRECTORY "${source}/examples" DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT development
    FILES_MATCHING PATTERN "*.cpp" PATTERN "node_client.py")
  file(GLOB pages CONFIGURE_DEPENDS "${source}/libtaskactor/*.md" "${source}/libtaskactor/*.svg")
  install(FILES ${pages} DESTINATION "${CMAKE_INSTALL_DOCDIR}/libtaskactor" COMPONENT development)
  install(DIRECTORY "${source}/libtaskactor/docs" DESTINATION "${CMAKE_INSTALL_DOCDIR}/libtaskactor" COMPONENT development
    FILES_MATCHING PATTERN "*.md")
endfunction()

# A component's library finds the other one beside it.
function(_taskactor_install_component name core kind package_dir)
  string(REPLACE taskactor taskactor_${name} target ${core})
  taskactor_build_to_install(${target})
  if(NOT CMAKE_INSTALL_FULL_LIBDIR IN_LIST CMAKE_CXX_IMPLICIT_LINK_DIRECTORIES)
    set_target_properties(${target} PROPERTIES INSTALL_RPATH "$ORIGIN")
  endif()
  install(TARGETS ${target} EXPORT taskactor_${name}_${kind}
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT ${name} NAMELINK_COMPONENT development
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT development
    INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
  install(EXPORT taskactor_${name}_${kind} NAMESPACE taskactor:: FILE taskactor-${name}-${kind}.cmake
    DESTINATION "${package_dir}" COMPONENT development)
endfunction()

# Each .pc file finds its prefix from where it lies, so that `cmake --install --prefix` is right as well.
function(_taskactor_pkg_config kinds)
  file(RELATIVE_PATH pc_to_prefix "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
  string(REGEX REPLACE "/$" "" pc_to_prefix "${pc_to_prefix}")
  cmake_path(APPEND pc_libdir "\${prefix}" "${CMAKE_INSTALL_LIBDIR}")
  cmake_path(APPEND pc_includedir "\${prefix}" "${CMAKE_INSTALL_INCLUDEDIR}")

  # What a shared library brings itself, a static one leaves to its users to link with: pkg-config --static.
  set(pc_requires_private "")
  set(pc_libs_private "")
  set(pc_node_requires_private "")
  set(pc_http_requires_private "")
  set(pc_schedule_libs_private "") # that library has no .pc file
  set(pc_queue_requires_private "")
  set(pc_postgres_requires_private "")
  if("static" IN_LIST kinds)
    set(pc_node_requires_private openssl)
    set(pc_http_requires_private libcurl)
    set(pc_schedule_libs_private -ldate-tz)
    set(pc_queue_requires_private sqlite3)
    set(pc_postgres_requires_private libpq)
    set(pc_requires_private spdlog)
    set(pc_libs_private "-lcaf_io")
  endif()

  # CAF has no .pc file of its own; where the compiler looks anyway needs no mention.
  set(pc_cflags "-I\${includedir}")
  if(taskactor_fields)
    string(APPEND pc_cflags " -D${taskactor_fields}")
  endif()
  if(NOT CAF_INCLUDE_DIR IN_LIST CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES)
    string(APPEND pc_cflags " -I${CAF_INCLUDE_DIR}")
  endif()
  set(pc_libs "-L\${libdir} -ltaskactor")
  cmake_path(GET CAF_LIBRARY_CORE PARENT_PATH caf_dir)
  if(NOT caf_dir IN_LIST CMAKE_CXX_IMPLICIT_LINK_DIRECTORIES)
    string(APPEND pc_libs " -L${caf_dir}")
  endif()
  string(APPEND pc_libs " -lcaf_core -pthread")

  foreach(name IN ITEMS taskactor taskactor-node taskactor-http taskactor-schedule taskactor-queue taskactor-postgres taskactor-testing)
    configure_file("${PROJECT_SOURCE_DIR}/cmake/${name}.pc.in" ${name}.pc @ONLY)
    install(FILES "${CMAKE_CURRENT_BINARY_DIR}/${name}.pc"
      DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT development)
  endforeach()
endfunction()

# taskactor_install_program(<target>): into the component `programs`. Where the loader doesn't look of itself, the
# program finds the shared library from where it lies.
function(taskactor_install_program target)
  if(NOT CMAKE_INSTALL_FULL_LIBDIR IN_LIST CMAKE_CXX_IMPLICIT_LINK_DIRECTORIES)
    file(RELATIVE_PATH bin_to_lib "${CMAKE_INSTALL_FULL_BINDIR}" "${CMAKE_INSTALL_FULL_LIBDIR}")
    set_target_properties(${target} PROPERTIES INSTALL_RPATH "$ORIGIN/${bin_to_lib}")
  endif()
  taskactor_build_to_install(${target})
  install(TARGETS ${target} RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT programs)
endfunction()

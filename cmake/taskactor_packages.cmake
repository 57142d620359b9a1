# Debian packages, by `cpack -G DEB` in the build tree: one for each component of cmake/taskactor_install.cmake.
#
#   libtaskactor0       library       only where a shared library is built
#   libtaskactor-node0  node          the same
#   libtaskactor-http0  http          the same
#   libtaskactor-schedule0 schedule   the same
#   libtaskactor-queue0 queue         the same
#   libtaskactor-postgres0 postgres   the same
#   libtaskactor-dev    development
#   taskactor           programs      only where the programs are built
#
# `./dev package` builds them from the preset `release`, which puts files where Debian wants them (prefix /usr).

# Who answers for the packages: the environment's DEBFULLNAME and DEBEMAIL, as for all of Debian's own tools, or who
# made the newest commit.
function(_taskactor_maintainer variable)
  set(who "$ENV{DEBFULLNAME} <$ENV{DEBEMAIL}>")
  if("$ENV{DEBFULLNAME}" STREQUAL "" OR "$ENV{DEBEMAIL}" STREQUAL "")
    set(who "taskactor <root@localhost>")
    find_package(Git QUIET)
    if(Git_FOUND)
      execute_process(COMMAND "${GIT_EXECUTABLE}" log -1 "--format=%an <%ae>"
        WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
        OUTPUT_VARIABLE author OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
      if(author MATCHES "^.+ <.+>$")
        set(who "${author}")
      endif()
    endif()
  endif()
  set(${variable} "${who}" PARENT_SCOPE)
endfunction()

get_property(_kinds GLOBAL PROPERTY TASKACTOR_KINDS)
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_VENDOR "")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "") # each package has one of its own: the first line of its description
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
_taskactor_maintainer(CPACK_DEBIAN_PACKAGE_MAINTAINER)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)

set(CPACK_COMPONENTS_ALL development)
set(_about "Every task is an actor: a manager supervises it, lends it capacity, ends it
when its time is up or when it is cancelled, and hands its blocking work to
threads and child processes.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libtaskactor-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_DESCRIPTION "tasks on actors for C++20 (development files)
${_about}
.
Headers, libraries, a CMake package and a pkg-config file, to build programs
with taskactor.")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "libcaf-dev (>= ${CAF_VERSION}), nlohmann-json3-dev")

if("static" IN_LIST _kinds)
  string(APPEND CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS ", libspdlog-dev, libssl-dev, libcurl4-openssl-dev, libhowardhinnant-date-dev, libsqlite3-dev, libpq-dev")
endif()

if("shared" IN_LIST _kinds)
  list(APPEND CPACK_COMPONENTS_ALL library node http schedule queue postgres)
  set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME libtaskactor0)
  set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
  set(CPACK_DEBIAN_LIBRARY_DESCRIPTION "tasks on actors for C++20
${_about}
.
The shared library.")
  set(CPACK_DEBIAN_LIBRARY_PACKAGE_SHLIBDEPS ON)
  set(CPACK_DEBIAN_NODE_PACKAGE_NAME libtaskactor-node0)
  set(CPACK_DEBIAN_NODE_PACKAGE_SECTION libs)
  set(CPACK_DEBIAN_NODE_DESCRIPTION "tasks on actors for C++20: nodes
${_about}
.
The shared library by which several machines share work.")
  set(CPACK_DEBIAN_NODE_PACKAGE_SHLIBDEPS ON)
  set(CPACK_DEBIAN_HTTP_PACKAGE_NAME libtaskactor-http0)
  set(CPACK_DEBIAN_HTTP_PACKAGE_SECTION libs)
  set(CPACK_DEBIAN_HTTP_DESCRIPTION "tasks on actors for C++20: HTTP
${_about}
.
The shared library by which tasks make requests to web servers.")
  set(CPACK_DEBIAN_HTTP_PACKAGE_SHLIBDEPS ON)
  set(CPACK_DEBIAN_SCHEDULE_PACKAGE_NAME libtaskactor-schedule0)
  set(CPACK_DEBIAN_SCHEDULE_PACKAGE_SECTION libs)
  set(CPACK_DEBIAN_SCHEDULE_DESCRIPTION "tasks on actors for C++20: schedules
${_about}
.
The shared library that knows when something is to be done.")
  set(CPACK_DEBIAN_SCHEDULE_PACKAGE_SHLIBDEPS ON)
  # Zones are read from its files.
  set(CPACK_DEBIAN_SCHEDULE_PACKAGE_DEPENDS tzdata)
  set(CPACK_DEBIAN_QUEUE_PACKAGE_NAME libtaskactor-queue0)
  set(CPACK_DEBIAN_QUEUE_PACKAGE_SECTION libs)
  set(CPACK_DEBIAN_QUEUE_DESCRIPTION "tasks on actors for C++20: durable queues
${_about}
.
The shared library by which jobs are written down before they run.")
  set(CPACK_DEBIAN_QUEUE_PACKAGE_SHLIBDEPS ON)
  set(CPACK_DEBIAN_POSTGRES_PACKAGE_NAME libtaskactor-postgres0)
  set(CPACK_DEBIAN_POSTGRES_PACKAGE_SECTION libs)
  set(CPACK_DEBIAN_POSTGRES_DESCRIPTION "tasks on actors for C++20: queues on PostgreSQL
${_about}
.
The shared library by which many machines share durable queues.")
  set(CPACK_DEBIAN_POSTGRES_PACKAGE_SHLIBDEPS ON)
  # Before 1.0 what was built with one version is run with no other.
  set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
  set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY "=")
  set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS ON)
  set(CPACK_COMPONENT_DEVELOPMENT_DEPENDS library node http schedule queue postgres)
  set(CPACK_COMPONENT_NODE_DEPENDS library)
  set(CPACK_COMPONENT_HTTP_DEPENDS library)
  set(CPACK_COMPONENT_SCHEDULE_DEPENDS library)
  set(CPACK_COMPONENT_QUEUE_DEPENDS library schedule)
  set(CPACK_COMPONENT_POSTGRES_DEPENDS library schedule queue)
  # dpkg-shlibdeps has to see the library that isn't installed yet.
  get_target_property(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS taskactor BINARY_DIR)
endif()

if(TASKACTOR_BUILD_APPS)
  list(APPEND CPACK_COMPONENTS_ALL programs)
  set(CPACK_DEBIAN_PROGRAMS_PACKAGE_NAME taskactor)
  set(CPACK_DEBIAN_PROGRAMS_PACKAGE_SECTION utils)
  set(CPACK_DEBIAN_PROGRAMS_DESCRIPTION "run a command for each of many items, so many at a time
The verb \"run\" does what one asks of xargs or GNU parallel: each item is a
task with a deadline, output of its own and a line in the report, and
cancellation reaches all of a command's processes. The verbs \"list\" and
\"call\" are for libraries of named tasks, which taskactor-worker serves to
other programs.")
  set(CPACK_DEBIAN_PROGRAMS_PACKAGE_SHLIBDEPS ON)
  if("shared" IN_LIST _kinds) # which the programs that load task libraries are linked with
    set(CPACK_COMPONENT_PROGRAMS_DEPENDS library node schedule queue postgres)
  endif()
endif()

include(CPack)

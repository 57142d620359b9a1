# Finds the C++ Actor Framework where no CMake package of its own is installed (Debian's has none).
#
#   find_package(CAF 0.17.6 REQUIRED COMPONENTS core io)
#
# Components: core (always), io, openssl. Targets: CAF::core, CAF::io, CAF::openssl.
# CAF_ROOT, as CMake or environment variable, names a prefix to look into first.
# The headers are SYSTEM: warnings in them are not ours to mend.

find_path(CAF_INCLUDE_DIR caf/config.hpp)
mark_as_advanced(CAF_INCLUDE_DIR)

if(CAF_INCLUDE_DIR)
  # CAF_VERSION is one number: 1706 is 0.17.6.
  file(STRINGS "${CAF_INCLUDE_DIR}/caf/config.hpp" _caf_version_line REGEX "^#define +CAF_VERSION +[0-9]+")
  if(_caf_version_line MATCHES "CAF_VERSION +([0-9]+)")
    math(EXPR _caf_major "${CMAKE_MATCH_1} / 10000")
    math(EXPR _caf_minor "${CMAKE_MATCH_1} / 100 % 100")
    math(EXPR _caf_patch "${CMAKE_MATCH_1} % 100")
    set(CAF_VERSION "${_caf_major}.${_caf_minor}.${_caf_patch}")
  endif()
endif()

foreach(_component IN ITEMS core io openssl)
  string(TOUPPER ${_component} _upper)
  find_library(CAF_LIBRARY_${_upper} NAMES caf_${_component})
  mark_as_advanced(CAF_LIBRARY_${_upper})
  if(CAF_INCLUDE_DIR AND CAF_LIBRARY_${_upper})
    set(CAF_${_component}_FOUND TRUE)
  endif()
endforeach()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CAF
  REQUIRED_VARS CAF_LIBRARY_CORE CAF_INCLUDE_DIR
  VERSION_VAR CAF_VERSION
  HANDLE_COMPONENTS
  REASON_FAILURE_MESSAGE "On Debian: apt-get install libcaf-dev. Elsewhere set CAF_ROOT to CAF's prefix.")

if(CAF_FOUND)
  find_package(Threads REQUIRED)
  foreach(_component IN ITEMS core io openssl)
    string(TOUPPER ${_component} _upper)
    if(CAF_${_component}_FOUND AND NOT TARGET CAF::${_component})
      add_library(CAF::${_component} UNKNOWN IMPORTED)
      set_target_properties(CAF::${_component} PROPERTIES
        IMPORTED_LOCATION "${CAF_LIBRARY_${_upper}}"
        INTERFACE_INCLUDE_DIRECTORIES "${CAF_INCLUDE_DIR}")
    endif()
  endforeach()
  target_link_libraries(CAF::core INTERFACE Threads::Threads)
  foreach(_component IN ITEMS io openssl)
    if(TARGET CAF::${_component})
      target_link_libraries(CAF::${_component} INTERFACE CAF::core)
    endif()
  endforeach()
  if(TARGET CAF::openssl AND TARGET CAF::io)
    target_link_libraries(CAF::openssl INTERFACE CAF::io)
  endif()
endif()

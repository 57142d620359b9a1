# Finds the C++ Actor Framework, 0.17 or 1.x, by its headers and libraries: Debian's has no CMake package of its own.
#
#   find_package(CAF 0.17.6 REQUIRED COMPONENTS core io)
#
# Components: core (always), io, openssl. Targets: CAF::core, CAF::io, CAF::openssl.
# CAF_ROOT, as CMake or environment variable, names the prefix to take it from; then one from elsewhere won't do.
# The headers are SYSTEM: warnings in them are not ours to mend.

set(_caf_prefix "${CAF_ROOT}")
if(NOT _caf_prefix)
  set(_caf_prefix "$ENV{CAF_ROOT}")
endif()
set(_caf_advice "On Debian: apt-get install libcaf-dev. Elsewhere set CAF_ROOT to CAF's prefix.")

# Unsets the variable of something found that is outside the prefix that was asked for.
macro(_caf_only_in_prefix variable)
  if(_caf_prefix AND ${variable})
    cmake_path(IS_PREFIX _caf_prefix "${${variable}}" NORMALIZE _caf_inside)
    if(NOT _caf_inside)
      set(_caf_advice "There is none in CAF_ROOT=${_caf_prefix}.")
      unset(${variable} CACHE)
    endif()
  endif()
endmacro()

find_path(CAF_INCLUDE_DIR caf/config.hpp)
mark_as_advanced(CAF_INCLUDE_DIR)
_caf_only_in_prefix(CAF_INCLUDE_DIR)

unset(CAF_VERSION)
if(CAF_INCLUDE_DIR)
  # One number: 1706 is 0.17.6. 1.x has it elsewhere and without the major version, but has a string as well.
  file(STRINGS "${CAF_INCLUDE_DIR}/caf/config.hpp" _caf_line REGEX "^#define +CAF_VERSION +[0-9]+")
  if(_caf_line MATCHES "CAF_VERSION +([0-9]+)")
    math(EXPR _caf_major "${CMAKE_MATCH_1} / 10000")
    math(EXPR _caf_minor "${CMAKE_MATCH_1} / 100 % 100")
    math(EXPR _caf_patch "${CMAKE_MATCH_1} % 100")
    set(CAF_VERSION "${_caf_major}.${_caf_minor}.${_caf_patch}")
  elseif(EXISTS "${CAF_INCLUDE_DIR}/caf/detail/build_config.hpp")
    file(STRINGS "${CAF_INCLUDE_DIR}/caf/detail/build_config.hpp" _caf_line REGEX "^#define +CAF_VERSION_STR +")
    if(_caf_line MATCHES "\"([0-9.]+)\"")
      set(CAF_VERSION "${CMAKE_MATCH_1}")
    endif()
  endif()
endif()

foreach(_component IN ITEMS core io openssl)
  string(TOUPPER ${_component} _upper)
  find_library(CAF_LIBRARY_${_upper} NAMES caf_${_component})
  mark_as_advanced(CAF_LIBRARY_${_upper})
  _caf_only_in_prefix(CAF_LIBRARY_${_upper})
  if(CAF_INCLUDE_DIR AND CAF_LIBRARY_${_upper})
    set(CAF_${_component}_FOUND TRUE)
  endif()
endforeach()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CAF
  REQUIRED_VARS CAF_LIBRARY_CORE CAF_INCLUDE_DIR
  VERSION_VAR CAF_VERSION
  HANDLE_COMPONENTS
  REASON_FAILURE_MESSAGE "${_caf_advice}")

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

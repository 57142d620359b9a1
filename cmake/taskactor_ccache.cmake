# ccache, set up so that precompiled headers and a second clone hit as well; the user's own launcher wins.
if(TASKACTOR_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(TASKACTOR_CCACHE_PROGRAM ccache)
  mark_as_advanced(TASKACTOR_CCACHE_PROGRAM)
  if(TASKACTOR_CCACHE_PROGRAM)
    set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}
      CCACHE_NOHASHDIR=1
      ${TASKACTOR_CCACHE_PROGRAM})
  endif()
endif()

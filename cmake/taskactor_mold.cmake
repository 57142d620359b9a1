# mold links a hundred test programs, of up to 100 MB each, in a fifth of the time. What is shipped isn't linked with it.
if(TASKACTOR_MOLD)
  find_program(TASKACTOR_MOLD_PROGRAM mold)
  mark_as_advanced(TASKACTOR_MOLD_PROGRAM)
  if(TASKACTOR_MOLD_PROGRAM)
    add_link_options(-fuse-ld=mold)
  endif()
endif()

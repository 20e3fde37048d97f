# `cmake --install` brings the program, its manual and its completions. Run with -DBUILD=… -DINTO=….
file(REMOVE_RECURSE "${INTO}")
execute_process(COMMAND "${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${INTO}"
  OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
foreach(file bin/switchyard share/man/man1/switchyard.1
    share/bash-completion/completions/switchyard share/zsh/site-functions/_switchyard)
  if(NOT EXISTS "${INTO}/${file}")
    message(FATAL_ERROR "${file} was not installed")
  endif()
endforeach()
execute_process(COMMAND "${INTO}/bin/switchyard" version COMMAND_ERROR_IS_FATAL ANY)
file(REMOVE_RECURSE "${INTO}")

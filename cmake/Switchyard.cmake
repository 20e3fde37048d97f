# What every target of this project shares: warnings, sanitizers, ccache.

find_program(SWITCHYARD_CCACHE ccache)
if(SWITCHYARD_CCACHE)
  # ccache takes precompiled headers when it is told so (its manual, "Precompiled headers").
  set(CMAKE_CXX_COMPILER_LAUNCHER
    "${CMAKE_COMMAND}" -E env CCACHE_SLOPPINESS=pch_defines,time_macros "${SWITCHYARD_CCACHE}")
endif()

add_library(switchyard_flags INTERFACE)
target_compile_options(switchyard_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wconversion -Wsign-conversion -Werror)
target_include_directories(switchyard_flags INTERFACE "${PROJECT_SOURCE_DIR}")
# As hiredis asks for; the same everywhere, or precompiled headers would not fit.
target_compile_definitions(switchyard_flags INTERFACE _FILE_OFFSET_BITS=64)
if(SWITCHYARD_SANITIZE)
  target_compile_options(switchyard_flags INTERFACE
    "-fsanitize=${SWITCHYARD_SANITIZE}" -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(switchyard_flags INTERFACE "-fsanitize=${SWITCHYARD_SANITIZE}")
endif()

# A hundred tests are linked; gold takes half as long. Sanitizers and link-time optimisation have the linker that they know.
find_program(SWITCHYARD_GOLD ld.gold)
if(SWITCHYARD_GOLD AND NOT SWITCHYARD_SANITIZE)
  target_link_options(switchyard_flags INTERFACE $<$<AND:$<CXX_COMPILER_ID:GNU>,$<CONFIG:Debug>>:-fuse-ld=gold>)
endif()

# Sources of a target are compiled together, several as one: what they include is read, and the templates that they share
# are made, once for all of them. Names in anonymous namespaces are then the target's, not the file's.
if(SWITCHYARD_UNITY)
  set(CMAKE_UNITY_BUILD ON)
  set(CMAKE_UNITY_BUILD_BATCH_SIZE 12)
  # g++ takes every source for a header here, in which a type that uses one of an anonymous namespace would be a mistake.
  target_compile_options(switchyard_flags INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endif()

# switchyard_precompiled(NAME HEADERS… [LIBS…] [OPTIONS…]): headers that are read once, for the targets that reuse them;
# OPTIONS as those have them. What a source uses it includes itself all the same: -DSWITCHYARD_UNITY=OFF
# -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON shows what is missing.
function(switchyard_precompiled name)
  cmake_parse_arguments(ARG "" "" "HEADERS;LIBS;OPTIONS" ${ARGN})
  set(source "${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp")
  file(CONFIGURE OUTPUT "${source}" CONTENT "// A target needs a source; this one carries precompiled headers.\n")
  add_library(${name} OBJECT "${source}")
  target_link_libraries(${name} PRIVATE switchyard_flags ${ARG_LIBS})
  target_compile_options(${name} PRIVATE ${ARG_OPTIONS})
  target_precompile_headers(${name} PRIVATE ${ARG_HEADERS})
endfunction()

function(switchyard_reuse_precompiled name precompiled)
  target_precompile_headers(${name} REUSE_FROM ${precompiled})
  if(CMAKE_DISABLE_PRECOMPILE_HEADERS)
    return()
  endif()
  # g++ 12 takes std::string's own code for faulty once it comes out of a precompiled header (GCC 105651).
  target_compile_options(${name} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds -Wno-restrict
      -Wno-stringop-overflow -Wno-stringop-overread>)
  # Likewise for std::regex with sanitizers, whose instrumentation g++'s own analysis stumbles over.
  if(SWITCHYARD_SANITIZE)
    target_compile_options(${name} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  endif()
endfunction()

# What nearly every source of ours includes; nlohmann's header alone takes longer to read than most of them.
set(SWITCHYARD_COMMON_HEADERS
  <nlohmann/json.hpp>
  <algorithm> <array> <charconv> <chrono> <cstdint> <filesystem> <functional> <map> <memory> <optional> <set> <string>
  <string_view> <thread> <utility> <variant> <vector>)

# switchyard_library(NAME SOURCES… PUBLIC… PRIVATE… [PRECOMPILED target]): one folder, one static library.
function(switchyard_library name)
  cmake_parse_arguments(ARG "" "PRECOMPILED" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  if(NOT ARG_PRECOMPILED)
    set(ARG_PRECOMPILED switchyard_precompiled_common)
  endif()
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC ${ARG_PUBLIC} PRIVATE switchyard_flags ${ARG_PRIVATE})
  target_include_directories(${name} PUBLIC "${PROJECT_SOURCE_DIR}")
  switchyard_reuse_precompiled(${name} ${ARG_PRECOMPILED})
endfunction()

# The versions of HAProxy that some tests run on besides the installed one: "3.0=/path/to/haproxy;…", as
# tests/haproxy-versions prints them.
set(SWITCHYARD_TEST_HAPROXY_VERSIONS "" CACHE STRING "VERSION=BINARY, several")

function(switchyard_test_environment name)
  set(environment ${ARGN})
  if(SWITCHYARD_SANITIZE MATCHES "address")
    list(APPEND environment
      "LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/lsan.supp:print_suppressions=0")
  elseif(SWITCHYARD_SANITIZE MATCHES "thread")
    list(APPEND environment
      "TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/tsan.supp:print_suppressions=0")
  endif()
  set_tests_properties(${name} PROPERTIES ENVIRONMENT "${environment}")
endfunction()

# switchyard_test_entry(NAME EXECUTABLE [SUITE suite] [TIMEOUT seconds] [LABELS…]): one ctest entry; of an executable
# of many files the suite of one.
function(switchyard_test_entry name executable)
  cmake_parse_arguments(ARG "" "SUITE;TIMEOUT" "LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  # The last case that a test entered is named, also where it hangs.
  set(command ${executable} --log_level=test_suite --report_level=short --color_output=no)
  if(ARG_SUITE)
    list(APPEND command --run_test=${ARG_SUITE})
  endif()
  add_test(NAME ${name} COMMAND ${command})
  set_property(GLOBAL PROPERTY switchyard_command_of_${name} "${command}")
  # What takes long begins first, or one test would run alone at the end.
  set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} COST ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
  switchyard_test_environment(${name})
endfunction()

# switchyard_on_haproxies(NAME ENTRIES [RUN]): runs a test on these versions as well; RUN: of it those cases alone.
function(switchyard_on_haproxies name entries)
  get_test_property(${name} TIMEOUT timeout)
  get_test_property(${name} LABELS labels)
  get_property(command GLOBAL PROPERTY switchyard_command_of_${name})
  if(ARGC GREATER 2)
    string(REGEX REPLACE "--run_test=[^;]*" "--run_test=${ARGV2}" command "${command}")
  endif()
  foreach(entry IN LISTS entries)
    string(REGEX MATCH "^([^=]+)=(.+)$" matched "${entry}")
    set(test ${name}_haproxy_${CMAKE_MATCH_1})
    set(all_labels ${labels} haproxy-${CMAKE_MATCH_1})
    add_test(NAME ${test} COMMAND ${command})
    set_tests_properties(${test} PROPERTIES TIMEOUT ${timeout} COST ${timeout} LABELS "${all_labels}")
    switchyard_test_environment(${test} "HAPROXY_UNDER_TEST=${CMAKE_MATCH_2}")
  endforeach()
endfunction()

# On each of them, or on the newest, there with RUN as above.
function(switchyard_on_every_haproxy name)
  switchyard_on_haproxies(${name} "${SWITCHYARD_TEST_HAPROXY_VERSIONS}")
endfunction()

function(switchyard_on_newest_haproxy name)
  switchyard_newest_haproxy(newest)
  foreach(entry IN LISTS SWITCHYARD_TEST_HAPROXY_VERSIONS)
    if(entry MATCHES "^${newest}=")
      switchyard_on_haproxies(${name} "${entry}" ${ARGN})
    endif()
  endforeach()
endfunction()

# The number of the newest of those versions; "" when there is none.
function(switchyard_newest_haproxy variable)
  set(newest "")
  set(versions ${SWITCHYARD_TEST_HAPROXY_VERSIONS})
  if(versions)
    list(SORT versions COMPARE NATURAL ORDER DESCENDING)
    list(GET versions 0 entry)
    string(REGEX REPLACE "=.*$" "" newest "${entry}")
  endif()
  set(${variable} "${newest}" PARENT_SCOPE)
endfunction()

# A test's own code runs once; optimising it takes a third of its compile time.
set(SWITCHYARD_TEST_OPTIONS $<$<CONFIG:Debug>:-O0>)

# switchyard_test_program(NAME SOURCES… LIBS… [MAIN target] [PRECOMPILED target]): one Boost.Test executable. MAIN: an
# object library with a main() of its own.
function(switchyard_test_program name)
  cmake_parse_arguments(ARG "" "MAIN;PRECOMPILED" "SOURCES;LIBS" ${ARGN})
  if(NOT ARG_MAIN)
    set(ARG_MAIN switchyard_test_main)
  endif()
  if(NOT ARG_PRECOMPILED)
    set(ARG_PRECOMPILED switchyard_precompiled_tests)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LIBS} switchyard_flags ${ARG_MAIN})
  target_compile_options(${name} PRIVATE ${SWITCHYARD_TEST_OPTIONS})
  switchyard_reuse_precompiled(${name} ${ARG_PRECOMPILED})
endfunction()

# switchyard_test(NAME …): one executable that is one ctest entry; takes what the two above take.
function(switchyard_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT;MAIN;PRECOMPILED" "SOURCES;LIBS;LABELS" ${ARGN})
  switchyard_test_program(${name} SOURCES ${ARG_SOURCES} LIBS ${ARG_LIBS} MAIN ${ARG_MAIN} PRECOMPILED ${ARG_PRECOMPILED})
  switchyard_test_entry(${name} ${name} TIMEOUT ${ARG_TIMEOUT} LABELS ${ARG_LABELS})
endfunction()

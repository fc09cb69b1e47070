# SPDX-License-Identifier: Apache-2.0
# One call per folder: library, test binary, ctest entries, warnings, precompiled header.

# Shared precompiled headers. `runtime` is what nearly every file of ours includes; `test` adds
# GoogleTest/GoogleMock, `command` what the judge's commands and reports include, `check` what its
# checks do. Reuse needs identical flags, hence one function sets them all.
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/pch_anchor.cc CONTENT "// nothing\n")
function(shimgauge_pch name)
  add_library(shimgauge_pch_${name} STATIC ${CMAKE_BINARY_DIR}/pch_anchor.cc)
  target_link_libraries(shimgauge_pch_${name} PRIVATE shimgauge::warnings shimgauge::asio
    absl::status absl::statusor absl::strings absl::str_format ${ARGN})
endfunction()
set(SHIMGAUGE_RUNTIME_HEADERS
  <utility> <algorithm> <chrono> <cstdint> <functional> <map> <memory> <optional> <string> <vector>
  <absl/status/status.h> <absl/status/statusor.h> <absl/strings/str_cat.h>
  <boost/asio/io_context.hpp> <boost/asio/steady_timer.hpp>
  <boost/asio/posix/stream_descriptor.hpp> <boost/asio/local/stream_protocol.hpp>)
shimgauge_pch(runtime)
target_precompile_headers(shimgauge_pch_runtime PRIVATE ${SHIMGAUGE_RUNTIME_HEADERS})
shimgauge_pch(command CLI11::CLI11 nlohmann_json::nlohmann_json)
target_precompile_headers(shimgauge_pch_command PRIVATE
  ${SHIMGAUGE_RUNTIME_HEADERS} <CLI/CLI.hpp> <nlohmann/json.hpp>)
shimgauge_pch(check GTest::gmock)
target_precompile_headers(shimgauge_pch_check PRIVATE
  ${SHIMGAUGE_RUNTIME_HEADERS} <gmock/gmock.h>)
if(SHIMGAUGE_TESTS)
  shimgauge_pch(test GTest::gmock)
  target_precompile_headers(shimgauge_pch_test PRIVATE
    ${SHIMGAUGE_RUNTIME_HEADERS} <gmock/gmock.h> <gtest/gtest.h>)
endif()

# shimgauge_library(NAME SOURCES... [PUBLIC deps...] [PRIVATE deps...] [TESTS *_test.cc...]
#                   [TEST_DEPS deps...] [NO_PCH | PCH command|check])
# Makes shimgauge::NAME, and NAME_test with one ctest entry per test case. Includes are rooted at
# lib/, reference-shim/ and the repository. Tests link the full protobuf runtime.
function(shimgauge_library name)
  cmake_parse_arguments(ARG "NO_PCH" "PCH" "SOURCES;PUBLIC;PRIVATE;TESTS;TEST_DEPS" ${ARGN})
  if(NOT ARG_PCH)
    set(ARG_PCH runtime)
  endif()
  add_library(shimgauge_${name} STATIC ${ARG_SOURCES})
  add_library(shimgauge::${name} ALIAS shimgauge_${name})
  shimgauge_configure(shimgauge_${name} "${ARG_NO_PCH}" ${ARG_PCH})
  target_link_libraries(shimgauge_${name} PUBLIC ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
  if(ARG_TESTS AND SHIMGAUGE_TESTS)
    shimgauge_test(${name}_test SOURCES ${ARG_TESTS}
      DEPS shimgauge::${name} shimgauge::proto_full ${ARG_TEST_DEPS})
  endif()
endfunction()

# shimgauge_flavoured_library(NAME SOURCES... PROTOS proto-libraries... [PUBLIC deps...]
#                             [PRIVATE deps...] [TESTS *_test.cc...] [TEST_DEPS deps...])
# For sources that include generated messages: shimgauge::NAME_lite and shimgauge::NAME_full, the
# same sources against the two flavours of `PROTOS`. Tests run against the full one.
function(shimgauge_flavoured_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PROTOS;PUBLIC;PRIVATE;TESTS;TEST_DEPS" ${ARGN})
  foreach(flavour lite full)
    list(TRANSFORM ARG_PROTOS REPLACE "(.+)" "shimgauge::\\1_${flavour}" OUTPUT_VARIABLE protos)
    shimgauge_library(${name}_${flavour}
      SOURCES ${ARG_SOURCES} PUBLIC ${protos} ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
  endforeach()
  if(ARG_TESTS)
    shimgauge_test(${name}_test SOURCES ${ARG_TESTS} DEPS shimgauge::${name}_full ${ARG_TEST_DEPS})
  endif()
endfunction()

# shimgauge_test(NAME SOURCES... DEPS... [SERIAL] [SLOW]): a GoogleTest binary of its own. SERIAL: its
# cases look at the whole host, so nothing else may run beside them. SLOW: they have the label `slow`,
# and ten minutes each.
function(shimgauge_test name)
  cmake_parse_arguments(ARG "SERIAL;SLOW" "" "SOURCES;DEPS" ${ARGN})
  if(NOT SHIMGAUGE_TESTS)
    return()
  endif()
  add_executable(${name} ${ARG_SOURCES})
  shimgauge_configure(${name} "" test)
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} GTest::gmock GTest::gtest GTest::gtest_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  set(timeout 120)
  set(labels "")
  if(ARG_SLOW)
    set(timeout 600)
    set(labels LABELS slow)
  endif()
  include(GoogleTest)
  gtest_discover_tests(${name} TEST_PREFIX ${name}: DISCOVERY_MODE PRE_TEST
    PROPERTIES TIMEOUT ${timeout} RUN_SERIAL "${ARG_SERIAL}" ${labels})
endfunction()

# shimgauge_executable(NAME SOURCES... DEPS... [STATIC]): lands in <build>/bin.
function(shimgauge_executable name)
  cmake_parse_arguments(ARG "STATIC;NO_PCH" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  shimgauge_configure(${name} "${ARG_NO_PCH}" runtime)
  target_link_libraries(${name} PRIVATE ${ARG_DEPS})
  if((ARG_STATIC OR SHIMGAUGE_STATIC) AND NOT SHIMGAUGE_SANITIZE)
    target_link_options(${name} PRIVATE -static)
  endif()
endfunction()

function(shimgauge_configure target no_pch pch)
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR})
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR}/lib)
  target_link_libraries(${target} PRIVATE shimgauge::warnings shimgauge::asio
    absl::status absl::statusor absl::strings absl::str_format)
  if(NOT no_pch)
    target_precompile_headers(${target} REUSE_FROM shimgauge_pch_${pch})
  endif()
endfunction()

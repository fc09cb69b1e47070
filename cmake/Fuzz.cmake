# SPDX-License-Identifier: Apache-2.0
# shimgauge_fuzzer(NAME CORPUS dir SOURCES... DEPS...)
# The sources define LLVMFuzzerTestOneInput for one decoder. In the `fuzz` preset NAME is a
# libFuzzer executable; with tests, NAME_test replays every file of the corpus through the same
# function, so that what a fuzzer once found stays found under g++ too. New inputs:
#   build/fuzz/bin/NAME -max_total_time=30 CORPUS-DIRECTORY
function(shimgauge_fuzzer name)
  cmake_parse_arguments(ARG "" "CORPUS" "SOURCES;DEPS" ${ARGN})
  if(SHIMGAUGE_FUZZ)
    add_executable(${name} ${ARG_SOURCES})
    shimgauge_configure(${name} "" runtime)
    target_link_libraries(${name} PRIVATE ${ARG_DEPS})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  elseif(SHIMGAUGE_TESTS)
    shimgauge_test(${name}_test
      SOURCES ${ARG_SOURCES} ${CMAKE_SOURCE_DIR}/fixtures/fuzz/replay_test.cc
      DEPS ${ARG_DEPS})
    target_compile_definitions(${name}_test PRIVATE SHIMGAUGE_CORPUS="${ARG_CORPUS}")
  endif()
endfunction()

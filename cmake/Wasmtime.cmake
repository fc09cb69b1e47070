# SPDX-License-Identifier: Apache-2.0
# The Wasm engine: two static archives made by cargo from the wrapper crate reference-shim/stage/wasmtime,
#   shimgauge::wasmtime_run      without a compiler, with WASI: for the stage
#   shimgauge::wasmtime_compile  with the compiler, without WASI: for shimgauge-wasm-compile
# built when a target that links them is. What cargo makes lies in the user's cache, under a name made
# of all it depends on: another clone or build directory finds it there and builds nothing.
#
# SHIMGAUGE_WASM   ON: needs cargo; OFF: without the engine; AUTO: with it where a rustc that is new
#                  enough is found. Sets SHIMGAUGE_WITH_WASM.
set(SHIMGAUGE_WASM AUTO CACHE STRING "Build the Wasm engine: ON, OFF or AUTO")
set_property(CACHE SHIMGAUGE_WASM PROPERTY STRINGS AUTO ON OFF)
set(SHIMGAUGE_WASM_RUSTC_MIN 1.95)
set(SHIMGAUGE_WASM_CRATE ${CMAKE_SOURCE_DIR}/reference-shim/stage/wasmtime)
set(SHIMGAUGE_WASM_CRATE_FILES Cargo.toml Cargo.lock build.rs src/lib.rs)

if(NOT SHIMGAUGE_WASM MATCHES "^(ON|OFF|AUTO)$")
  message(FATAL_ERROR "SHIMGAUGE_WASM is \"${SHIMGAUGE_WASM}\"; expected ON, OFF or AUTO")
endif()

# Known without the engine too: the shim names code after it.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${SHIMGAUGE_WASM_CRATE}/Cargo.toml)
file(STRINGS ${SHIMGAUGE_WASM_CRATE}/Cargo.toml dependency REGEX "^wasmtime-c-api-impl = ")
if(NOT dependency MATCHES "version = \"=([0-9.]+)\"")
  message(FATAL_ERROR "${SHIMGAUGE_WASM_CRATE}/Cargo.toml: expected an exact version of "
                      "wasmtime-c-api-impl, as in version = \"=1.2.3\"; found: ${dependency}")
endif()
set(SHIMGAUGE_WASM_ENGINE_VERSION ${CMAKE_MATCH_1})
set(SHIMGAUGE_WASM_RUN_FEATURES wasi component pooling)
set(SHIMGAUGE_WASM_COMPILE_FEATURES compiler parallel component)

# Sets SHIMGAUGE_WITH_WASM, and SHIMGAUGE_RUSTC_VERSION if so.
function(shimgauge_find_cargo)
  set(SHIMGAUGE_WITH_WASM OFF PARENT_SCOPE)
  if(SHIMGAUGE_WASM STREQUAL "OFF")
    message(STATUS "Wasm engine: off")
    return()
  endif()
  find_program(SHIMGAUGE_CARGO cargo PATHS $ENV{CARGO_HOME}/bin $ENV{HOME}/.cargo/bin)
  find_program(SHIMGAUGE_RUSTC rustc PATHS $ENV{CARGO_HOME}/bin $ENV{HOME}/.cargo/bin)
  if(NOT SHIMGAUGE_CARGO OR NOT SHIMGAUGE_RUSTC)
    set(missing "no cargo and rustc found")
  else()
    execute_process(COMMAND ${SHIMGAUGE_RUSTC} --version OUTPUT_VARIABLE version
      OUTPUT_STRIP_TRAILING_WHITESPACE)
    if(NOT version MATCHES "^rustc ([0-9.]+)")
      set(missing "${SHIMGAUGE_RUSTC} --version says \"${version}\"")
    elseif(CMAKE_MATCH_1 VERSION_LESS SHIMGAUGE_WASM_RUSTC_MIN)
      set(missing "rustc ${CMAKE_MATCH_1} is older than ${SHIMGAUGE_WASM_RUSTC_MIN}")
    endif()
  endif()
  if(DEFINED missing)
    if(SHIMGAUGE_WASM STREQUAL "ON")
      message(FATAL_ERROR "SHIMGAUGE_WASM is ON, but ${missing}. "
        "Install Rust ${SHIMGAUGE_WASM_RUSTC_MIN} or newer, or set SHIMGAUGE_WASM=OFF.")
    endif()
    message(STATUS "Wasm engine: off, ${missing}")
    return()
  endif()
  message(STATUS "Wasm engine: wasmtime ${SHIMGAUGE_WASM_ENGINE_VERSION}, ${version}")
  set(SHIMGAUGE_WITH_WASM ON PARENT_SCOPE)
  set(SHIMGAUGE_RUSTC_VERSION ${version} PARENT_SCOPE)
endfunction()

# The directory `shimgauge` in the user's cache.
function(shimgauge_user_cache out)
  if(IS_ABSOLUTE "$ENV{XDG_CACHE_HOME}")
    set(${out} $ENV{XDG_CACHE_HOME}/shimgauge PARENT_SCOPE)
  elseif(IS_ABSOLUTE "$ENV{HOME}")
    set(${out} $ENV{HOME}/.cache/shimgauge PARENT_SCOPE)
  else()
    set(${out} ${CMAKE_BINARY_DIR}/cache PARENT_SCOPE)
  endif()
endfunction()

# shimgauge_wasmtime(NAME PROFILE small|release FEATURES...): shimgauge::NAME
function(shimgauge_wasmtime name)
  cmake_parse_arguments(ARG "" "PROFILE" "FEATURES" ${ARGN})
  list(JOIN ARG_FEATURES "," features)
  set(depends "${SHIMGAUGE_RUSTC_VERSION};${features};${ARG_PROFILE}")
  file(SHA256 ${SHIMGAUGE_WASM_CRATE}/Cargo.lock lock)
  string(SHA256 target_key "${depends};${lock}")
  set(sources)
  foreach(file ${SHIMGAUGE_WASM_CRATE_FILES})
    set_property(DIRECTORY ${CMAKE_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
      ${SHIMGAUGE_WASM_CRATE}/${file})
    file(SHA256 ${SHIMGAUGE_WASM_CRATE}/${file} digest)
    list(APPEND sources ${digest})
  endforeach()
  string(SHA256 crate_key "${depends};${sources}")
  string(SUBSTRING ${target_key} 0 16 target_key)
  string(SUBSTRING ${crate_key} 0 16 crate_key)

  shimgauge_user_cache(cache)
  # Dependencies are compiled once per lock file; what comes of the crate itself, per its sources.
  set(target ${cache}/wasmtime-${target_key})
  set(product ${target}/${crate_key})
  set(archive ${product}/libshimgauge_wasmtime.a)
  file(MAKE_DIRECTORY ${product}/include)
  list(JOIN SHIMGAUGE_WASM_CRATE_FILES "," files)
  add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/wasmtime/${name}-${crate_key}.stamp
    BYPRODUCTS ${archive}
    COMMAND ${CMAKE_COMMAND} -D CARGO=${SHIMGAUGE_CARGO} -D CRATE=${SHIMGAUGE_WASM_CRATE}
      -D FILES=${files} -D PRODUCT=${product} -D TARGET=${target}/target
      -D PROFILE=${ARG_PROFILE} -D FEATURES=${features}
      -D STAMP=${CMAKE_BINARY_DIR}/wasmtime/${name}-${crate_key}.stamp
      -P ${CMAKE_SOURCE_DIR}/cmake/BuildWasmtime.cmake
    COMMENT "Wasm engine (${name}), some minutes the first time" USES_TERMINAL VERBATIM)
  add_custom_target(${name}_build DEPENDS ${CMAKE_BINARY_DIR}/wasmtime/${name}-${crate_key}.stamp)
  add_dependencies(generated_sources ${name}_build)  # a linter reads its headers
  add_library(shimgauge_${name} STATIC IMPORTED GLOBAL)
  add_dependencies(shimgauge_${name} ${name}_build)
  set_target_properties(shimgauge_${name} PROPERTIES IMPORTED_LOCATION ${archive})
  target_include_directories(shimgauge_${name} SYSTEM INTERFACE ${product}/include)
  target_link_libraries(shimgauge_${name} INTERFACE Threads::Threads ${CMAKE_DL_LIBS} m)
  add_library(shimgauge::${name} ALIAS shimgauge_${name})
endfunction()

shimgauge_find_cargo()
if(SHIMGAUGE_WITH_WASM)
  shimgauge_wasmtime(wasmtime_run PROFILE small FEATURES ${SHIMGAUGE_WASM_RUN_FEATURES})
  shimgauge_wasmtime(wasmtime_compile PROFILE release FEATURES ${SHIMGAUGE_WASM_COMPILE_FEATURES})
endif()

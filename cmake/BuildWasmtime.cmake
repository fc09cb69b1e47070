# SPDX-License-Identifier: Apache-2.0
# cmake -P: has PRODUCT/libshimgauge_wasmtime.a and PRODUCT/include made by CARGO, unless they are there,
# and touches STAMP. The crate (FILES of CRATE) is copied to PRODUCT first: cargo compiles a crate anew
# for each place it lies in.
set(archive ${PRODUCT}/libshimgauge_wasmtime.a)

# Two builds may want the same; the second finds what the first has made.
file(MAKE_DIRECTORY ${PRODUCT})
file(LOCK ${PRODUCT}/lock GUARD PROCESS)
if(NOT EXISTS ${archive} OR NOT EXISTS ${PRODUCT}/include/wasmtime.h)
  string(REPLACE "," ";" files "${FILES}")
  foreach(file ${files})
    get_filename_component(folder ${PRODUCT}/crate/${file} DIRECTORY)
    file(MAKE_DIRECTORY ${folder})
    file(COPY_FILE ${CRATE}/${file} ${PRODUCT}/crate/${file} ONLY_IF_DIFFERENT)
  endforeach()
  execute_process(
    COMMAND ${CMAKE_COMMAND} -E env SHIMGAUGE_WASMTIME_INCLUDE=${PRODUCT}/include
      ${CARGO} build --locked --profile ${PROFILE} --no-default-features --features ${FEATURES}
      --target-dir ${TARGET}
    WORKING_DIRECTORY ${PRODUCT}/crate
    RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "cargo could not build the Wasm engine (${result}). "
      "Without it: -D SHIMGAUGE_WASM=OFF")
  endif()
  # Whole or not at all.
  file(COPY_FILE ${TARGET}/${PROFILE}/libshimgauge_wasmtime.a ${archive}.new)
  file(RENAME ${archive}.new ${archive})
endif()
file(TOUCH ${STAMP})

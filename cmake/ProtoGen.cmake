# SPDX-License-Identifier: Apache-2.0
# shimgauge_proto_library(NAME ROOT dir PROTOS a.proto... [WELL_KNOWN any timestamp empty])
# Compiles the .proto files twice: shimgauge::NAME_lite and shimgauge::NAME_full, which bring the
# protobuf runtime of their flavour. `ROOT` is the import root. Each service in them also becomes
# X.ttrpc.h by protoc-gen-ttrpc. WELL_KNOWN lists google/protobuf/*.proto that the lite runtime does
# not contain; the lite flavour compiles its own copy.
add_custom_target(generated_sources)  # what a linter needs besides the tree itself

function(shimgauge_proto_library name)
  cmake_parse_arguments(ARG "" "ROOT" "PROTOS;WELL_KNOWN" ${ARGN})
  list(GET Protobuf_INCLUDE_DIRS 0 protobuf_include)
  foreach(flavour lite full)
    set(out ${CMAKE_BINARY_DIR}/generated/${name}_${flavour})
    file(MAKE_DIRECTORY ${out})
    if(flavour STREQUAL lite)
      set(cpp_out lite:${out})
    else()
      set(cpp_out ${out})
    endif()
    set(sources)
    foreach(proto ${ARG_PROTOS})
      string(REGEX REPLACE "\\.proto$" "" stem ${proto})
      set(outputs ${out}/${stem}.pb.cc ${out}/${stem}.pb.h ${out}/${stem}.ttrpc.h)
      add_custom_command(OUTPUT ${outputs}
        COMMAND protobuf::protoc -I ${ARG_ROOT} -I ${protobuf_include}
          --cpp_out=${cpp_out}
          --plugin=protoc-gen-ttrpc=$<TARGET_FILE:protoc-gen-ttrpc> --ttrpc_out=${out} ${proto}
        DEPENDS ${ARG_ROOT}/${proto} protoc-gen-ttrpc
        COMMENT "protoc (${flavour}) ${proto}" VERBATIM)
      list(APPEND sources ${out}/${stem}.pb.cc)
    endforeach()
    if(flavour STREQUAL lite)
      foreach(stem ${ARG_WELL_KNOWN})
        set(base google/protobuf/${stem})
        add_custom_command(OUTPUT ${out}/${base}.pb.cc ${out}/${base}.pb.h
          COMMAND protobuf::protoc -I ${protobuf_include} --cpp_out=lite:${out} ${base}.proto
          COMMENT "protoc (lite) ${base}.proto" VERBATIM)
        list(APPEND sources ${out}/${base}.pb.cc)
      endforeach()
    endif()
    set(target shimgauge_${name}_${flavour})
    add_custom_target(${target}_sources DEPENDS ${sources})
    add_dependencies(generated_sources ${target}_sources)
    add_library(${target} STATIC ${sources})
    add_library(shimgauge::${name}_${flavour} ALIAS ${target})
    # BEFORE: the lite well-known types shadow those of the installed headers.
    target_include_directories(${target} SYSTEM BEFORE PUBLIC ${out})
    target_link_libraries(${target} PUBLIC shimgauge::proto_headers shimgauge::proto_${flavour})
    target_compile_options(${target} PRIVATE -w)
  endforeach()
endfunction()

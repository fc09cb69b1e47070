# SPDX-License-Identifier: Apache-2.0
# Every third-party library the tree may use, each behind one target.

set(THREADS_PREFER_PTHREAD_FLAG ON)
if(SHIMGAUGE_STATIC)
  set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
  set(Protobuf_USE_STATIC_LIBS ON)
endif()

find_package(Threads REQUIRED)
find_package(absl REQUIRED)
# What is started for every verb or check must not spend its time in the dynamic linker.
if(SHIMGAUGE_STATIC OR (CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT SHIMGAUGE_SANITIZE))
  set(SHIMGAUGE_STATIC_ABSL ON)
endif()
if(SHIMGAUGE_STATIC_ABSL)
  # The packages of Debian and Ubuntu describe the shared libraries only; the static ones lie beside.
  get_property(imported DIRECTORY PROPERTY IMPORTED_TARGETS)
  foreach(target ${imported})
    get_target_property(location ${target} IMPORTED_LOCATION_NONE)
    if(target MATCHES "^absl::" AND location MATCHES "\\.so")
      string(REGEX REPLACE "\\.so.*" ".a" location ${location})
      set_target_properties(${target} PROPERTIES IMPORTED_LOCATION_NONE ${location})
    endif()
  endforeach()
endif()
find_package(Protobuf REQUIRED)
if(POLICY CMP0167)
  cmake_policy(SET CMP0167 NEW)  # by the configuration file that Boost brings
endif()
find_package(Boost 1.74 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(GTest REQUIRED)  # the judge's checks use its matchers

# By name, for the linker to choose the static or the shared one; left out of what does not use it.
foreach(library seccomp cap)
  find_library(SHIMGAUGE_HAS_${library} ${library} REQUIRED)
  add_library(shimgauge_${library} INTERFACE)
  target_link_libraries(shimgauge_${library} INTERFACE
    -Wl,--push-state,--as-needed,-l${library},--pop-state)
  add_library(shimgauge::${library} ALIAS shimgauge_${library})
endforeach()

# Boost.Asio, compiled once. Users include <boost/asio/*.hpp>. (CONFIGURE, since WRITE makes the
# file new whenever CMake runs, and with it everything that is generated.)
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/asio_impl.cc CONTENT
     "#include <utility>\n#include <boost/asio/impl/src.hpp>\n")
add_library(shimgauge_asio STATIC ${CMAKE_BINARY_DIR}/asio_impl.cc)
target_compile_definitions(shimgauge_asio PUBLIC
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_ERROR_CODE_HEADER_ONLY)
target_link_libraries(shimgauge_asio PUBLIC Boost::headers Threads::Threads)
add_library(shimgauge::asio ALIAS shimgauge_asio)

# Generated message code and lib/ttrpc compile against the protobuf headers; only executables
# decide which runtime they link: `shimgauge::proto_lite` (the shim) or `shimgauge::proto_full`
# (judge, fakes, tests). Never both in one binary.
add_library(shimgauge_proto_headers INTERFACE)
target_include_directories(shimgauge_proto_headers SYSTEM INTERFACE ${Protobuf_INCLUDE_DIRS})
add_library(shimgauge::proto_headers ALIAS shimgauge_proto_headers)
add_library(shimgauge_proto_lite INTERFACE)
target_link_libraries(shimgauge_proto_lite INTERFACE protobuf::libprotobuf-lite)
add_library(shimgauge::proto_lite ALIAS shimgauge_proto_lite)
add_library(shimgauge_proto_full INTERFACE)
target_link_libraries(shimgauge_proto_full INTERFACE protobuf::libprotobuf)
add_library(shimgauge::proto_full ALIAS shimgauge_proto_full)
foreach(flavour lite full)
  # Linking targets of both flavours into one binary is a configure error.
  set_property(TARGET shimgauge_proto_${flavour} PROPERTY INTERFACE_SHIMGAUGE_PROTOBUF ${flavour})
  set_property(TARGET shimgauge_proto_${flavour} APPEND PROPERTY
    COMPATIBLE_INTERFACE_STRING SHIMGAUGE_PROTOBUF)
endforeach()

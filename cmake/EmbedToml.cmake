# SPDX-License-Identifier: Apache-2.0
# shimgauge_embed_toml(OUT file.cc DIRECTORIES dir...): a table of the texts of dir/*.toml, by
# "dir/stem", for conformance/harness/ready_made_files.h. Made again when one of them changes.
# A literal for each table of an array: compilers need not take more than 65,536 characters in one.
function(shimgauge_embed_toml)
  cmake_parse_arguments(ARG "" "OUT" "DIRECTORIES" ${ARGN})
  set(rows)
  foreach(directory ${ARG_DIRECTORIES})
    file(GLOB files CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${directory}/*.toml)
    foreach(file ${files})
      set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
      get_filename_component(stem ${file} NAME_WLE)
      file(READ ${file} text)
      string(REPLACE "\n[[" "\n)TOML\", R\"TOML([[" text "${text}")
      string(APPEND rows "    {\"${directory}/${stem}\", Joined({R\"TOML(${text})TOML\"})},\n")
    endforeach()
  endforeach()
  set(source "// Made by the build from ${ARG_DIRECTORIES}.
#include \"conformance/harness/ready_made_files.h\"

#include <initializer_list>

namespace conformance {
namespace {

std::string Joined(std::initializer_list<absl::string_view> parts) {
  std::string text;
  for (const absl::string_view part : parts) text.append(part.data(), part.size());
  return text;
}

}  // namespace

const std::vector<ReadyMadeFile>& ReadyMadeFiles() {
  static const std::vector<ReadyMadeFile> files = {
${rows}};
  return files;
}

}  // namespace conformance
")
  file(GENERATE OUTPUT ${ARG_OUT} CONTENT "${source}")
endfunction()

// SPDX-License-Identifier: Apache-2.0
#include "fakes/faulty_shim/spec_reading.h"

#include <fstream>
#include <nlohmann/json.hpp>

namespace fakes {
namespace {

using nlohmann::json;

struct Member {
  const char* pointer;
  json::value_t type;
};

constexpr Member kMembers[] = {{"/ociVersion", json::value_t::string},
                               {"/process", json::value_t::object},
                               {"/process/args", json::value_t::array},
                               {"/process/env", json::value_t::array},
                               {"/process/capabilities", json::value_t::object},
                               {"/process/rlimits", json::value_t::array},
                               {"/root", json::value_t::object},
                               {"/mounts", json::value_t::array},
                               {"/annotations", json::value_t::object},
                               {"/hooks", json::value_t::object},
                               {"/linux", json::value_t::object},
                               {"/linux/resources", json::value_t::object},
                               {"/linux/namespaces", json::value_t::array},
                               {"/linux/cgroupsPath", json::value_t::string}};

}  // namespace

std::vector<std::string> MistypedMembers(const std::string& bundle) {
  std::ifstream file(bundle + "/config.json");
  const json spec = json::parse(file, nullptr, /*allow_exceptions=*/false);
  std::vector<std::string> mistyped;
  for (const Member& member : kMembers) {
    const json::json_pointer pointer{std::string(member.pointer)};
    if (!spec.is_discarded() && spec.contains(pointer) && spec[pointer].type() != member.type) {
      mistyped.emplace_back(member.pointer);
    }
  }
  return mistyped;
}

}  // namespace fakes

// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/stage/spec_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "oci/minimal_spec.h"
#include "oci/spec_parser.h"
#include "oci/spec_writer.h"

namespace stage {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

oci::Spec GoodSpec() { return oci::MinimalLinuxSpec({"/a.wasm"}); }

absl::Status Check(const oci::Spec& spec) { return CheckSpec(spec, *oci::WriteSpec(spec)); }

// With `from` replaced in the text.
absl::Status CheckText(const std::string& from, const std::string& to) {
  std::string json = *oci::WriteSpec(GoodSpec());
  const std::size_t at = json.find(from);
  EXPECT_NE(at, std::string::npos) << json;
  json.replace(at, from.size(), to);
  const auto spec = oci::ParseSpec(json);
  EXPECT_TRUE(spec.ok()) << spec.status();
  return CheckSpec(*spec, json);
}

TEST(SpecCheck, AnOrdinarySpecPasses) {
  EXPECT_TRUE(Check(GoodSpec()).ok()) << Check(GoodSpec());
  oci::Spec spec = GoodSpec();
  spec.process.apparmor_profile = "unconfined";
  spec.linux.resources.other_json = {
      {"blockIO", "{}"}, {"devices", R"([{"allow":false}])"}, {"hugepageLimits", "[{}]"}};
  EXPECT_TRUE(Check(spec).ok()) << Check(spec);
}

TEST(SpecCheck, WhatWouldHaveNoEffectIsRefusedByName) {
  struct Case {
    const char* field;
    void (*set)(oci::Spec&);
  };
  const Case cases[] = {
      {"process.apparmorProfile: ", [](auto& s) { s.process.apparmor_profile = "strict"; }},
      {"process.selinuxLabel: ", [](auto& s) { s.process.selinux_label = "a:b:c"; }},
      {"process.args: ", [](auto& s) { s.process.args.clear(); }},
      {"process.cwd: ", [](auto& s) { s.process.cwd = "here"; }},
      {"root.path: ", [](auto& s) { s.root.path.clear(); }},
      {"linux.namespaces: ", [](auto& s) { s.linux.namespaces.push_back({.type = "user"}); }},
      {"linux.namespaces: ",
       [](auto& s) {
         for (auto& entry : s.linux.namespaces) {
           if (entry.type == "mount") entry.path = "/proc/1/ns/mnt";
         }
       }},
      {"linux.namespaces: ", [](auto& s) { s.linux.namespaces.clear(); }},
      {"mounts[0].uidMappings: ",
       [](auto& s) {
         s.mounts = {{.destination = "/m", .uid_mappings = {{0, 1, 1}}}};
       }},
      {"linux.resources.blockIO: ",
       [](auto& s) { s.linux.resources.other_json["blockIO"] = R"({"weight":10})"; }},
  };
  for (const Case& one : cases) {
    oci::Spec spec = GoodSpec();
    one.set(spec);
    EXPECT_THAT(std::string(Check(spec).message()), StartsWith(one.field));
  }
}

TEST(SpecCheck, MembersThatNobodyReadsAreRefusedTooIfTheyMatter) {
  EXPECT_THAT(std::string(CheckText("\"linux\": {", R"("linux": {"mountLabel":"x",)").message()),
              HasSubstr("linux.mountLabel"));
  EXPECT_THAT(
      std::string(CheckText("\"process\": {", R"("process": {"scheduler":{"p":1},)").message()),
      HasSubstr("process.scheduler"));
  EXPECT_TRUE(CheckText("\"linux\": {", R"("linux": {"intelRdt":null,"unheardOf":1,)").ok());
}

}  // namespace
}  // namespace stage

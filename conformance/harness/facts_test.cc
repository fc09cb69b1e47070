// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/facts.h"

#include <gtest/gtest.h>

#include "base/testing/leak_guard.h"

namespace conformance {
namespace {

class FactsTest : public base::testing::ProcessTest {
 protected:
  std::string Program(const std::string& script) {
    const std::string path = temp_.File("program");
    base::testing::WriteFile(path, "#!/bin/sh\n" + script + "\n", 0755);
    return path;
  }
};

TEST_F(FactsTest, TheVersionOfAShimAndOfAnEngine) {
  EXPECT_EQ(
      AskVersion(Program("[ \"$1\" = -v ] && printf 'shim:\\n  Version:  1.6.20~ds1\\n'"), "-v"),
      "1.6.20~ds1");
  EXPECT_EQ(AskVersion(Program("echo runc version 1.1.5+ds1; echo spec: 1.0"), "--version"),
            "1.1.5+ds1");
}

TEST_F(FactsTest, AProgramThatSaysNothingHasNone) {
  EXPECT_EQ(AskVersion(Program("exit 3"), "-v"), "");
  EXPECT_EQ(AskVersion(Program("echo usage"), "-v"), "");
  EXPECT_EQ(AskVersion(temp_.File("absent"), "-v"), "");
}

TEST_F(FactsTest, HostAndEngineAreKnownWithoutRunningAnything) {
  HostInfo host;
  host.kernel = "linux 6.12.1";
  host.cgroup_mode = "v2";
  host.root = true;
  Profile profile;
  profile.engine = "/usr/bin/crun";
  const Facts facts = HostFacts(host, profile);
  EXPECT_EQ(facts.at("engine"), "crun");
  EXPECT_EQ(facts.at("host.cgroup"), "v2");
  EXPECT_EQ(facts.at("host.priv"), "root");
  profile.engine = "";
  EXPECT_EQ(HostFacts(host, profile).at("engine"), "none");
}

}  // namespace
}  // namespace conformance

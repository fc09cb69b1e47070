// SPDX-License-Identifier: Apache-2.0
#include "base/testing/child_main.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/string_view.h>
#include <gtest/gtest.h>

#include <cstdio>

namespace base::testing {

int RunTestsOrChild(int argc, char** argv, const std::vector<ChildBody>& children) {
  constexpr absl::string_view kPrefix = "--child=";
  const absl::string_view first = argc > 1 ? argv[1] : "";
  if (first.substr(0, kPrefix.size()) != kPrefix) {
    ::testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
  }
  for (const ChildBody& child : children) {
    if (child.name == first.substr(kPrefix.size())) {
      return child.run(std::vector<std::string>(argv + 2, argv + argc));
    }
  }
  std::fprintf(stderr, "no such child: %s\n", argv[1]);
  return 127;
}

SpawnSpec ChildProcess(const std::string& name, const std::vector<std::string>& args) {
  SpawnSpec spec;
  spec.path = "/proc/self/exe";
  spec.argv = {name, absl::StrCat("--child=", name)};
  spec.argv.insert(spec.argv.end(), args.begin(), args.end());
  return spec;
}

}  // namespace base::testing

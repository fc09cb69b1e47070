// SPDX-License-Identifier: Apache-2.0
#include "container/mount_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

namespace container {
namespace {

using ::testing::HasSubstr;

MountOptions Parsed(const std::vector<std::string>& words) {
  const auto options = ParseMountOptions(words);
  EXPECT_TRUE(options.ok()) << options.status();
  return options.value_or(MountOptions());
}

TEST(MountOptions, SeparatesFlagsPropagationAndData) {
  EXPECT_EQ(Parsed({"rbind", "ro", "nosuid", "rslave", "", "size=4m", "mode=755"}),
            (MountOptions{.flags = MS_BIND | MS_REC | MS_RDONLY | MS_NOSUID,
                          .propagation = MS_SLAVE | MS_REC,
                          .data = {"size=4m", "mode=755"}}));
}

TEST(MountOptions, ALaterWordUndoesAnEarlierOne) {
  EXPECT_EQ(Parsed({"ro", "nodev", "rw", "dev", "private", "shared"}),
            (MountOptions{.flags = 0, .propagation = MS_SHARED, .data = {}}));
}

TEST(MountOptions, RefusesWhatMountCannotDo) {
  for (const std::string word : {"loop", "X-containerd.mkdir.path=/x", "uidmap=0:1000:1"}) {
    const auto options = ParseMountOptions({"ro", word});
    EXPECT_EQ(options.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(options.status().message()), HasSubstr(word));
  }
}

}  // namespace
}  // namespace container

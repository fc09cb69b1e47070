// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstdio>

// The guest's mounts reach nobody else: a mount namespace of our own, as the agent demands.
int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (::geteuid() == 0 && (::unshare(CLONE_NEWNS) != 0 ||
                           ::mount(nullptr, "/", nullptr, MS_SLAVE | MS_REC, nullptr) != 0)) {
    std::perror("mount namespace");
    return 1;
  }
  return RUN_ALL_TESTS();
}

// SPDX-License-Identifier: Apache-2.0
#include "fakes/guest_init/guest_port.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/testing/temp_dir.h"

namespace fakes {
namespace {

using ::testing::HasSubstr;

class GuestPortTest : public ::testing::Test {
 protected:
  GuestPortTest() : places_{.ports = temp_.File("ports"), .devices = temp_.File("dev")} {
    std::filesystem::create_directory(places_.devices);
  }

  void AddPort(const std::string& device, const std::string& name) {
    std::filesystem::create_directories(places_.ports + "/" + device);
    if (!name.empty()) {
      base::testing::WriteFile(places_.ports + "/" + device + "/name", name + "\n");
    }
    ASSERT_EQ(::mkfifo((places_.devices + "/" + device).c_str(), 0600), 0);
  }

  base::testing::TempDir temp_;
  const GuestPortPlaces places_;
};

TEST_F(GuestPortTest, IsFoundByTheNameThatTheHostGave) {
  EXPECT_EQ(FindGuestPort(places_, "agent"), "");
  AddPort("vport0p1", "console");
  AddPort("vport0p2", "");
  EXPECT_EQ(FindGuestPort(places_, "agent"), "");
  AddPort("vport1p1", "agent");
  EXPECT_EQ(FindGuestPort(places_, "agent"), places_.devices + "/vport1p1");
  EXPECT_EQ(FindGuestPort(places_, "agen"), "");
}

TEST_F(GuestPortTest, IsOpenedWithoutBlocking) {
  AddPort("vport0p1", "agent");
  const auto port = OpenGuestPort(places_, "agent", std::chrono::seconds(10));
  ASSERT_TRUE(port.ok()) << port.status();
  char byte = 0;
  EXPECT_EQ(::read(port->get(), &byte, 1), -1);
  EXPECT_EQ(errno, EAGAIN);
}

TEST_F(GuestPortTest, OneThatDoesNotComeIsNamed) {
  AddPort("vport0p1", "console");
  const auto port = OpenGuestPort(places_, "agent", std::chrono::milliseconds(20));
  EXPECT_EQ(port.status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(std::string(port.status().message()), HasSubstr("virtio-serial port agent"));
}

}  // namespace
}  // namespace fakes

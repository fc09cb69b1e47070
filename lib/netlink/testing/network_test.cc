// SPDX-License-Identifier: Apache-2.0
#include "netlink/testing/network_test.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <utility>

#include "base/network_namespace.h"

namespace netlink::testing {
namespace {

base::UniqueFd OpenOwn() {
  return base::UniqueFd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
}

}  // namespace

NetworkNamespace::NetworkNamespace() {
  absl::StatusOr<base::UniqueFd> made = base::MakeNetworkNamespace();
  if (made.ok()) fd_ = *std::move(made);
}

std::string NetworkNamespace::path() const {
  return absl::StrCat("/proc/", ::getpid(), "/fd/", fd_.get());
}

void NetworkNamespace::Visit(absl::FunctionRef<void()> body) const {
  const absl::Status visited = base::InNetworkNamespace(fd_, [&body] {
    body();
    return absl::OkStatus();
  });
  EXPECT_TRUE(visited.ok()) << visited;
}

Socket NetworkNamespace::OpenSocket() const {
  std::optional<Socket> socket;
  Visit([&socket] { socket = Socket::Open().value(); });
  return *std::move(socket);
}

void NetworkTest::SetUp() {
  before_ = OpenOwn();
  if (!before_.ok() || ::unshare(CLONE_NEWNET) != 0) {
    before_.reset();
    GTEST_SKIP() << "needs root to make a network namespace";
  }
  absl::StatusOr<Socket> socket = Socket::Open();
  ASSERT_TRUE(socket.ok()) << socket.status();
  socket_ = std::make_unique<Socket>(*std::move(socket));
}

void NetworkTest::TearDown() {
  socket_.reset();
  if (before_.ok() && ::setns(before_.get(), CLONE_NEWNET) != 0) std::abort();
  before_.reset();
}

Link NetworkTest::Find(const std::string& name) {
  absl::StatusOr<Link> link = FindLink(socket(), name);
  EXPECT_TRUE(link.ok()) << link.status();
  return link.ok() ? *std::move(link) : Link();
}

void NetworkTest::AddPair(const std::string& name, const std::string& peer) {
  const absl::Status added = AddVethPair(socket(), name, peer);
  ASSERT_TRUE(added.ok()) << added;
  for (const std::string& end : {name, peer}) {
    const absl::Status up = ChangeLink(socket(), Find(end).index, {.up = true});
    ASSERT_TRUE(up.ok()) << up;
  }
}

}  // namespace netlink::testing

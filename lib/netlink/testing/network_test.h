// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/functional/function_ref.h>

#include <memory>
#include <string>

#include "base/testing/leak_guard.h"
#include "base/unique_fd.h"
#include "netlink/link.h"
#include "netlink/socket.h"

namespace netlink::testing {

// A fresh network namespace, empty but for a lo that is down; skipped where none can be made. A
// namespace goes with the last that is in it or has it open.
class NetworkNamespace {
 public:
  NetworkNamespace();
  NetworkNamespace(const NetworkNamespace&) = delete;
  NetworkNamespace& operator=(const NetworkNamespace&) = delete;
  [[nodiscard]] bool ok() const { return fd_.ok(); }
  [[nodiscard]] int fd() const { return fd_.get(); }
  // Where others open it, while this lives.
  [[nodiscard]] std::string path() const;
  // Runs `body` in it.
  void Visit(absl::FunctionRef<void()> body) const;
  // That stays in it.
  [[nodiscard]] Socket OpenSocket() const;

 private:
  base::UniqueFd fd_;
};

// A test that runs in a network namespace of its own.
class NetworkTest : public base::testing::ProcessTest {
 protected:
  void SetUp() override;
  void TearDown() override;

  Socket& socket() { return *socket_; }
  // Fails the test if there is none.
  Link Find(const std::string& name);
  // A veth pair, both up.
  void AddPair(const std::string& name, const std::string& peer);

 private:
  base::UniqueFd before_;
  std::unique_ptr<Socket> socket_;
};

}  // namespace netlink::testing

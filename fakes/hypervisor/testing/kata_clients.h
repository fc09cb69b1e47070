// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <optional>
#include <string>
#include <vector>

#include "fakes/hypervisor/testing/blocking_socket.h"

namespace fakes::testing {

// How the two runtimes of kata speak to Cloud Hypervisor: what they send, byte by byte, what they
// demand of an answer, how long they wait. Written from their behaviour, and sharing no code with
// the stand-in, so that mistakes do not cancel.
class KataClient {
 public:
  virtual ~KataClient() = default;
  // The body of the answer, empty without one. An error where that client gives up.
  absl::StatusOr<std::string> Call(const std::string& method, const std::string& call,
                                   const std::string& body = "",
                                   const std::vector<int>& files = {}) {
    return Exchange(method, call, body, files);
  }
  // What it sends to reach a port of the guest.
  [[nodiscard]] virtual std::string ConnectLine(unsigned port) const = 0;

  // An answer may take so long; the client's own limit unless a test wants another.
  int timeout_ms = 1000;

 private:
  virtual absl::StatusOr<std::string> Exchange(const std::string& method, const std::string& call,
                                               const std::string& body,
                                               const std::vector<int>& files) = 0;
};

// The Go runtime: a typed client over net/http. New connections are allowed, JSON must be
// announced as such, one second for a call. vm.add-net goes over a raw socket of its own.
class KataGoClient : public KataClient {
 public:
  explicit KataGoClient(std::string api_socket) : api_socket_(std::move(api_socket)) {}
  [[nodiscard]] std::string ConnectLine(unsigned port) const override;

 private:
  absl::StatusOr<std::string> Exchange(const std::string& method, const std::string& call,
                                       const std::string& body,
                                       const std::vector<int>& files) override;

  const std::string api_socket_;
  std::optional<BlockingSocket> kept_;  // the idle connection of net/http's pool
};

// runtime-rs: one connection for good, requests in several writes, answers read in pieces of 256
// bytes; the number behind "HTTP/1.1 " fills the status line, and a body is what "Content-Length: "
// says, in this spelling.
class KataRsClient : public KataClient {
 public:
  explicit KataRsClient(std::string api_socket) : api_socket_(std::move(api_socket)) {}
  [[nodiscard]] std::string ConnectLine(unsigned port) const override;

 private:
  absl::StatusOr<std::string> Exchange(const std::string& method, const std::string& call,
                                       const std::string& body,
                                       const std::vector<int>& files) override;

  const std::string api_socket_;
  std::optional<BlockingSocket> socket_;
};

}  // namespace fakes::testing

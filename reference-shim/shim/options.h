// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <vector>

namespace shim {

// The command line of every shim (contract 1.1). Which of it a command needs, the command says.
struct Options {
  std::string id;
  std::string namespace_name;
  std::string address;         // containerd's gRPC socket; only hashed into our own (SOCK-01)
  std::string publish_binary;  // accepted, not used (FLAG-05)
  std::string bundle;          // `delete` only
  bool debug = false;
  bool version = false;
  bool info = false;
  std::string action;  // empty: the daemon itself (FLAG-10)
  friend bool operator==(const Options&, const Options&) = default;
};

// INVALID_ARGUMENT names the word that is wrong (FLAG-09).
absl::StatusOr<Options> ParseOptions(const std::vector<std::string>& args);

// Namespace and id have to be there and valid (FLAG-06, FLAG-07).
absl::Status RequireIdentity(const Options& options);

// The text printed after a wrong command line.
std::string Usage(const std::string& program);

}  // namespace shim

// SPDX-License-Identifier: Apache-2.0
#include "conformance/call/call_command.h"

#include <absl/status/status.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <google/protobuf/descriptor.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <cerrno>
#include <csignal>
#include <iostream>
#include <optional>
#include <utility>

#include "base/status_macros.h"
#include "conformance/call/json_codec.h"
#include "conformance/call/message_types.h"
#include "conformance/call/socket_argument.h"
#include "conformance/harness/accounting.h"
#include "conformance/harness/durations.h"
#include "conformance/harness/run_command.h"
#include "conformance/harness/toml_reader.h"
#include "containerd/identifiers.h"
#include "ttrpc/client.h"

namespace conformance {
namespace {

constexpr int kIndent = 2;
constexpr std::size_t kRequestBytesMax = 1024 * 1024;
constexpr char kNamespaceKey[] = "containerd-namespace-ttrpc";

// One call, ready to be made.
struct PreparedCall {
  std::string socket;
  std::vector<KnownService> services;  // to be tried in this order
  const google::protobuf::MethodDescriptor* method = nullptr;
  std::string payload;
  ttrpc::CallOptions options;
};

absl::StatusOr<std::string> ReadStandardInput() {
  std::string text;
  char buffer[64 * 1024];
  for (;;) {
    const ssize_t size = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) {
      return absl::InvalidArgumentError(base::ErrnoStatus(errno, "standard input").message());
    }
    if (size == 0) return text;
    text.append(buffer, static_cast<std::size_t>(size));
    if (text.size() > kRequestBytesMax) {
      return absl::InvalidArgumentError("standard input: longer than 1 MiB");
    }
  }
}

absl::StatusOr<std::string> ReadRequest(const google::protobuf::Descriptor& type,
                                        const std::string& argument) {
  if (argument == "-") {
    ASSIGN_OR_RETURN(const std::string text, ReadStandardInput());
    return EncodeJson(type, text, "standard input");
  }
  if (!argument.empty() && argument[0] == '@') {
    const std::string file = argument.substr(1);
    ASSIGN_OR_RETURN(const std::string text, ReadTextFile(file));
    return EncodeJson(type, text, file);
  }
  return EncodeJson(type, argument, "request");
}

absl::Status ChooseVersion(const std::string& version, std::vector<KnownService>& services) {
  if (version == "auto") return absl::OkStatus();
  if (version != "2" && version != "3") {
    return absl::InvalidArgumentError(
        absl::StrCat("--task-version ", version, ": the choices are 2, 3 and auto"));
  }
  const std::string part = absl::StrCat(".v", version, ".");
  std::vector<KnownService> chosen;
  for (const KnownService& service : services) {
    if (absl::StrContains(service.name, part)) chosen.push_back(service);
  }
  if (chosen.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("--task-version ", version, ": ",
                                                   services.front().name, " has no such version"));
  }
  services = std::move(chosen);
  return absl::OkStatus();
}

absl::Status ReadCallOptions(const CallCommandOptions& options, ttrpc::CallOptions& out) {
  if (!options.ns.empty()) {
    if (const absl::Status status = containerd::ValidateIdentifier(options.ns); !status.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("--ns: ", status.message()));
    }
    out.metadata.push_back({.key = kNamespaceKey, .value = options.ns});
  }
  for (const std::string& pair : options.metadata) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(pair, absl::MaxSplits('=', 1));
    if (parts.first.empty() || !absl::StrContains(pair, "=")) {
      return absl::InvalidArgumentError(absl::StrCat("--metadata ", pair, ": write KEY=VALUE"));
    }
    out.metadata.push_back({.key = parts.first, .value = parts.second});
  }
  if (options.timeout.empty()) return absl::OkStatus();
  out.timeout = ParseDuration(options.timeout);
  if (!out.timeout) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--timeout ", options.timeout, ": expected a duration such as \"2s\" or \"500ms\""));
  }
  return absl::OkStatus();
}

absl::StatusOr<PreparedCall> Prepare(const CallCommandOptions& options) {
  PreparedCall call;
  ASSIGN_OR_RETURN(call.socket, ParseSocketArgument(options.socket));
  const absl::StatusOr<MethodName> method = FindMethod(options.method);
  if (!method.ok()) return absl::InvalidArgumentError(method.status().message());
  call.services = method->services;
  call.method = method->method;
  RETURN_IF_ERROR(ChooseVersion(options.task_version, call.services));
  RETURN_IF_ERROR(ReadCallOptions(options, call.options));
  ASSIGN_OR_RETURN(call.payload, ReadRequest(*call.method->input_type(), options.request));
  return call;
}

// The answers of shims that do not know a service: Go's, and that of the Rust library.
bool IsUnknownService(const absl::Status& status) {
  return status.code() == absl::StatusCode::kUnimplemented ||
         (status.code() == absl::StatusCode::kInvalidArgument &&
          absl::StrContains(status.message(), "does not exist"));
}

// FAILED_PRECONDITION when nobody is there; a name that can be no socket is a mistake.
absl::StatusOr<base::UniqueFd> Connect(const std::string& path) {
  struct stat info {};
  if (path[0] != '@' && ::stat(path.c_str(), &info) == 0 && !S_ISSOCK(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": is no socket"));
  }
  absl::StatusOr<base::UniqueFd> socket = ttrpc::ConnectUnix(path);
  if (socket.ok() || socket.status().code() == absl::StatusCode::kInvalidArgument) return socket;
  return absl::FailedPreconditionError(socket.status().message());
}

// nullopt: interrupted by a signal.
std::optional<absl::StatusOr<std::string>> CallOnce(const PreparedCall& call,
                                                    const std::string& service,
                                                    base::UniqueFd socket) {
  boost::asio::io_context loop(1);
  std::optional<absl::StatusOr<std::string>> result;
  boost::asio::signal_set signals(loop, SIGINT, SIGTERM);
  signals.async_wait([&loop](const boost::system::error_code&, int) { loop.stop(); });
  ttrpc::Client client(loop, std::move(socket));
  client.Call(service, call.method->name(), call.payload, call.options,
              [&](absl::StatusOr<std::string> reply) {
                result = std::move(reply);
                loop.stop();
              });
  loop.run();
  return result;
}

int PrintReply(const PreparedCall& call, const std::string& payload) {
  const absl::StatusOr<std::string> json =
      DecodeToJson(*call.method->output_type(), payload, kIndent);
  if (!json.ok()) {
    std::cerr << "shimgauge: " << call.method->name()
              << ": the reply cannot be read: " << std::string(json.status().message())
              << std::endl;
    return kExitUnexpected;
  }
  return Print(*json + "\n", kExitAsExpected);
}

}  // namespace

int CallCommand(const CallCommandOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  const absl::StatusOr<PreparedCall> call = Prepare(options);
  if (!call.ok()) return Complain(call.status());
  absl::Status first_error;
  for (const KnownService& service : call->services) {
    absl::StatusOr<base::UniqueFd> socket = Connect(call->socket);
    if (!socket.ok()) return Complain(socket.status());
    const auto result = CallOnce(*call, service.name, *std::move(socket));
    if (!result) return kExitInterrupted;
    if (result->ok()) return PrintReply(*call, **result);
    const absl::Status& status = result->status();
    if (first_error.ok() || !IsUnknownService(status)) {
      first_error = base::Annotate(status, absl::StrCat(service.name, "/", call->method->name()));
    }
    if (!IsUnknownService(status)) break;
  }
  std::cerr << "shimgauge: " << absl::StatusCodeToString(first_error.code()) << " ("
            << static_cast<int>(first_error.code()) << "): " << std::string(first_error.message())
            << std::endl;
  return kExitUnexpected;
}

}  // namespace conformance

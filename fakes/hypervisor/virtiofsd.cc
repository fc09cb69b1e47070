// SPDX-License-Identifier: Apache-2.0
#include "fakes/hypervisor/virtiofsd.h"

#include <absl/status/statusor.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <iostream>

#include "base/status_macros.h"
#include "base/unique_fd.h"

namespace fakes {
namespace {

struct Options {
  std::string socket;
  int fd = -1;
  std::string shared;
};

// "-o source=DIR" is what virtiofsd's first implementation wants, and the later one still takes.
constexpr absl::string_view kSource = "source=";

absl::StatusOr<Options> Parse(const std::vector<std::string>& args) {
  Options options;
  CLI::App app;
  app.allow_extras();
  app.add_option("--socket-path", options.socket);
  app.add_option("--fd", options.fd);
  app.add_option("--shared-dir", options.shared);
  std::vector<std::string> old_options;
  app.add_option("-o", old_options);
  std::vector<std::string> words(args.rbegin(), args.rend());
  try {
    app.parse(words);
  } catch (const CLI::Error& error) {
    return absl::InvalidArgumentError(error.what());
  }
  for (absl::string_view option : old_options) {
    if (absl::ConsumePrefix(&option, kSource)) options.shared = std::string(option);
  }
  std::error_code error;
  if (!std::filesystem::is_directory(options.shared, error)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--shared-dir ", options.shared, ": no such directory"));
  }
  if (options.socket.empty() == (options.fd < 0)) {
    return absl::InvalidArgumentError("expected one of --socket-path and --fd");
  }
  return options;
}

absl::StatusOr<base::UniqueFd> Listen(const Options& options) {
  if (options.fd >= 0) return base::UniqueFd(options.fd);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (options.socket.size() >= sizeof(address.sun_path)) {
    return base::ErrnoStatus(ENAMETOOLONG, options.socket);
  }
  options.socket.copy(address.sun_path, options.socket.size());
  base::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  (void)::unlink(options.socket.c_str());  // as the real one does, whatever it was
  if (!socket.ok() ||
      ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::listen(socket.get(), 1) != 0) {
    return base::ErrnoStatus(errno, options.socket);
  }
  return socket;
}

absl::Status Serve(const base::UniqueFd& listener) {
  std::cerr << "Waiting for vhost-user socket connection..." << std::endl;
  int accepted = -1;
  do accepted = ::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC);
  while (accepted < 0 && errno == EINTR);
  const base::UniqueFd client(accepted);
  if (!client.ok()) return base::ErrnoStatus(errno, "accept");
  std::cerr << "Client connected, servicing requests" << std::endl;
  char bytes[4096];
  ssize_t got = 0;
  do got = ::recv(client.get(), bytes, sizeof(bytes), 0);
  while (got > 0 || (got < 0 && errno == EINTR));
  std::cerr << "Client disconnected, shutting down" << std::endl;
  return absl::OkStatus();
}

absl::Status Run(const std::vector<std::string>& args) {
  ASSIGN_OR_RETURN(const Options options, Parse(args));
  ASSIGN_OR_RETURN(const base::UniqueFd listener, Listen(options));
  const absl::Status status = Serve(listener);
  if (!options.socket.empty()) (void)::unlink(options.socket.c_str());
  return status;
}

}  // namespace

bool IsVirtiofsd(const std::vector<std::string>& args) {
  return std::any_of(args.begin(), args.end(), [](const std::string& arg) {
    return arg == "--shared-dir" || absl::StartsWith(arg, "--shared-dir=") ||
           absl::StartsWith(arg, kSource);
  });
}

int RunVirtiofsd(const std::vector<std::string>& args) {
  ::signal(SIGPIPE, SIG_IGN);  // a reader of stderr that has gone must not end us
  const absl::Status status = Run(args);
  if (status.ok()) return 0;
  std::cerr << "shimgauge-hypervisor as virtiofsd: " << status.message() << std::endl;
  return 1;
}

}  // namespace fakes

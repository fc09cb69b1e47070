// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/testing/scripted_qemu.h"

#include <absl/strings/match.h>
#include <absl/strings/string_view.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <thread>

#include "reference-shim/backends/vm/qemu_command.h"
#include "reference-shim/backends/vm/testing/scripted_vmm.h"

namespace backends::testing {
namespace {

using nlohmann::json;

constexpr char kFdOption[] = "--fd=";
constexpr int kDiskAddress = 5 << 3;  // slot 5, function 0

class Monitor {
 public:
  explicit Monitor(const std::vector<std::string>& words) : words_(words) {}

  // Returns when QEMU is to end.
  void Serve() {
    if (Says("babble")) Line("HTTP/1.1 200 OK");
    Send({{"QMP", {{"version", json::object()}, {"capabilities", json::array()}}}});
    std::string line;
    char byte = 0;
    while (::read(kQemuMonitorFd, &byte, 1) == 1) {
      if (byte != '\n') {
        line.push_back(byte);
      } else if (!Handle(json::parse(std::exchange(line, "")))) {
        return;
      }
    }
  }

 private:
  [[nodiscard]] bool Says(const char* word) const {
    return std::find(words_.begin(), words_.end(), word) != words_.end();
  }

  // False: the last one.
  bool Handle(const json& command) {
    const auto name = command.at("execute").get<std::string>();
    const json arguments = command.value("arguments", json::object());
    Report(name + (arguments.empty() ? "" : " " + arguments.dump()) + "\n");
    const json& id = command.at("id");
    if (name == "cont" && Says("refuse-cont")) return Fail(id, "no memory left");
    if (name == "device_add" && Says("refuse-plug")) return Fail(id, "no slot is free");
    if (name == "quit" && Says("refuse-quit")) return true;
    Send({{"return", name == "qom-get" ? json(kDiskAddress) : json::object()}, {"id", id}});
    if (name == "device_del" && !Says("keep-device")) {
      Send({{"event", "DEVICE_DELETED"}, {"data", {{"device", arguments.at("id")}}}});
    }
    if (name == "stop" && Says("off-at-stop")) {
      Send({{"event", "SHUTDOWN"}, {"data", {{"guest", true}, {"reason", "guest-shutdown"}}}});
      return false;
    }
    return name != "quit";
  }

  bool Fail(const json& id, const char* why) {
    Send({{"error", {{"class", "GenericError"}, {"desc", why}}}, {"id", id}});
    return true;
  }

  void Send(const json& message) { Line(message.dump()); }
  void Line(const std::string& text) {
    const std::string line = text + "\r\n";
    ::send(kQemuMonitorFd, line.data(), line.size(), MSG_NOSIGNAL);
  }
  static void Report(const std::string& line) {
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
  }

  const std::vector<std::string>& words_;
};

bool Has(const std::vector<std::string>& words, const char* word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

bool IsScriptedQemu(int argc, char** argv) {
  return argc > 2 && absl::string_view(argv[1]) == "-nodefaults";
}

int RunScriptedQemu(const std::vector<std::string>& args) {
  if (Has(args, "die")) {
    constexpr char kText[] = "no such machine\n";
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, kText, sizeof(kText) - 1);
    return 3;
  }
  if (Has(args, "refuse-quit")) ::signal(SIGTERM, SIG_IGN);
  std::thread([&] { ServeScriptedAgent(args, kQemuAgentFd); }).detach();
  if (Has(args, "no-greeting")) ::pause();
  Monitor(args).Serve();
  ::_exit(0);  // with the agent's thread
}

bool IsScriptedVirtiofsd(int argc, char** argv) {
  return argc > 1 && absl::StartsWith(argv[1], kFdOption);
}

int RunScriptedVirtiofsd(const std::string& fd_argument) {
  const int listener = std::atoi(fd_argument.substr(sizeof(kFdOption) - 1).c_str());
  const int connection = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  char byte = 0;
  while (::read(connection, &byte, 1) > 0) {
  }
  return 0;
}

}  // namespace backends::testing

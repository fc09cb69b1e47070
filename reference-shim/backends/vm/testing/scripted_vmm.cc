// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/testing/scripted_vmm.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <map>
#include <thread>

#include "agent/agent.pb.h"
#include "base/unique_fd.h"
#include "ttrpc/envelope.h"
#include "ttrpc/frame.h"

namespace backends::testing {
namespace {

constexpr int kNotFound = 5;
constexpr int kInternal = 13;
constexpr int kSignalMax = 64;

base::UniqueFd Listen(const std::string& path) {
  base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 ||
      ::listen(fd.get(), 16) != 0) {
    ::_exit(100);
  }
  return fd;
}

std::string ReadUntil(int fd, const char* end) {
  std::string text;
  char byte = 0;
  while (!absl::EndsWith(text, end) && ::read(fd, &byte, 1) == 1) text.push_back(byte);
  return text;
}

bool ReadExactly(int fd, std::string& data, std::size_t size) {
  data.resize(size);
  for (std::size_t have = 0; have < size;) {
    const ssize_t got = ::read(fd, data.data() + have, size - have);
    if (got <= 0) return false;
    have += static_cast<std::size_t>(got);
  }
  return true;
}

void WriteAll(int fd, const std::string& data) {
  ::send(fd, data.data(), data.size(), MSG_NOSIGNAL);
}

class Script {
 public:
  // `directory`: where it is recorded what was asked.
  explicit Script(const std::vector<std::string>& words, std::string directory = "")
      : words_(words), directory_(std::move(directory)) {}

  [[nodiscard]] bool Says(const char* word) const {
    return std::find(words_.begin(), words_.end(), word) != words_.end();
  }
  void Record(const std::string& line) const {
    if (!Says("record")) return;
    const base::UniqueFd file(::open(absl::StrCat(directory_, "/", kRecord).c_str(),
                                     O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    const std::string text = line + "\n";
    if (::write(file.get(), text.data(), text.size()) < 0) ::_exit(101);
  }

 private:
  const std::vector<std::string>& words_;
  const std::string directory_;
};

// --- the network, as it is recorded ---------------------------------------------------------

std::string TextOf(const types::Interface& nic) {
  std::string text = absl::StrCat("UpdateInterface ", nic.name(), " ", nic.hw_addr(), " ",
                                  nic.mtu(), " at ", nic.device_path());
  for (const types::IPAddress& ip : nic.ip_addresses()) {
    absl::StrAppend(&text, " ", ip.address(), "/", ip.mask());
  }
  return text;
}

std::string TextOf(const grpc::Routes& routes) {
  std::string text = "UpdateRoutes";
  for (const types::Route& route : routes.routes()) {
    absl::StrAppend(&text, " [", route.dest(), " via ", route.gateway(), " dev ", route.device(),
                    "]");
  }
  return text;
}

std::string TextOf(const grpc::ARPNeighbors& neighbors) {
  std::string text = "AddARPNeighbors";
  for (const types::ARPNeighbor& neighbor : neighbors.arp_neighbors()) {
    absl::StrAppend(&text, " [", neighbor.to_ip_address().address(), " ", neighbor.lladdr(),
                    " dev ", neighbor.device(), "]");
  }
  return text;
}

// --- the agent ------------------------------------------------------------------------------

struct GuestProcess {
  bool started = false;
  bool forgotten = false;                        // WaitProcess was answered
  int status = -1;                               // once ended
  int lines = 0;                                 // of stdout that were read
  int signals_after = 0;                         // that came after the end
  std::vector<std::uint32_t> waits, outs, errs;  // calls to be answered later
};

// One connection. Calls are handled in order; what has to wait is answered by a later one.
class Agent {
 public:
  Agent(const Script& script, int socket) : script_(script), socket_(socket) {}

  void Serve() {
    std::string head, data;
    while (ReadExactly(socket_, head, ttrpc::kFrameHeaderBytes)) {
      const ttrpc::FrameHeader header = ttrpc::DecodeFrameHeader(head.data());
      if (!ReadExactly(socket_, data, header.length)) return;
      const auto request = ttrpc::DecodeRequest(data);
      if (!request.ok()) return;
      Handle(std::string(request->method), std::string(request->payload), header.stream);
    }
  }

 private:
  void Handle(const std::string& method, const std::string& payload, std::uint32_t stream) {
    // All messages of interest begin with the ids of container and process.
    grpc::SignalProcessRequest key;
    key.ParseFromString(payload);
    const std::string& name = key.exec_id().empty() ? key.container_id() : key.exec_id();
    GuestProcess& process = processes_[absl::StrCat(key.container_id(), "/", name)];
    if (process.forgotten && method != "RemoveContainer") {
      return Fail(stream, kNotFound, "process not found");
    }
    if (method == "GetOOMEvent") return;
    if (method == "Check" && checked_ && script_.Says("mute-check")) return;
    if (method == "Check") checked_ = true;
    if (method == "CreateContainer" && script_.Says("refuse-create")) {
      return Fail(stream, kInternal, "no such program in the guest");
    }
    if (method == "UpdateInterface" || method == "UpdateRoutes" || method == "AddARPNeighbors") {
      return AnswerAboutNetwork(method, payload, stream);
    }
    if (method == "CreateSandbox") script_.Record(method);
    if (method == "GetMetrics" || absl::StrContains(method, "IPTables") ||
        absl::StrContains(method, "Volume")) {
      return AnswerAboutGuest(method, payload, stream);
    }
    if (method == "WaitProcess") {
      process.waits.push_back(stream);
    } else if (method == "ReadStdout") {
      process.outs.push_back(stream);
    } else if (method == "ReadStderr") {
      process.errs.push_back(stream);
    } else if (method == "SignalProcess") {
      if (process.status >= 0) {
        late_ = script_.Says("linger") && ++process.signals_after >= 2;
        script_.Says("swallow") ? Answer(stream, "")
                                : Fail(stream, kNotFound, "ESRCH: No such process");
        return Pump("late", process);
      }
      if (key.signal() > kSignalMax) return Fail(stream, kInternal, "EINVAL: Invalid argument");
      process.started = true;
      End(process, 128 + static_cast<int>(key.signal()));
      Answer(stream, "");
    } else {
      if (method == "StartContainer" || method == "ExecProcess") Begin(process);
      // The length that was taken of what was written: all.
      grpc::WriteStreamRequest input;
      grpc::WriteStreamResponse taken;
      if (method == "WriteStdin" && input.ParseFromString(payload)) {
        taken.set_len(static_cast<std::uint32_t>(input.data().size()));
      }
      Answer(stream, taken.SerializeAsString());
    }
    Pump(name, process);
  }

  void AnswerAboutNetwork(const std::string& method, const std::string& payload,
                          std::uint32_t stream) {
    grpc::UpdateInterfaceRequest interface;
    grpc::UpdateRoutesRequest routes;
    grpc::AddARPNeighborsRequest neighbors;
    if (method == "UpdateInterface") {
      interface.ParseFromString(payload);
      script_.Record(TextOf(interface.interface()));
      const bool late = script_.Says("late-interface") && !std::exchange(has_device_, true);
      if (late || script_.Says("refuse-interface")) {
        return Fail(stream, kInternal, "no such device in the guest");
      }
    } else if (method == "UpdateRoutes") {
      routes.ParseFromString(payload);
      script_.Record(TextOf(routes.routes()));
      if (script_.Says("refuse-routes")) return Fail(stream, kInternal, "no such gateway");
    } else {
      neighbors.ParseFromString(payload);
      script_.Record(TextOf(neighbors.neighbors()));
    }
    Answer(stream, "");
  }

  // Packet filters are those that were set; there is one volume, /data.
  void AnswerAboutGuest(const std::string& method, const std::string& payload,
                        std::uint32_t stream) {
    grpc::VolumeStatsRequest volume;
    volume.ParseFromString(payload);
    if (method == "GetMetrics") {
      grpc::Metrics metrics;
      metrics.set_metrics("# TYPE kata_agent_x gauge\nkata_agent_x 3\nkata_shim_threads 77\n");
      return Answer(stream, metrics.SerializeAsString());
    }
    if (method == "SetIPTables") {
      grpc::SetIPTablesRequest request;
      request.ParseFromString(payload);
      tables_[request.is_ipv6()] = request.data();
      return Answer(stream, "");
    }
    if (method == "GetIPTables") {
      grpc::GetIPTablesRequest request;
      request.ParseFromString(payload);
      grpc::GetIPTablesResponse response;
      response.set_data(tables_[request.is_ipv6()]);
      return Answer(stream, response.SerializeAsString());
    }
    if (volume.volume_guest_path() != "/data") return Fail(stream, kNotFound, "no such volume");
    grpc::VolumeStatsResponse response;
    if (method == "GetVolumeStats") {
      grpc::VolumeUsage& usage = *response.add_usage();
      usage.set_total(10);
      usage.set_unit(grpc::VolumeUsage::BYTES);
    }
    Answer(stream, response.SerializeAsString());
  }

  void Begin(GuestProcess& process) {
    process.started = true;
    if (!script_.Says("run")) End(process, 7);
  }

  void End(GuestProcess& process, int status) { process.status = status; }

  void Pump(const std::string& name, GuestProcess& process) {
    if (!process.started) return;
    const bool ended = process.status >= 0;
    const bool much = script_.Says("much");
    const int lines = much ? kMuchLines : 1;
    if (!process.outs.empty() && process.lines < lines) {
      Line(process, much ? std::string(kMuchLineBytes - 1, 'x') : name);
    }
    if (!process.outs.empty() && late_ && process.lines == 1) Line(process, "late");
    const bool holds =
        script_.Says("hold-output") || (script_.Says("linger") && !late_) || process.lines < lines;
    if (ended && !holds) EndReads(process);
    if (!ended) return;
    grpc::WaitProcessResponse response;
    response.set_status(process.status);
    if (process.waits.empty()) return;
    process.forgotten = true;
    for (const std::uint32_t call : std::exchange(process.waits, {})) {
      Answer(call, response.SerializeAsString());
    }
    if (!script_.Says("hold-output")) EndReads(process);
  }

  void EndReads(GuestProcess& process) {
    for (auto* calls : {&process.outs, &process.errs}) {
      for (const std::uint32_t call : std::exchange(*calls, {})) Answer(call, "");
    }
  }

  void Line(GuestProcess& process, const std::string& name) {
    grpc::ReadStreamResponse response;
    response.set_data(absl::StrCat(name, "\n"));
    ++process.lines;
    Answer(process.outs.front(), response.SerializeAsString());
    process.outs.erase(process.outs.begin());
  }

  void Answer(std::uint32_t stream, const std::string& payload) {
    ttrpc::ResponseEnvelope response;
    response.payload = payload;
    Send(stream, response);
  }

  void Fail(std::uint32_t stream, int code, const char* message) {
    ttrpc::ResponseEnvelope response;
    response.code = code;
    response.message = message;
    Send(stream, response);
  }

  void Send(std::uint32_t stream, const ttrpc::ResponseEnvelope& response) {
    const std::string data = ttrpc::EncodeResponse(response);
    std::string frame(ttrpc::kFrameHeaderBytes, '\0');
    ttrpc::EncodeFrameHeader({.length = static_cast<std::uint32_t>(data.size()),
                              .stream = stream,
                              .type = ttrpc::kFrameResponse},
                             frame.data());
    WriteAll(socket_, frame + data);
  }

  const Script& script_;
  const int socket_;
  std::map<std::string, GuestProcess> processes_;
  std::map<bool, std::string> tables_;
  bool checked_ = false;
  bool has_device_ = false;
  bool late_ = false;
};

void ServeGuest(const Script& script, const base::UniqueFd& listener) {
  for (;;) {
    const int socket = ::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC);
    const std::string line = ReadUntil(socket, "\n");
    if (script.Says("mute-connect")) continue;
    if (script.Says("no-agent") || line != "CONNECT 1024\n") {
      ::close(socket);
      continue;
    }
    WriteAll(socket, "OK 1073741824\n");
    std::thread([&script, socket] {
      Agent(script, socket).Serve();
      ::close(socket);
    }).detach();
  }
}

// --- the API --------------------------------------------------------------------------------

void ServeCall(const Script& script, int socket) {
  std::string head = ReadUntil(socket, "\r\n\r\n");
  const std::size_t length = head.find("Content-Length: ");
  std::string body;
  if (length != std::string::npos) {
    ReadExactly(socket, body, std::stoul(head.substr(length + std::strlen("Content-Length: "))));
  }
  if (script.Says("mute-api")) return;
  script.Record(absl::StrCat(head.substr(0, head.find(" HTTP/")), " ", body));
  const bool shutdown = absl::StartsWith(head, "PUT /api/v1/vmm.shutdown ");
  if (shutdown && script.Says("refuse-shutdown")) return;
  if (absl::StartsWith(head, "PUT /api/v1/vm.boot ") && script.Says("refuse-boot")) {
    WriteAll(socket, "HTTP/1.1 500 \r\nContent-Length: 14\r\n\r\nno memory left");
  } else if (absl::StartsWith(head, "PUT /api/v1/vm.add-net ") && script.Says("refuse-net")) {
    WriteAll(socket, "HTTP/1.1 500 \r\nContent-Length: 11\r\n\r\nno such tap");
  } else if (absl::StartsWith(head, "PUT /api/v1/vm.add-net ") && script.Says("place-net")) {
    WriteAll(socket,
             "HTTP/1.1 200 \r\nContent-Length: 34\r\n\r\n"
             R"({"id":"nic0","bdf":"0000:00:06.0"})");
  } else if (absl::StartsWith(head, "PUT /api/v1/vm.add-disk ")) {
    WriteAll(socket, script.Says("refuse-disk")
                         ? "HTTP/1.1 500 \r\nContent-Length: 15\r\n\r\nno slot is free"
                         : "HTTP/1.1 200 \r\nContent-Length: 31\r\n\r\n"
                           R"({"id":"d","bdf":"0000:00:05.0"})");
  } else {
    WriteAll(socket, "HTTP/1.1 204 No Content\r\n\r\n");
  }
  ::close(socket);
  if (shutdown) ::_exit(0);
}

}  // namespace

void ServeScriptedAgent(const std::vector<std::string>& words, int socket) {
  const Script script(words);
  Agent(script, socket).Serve();
}

bool IsScriptedVmm(int argc, char** argv) {
  return argc > 2 && absl::string_view(argv[1]) == "--api-socket";
}

int RunScriptedVmm(const std::vector<std::string>& args) {
  const Script script(args, args[1].substr(0, args[1].rfind('/')));
  char space[64] = {};
  if (::readlink("/proc/self/ns/net", space, sizeof(space) - 1) > 0) script.Record(space);
  if (script.Says("die")) {
    constexpr char kText[] = "no such machine\n";
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, kText, sizeof(kText) - 1);
    return 3;
  }
  if (script.Says("refuse-shutdown")) ::signal(SIGTERM, SIG_IGN);
  const std::string& path = args[1];
  const base::UniqueFd guest = Listen(path.substr(0, path.rfind('/')) + "/vsock.sock");
  std::thread([&] { ServeGuest(script, guest); }).detach();
  if (script.Says("no-api")) ::pause();
  const base::UniqueFd api = Listen(path);
  for (;;) ServeCall(script, ::accept4(api.get(), nullptr, nullptr, SOCK_CLOEXEC));
}

}  // namespace backends::testing

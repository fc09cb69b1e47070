// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/management.h"

#include <absl/status/statusor.h>
#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>
#include <unistd.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/status_macros.h"
#include "reference-shim/backends/vm/agent.h"
#include "reference-shim/backends/vm/process_facts.h"
#include "reference-shim/backends/vm/prometheus_text.h"
#include "reference-shim/backends/vm/sandbox.h"
#include "reference-shim/backends/vm/vm_files.h"

namespace backends {
namespace {

using nlohmann::json;

constexpr char kPrometheusType[] = "text/plain; version=0.0.4; charset=utf-8";
constexpr char kJsonType[] = "application/json";

unsigned HttpStatus(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
      return 400;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kUnimplemented:
      return 501;
    case absl::StatusCode::kUnavailable:
      return 503;
    case absl::StatusCode::kDeadlineExceeded:
      return 504;
    default:
      return 500;
  }
}

ManagementReply Failure(const absl::Status& status) {
  return {.status = HttpStatus(status.code()), .body = absl::StrCat(status.message(), "\n")};
}

int HexDigit(char digit) {
  if (!absl::ascii_isxdigit(static_cast<unsigned char>(digit))) return -1;
  const char lower = absl::ascii_tolower(static_cast<unsigned char>(digit));
  return absl::ascii_isdigit(static_cast<unsigned char>(lower)) ? lower - '0' : lower - 'a' + 10;
}

absl::StatusOr<std::string> PercentDecoded(absl::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? HexDigit(text[i + 2]) : -1;
    if (high < 0 || low < 0 || high + low == 0) {
      return absl::InvalidArgumentError(absl::StrCat("query: \"", text, "\" is not %-encoded"));
    }
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

// The value of `name` among "a=1&b=2".
absl::StatusOr<std::string> Parameter(absl::string_view query, absl::string_view name) {
  for (absl::string_view part : absl::StrSplit(query, '&')) {
    if (absl::ConsumePrefix(&part, name) && absl::ConsumePrefix(&part, "=") && !part.empty()) {
      return PercentDecoded(part);
    }
  }
  return absl::InvalidArgumentError(absl::StrCat("query: expected ", name, "=..."));
}

std::string VolumeJson(const GuestVolume& volume) {
  json usage = json::array();
  for (const GuestVolume::Usage& each : volume.usage) {
    usage.push_back({{"available", each.available},
                     {"total", each.total},
                     {"used", each.used},
                     {"unit", each.unit}});
  }
  const json text = {
      {"usage", std::move(usage)},
      {"volume_condition", {{"abnormal", volume.abnormal}, {"message", volume.message}}}};
  // The guest's text need not be UTF-8.
  return text.dump(-1, ' ', false, json::error_handler_t::replace);
}

struct Resize {
  std::string path;
  std::uint64_t bytes = 0;
};

// The members are called so by kata's tools in Go and in Rust.
absl::StatusOr<Resize> ParseResize(const std::string& body) {
  const json request = json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!request.is_object()) return absl::InvalidArgumentError("body: expected a JSON object");
  Resize resize;
  for (const char* name : {"VolumePath", "volume_guest_path"}) {
    const auto member = request.find(name);
    if (member != request.end() && member->is_string()) resize.path = member->get<std::string>();
  }
  for (const char* name : {"Size", "size"}) {
    const auto member = request.find(name);
    if (member != request.end() && member->is_number_unsigned()) {
      resize.bytes = member->get<std::uint64_t>();
    }
  }
  if (resize.path.empty()) {
    return absl::InvalidArgumentError("body: VolumePath: expected the path of a volume");
  }
  if (resize.bytes == 0) return absl::InvalidArgumentError("body: Size: expected bytes, above 0");
  return resize;
}

// The continuation that answers with what an agent said.
auto TextReply(ManagementServer::Done done) {
  return [done = std::move(done)](absl::StatusOr<std::string> text) mutable {
    done(text.ok() ? ManagementReply{.body = *std::move(text)} : Failure(text.status()));
  };
}

}  // namespace

struct Management::Call {
  bool ipv6 = false;
  absl::string_view query;
  const std::string& body;
};

struct Management::Route {
  absl::string_view path;
  absl::string_view method;
  void (Management::*answer)(Agent& agent, const Call& call, Done done);
  bool ipv6 = false;
};

// kata's two shims differ in the method for the statistics of volumes: GET and POST.
const Management::Route Management::kRoutes[] = {
    {"/metrics", "GET", &Management::Metrics},
    {"/agent-url", "GET", &Management::AgentUrl},
    {"/iptables", "GET", &Management::GetIpTables},
    {"/iptables", "PUT", &Management::SetIpTables},
    {"/ip6tables", "GET", &Management::GetIpTables, true},
    {"/ip6tables", "PUT", &Management::SetIpTables, true},
    {"/direct-volume/stats", "GET", &Management::VolumeStats},
    {"/direct-volume/stats", "POST", &Management::VolumeStats},
    {"/direct-volume/resize", "POST", &Management::ResizeVolume},
};

absl::Status Management::Listen(boost::asio::io_context& loop, const std::string& path) {
  ASSIGN_OR_RETURN(server_, ManagementServer::Listen(
                                loop, path, [this](const ManagementRequest& request, Done done) {
                                  Handle(request, std::move(done));
                                }));
  return absl::OkStatus();
}

void Management::Handle(const ManagementRequest& request, Done done) {
  const std::pair<absl::string_view, absl::string_view> target =
      absl::StrSplit(request.target, absl::MaxSplits('?', 1));
  std::string methods;
  for (const Route& route : kRoutes) {
    if (route.path != target.first) continue;
    absl::StrAppend(&methods, methods.empty() ? "" : ", ", route.method);
    if (route.method != request.method) continue;
    Agent* const agent = sandbox_.agent();
    if (agent == nullptr) return done(Failure(absl::UnavailableError("the VM does not run")));
    const Call call{.ipv6 = route.ipv6, .query = target.second, .body = request.body};
    return (this->*route.answer)(*agent, call, std::move(done));
  }
  if (methods.empty()) return done({.status = 404, .body = "no such path\n"});
  done({.status = 405, .body = absl::StrCat("expected ", methods, "\n"), .allow = methods});
}

// An agent that does not answer takes nothing away but its own part.
void Management::Metrics(Agent& agent, const Call&, Done done) {
  std::string text;
  const absl::StatusOr<ProcessFacts> shim = ReadProcessFacts(::getpid());
  if (shim.ok()) AppendProcess("kata_shim", "The shim's", *shim, text);
  if (calls_ != nullptr) AppendLatencies(*calls_, text);
  const absl::StatusOr<ProcessFacts> hypervisor = ReadProcessFacts(sandbox_.pid());
  if (hypervisor.ok()) AppendProcess("kata_hypervisor", "The hypervisor's", *hypervisor, text);
  agent.GetMetrics([text = std::move(text),
                    done = std::move(done)](const absl::StatusOr<std::string>& guest) mutable {
    if (guest.ok()) AppendGuest(*guest, text);
    done({.body = std::move(text), .type = kPrometheusType});
  });
}

void Management::AgentUrl(Agent&, const Call&, Done done) {
  const VmFiles& files = sandbox_.files();
  done({.body = absl::StrCat("hvsock://", AgentSocket(files), ":", ReadAgentPort(files))});
}

void Management::GetIpTables(Agent& agent, const Call& call, Done done) {
  agent.GetIpTables(call.ipv6, TextReply(std::move(done)));
}

void Management::SetIpTables(Agent& agent, const Call& call, Done done) {
  agent.SetIpTables(call.ipv6, call.body, TextReply(std::move(done)));
}

void Management::VolumeStats(Agent& agent, const Call& call, Done done) {
  const absl::StatusOr<std::string> path = Parameter(call.query, "path");
  if (!path.ok()) return done(Failure(path.status()));
  agent.GetVolume(*path,
                  [done = std::move(done)](const absl::StatusOr<GuestVolume>& volume) mutable {
                    if (!volume.ok()) return done(Failure(volume.status()));
                    done({.body = VolumeJson(*volume), .type = kJsonType});
                  });
}

void Management::ResizeVolume(Agent& agent, const Call& call, Done done) {
  const absl::StatusOr<Resize> resize = ParseResize(call.body);
  if (!resize.ok()) return done(Failure(resize.status()));
  agent.ResizeVolume(resize->path, resize->bytes,
                     [done = std::move(done)](const absl::Status& status) mutable {
                       done(status.ok() ? ManagementReply{} : Failure(status));
                     });
}

}  // namespace backends

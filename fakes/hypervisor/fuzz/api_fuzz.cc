// SPDX-License-Identifier: Apache-2.0
// The same requests come out whether the bytes arrive at once or in pieces, and the machine behind
// answers each with a reply that can be written.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "fakes/hypervisor/http_reader.h"
#include "fakes/hypervisor/virtual_machine.h"

namespace {

class NoMachine : public fakes::GuestMachine {
 public:
  absl::Status Boot(const fakes::MachineSettings&) override { return absl::OkStatus(); }
  absl::Status AddVsock(const std::string&) override { return absl::OkStatus(); }
  void AddDisk(const fakes::MachineDisk&) override {}
  void RemoveDisk(const std::string&) override {}
  absl::Status AddNic(const fakes::MachineNic&) override { return absl::OkStatus(); }
  void RemoveNic(const std::string&) override {}
  [[nodiscard]] std::map<std::string, fakes::NicCounters> Counters() const override { return {}; }
  void SetVcpus(unsigned) override {}
  void Pause() override {}
  void Resume() override {}
  void Stop() override {}
};

struct Output {
  std::vector<std::string> requests;
  std::string replies;
  bool broken = false;
};

Output Read(absl::string_view bytes, std::size_t piece) {
  NoMachine machine;
  fakes::VirtualMachine vm(machine, "v0");
  fakes::HttpReader reader;
  Output output;
  while (!bytes.empty() && !output.broken) {
    output.broken = !reader.Feed(bytes.substr(0, piece)).ok();
    bytes.remove_prefix(std::min(piece, bytes.size()));
    while (auto request = reader.Next()) {
      output.requests.push_back(request->method + " " + request->target + " " + request->body);
      const fakes::HttpReply reply = vm.Call(*std::move(request));
      if (reply.status < 200 || reply.status > 599) std::abort();
      if ((reply.status == 204) != reply.body.empty()) std::abort();
      output.replies += fakes::FormatReply(reply);
    }
    output.broken |= !reader.Feed("").ok();
  }
  return output;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const absl::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Output whole = Read(bytes, bytes.size());
  const Output pieces = Read(bytes, data[0] + 1u);
  if (whole.requests != pieces.requests || whole.replies != pieces.replies) std::abort();
  if (whole.broken != pieces.broken) std::abort();
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/qemu_command.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>

#include <nlohmann/json.hpp>

#include "vm/guest_channel.h"

namespace backends {
namespace {

using nlohmann::json;

// As many requests of the shared directory as virtiofsd takes at once.
constexpr int kVirtiofsQueueSize = 1024;

std::string SocketAs(const char* id, int fd) { return absl::StrCat("socket,id=", id, ",fd=", fd); }

// A panic ends the machine at once; errors are worth reading, and nothing else is.
std::string KernelCommandLine(const VmConfig& config) {
  return absl::StrCat("console=ttyS0 quiet panic=-1", config.command_line.empty() ? "" : " ",
                      config.command_line);
}

}  // namespace

std::vector<std::string> QemuCommand(const VmConfig& config, const VmFiles& files,
                                     const PodNetwork& network) {
  const std::string memory = absl::StrCat(config.memory_mib, "M");
  std::vector<std::string> argv = {
      config.path, "-nodefaults", "-no-user-config", "-no-reboot", "-S",  //
      "-display", "none", "-vga", "none", "-name", "debug-threads=on",
      // Memory that virtiofsd can see too.
      "-machine", absl::StrCat("pc,accel=", config.accelerator, ",memory-backend=ram"), "-object",
      absl::StrCat("memory-backend-memfd,id=ram,share=on,size=", memory), "-m", memory, "-smp",
      absl::StrCat(config.vcpus), "-cpu", "max", "-kernel", config.kernel, "-append",
      KernelCommandLine(config), "-chardev", SocketAs("monitor", kQemuMonitorFd), "-mon",
      "chardev=monitor,mode=control", "-chardev", SocketAs("agent", kQemuAgentFd), "-device",
      "virtio-serial-pci", "-device",
      absl::StrCat("virtserialport,chardev=agent,name=", vm::kAgentPortName), "-chardev",
      absl::StrCat("socket,id=visitor,server=on,wait=off,path=", AgentSocket(files)), "-device",
      absl::StrCat("virtserialport,chardev=visitor,name=", vm::kVisitorPortName), "-chardev",
      SocketAs("shared", kQemuVirtiofsFd), "-device",
      absl::StrCat("vhost-user-fs-pci,chardev=shared,tag=", vm::kSharedTag,
                   ",queue-size=", kVirtiofsQueueSize),
      "-serial", "file:/dev/stderr"};
  if (!config.initrd.empty()) argv.insert(argv.end(), {"-initrd", config.initrd});
  if (!config.image.empty()) {
    // As JSON: a path may hold commas.
    const json image = {{"driver", "raw"},
                        {"node-name", "image"},
                        {"read-only", true},
                        {"file", {{"driver", "file"}, {"filename", config.image}}}};
    argv.insert(argv.end(),
                {"-blockdev", image.dump(-1, ' ', false, json::error_handler_t::replace), "-device",
                 "virtio-blk-pci,drive=image"});
  }
  for (std::size_t i = 0; i < network.nics.size(); ++i) {
    const PodNic& nic = network.nics[i];
    const std::string id = NicId(i);
    // A machine that boots from no network needs no program for it, which not all hosts have.
    argv.insert(
        argv.end(),
        {"-netdev", absl::StrCat("tap,id=", id, ",ifname=", nic.tap, ",script=no,downscript=no"),
         "-device",
         absl::StrCat("virtio-net-pci,netdev=", id, ",mac=", nic.link.mac, ",romfile=")});
  }
  for (const std::string& argument : config.arguments) {
    argv.push_back(absl::StrReplaceAll(argument, {{"${shared}", files.shared}}));
  }
  return argv;
}

}  // namespace backends

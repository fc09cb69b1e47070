// SPDX-License-Identifier: Apache-2.0
#include "fakes/hypervisor/guest_programs.h"

#include <absl/strings/str_cat.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <filesystem>
#include <set>
#include <utility>

#include "base/status_macros.h"
#include "fakes/guest_agent/guest_agent.h"
#include "vm/hybrid_vsock.h"

namespace fakes {
namespace {

using Descriptor = boost::asio::posix::stream_descriptor;

// The guest's log: whoever connects stays connected while the guest lives, and reads nothing.
class SilentLog : public std::enable_shared_from_this<SilentLog> {
 public:
  explicit SilentLog(boost::asio::io_context& loop) : loop_(loop) {}

  void Serve(base::UniqueFd connection) {
    auto reader = std::make_shared<Descriptor>(loop_, connection.release());
    readers_.insert(reader);
    Wait(reader);
  }

  void Close() {
    for (const auto& reader : readers_) {
      boost::system::error_code ignored;
      reader->close(ignored);
    }
    readers_.clear();
  }

 private:
  void Wait(const std::shared_ptr<Descriptor>& reader) {
    reader->async_wait(Descriptor::wait_read, [self = shared_from_this(),
                                               reader](const boost::system::error_code& error) {
      if (error) return;
      char bytes[4096];
      const ssize_t got = ::recv(reader->native_handle(), bytes, sizeof(bytes), MSG_DONTWAIT);
      if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR))) return self->Wait(reader);
      self->readers_.erase(reader);
    });
  }

  boost::asio::io_context& loop_;
  std::set<std::shared_ptr<Descriptor>> readers_;  // shared with the operation under way
};

// Where kata's runtimes put what they share with the sandbox whose API socket this is: a guest of
// ours sees it without a device.
std::string SharedDirectoryOf(const HypervisorOptions& options) {
  if (!options.shared_directory.empty()) return options.shared_directory;
  const std::filesystem::path socket(options.api_socket);
  const std::string sandbox = absl::StrCat("/run/kata-containers/shared/sandboxes/",
                                           socket.parent_path().filename().string());
  for (const char* name : {"/shared", "/ro"}) {  // of the runtime in Go, of runtime-rs
    const std::string candidate = absl::StrCat(sandbox, name);
    if (::access(candidate.c_str(), F_OK) == 0) return candidate;
  }
  return "";
}

// The guest's own part of the file system: a tmpfs that only this process sees.
class GuestDirectory {
 public:
  static absl::StatusOr<std::unique_ptr<GuestDirectory>> Make(const std::string& path) {
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
      return base::ErrnoStatus(errno, absl::StrCat("mkdir ", path));
    }
    if (::mount("tmpfs", path.c_str(), "tmpfs", MS_NODEV, "mode=0700") != 0) {
      const absl::Status status = base::ErrnoStatus(errno, absl::StrCat("mount ", path));
      ::rmdir(path.c_str());
      return status;
    }
    return std::unique_ptr<GuestDirectory>(new GuestDirectory(path));
  }
  ~GuestDirectory() {
    (void)::umount2(path_.c_str(), MNT_DETACH);
    (void)::rmdir(path_.c_str());
  }
  GuestDirectory(const GuestDirectory&) = delete;
  GuestDirectory& operator=(const GuestDirectory&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  explicit GuestDirectory(std::string path) : path_(std::move(path)) {}
  const std::string path_;
};

class Programs : public GuestServices {
 public:
  static absl::StatusOr<std::unique_ptr<GuestServices>> Make(boost::asio::io_context& loop,
                                                             const HypervisorOptions& options,
                                                             base::Log& log,
                                                             std::function<void()> power_off) {
    auto programs = std::make_unique<Programs>(loop);
    ASSIGN_OR_RETURN(programs->directory_,
                     GuestDirectory::Make(absl::StrCat(options.api_socket, ".guest")));
    GuestConfig config;
    config.run_directory = programs->directory_->path();
    config.shared_directory = SharedDirectoryOf(options);
    if (!options.fault_directory.empty()) {
      config.fault_directory = absl::StrCat(options.fault_directory, "/agent");
    }
    config.power_off = std::move(power_off);
    ASSIGN_OR_RETURN(programs->agent_, GuestAgent::Create(loop, std::move(config), log));
    return programs;
  }

  explicit Programs(boost::asio::io_context& loop) : log_(std::make_shared<SilentLog>(loop)) {}
  ~Programs() override { log_->Close(); }

  bool Serve(std::uint32_t port, base::UniqueFd connection) override {
    if (port == vm::kAgentPort) {
      agent_->Serve(std::move(connection));
    } else if (port == vm::kGuestLogPort) {
      log_->Serve(std::move(connection));
    } else {
      return false;
    }
    return true;
  }

  void AddDisk(const MachineDisk& disk) override {
    agent_->AddDisk(disk.bdf, {.path = disk.path, .readonly = disk.readonly});
  }
  void RemoveDisk(const std::string& bdf) override { agent_->RemoveDisk(bdf); }

  absl::StatusOr<base::UniqueFd> AddNic(const std::string& mac, unsigned header_bytes) override {
    return agent_->AddNic(mac, header_bytes);
  }

  void Stop() override {
    log_->Close();
    agent_->Stop();
  }

 private:
  std::unique_ptr<GuestDirectory> directory_;  // goes after the agent, which mounts in it
  std::unique_ptr<GuestAgent> agent_;
  std::shared_ptr<SilentLog> log_;  // shared with the operations under way
};

}  // namespace

GuestFactory GuestsWithPrograms(boost::asio::io_context& loop, const HypervisorOptions& options,
                                base::Log& log) {
  return [&loop, options, &log](std::function<void()> power_off) {
    return Programs::Make(loop, options, log, std::move(power_off));
  };
}

}  // namespace fakes

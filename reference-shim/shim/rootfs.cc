// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/rootfs.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "base/pidfd.h"
#include "base/spawn.h"
#include "base/status_macros.h"
#include "reference-shim/shim/deadline.h"
#include "reference-shim/shim/limits.h"

namespace shim {
namespace {

// A file without a name that holds `contents`, positioned at its start.
absl::StatusOr<base::UniqueFd> MakeInput(absl::string_view contents) {
  base::UniqueFd fd(::memfd_create("rootfs", MFD_CLOEXEC));
  if (!fd.ok()) return base::ErrnoStatus(errno, "memfd_create");
  if (::pwrite(fd.get(), contents.data(), contents.size(), 0) !=
      static_cast<ssize_t>(contents.size())) {
    return base::ErrnoStatus(errno, "pass the mounts on");
  }
  return fd;
}

std::string ReadComplaint(const base::UniqueFd& fd) {
  std::string text(kHelperOutputBytesMax, '\0');
  const ssize_t got = ::read(fd.get(), text.data(), text.size());
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return text;
}

}  // namespace

// One run of one helper; in the list of its owner until it has answered.
class SpawnedRootfs::Helper {
 public:
  Helper(SpawnedRootfs& owner, const char* action, Done<> done)
      : owner_(owner), action_(action), done_(std::move(done)), limit_(owner.loop_) {}
  // The exit of one that is killed here is reaped as an orphan's.
  ~Helper() {
    if (running_) base::SendSignal(child_.pidfd, SIGKILL).IgnoreError();
  }
  Helper(const Helper&) = delete;
  Helper& operator=(const Helper&) = delete;

  void Run(const std::string& bundle, absl::string_view input) {
    if (absl::Status status = Spawn(bundle, input); !status.ok()) {
      limit_.Set(std::chrono::milliseconds(0), [this, status] { Finish(status); });
      return;
    }
    limit_.Set(kRootfsTimeout, [this] {
      Finish(absl::DeadlineExceededError(absl::StrCat(action_, " took too long")));
    });
  }

 private:
  absl::Status Spawn(const std::string& bundle, absl::string_view input) {
    ASSIGN_OR_RETURN(const base::UniqueFd in, MakeInput(input));
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return base::ErrnoStatus(errno, "pipe2");
    complaint_.reset(ends[0]);
    const base::UniqueFd err(ends[1]);
    base::SpawnSpec spec;
    spec.path = "/proc/self/exe";
    spec.argv = {"containerd-shim-rootfs", "-bundle", bundle, action_};
    spec.cwd = "/";
    spec.fds = {{.source = in.get(), .target = 0}, {.source = err.get(), .target = 2}};
    spec.parent_death_signal = SIGKILL;
    ASSIGN_OR_RETURN(child_, base::Spawn(spec));
    running_ = true;
    exit_ = owner_.reaper_.OnExit(child_.pid,
                                  [this](const base::ExitStatus& status) { OnExit(status); });
    return absl::OkStatus();
  }

  void OnExit(const base::ExitStatus& status) {
    running_ = false;
    if (status.signal == 0 && status.code == 0) return Finish(absl::OkStatus());
    const std::string complaint = ReadComplaint(complaint_);
    if (complaint.empty()) {
      return Finish(
          absl::InternalError(absl::StrCat(action_, " ended with status ", status.ShellStatus())));
    }
    Finish(absl::Status(static_cast<absl::StatusCode>(status.code), complaint));
  }

  void Finish(absl::Status status) {
    Done<> done = std::move(done_);
    std::list<std::unique_ptr<Helper>>& helpers = owner_.helpers_;
    // Destroys this object.
    helpers.remove_if([this](const auto& helper) { return helper.get() == this; });
    done(std::move(status));
  }

  SpawnedRootfs& owner_;
  std::string action_;
  Done<> done_;
  Deadline limit_;
  base::UniqueFd complaint_;
  base::Child child_;
  bool running_ = false;
  base::ChildReaper::Watch exit_;
};

SpawnedRootfs::SpawnedRootfs(boost::asio::io_context& loop, base::ChildReaper& reaper)
    : loop_(loop), reaper_(reaper) {}

SpawnedRootfs::~SpawnedRootfs() = default;

void SpawnedRootfs::Mount(const std::string& bundle, const MountList& mounts, Done<> done) {
  containerd::task::v3::CreateTaskRequest request;
  *request.mutable_rootfs() = mounts;
  Run(kMountRootfsAction, bundle, request.SerializeAsString(), std::move(done));
}

void SpawnedRootfs::Unmount(const std::string& bundle, Done<> done) {
  Run(kUnmountRootfsAction, bundle, "", std::move(done));
}

void SpawnedRootfs::Run(const char* action, const std::string& bundle, std::string input,
                        Done<> done) {
  helpers_.push_back(std::make_unique<Helper>(*this, action, std::move(done)));
  helpers_.back()->Run(bundle, input);
}

}  // namespace shim

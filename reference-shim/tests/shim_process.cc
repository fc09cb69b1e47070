// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/tests/shim_process.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "base/fifo.h"

namespace shim::testing {

using base::testing::RunResult;

ShimProcessTest::ShimProcessTest() { EXPECT_TRUE(base::BecomeSubreaper().ok()); }

std::string ShimProcessTest::Bundle(const std::string& id, const std::string& annotations_json) {
  const std::string bundle = temp_.File(id);
  EXPECT_EQ(::mkdir(bundle.c_str(), 0700), 0);
  base::testing::WriteFile(
      bundle + "/config.json",
      absl::StrCat(R"({"ociVersion":"1.0.2","process":{},"root":{"path":"rootfs"},"annotations":)",
                   annotations_json, "}"));
  EXPECT_TRUE(base::MakeFifo(bundle + "/log", 0700).ok());
  logs_[id] = *base::OpenFifoBothEnds(bundle + "/log", /*nonblocking=*/true);
  return bundle;
}

base::SpawnSpec ShimProcessTest::Command(const std::vector<std::string>& args,
                                         const std::string& directory) {
  base::SpawnSpec spec;
  spec.path = "/proc/self/exe";
  spec.argv = {kProgram};
  spec.argv.insert(spec.argv.end(), args.begin(), args.end());
  spec.cwd = directory;
  return spec;
}

std::vector<std::string> ShimProcessTest::Flags(const std::string& id, const std::string& action) {
  std::vector<std::string> flags = {"-namespace",      "tests",           "-address", "/run/x.sock",
                                    "-publish-binary", "/no/such/binary", "-id",      id};
  if (action == "delete") {
    flags.insert(flags.end(), {"-bundle", temp_.File(id)});
  }
  flags.push_back(action);
  return flags;
}

std::string ShimProcessTest::Params(const std::string& id,
                                    const containerd::runc::v1::Options* options) {
  containerd::StartParams params{.id = id, .name_space = "tests", .socket_dir = socket_dir_};
  params.ttrpc_address = temp_.File("events");
  if (options != nullptr) params.extensions.push_back(containerd::RuncOptionsAny(*options));
  return containerd::EncodeBootstrapParams(params);
}

RunResult ShimProcessTest::Start(const std::string& id) {
  const auto result =
      base::testing::RunToExit(Command(Flags(id, "start"), temp_.File(id)), Params(id));
  EXPECT_TRUE(result.ok()) << result.status();
  return result.value_or(RunResult());
}

std::string ShimProcessTest::StartOk(const std::string& id) {
  const RunResult result = Start(id);
  EXPECT_EQ(result.status.ShellStatus(), 0U) << result.err;
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(result.out.substr(0, 7), "unix://");
  return result.out.substr(std::min<std::size_t>(7, result.out.size()));
}

RunResult ShimProcessTest::Delete(const std::string& id) {
  const auto result = base::testing::RunToExit(Command(Flags(id, "delete"), temp_.path()));
  EXPECT_TRUE(result.ok()) << result.status();
  return result.value_or(RunResult());
}

void ShimProcessTest::Connect(const std::string& socket_path) {
  auto socket = ttrpc::ConnectUnix(socket_path);
  ASSERT_TRUE(socket.ok()) << socket.status();
  client_ = std::make_unique<ttrpc::Client>(loop_, *std::move(socket));
  task_.emplace(*client_);
}

pid_t ShimProcessTest::ShimPid(const std::string& socket_path) {
  Connect(socket_path);
  if (client_ == nullptr) return -1;
  const auto connected = Call(*task_, &v3::TaskClient::Connect, v3::ConnectRequest());
  client_.reset();
  return connected.ok() ? static_cast<pid_t>(connected->shim_pid()) : -1;
}

void ShimProcessTest::ShutDown(const std::string& socket_path) {
  const pid_t pid = ShimPid(socket_path);
  Connect(socket_path);
  const auto ended = Call(*task_, &v3::TaskClient::Shutdown, v3::ShutdownRequest());
  EXPECT_TRUE(ended.ok()) << ended.status();
  EXPECT_FALSE(ttrpc::ConnectUnix(socket_path).ok()) << "it can still be found";
  client_.reset();
  EXPECT_EQ(Reap(pid), 0U);
}

unsigned ShimProcessTest::Reap(pid_t pid) {
  const auto status = base::testing::WaitForExit(pid);
  EXPECT_TRUE(status.ok()) << status.status();
  return status.ok() ? status->ShellStatus() : 0;
}

unsigned ShimProcessTest::ReapAny() {
  siginfo_t info{};
  EXPECT_EQ(::waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), 0);
  return Reap(info.si_pid);
}

std::vector<std::string> ShimProcessTest::Sockets() const {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(socket_dir_, error)) {
    names.push_back(entry.path());
  }
  return names;
}

std::string ShimProcessTest::ReadLog(const std::string& id) {
  char buffer[65536];
  const ssize_t got = ::read(logs_.at(id).get(), buffer, sizeof(buffer));
  return got > 0 ? std::string(buffer, static_cast<std::size_t>(got)) : "";
}

}  // namespace shim::testing

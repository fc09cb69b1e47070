// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/testing/cache_world.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <filesystem>
#include <utility>

#include "base/testing/run.h"

namespace backends::testing {
namespace {

constexpr std::chrono::seconds kPatience{30};
constexpr char kCompiles[] = "printf 'code of ' >&3; cat >&3\n";

std::unique_ptr<base::ChildReaper> MakeReaper(boost::asio::io_context& loop) {
  auto reaper = base::ChildReaper::Create(loop);
  EXPECT_TRUE(reaper.ok()) << reaper.status();
  return reaper.ok() ? *std::move(reaper) : nullptr;
}

}  // namespace

ShellCompiler::ShellCompiler(const base::testing::TempDir& temp)
    : directory_(temp.path()), path_(temp.File("compiler")) {
  Write(kCompiles);
}

void ShellCompiler::Write(absl::string_view script) {
  // Replaced, since one that runs cannot be written to.
  ::unlink(path_.c_str());
  base::testing::WriteFile(path_,
                           absl::StrCat("#!/bin/sh\ncd ", directory_,
                                        "\necho \"$@\" > args\necho run >> runs\n", script),
                           0755);
}

void ShellCompiler::Become(absl::string_view script) { Write(script); }

int ShellCompiler::Block() {
  for (const auto& [name, fd] : {std::pair("gate", &gate_), std::pair("started", &started_)}) {
    const std::string path = absl::StrCat(directory_, "/", name);
    EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
    fd->reset(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK));
    EXPECT_TRUE(fd->ok());
  }
  Write(absl::StrCat("echo > started\nread word < gate\n", kCompiles));
  return started_.get();
}

void ShellCompiler::Release(int runs) {
  for (int i = 0; i < runs; ++i) ASSERT_EQ(::write(gate_.get(), "\n", 1), 1);
}

int ShellCompiler::runs() const {
  const std::string path = absl::StrCat(directory_, "/runs");
  if (!std::filesystem::exists(path)) return 0;
  const std::string lines = base::testing::ReadFile(path);
  return static_cast<int>(std::count(lines.begin(), lines.end(), '\n'));
}

std::string ShellCompiler::last_args() const {
  return base::testing::ReadFile(absl::StrCat(directory_, "/args"));
}

CacheWorld::CacheWorld()
    : reaper_(MakeReaper(loop_)),
      context_{.loop = loop_, .reaper = *reaper_, .log = log_, .namespace_name = "test"} {}

std::vector<std::string> CacheWorld::Files(absl::string_view suffix) const {
  std::vector<std::string> files;
  for (const auto& file : std::filesystem::directory_iterator(directory())) {
    if (absl::EndsWith(file.path().string(), suffix)) files.push_back(file.path().string());
  }
  return files;
}

std::unique_ptr<ModuleCache> CacheWorld::NewCache(const std::string& compiler,
                                                  std::uint64_t bytes_max) {
  return std::make_unique<ModuleCache>(context_, ModuleCacheOptions{.directory = directory(),
                                                                    .volatile_directory = "",
                                                                    .compiler = compiler,
                                                                    .bytes_max = bytes_max});
}

std::unique_ptr<ModuleCache> CacheWorld::NewCache(ModuleCacheOptions options) {
  return std::make_unique<ModuleCache>(context_, std::move(options));
}

base::UniqueFd CacheWorld::Module(absl::string_view content) {
  const std::string path = temp_.File(absl::StrCat("module", ++modules_));
  base::testing::WriteFile(path, content);
  return base::UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

void CacheWorld::WakeBy(int fd) {
  if (!wake_.is_open()) wake_.assign(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  wake_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                   [this, fd](const boost::system::error_code& error) {
                     if (error) return;
                     char bytes[64];
                     (void)!::read(fd, bytes, sizeof bytes);
                     WakeBy(fd);
                   });
}

bool CacheWorld::RunUntil(const std::function<bool()>& predicate) {
  boost::asio::steady_timer patience(loop_, kPatience);
  bool over = false;
  patience.async_wait([&over](const boost::system::error_code& error) {
    if (!error) over = true;  // cancelled, it comes after `over` has gone
  });
  while (!predicate()) {
    if (over) {
      ADD_FAILURE() << "what was waited for did not happen";
      return false;
    }
    loop_.restart();
    loop_.run_one();
  }
  return true;
}

absl::StatusOr<ModuleArtefact> CacheWorld::Get(ModuleCache& cache, absl::string_view content,
                                               absl::string_view config) {
  return Get(cache, Module(content), config);
}

absl::StatusOr<ModuleArtefact> CacheWorld::Get(ModuleCache& cache, base::UniqueFd module,
                                               absl::string_view config) {
  std::optional<absl::StatusOr<ModuleArtefact>> answer;
  cache.Get(std::move(module), config, [&answer](absl::StatusOr<ModuleArtefact> artefact) {
    EXPECT_FALSE(answer.has_value()) << "answered twice";
    answer = std::move(artefact);
  });
  if (!RunUntil([&answer] { return answer.has_value(); })) return absl::UnknownError("no answer");
  return *std::move(answer);
}

std::string CodeOf(const absl::StatusOr<ModuleArtefact>& artefact) {
  if (!artefact.ok()) return absl::StrCat("? ", artefact.status().ToString());
  return base::testing::ReadFile(absl::StrCat("/proc/self/fd/", artefact->code.get()));
}

}  // namespace backends::testing

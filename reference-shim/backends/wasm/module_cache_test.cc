// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/wasm/module_cache.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <cstdint>
#include <ctime>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/sha256.h"
#include "base/testing/leak_guard.h"
#include "base/testing/run.h"
#include "reference-shim/backends/testing/cache_world.h"
#include "reference-shim/backends/wasm/cache_record.h"
#include "reference-shim/stage/code_note.h"

namespace backends {
namespace {

using ::testing::AllOf;
using testing::CacheWorld;
using testing::CodeOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::ShellCompiler;
using ::testing::SizeIs;
using ::testing::StartsWith;

using Artefact = absl::StatusOr<ModuleArtefact>;

bool NoChildren() { return base::testing::ReadFile("/proc/thread-self/children").empty(); }

class ModuleCacheTest : public ::testing::Test {
 protected:
  // The one artefact there is.
  std::string CodeFile() {
    const std::vector<std::string> files = world_.Files(".cwasm");
    EXPECT_THAT(files, SizeIs(1));
    return files.empty() ? "" : files[0];
  }
  std::string RecordFile() {
    const std::vector<std::string> files = world_.Files(".record");
    EXPECT_THAT(files, SizeIs(1));
    return files.empty() ? "" : files[0];
  }
  // One that takes time stamps for the kernel's wherever the module lies, or nowhere.
  std::unique_ptr<ModuleCache> NewCacheThatTrusts(bool trusts) {
    return world_.NewCache(
        ModuleCacheOptions{.directory = world_.directory(),
                           .volatile_directory = "",
                           .compiler = compiler_.path(),
                           .has_kernel_ctime = [this, trusts](std::int64_t f_type) {
                             asked_ = f_type;
                             return trusts;
                           }});
  }
  // A file that has not changed for long.
  static constexpr char kOld[] = "/bin/sh";
  static base::UniqueFd OpenOld() { return base::UniqueFd(::open(kOld, O_RDONLY | O_CLOEXEC)); }
  [[nodiscard]] std::string Digests() const { return world_.directory() + "/digests"; }
  // What is remembered of the one file there is becomes wrong, as it is of a file that came with
  // the device and inode number and the time stamps of another. The answer: what it was.
  std::string FalsifyMemory() {
    const std::filesystem::path link = std::filesystem::directory_iterator(Digests())->path();
    const std::string digest = std::filesystem::read_symlink(link);
    std::filesystem::remove(link);
    std::filesystem::create_symlink(kFalse, link);
    return digest;
  }
  // A Get under way.
  struct Pending {
    std::optional<Artefact> answer;
    [[nodiscard]] bool come() const { return answer.has_value(); }
  };
  void Begin(ModuleCache& cache, absl::string_view content, Pending& pending) {
    cache.Get(world_.Module(content), "default",
              [&pending](Artefact artefact) { pending.answer = std::move(artefact); });
  }

  base::testing::LeakGuard leak_guard_;  // first: destroyed last
  CacheWorld world_;
  ShellCompiler compiler_{world_.temp()};
  std::unique_ptr<ModuleCache> cache_ = world_.NewCache(compiler_.path());
  const std::string kFalse = std::string(64, '0');
  std::int64_t asked_ = 0;  // f_type of the last module
};

TEST_F(ModuleCacheTest, CompilesOnceForAllShims) {
  Artefact artefact = world_.Get(*cache_, "module");
  EXPECT_EQ(CodeOf(artefact), "code of module");
  EXPECT_TRUE(artefact->compiled);
  const std::string key = artefact->key;

  artefact = world_.Get(*cache_, "module");
  EXPECT_EQ(CodeOf(artefact), "code of module");
  EXPECT_FALSE(artefact->compiled);
  EXPECT_EQ(artefact->key, key);

  const auto other = world_.NewCache(compiler_.path());
  EXPECT_EQ(CodeOf(world_.Get(*other, "module")), "code of module");
  EXPECT_EQ(compiler_.runs(), 1);
}

TEST_F(ModuleCacheTest, TheCodeIsReadOnly) {
  const Artefact artefact = world_.Get(*cache_, "module");
  ASSERT_TRUE(artefact.ok()) << artefact.status();
  EXPECT_EQ(::fcntl(artefact->code.get(), F_GETFL) & O_ACCMODE, O_RDONLY);
  EXPECT_NE(::fcntl(artefact->code.get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(ModuleCacheTest, ContentAndConfigurationAreTheKey) {
  const Artefact first = world_.Get(*cache_, "one");
  const Artefact second = world_.Get(*cache_, "two");
  const Artefact third = world_.Get(*cache_, "one", "smallres");
  ASSERT_TRUE(first.ok() && second.ok() && third.ok());
  EXPECT_NE(first->key, second->key);
  EXPECT_NE(first->key, third->key);
  EXPECT_EQ(CodeOf(second), "code of two");
  EXPECT_EQ(compiler_.runs(), 3);
  EXPECT_THAT(compiler_.last_args(), HasSubstr("--config smallres"));
  EXPECT_THAT(compiler_.last_args(), HasSubstr("--sha256 " + base::Sha256Hex("one")));

  const Artefact unknown = world_.Get(*cache_, "one", "fast");
  EXPECT_EQ(unknown.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(unknown.status().message(), HasSubstr("fast"));
}

TEST_F(ModuleCacheTest, ReadsFromTheBeginningWhereverTheFileStands) {
  base::UniqueFd module = world_.Module("module");
  ASSERT_EQ(::lseek(module.get(), 3, SEEK_SET), 3);
  EXPECT_EQ(CodeOf(world_.Get(*cache_, std::move(module))), "code of module");
}

TEST_F(ModuleCacheTest, HashesALargeModulePieceByPiece) {
  std::string large;
  while (large.size() < 3 * kHashBytesPerTurn + 5) absl::StrAppend(&large, large.size(), " ");
  compiler_.Become("printf short >&3");
  Pending pending;
  Begin(*cache_, large, pending);
  EXPECT_FALSE(pending.come());
  EXPECT_EQ(compiler_.runs(), 0) << "the loop has not turned yet";
  world_.RunUntil([&] { return pending.come(); });
  EXPECT_EQ(CodeOf(*pending.answer), "short");
  EXPECT_THAT(compiler_.last_args(), HasSubstr("--sha256 " + base::Sha256Hex(large)));
}

TEST_F(ModuleCacheTest, KeepsCodeLargerThanAPiece) {
  const std::string large(3 * kHashBytesPerTurn, 'm');
  EXPECT_EQ(CodeOf(world_.Get(*cache_, large)), "code of " + large);
  EXPECT_EQ(CodeOf(world_.Get(*cache_, large)), "code of " + large);
  EXPECT_EQ(compiler_.runs(), 1);
}

// What changed long ago is known by its time stamps; then a hit answers at once.
TEST_F(ModuleCacheTest, RemembersTheDigestOfAnOldFile) {
  const auto cache = NewCacheThatTrusts(true);
  ASSERT_TRUE(world_.Get(*cache, OpenOld()).ok());
  struct statfs place = {};
  ASSERT_EQ(::statfs(kOld, &place), 0);
  EXPECT_EQ(asked_, place.f_type);
  bool come = false;
  cache->Get(OpenOld(), "default", [&come](const Artefact& artefact) {
    EXPECT_TRUE(artefact.ok() && !artefact->compiled);
    come = true;
  });
  EXPECT_TRUE(come);
  ASSERT_FALSE(std::filesystem::is_empty(Digests()));
  EXPECT_EQ(FalsifyMemory(), base::Sha256Hex(base::testing::ReadFile(kOld)));
  ASSERT_TRUE(world_.Get(*cache, OpenOld()).ok());
  EXPECT_THAT(compiler_.last_args(), HasSubstr("--sha256 " + kFalse)) << "it was not read again";
}

TEST_F(ModuleCacheTest, ReadsEachTimeWhereTimeStampsAreNotTheKernels) {
  const auto trusting = NewCacheThatTrusts(true);
  const auto wary = NewCacheThatTrusts(false);
  ASSERT_TRUE(world_.Get(*trusting, OpenOld()).ok());
  ASSERT_FALSE(std::filesystem::is_empty(Digests()));
  FalsifyMemory();
  const Artefact artefact = world_.Get(*wary, OpenOld());
  EXPECT_TRUE(artefact.ok() && !artefact->compiled) << "its digest is what it was";
  EXPECT_EQ(compiler_.runs(), 1);
  std::filesystem::remove(std::filesystem::directory_iterator(Digests())->path());
  ASSERT_TRUE(world_.Get(*wary, OpenOld()).ok());
  EXPECT_TRUE(std::filesystem::is_empty(Digests()));
}

TEST_F(ModuleCacheTest, TrustsTheTimeStampsOfFewFileSystems) {
  const ModuleCacheOptions usual;
  EXPECT_TRUE(usual.has_kernel_ctime(EXT4_SUPER_MAGIC));
  EXPECT_FALSE(usual.has_kernel_ctime(OVERLAYFS_SUPER_MAGIC));
}

TEST_F(ModuleCacheTest, DoesNotTrustTheStampsOfAFreshFile) {
  ASSERT_TRUE(world_.Get(*NewCacheThatTrusts(true), "module").ok());
  EXPECT_TRUE(std::filesystem::is_empty(Digests()));
}

TEST_F(ModuleCacheTest, MakesADirectoryForItselfAlone) {
  ASSERT_TRUE(world_.Get(*cache_, "module").ok());
  struct stat info = {};
  for (const auto& entry : std::filesystem::recursive_directory_iterator(world_.directory())) {
    ASSERT_EQ(::lstat(entry.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 077, 0U) << entry.path();
  }
  ASSERT_EQ(::stat(world_.directory().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0700U);
}

TEST_F(ModuleCacheTest, RefusesADirectoryThatOthersMayEnter) {
  std::filesystem::create_directories(world_.directory());
  for (const mode_t mode : {0755U, 0770U, 0701U}) {
    ASSERT_EQ(::chmod(world_.directory().c_str(), mode), 0);
    const Artefact artefact = world_.Get(*cache_, "module");
    EXPECT_EQ(artefact.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(artefact.status().message(),
                AllOf(HasSubstr(world_.directory()), HasSubstr("0700")));
  }
  ASSERT_EQ(::chmod(world_.directory().c_str(), 0700), 0);
  EXPECT_TRUE(world_.Get(*cache_, "module").ok()) << "once it is put right";
}

TEST_F(ModuleCacheTest, RefusesADirectoryOfSomebodyElse) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to give a directory away";
  std::filesystem::create_directories(world_.directory());
  ASSERT_EQ(::chmod(world_.directory().c_str(), 0700), 0);
  ASSERT_EQ(::chown(world_.directory().c_str(), 65534, 65534), 0);
  EXPECT_EQ(world_.Get(*cache_, "module").status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(ModuleCacheTest, RefusesALinkToADirectory) {
  std::filesystem::create_directories(world_.temp().File("real"));
  std::filesystem::create_directories(world_.temp().File("state"));
  ASSERT_EQ(::chmod(world_.temp().File("real").c_str(), 0700), 0);
  std::filesystem::create_symlink(world_.temp().File("real"), world_.directory());
  EXPECT_EQ(world_.Get(*cache_, "module").status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(ModuleCacheTest, TakesAnotherDirectoryWhereItCanMakeNone) {
  const auto with = [this](const std::string& directory) {
    return world_.NewCache(ModuleCacheOptions{.directory = directory,
                                              .volatile_directory = world_.directory(),
                                              .compiler = compiler_.path()});
  };
  const auto cache = with("/proc/no/cache");
  EXPECT_TRUE(world_.Get(*cache, "module").ok());
  EXPECT_THAT(world_.Files(".cwasm"), SizeIs(1));
  EXPECT_FALSE(world_.Get(*cache, "module")->compiled);
  // Not instead of one that others may enter: somebody made that so.
  const std::string open = world_.temp().File("open");
  std::filesystem::create_directories(open);
  ASSERT_EQ(::chmod(open.c_str(), 0777), 0);
  EXPECT_EQ(world_.Get(*with(open), "module").status().code(),
            absl::StatusCode::kFailedPrecondition);

  const auto none = world_.NewCache(
      ModuleCacheOptions{.directory = "/proc/no/cache", .volatile_directory = "", .compiler = ""});
  EXPECT_THAT(world_.Get(*none, "module").status().message(), HasSubstr("/proc/no"));
}

TEST_F(ModuleCacheTest, CompilesDamagedCodeAnew) {
  ASSERT_TRUE(world_.Get(*cache_, "module").ok());
  const std::string code = CodeFile();
  int runs = 1;
  const auto damage = [&](const char* what, const std::function<void()>& how) {
    how();
    EXPECT_EQ(CodeOf(world_.Get(*cache_, "module")), "code of module") << what;
    EXPECT_EQ(compiler_.runs(), ++runs) << what;
    EXPECT_EQ(CodeOf(world_.Get(*cache_, "module")), "code of module") << what;
    EXPECT_EQ(compiler_.runs(), runs) << what << ": once";
  };
  damage("another byte", [&] { base::testing::WriteFile(code, "code of modulf", 0600); });
  damage("cut short", [&] { ASSERT_EQ(::truncate(code.c_str(), 3), 0); });
  damage("longer", [&] { base::testing::WriteFile(code, "code of modules", 0600); });
  damage("gone", [&] { ::unlink(code.c_str()); });
  damage("open to others", [&] { ASSERT_EQ(::chmod(code.c_str(), 0620), 0); });
  damage("a link", [&] {
    std::filesystem::rename(code, world_.temp().File("moved"));
    std::filesystem::create_symlink(world_.temp().File("moved"), code);
  });
  damage("record gone", [&] { ::unlink(RecordFile().c_str()); });
  damage("record empty", [&] { ASSERT_EQ(::truncate(RecordFile().c_str(), 0), 0); });
  if (::geteuid() == 0) {
    damage("of another user", [&] { ASSERT_EQ(::chown(code.c_str(), 65534, 65534), 0); });
  }
}

// Touched, restored, or from before the machine was started: its content decides.
TEST_F(ModuleCacheTest, VerifiesCodeThatMayHaveChanged) {
  ASSERT_TRUE(world_.Get(*cache_, "module").ok());
  ASSERT_EQ(::utimensat(AT_FDCWD, CodeFile().c_str(), nullptr, 0), 0);
  const auto touched = ParseRecord(base::testing::ReadFile(RecordFile()));
  EXPECT_EQ(CodeOf(world_.Get(*cache_, "module")), "code of module");
  auto record = ParseRecord(base::testing::ReadFile(RecordFile()));
  ASSERT_TRUE(touched.ok() && record.ok());
  EXPECT_NE(record->identity, touched->identity) << "the next one need not verify";

  const std::string boot = record->boot;
  record->boot = "earlier";
  base::testing::WriteFile(RecordFile(), WriteRecord(*record), 0600);
  EXPECT_EQ(CodeOf(world_.Get(*cache_, "module")), "code of module");
  EXPECT_EQ(ParseRecord(base::testing::ReadFile(RecordFile()))->boot, boot);
  EXPECT_EQ(compiler_.runs(), 1);

  record->sha256 = std::string(64, '0');
  base::testing::WriteFile(RecordFile(), WriteRecord(*record), 0600);
  EXPECT_EQ(CodeOf(world_.Get(*cache_, "module")), "code of module");
  EXPECT_EQ(compiler_.runs(), 2) << "a digest that differs";
}

TEST_F(ModuleCacheTest, ForgetsWhatAnEngineRefused) {
  const Artefact artefact = world_.Get(*cache_, "module");
  ASSERT_TRUE(artefact.ok());
  cache_->Forget(artefact->key);
  EXPECT_TRUE(world_.Get(*cache_, "module")->compiled);
  EXPECT_EQ(compiler_.runs(), 2);
}

TEST_F(ModuleCacheTest, OneCompilerForAllWhoAskAtOnce) {
  world_.WakeBy(compiler_.Block());
  Pending first;
  Pending second;
  Begin(*cache_, "module", first);
  Begin(*cache_, "module", second);
  world_.RunUntil([&] { return compiler_.runs() == 1; });
  compiler_.Release(1);
  world_.RunUntil([&] { return first.come() && second.come(); });
  EXPECT_EQ(CodeOf(*first.answer), "code of module");
  EXPECT_EQ(CodeOf(*second.answer), "code of module");
  EXPECT_TRUE((*second.answer)->compiled);
  EXPECT_EQ(compiler_.runs(), 1);
}

TEST_F(ModuleCacheTest, TwoShimsCompileOnce) {
  world_.WakeBy(compiler_.Block());
  const auto other = world_.NewCache(compiler_.path());
  Pending first;
  Pending second;
  Begin(*cache_, "module", first);
  Begin(*other, "module", second);
  world_.RunUntil([&] { return compiler_.runs() == 1; });
  world_.RunReady();
  EXPECT_FALSE(second.come());
  compiler_.Release(1);
  world_.RunUntil([&] { return first.come() && second.come(); });
  EXPECT_EQ(CodeOf(*second.answer), "code of module");
  EXPECT_TRUE((*second.answer)->compiled) << "it has waited for a compiler";
  EXPECT_EQ(compiler_.runs(), 1);
}

// The one who waited takes over when the other shim fails or dies.
TEST_F(ModuleCacheTest, AnotherShimsFailureIsNotMine) {
  world_.WakeBy(compiler_.Block());
  auto other = world_.NewCache(compiler_.path());
  Pending first;
  Pending second;
  Begin(*other, "module", first);
  world_.RunUntil([&] { return compiler_.runs() == 1; });
  Begin(*cache_, "module", second);
  world_.RunReady();
  other.reset();
  world_.RunUntil([&] { return compiler_.runs() == 2; });
  compiler_.Release(1);
  world_.RunUntil([&] { return second.come(); });
  EXPECT_EQ(CodeOf(*second.answer), "code of module");
  EXPECT_FALSE(first.come());
}

TEST_F(ModuleCacheTest, FewCompilersAtOnce) {
  world_.WakeBy(compiler_.Block());
  constexpr int kModules = static_cast<int>(kCompilersMax) + 2;
  std::vector<Pending> pending(kModules);
  for (int i = 0; i < kModules; ++i) {
    Begin(*cache_, absl::StrCat("module ", i), pending[static_cast<std::size_t>(i)]);
  }
  world_.RunUntil([&] { return compiler_.runs() == static_cast<int>(kCompilersMax); });
  world_.RunReady();
  EXPECT_EQ(compiler_.runs(), static_cast<int>(kCompilersMax));
  compiler_.Release(kModules);
  for (int i = 0; i < kModules; ++i) {
    Pending& one = pending[static_cast<std::size_t>(i)];
    world_.RunUntil([&] { return one.come(); });
    EXPECT_EQ(CodeOf(*one.answer), absl::StrCat("code of module ", i));
  }
}

TEST_F(ModuleCacheTest, CompilersFailuresHaveTheirCodes) {
  const struct {
    const char* script;
    absl::StatusCode code;
    const char* words;
  } kCases[] = {
      {"echo 'shimgauge-wasm-compile: bad byte' >&2; exit 3", absl::StatusCode::kInvalidArgument,
       "compiling the module: bad byte"},
      {"echo 'too big' >&2; exit 4", absl::StatusCode::kResourceExhausted, "too big"},
      {"echo 'changed' >&2; exit 5", absl::StatusCode::kAborted, "changed"},
      {"echo 'no disk' >&2; exit 1", absl::StatusCode::kInternal, "no disk"},
      {"kill -ABRT $$", absl::StatusCode::kInternal, "Aborted"},
      {"echo 'memory allocation of 9 bytes failed' >&2; kill -ABRT $$",
       absl::StatusCode::kResourceExhausted, "memory allocation"},
      {"kill -KILL $$", absl::StatusCode::kResourceExhausted, "killed"},
      {"kill -XCPU $$", absl::StatusCode::kResourceExhausted, "CPU time"},
      {"exit 3", absl::StatusCode::kInvalidArgument, "said nothing"},
      {"yes | head -c 1000000 >&2; exit 3", absl::StatusCode::kInvalidArgument, "y\ny\n"},
  };
  int runs = 0;
  for (const auto& test : kCases) {
    compiler_.Become(test.script);
    const Artefact artefact = world_.Get(*cache_, "module");
    EXPECT_EQ(artefact.status().code(), test.code) << test.script << artefact.status();
    EXPECT_THAT(artefact.status().message(), HasSubstr(test.words)) << test.script;
    EXPECT_LT(artefact.status().message().size(), 2 * kCompilerOutputBytesMax);
    EXPECT_EQ(compiler_.runs(), ++runs) << "failures are not kept";
    EXPECT_THAT(world_.Files(".cwasm"), IsEmpty());
    EXPECT_THAT(world_.Files(""), SizeIs(2)) << "lock and digests";
  }
}

TEST_F(ModuleCacheTest, NamesACompilerThatIsNotThere) {
  const auto cache = world_.NewCache("/no/such/compiler");
  const Artefact artefact = world_.Get(*cache, "module");
  EXPECT_EQ(artefact.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(artefact.status().message(), HasSubstr("/no/such/compiler"));
}

TEST_F(ModuleCacheTest, RefusesWhatCannotBeAModule) {
  EXPECT_EQ(world_.Get(*cache_, base::UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)))
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
  const std::string huge = world_.temp().File("huge");
  base::testing::WriteFile(huge, "");
  ASSERT_EQ(::truncate(huge.c_str(), off_t{kModuleBytesMax} + 1), 0);
  EXPECT_EQ(world_.Get(*cache_, base::UniqueFd(::open(huge.c_str(), O_RDONLY | O_CLOEXEC)))
                .status()
                .code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(compiler_.runs(), 0);
}

// A compiler that was taken over by its input can give bad code for that input, and no more: what
// it left behind cannot change the file afterwards.
TEST_F(ModuleCacheTest, NothingOfTheCompilersCanWriteLater) {
  for (const char* fifo : {"up", "go", "gone"}) {
    ASSERT_EQ(::mkfifo(world_.temp().File(fifo).c_str(), 0600), 0);
  }
  compiler_.Become(
      "setsid sh -c 'echo > up; read word < go; printf evil >&3; echo done > gone' 2>&- &\n"
      "read word < up; printf good >&3\n");
  const Artefact artefact = world_.Get(*cache_, "module");
  base::testing::WriteFile(world_.temp().File("go"), "\n");
  const base::UniqueFd gone(::open(world_.temp().File("gone").c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(base::testing::ReadLine(gone), "done\n");
  EXPECT_EQ(CodeOf(artefact), "good");
  EXPECT_EQ(CodeOf(world_.Get(*cache_, "module")), "good");
  world_.RunUntil(&NoChildren);
}

TEST_F(ModuleCacheTest, DropsWhatWasNotAskedForLongest) {
  // Two artefacts fit, three do not.
  const std::string body(1000, 'm');
  const auto cache = world_.NewCache(compiler_.path(), 2500);
  ASSERT_TRUE(world_.Get(*cache, body + "a").ok());
  const Artefact b = world_.Get(*cache, body + "b");
  ASSERT_TRUE(b.ok());
  // Both long ago, `a` longer; but then it is asked for again.
  const auto age = [this](const std::string& key, int seconds) {
    const timespec then{.tv_sec = ::time(nullptr) - seconds, .tv_nsec = 0};
    const timespec times[] = {then, then};
    EXPECT_EQ(::utimensat(AT_FDCWD, absl::StrCat(world_.directory(), "/", key, ".record").c_str(),
                          times, 0),
              0);
  };
  age(world_.Get(*cache, body + "a")->key, 200);
  age(b->key, 100);
  ASSERT_TRUE(world_.Get(*cache, body + "a").ok());
  ASSERT_TRUE(world_.Get(*cache, body + "c").ok());
  EXPECT_EQ(compiler_.runs(), 3);
  EXPECT_THAT(world_.Files(".cwasm"), SizeIs(2));
  EXPECT_EQ(CodeOf(b), "code of " + body + "b") << "who has it, keeps it";
  EXPECT_FALSE(world_.Get(*cache, body + "a")->compiled);
  EXPECT_TRUE(world_.Get(*cache, body + "b")->compiled);
}

TEST_F(ModuleCacheTest, KeepsTheOneThatIsAskedForHoweverLarge) {
  const auto cache = world_.NewCache(compiler_.path(), 10);
  EXPECT_EQ(CodeOf(world_.Get(*cache, "module one")), "code of module one");
  EXPECT_EQ(CodeOf(world_.Get(*cache, "module two")), "code of module two");
  EXPECT_THAT(world_.Files(".cwasm"), SizeIs(1));
}

TEST_F(ModuleCacheTest, SweepsDraftsOfTheDead) {
  ASSERT_TRUE(world_.Get(*cache_, "one").ok());
  const std::string stale = world_.directory() + "/draft-1-1";
  const std::string fresh = world_.directory() + "/draft-1-2";
  base::testing::WriteFile(stale, "x");
  base::testing::WriteFile(fresh, "x");
  const timespec then{.tv_sec = ::time(nullptr) - kDraftSecondsMax - 60, .tv_nsec = 0};
  const timespec times[] = {then, then};
  ASSERT_EQ(::utimensat(AT_FDCWD, stale.c_str(), times, 0), 0);
  ASSERT_TRUE(world_.Get(*cache_, "two").ok());
  EXPECT_FALSE(std::filesystem::exists(stale));
  EXPECT_TRUE(std::filesystem::exists(fresh));
}

TEST_F(ModuleCacheTest, MayBeDestroyedByWhomItTells) {
  bool told = false;
  cache_->Get(world_.Module("module"), "default", [&](const Artefact&) {
    cache_.reset();
    told = true;
  });
  world_.RunUntil([&told] { return told; });
  cache_ = world_.NewCache(compiler_.path());
  told = false;
  cache_->Get(world_.Module("module"), "default", [&](const Artefact& artefact) {
    EXPECT_TRUE(artefact.ok() && !artefact->compiled);
    cache_.reset();
    told = true;
  });
  EXPECT_TRUE(told);
}

TEST_F(ModuleCacheTest, EndsItsCompilers) {
  world_.WakeBy(compiler_.Block());
  Pending pending;
  Begin(*cache_, "module", pending);
  world_.RunUntil([&] { return compiler_.runs() == 1; });
  cache_.reset();
  // The reaper takes the killed compiler; the leak guard would find it.
  world_.RunUntil(&NoChildren);
  EXPECT_FALSE(pending.come());
  EXPECT_THAT(world_.Files(".cwasm"), IsEmpty());
}

#if defined(SHIMGAUGE_WASM_COMPILE)
TEST_F(ModuleCacheTest, WithTheRealCompiler) {
  const auto cache = world_.NewCache(SHIMGAUGE_WASM_COMPILE);
  const Artefact artefact = world_.Get(*cache, "(module (func (export \"_start\")))", "smallres");
  ASSERT_TRUE(artefact.ok()) << artefact.status();
  const auto note = stage::ReadCodeNote(artefact->code.get());
  ASSERT_TRUE(note.ok()) << note.status();
  EXPECT_EQ(note->config, "smallres");
  EXPECT_FALSE(world_.Get(*cache, "(module (func (export \"_start\")))", "smallres")->compiled);

  const Artefact unsound = world_.Get(*cache, "(module (func");
  EXPECT_EQ(unsound.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(unsound.status().message()), StartsWith("compiling the module: "));
}
#endif

}  // namespace
}  // namespace backends

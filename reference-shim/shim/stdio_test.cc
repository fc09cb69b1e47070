// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/stdio.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <filesystem>

#include "base/fifo.h"
#include "base/testing/temp_dir.h"
#include "ttrpc/testing/loop_test.h"

namespace shim {
namespace {

using base::testing::ReadFile;
using base::testing::WriteFile;
using ::testing::HasSubstr;

void Write(const base::UniqueFd& fd, absl::string_view text) {
  ASSERT_EQ(::write(fd.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

// What is there now: the bytes, "<eof>" or "<nothing>".
std::string ReadNow(const base::UniqueFd& fd) {
  char buffer[65536];
  const ssize_t got = ::read(fd.get(), buffer, sizeof(buffer));
  if (got < 0) return errno == EAGAIN ? "<nothing>" : "<error>";
  return got == 0 ? "<eof>" : std::string(buffer, static_cast<std::size_t>(got));
}

class StdioTest : public ttrpc::testing::LoopTest {
 protected:
  StdioTest() : reaper_(base::ChildReaper::Create(loop_).value()) {}
  ~StdioTest() override {
    stdio_.reset();
    RunReady();
    reaper_.reset();
  }

  std::string Fifo(const std::string& name) {
    const std::string path = temp_.File(name);
    EXPECT_TRUE(base::MakeFifo(path, 0700).ok());
    return path;
  }
  absl::Status Open(StdioSpec spec) {
    spec.id = "c1";
    spec.namespace_name = "tests";
    stdio_ = std::make_unique<Stdio>(loop_, *reaper_);
    std::optional<absl::Status> result;
    stdio_->Open(spec, [&](absl::Status status) { result = std::move(status); });
    RunUntil([&] { return result.has_value(); });
    if (result->ok()) io_ = stdio_->TakeProcessIo();
    return *result;
  }
  absl::Status Open(const StdioNames& names) {
    StdioSpec spec;
    spec.names = names;
    return Open(spec);
  }
  void Drain() {
    bool drained = false;
    stdio_->Drain([&] { drained = true; });
    RunUntil([&] { return drained; });
  }
  // What a process does when it ends.
  void EndProcess() { io_ = ProcessIo(); }

  std::unique_ptr<base::ChildReaper> reaper_;
  std::unique_ptr<Stdio> stdio_;
  ProcessIo io_;
};

TEST_F(StdioTest, NoNamesMeanTheNullDevice) {
  ASSERT_TRUE(Open(StdioNames{}).ok());
  EXPECT_EQ(ReadNow(io_.in), "<eof>");
  Write(io_.out, "lost");
  Write(io_.err, "lost");
}

TEST_F(StdioTest, FifosAreHandedOverWithoutWaitingForAPeer) {
  ASSERT_TRUE(Open(StdioNames{.in = Fifo("in"), .out = Fifo("out"), .err = Fifo("err")}).ok());
  // Blocking for the process, as it expects of its stdio.
  for (const base::UniqueFd* fd : {&io_.in, &io_.out, &io_.err}) {
    EXPECT_EQ(::fcntl(fd->get(), F_GETFL) & O_NONBLOCK, 0);
  }
  Write(io_.out, "hello");
  const auto late_reader = base::OpenFifoReader(temp_.File("out"), true);
  ASSERT_TRUE(late_reader.ok());
  EXPECT_EQ(ReadNow(*late_reader), "hello");
  EXPECT_EQ(ReadNow(*late_reader), "<nothing>") << "the process still holds its end";
  EndProcess();
  EXPECT_EQ(ReadNow(*late_reader), "<eof>") << "somebody but the process holds the write end";
}

TEST_F(StdioTest, VanishedReadersCostNothing) {
  ASSERT_TRUE(Open(StdioNames{.out = Fifo("out"), .err = Fifo("err")}).ok());
  { const auto reader = base::OpenFifoReader(temp_.File("out"), true); }
  Write(io_.out, "kept");  // no SIGPIPE, no EPIPE (IO-04)
  EndProcess();
  const auto reader = base::OpenFifoReader(temp_.File("out"), true);
  EXPECT_EQ(ReadNow(*reader), "kept");
  EXPECT_EQ(ReadNow(*reader), "<eof>");
}

TEST_F(StdioTest, OutputStaysUntilTheDrain) {
  ASSERT_TRUE(Open(StdioNames{.out = Fifo("out")}).ok());
  Write(io_.out, "kept");
  EndProcess();
  Drain();
  const auto reader = base::OpenFifoReader(temp_.File("out"), true);
  EXPECT_EQ(ReadNow(*reader), "<eof>") << "a descriptor was left";
}

TEST_F(StdioTest, StdinEndsWhenClientsAndShimHaveClosedIt) {
  ASSERT_TRUE(Open(StdioNames{.in = Fifo("in")}).ok());
  ASSERT_EQ(::fcntl(io_.in.get(), F_SETFL, O_NONBLOCK), 0);
  auto client = base::OpenFifoWriter(temp_.File("in"), true);
  Write(*client, "first");
  client->reset();
  EXPECT_EQ(ReadNow(io_.in), "first");
  EXPECT_EQ(ReadNow(io_.in), "<nothing>") << "one client's end is not the end (IO-08)";
  client = base::OpenFifoWriter(temp_.File("in"), true);
  stdio_->CloseInput();
  stdio_->CloseInput();
  Write(*client, "last");
  client->reset();
  EXPECT_EQ(ReadNow(io_.in), "last");
  EXPECT_EQ(ReadNow(io_.in), "<eof>");
}

TEST_F(StdioTest, CloseIoBeforeOpeningIsRemembered) {
  StdioSpec spec;
  spec.names.in = Fifo("in");
  spec.hold_input = false;
  ASSERT_TRUE(Open(spec).ok());
  EXPECT_EQ(ReadNow(io_.in), "<eof>");
}

TEST_F(StdioTest, BothStreamsMayShareAFifo) {
  const std::string fifo = Fifo("both");
  ASSERT_TRUE(Open(StdioNames{.out = fifo, .err = fifo}).ok());
  Write(io_.out, "out ");
  Write(io_.err, "err");
  EXPECT_EQ(ReadNow(*base::OpenFifoReader(fifo, true)), "out err");
}

TEST_F(StdioTest, LogFileIsMadeAndAppendedTo) {
  const std::string path = temp_.File("new/dir/log");
  ASSERT_TRUE(Open(StdioNames{.out = "file://" + path, .err = "/ignored"}).ok());
  Write(io_.out, "one ");
  Write(io_.err, "two ");
  EndProcess();
  ASSERT_TRUE(Open(StdioNames{.out = "file://" + path}).ok());
  Write(io_.out, "three");
  EXPECT_EQ(ReadFile(path), "one two three");
}

TEST_F(StdioTest, ExistingFileIsAppendedToAndAbsentOneRefused) {
  WriteFile(temp_.File("log"), "old ");
  ASSERT_TRUE(Open(StdioNames{.out = temp_.File("log")}).ok());
  Write(io_.out, "new");
  EXPECT_EQ(ReadFile(temp_.File("log")), "old new");
  const absl::Status absent = Open(StdioNames{.out = temp_.File("absent")});
  EXPECT_TRUE(absl::IsInvalidArgument(absent)) << absent;
  EXPECT_THAT(std::string(absent.message()), HasSubstr(temp_.File("absent")));
  EXPECT_FALSE(std::filesystem::exists(temp_.File("absent")));
}

TEST_F(StdioTest, RefusalsLeaveNothing) {
  const auto refuse = [this](const StdioNames& names) {
    const absl::Status status = Open(names);
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    return std::string(status.message());
  };
  EXPECT_THAT(refuse({.in = Fifo("in"), .out = "npipe://x"}), HasSubstr("npipe"));
  EXPECT_THAT(refuse({.out = Fifo("out"), .err = "binary:///bin/true"}), HasSubstr("stderr"));
  EXPECT_THAT(refuse({.in = "file:///x"}), HasSubstr("stdin"));
  EXPECT_THAT(refuse({.terminal = true}), HasSubstr("stdout"));
  stdio_.reset();
  const auto writer = ::open(temp_.File("in").c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
  EXPECT_EQ(writer, -1) << "somebody still reads the FIFO";
}

TEST_F(StdioTest, OwnerOfFifosCanBeChosen) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to give files away";
  StdioSpec spec;
  spec.names = {.out = Fifo("out")};
  spec.io_uid = 1234;
  spec.io_gid = 4321;
  ASSERT_TRUE(Open(spec).ok());
  struct stat info {};
  ASSERT_EQ(::stat(temp_.File("out").c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, 1234U);
  EXPECT_EQ(info.st_gid, 4321U);
}

// --- terminals ------------------------------------------------------------------------------

class TerminalTest : public StdioTest {
 protected:
  // Gives the shim the master of a new terminal; the test plays the process on the slave.
  void OpenTerminal(StdioSpec spec = {}) {
    spec.names = {.in = Fifo("in"), .out = Fifo("out"), .err = "/not/looked/at", .terminal = true};
    ASSERT_TRUE(Open(spec).ok());
    EXPECT_FALSE(io_.in.ok() || io_.out.ok() || io_.err.ok());
    int master = -1;
    int slave = -1;
    ASSERT_EQ(::openpty(&master, &slave, nullptr, nullptr, nullptr), 0);
    ASSERT_EQ(::fcntl(slave, F_SETFD, FD_CLOEXEC), 0);
    slave_.reset(slave);
    termios raw{};
    ::tcgetattr(slave, &raw);
    ::cfmakeraw(&raw);
    ::tcsetattr(slave, TCSANOW, &raw);
    ASSERT_EQ(::fcntl(slave, F_SETFL, O_NONBLOCK), 0);
    io_.on_console(base::UniqueFd(master));
    client_in_ = *base::OpenFifoWriter(temp_.File("in"), true);
    client_out_ = *base::OpenFifoReader(temp_.File("out"), true);
  }
  // Runs the loop until `fd` yields something else than nothing.
  std::string ReadSoon(const base::UniqueFd& fd) {
    std::string text;
    RunUntil([&] { return (text = ReadNow(fd)) != "<nothing>"; });
    return text;
  }
  std::string Size() {
    winsize size{};
    EXPECT_EQ(::ioctl(slave_.get(), TIOCGWINSZ, &size), 0);
    return std::to_string(size.ws_col) + "x" + std::to_string(size.ws_row);
  }

  base::UniqueFd slave_;
  base::UniqueFd client_in_;
  base::UniqueFd client_out_;
};

TEST_F(TerminalTest, CopiesBothWaysAndEndsWithTheLastHolder) {
  OpenTerminal();
  Write(slave_, "prompt");
  EXPECT_EQ(ReadSoon(client_out_), "prompt");
  Write(client_in_, "typed");
  EXPECT_EQ(ReadSoon(slave_), "typed");
  slave_.reset();
  EXPECT_EQ(ReadSoon(client_out_), "<eof>");
  Drain();
}

TEST_F(TerminalTest, NothingIsLostWhenTheClientIsSlow) {
  OpenTerminal();
  // More than FIFO, relay and terminal hold together: each stage has to wait for the next.
  constexpr std::size_t kBytes = 400'000;
  std::string sent;
  std::string received;
  bool reading = false;  // not before the process is blocked
  RunUntil([&] {
    if (sent.size() < kBytes) {
      const std::string line = "line " + std::to_string(sent.size()) + "\n";
      const ssize_t written = ::write(slave_.get(), line.data(), line.size());
      if (written > 0) sent += line.substr(0, static_cast<std::size_t>(written));
      reading = reading || written < 0;
    } else {
      slave_.reset();
    }
    const std::string got = reading ? ReadNow(client_out_) : "<nothing>";
    if (got != "<nothing>" && got != "<eof>") received += got;
    boost::asio::post(loop_, [] {});
    return got == "<eof>";
  });
  EXPECT_EQ(received.size(), sent.size());
  EXPECT_TRUE(received == sent);
}

TEST_F(TerminalTest, ClosingStdinLeavesTheTerminal) {
  OpenTerminal();
  stdio_->CloseInput();
  client_in_.reset();
  RunReady();
  Write(slave_, "still here");
  EXPECT_EQ(ReadSoon(client_out_), "still here");
}

TEST_F(TerminalTest, SizeIsSetAtOnceAndRememberedBefore) {
  StdioSpec spec;
  spec.size = WindowSize{.width = 100, .height = 40};
  OpenTerminal(spec);
  EXPECT_EQ(Size(), "100x40");
  EXPECT_EQ(stdio_->Resize({.width = 80, .height = 25}), absl::OkStatus());
  EXPECT_EQ(Size(), "80x25");
}

TEST_F(TerminalTest, ConsoleThatIsNoTerminalIsTheBackendsToResize) {
  ASSERT_TRUE(Open(StdioNames{.out = Fifo("out"), .terminal = true}).ok());
  EXPECT_EQ(stdio_->Resize({}), std::nullopt);
  auto [ours, theirs] = ttrpc::testing::SocketPair();
  io_.on_console(std::move(ours));
  EXPECT_TRUE(absl::IsFailedPrecondition(*stdio_->Resize({})));
}

TEST_F(TerminalTest, DrainWaitsForOutputInFlight) {
  OpenTerminal();
  Write(slave_, "last words");
  slave_.reset();
  Drain();
  EXPECT_EQ(ReadNow(client_out_), "last words");
  EXPECT_EQ(ReadNow(client_out_), "<eof>");
}

}  // namespace
}  // namespace shim

// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/lifecycle.h"

#include <absl/strings/str_cat.h>

#include <array>
#include <cstddef>

namespace shim {
namespace {

// What a verb does in one state.
struct Cell {
  enum class Kind { kRefused, kGone, kMoves } kind = Kind::kRefused;
  ProcessState next = ProcessState::kCreated;
};

constexpr Cell kNo = {.kind = Cell::Kind::kRefused};  // FAILED_PRECONDITION
constexpr Cell kGone = {.kind = Cell::Kind::kGone};   // NOT_FOUND
constexpr Cell To(ProcessState next) { return {.kind = Cell::Kind::kMoves, .next = next}; }
constexpr Cell kCreated = To(ProcessState::kCreated);
constexpr Cell kRunning = To(ProcessState::kRunning);
constexpr Cell kPaused = To(ProcessState::kPaused);
constexpr Cell kStopped = To(ProcessState::kStopped);
constexpr Cell kDeleted = To(ProcessState::kDeleted);

struct Row {
  ProcessKind kind;
  Verb verb;
  std::array<Cell, 4> cells;  // in kCreated, kRunning, kPaused, kStopped
};

constexpr auto kInit = ProcessKind::kInit;
constexpr auto kExec = ProcessKind::kExec;

// Columns are what makes it a table.
// clang-format off
constexpr Row kTable[] = {
    //                          created   running   paused    stopped
    {kInit, Verb::kStart,      {kRunning, kNo,      kNo,      kNo}},
    {kInit, Verb::kPause,      {kNo,      kPaused,  kNo,      kNo}},
    {kInit, Verb::kResume,     {kNo,      kNo,      kRunning, kNo}},
    {kInit, Verb::kKill,       {kCreated, kRunning, kPaused,  kGone}},
    {kInit, Verb::kExec,       {kCreated, kRunning, kNo,      kNo}},
    {kInit, Verb::kStartExec,  {kCreated, kRunning, kNo,      kNo}},
    {kInit, Verb::kUpdate,     {kCreated, kRunning, kPaused,  kNo}},
    {kInit, Verb::kCheckpoint, {kNo,      kRunning, kPaused,  kNo}},
    {kInit, Verb::kPids,       {kCreated, kRunning, kPaused,  kStopped}},
    {kInit, Verb::kStats,      {kCreated, kRunning, kPaused,  kStopped}},
    {kInit, Verb::kResize,     {kCreated, kRunning, kPaused,  kStopped}},
    {kInit, Verb::kCloseIo,    {kCreated, kRunning, kPaused,  kStopped}},
    {kInit, Verb::kWait,       {kCreated, kRunning, kPaused,  kStopped}},
    {kInit, Verb::kDelete,     {kDeleted, kNo,      kNo,      kDeleted}},
    {kInit, Verb::kExit,       {kStopped, kStopped, kStopped, kNo}},
    {kExec, Verb::kStart,      {kRunning, kNo,      kNo,      kNo}},
    {kExec, Verb::kKill,       {kNo,      kRunning, kNo,      kGone}},
    {kExec, Verb::kResize,     {kCreated, kRunning, kNo,      kNo}},
    {kExec, Verb::kCloseIo,    {kCreated, kRunning, kNo,      kStopped}},
    {kExec, Verb::kWait,       {kCreated, kRunning, kNo,      kStopped}},
    {kExec, Verb::kDelete,     {kDeleted, kNo,      kNo,      kDeleted}},
    {kExec, Verb::kExit,       {kNo,      kStopped, kNo,      kNo}},
};
// clang-format on

Cell Find(ProcessKind kind, Verb verb, ProcessState state) {
  if (state == ProcessState::kDeleted) return kGone;
  for (const Row& row : kTable) {
    if (row.kind == kind && row.verb == verb) return row.cells[static_cast<std::size_t>(state)];
  }
  return kNo;
}

}  // namespace

absl::string_view StateName(ProcessState state) {
  switch (state) {
    case ProcessState::kCreated:
      return "created";
    case ProcessState::kRunning:
      return "running";
    case ProcessState::kPaused:
      return "paused";
    case ProcessState::kStopped:
      return "stopped";
    case ProcessState::kDeleted:
      return "deleted";
  }
  return "unknown";
}

absl::string_view VerbName(Verb verb) {
  switch (verb) {
    case Verb::kStart:
      return "start";
    case Verb::kPause:
      return "pause";
    case Verb::kResume:
      return "resume";
    case Verb::kKill:
      return "kill";
    case Verb::kExec:
      return "add an exec to";
    case Verb::kStartExec:
      return "start an exec in";
    case Verb::kUpdate:
      return "update";
    case Verb::kCheckpoint:
      return "checkpoint";
    case Verb::kPids:
      return "list the processes of";
    case Verb::kStats:
      return "sample";
    case Verb::kResize:
      return "resize the terminal of";
    case Verb::kCloseIo:
      return "close the stdin of";
    case Verb::kWait:
      return "wait for";
    case Verb::kDelete:
      return "delete";
    case Verb::kExit:
      return "end";
  }
  return "touch";
}

absl::Status Lifecycle::Check(Verb verb) const {
  switch (Find(kind_, verb, state_).kind) {
    case Cell::Kind::kMoves:
      return absl::OkStatus();
    case Cell::Kind::kGone:
      return absl::NotFoundError("process already finished");
    case Cell::Kind::kRefused:
      break;
  }
  return absl::FailedPreconditionError(absl::StrCat("cannot ", VerbName(verb), " a ",
                                                    StateName(state_),
                                                    kind_ == kInit ? " container" : " process"));
}

bool Lifecycle::Complete(Verb verb) {
  const Cell cell = Find(kind_, verb, state_);
  if (cell.kind != Cell::Kind::kMoves) return false;
  state_ = cell.next;
  return true;
}

}  // namespace shim

// SPDX-License-Identifier: Apache-2.0
#include "fakes/null_shims/null_subject.h"

#include "fakes/null_shims/null_answers.h"
#include "fakes/null_shims/null_programs.h"

namespace fakes {

const std::vector<NullSubject>& NullSubjects() {
  static const std::vector<NullSubject> subjects = {
      {.name = "true", .what = "every command succeeds and says nothing", .program = &RunTrue},
      {.name = "false", .what = "every command fails and says nothing", .program = &RunFalse},
      {.name = "cat", .what = "every command prints its standard input", .program = &RunCat},
      {.name = "yes", .what = "every command prints lines for ever", .program = &RunYes},
      {.name = "sleeper", .what = "no command ever ends", .program = &RunSleeper},
      {.name = "fork-bomb",
       .what = "every command becomes 64 processes that stay",
       .program = &RunForkBomb},
      {.name = "correct-bootstrap-only", .what = "right commands; the daemon is dead"},
      {.name = "closes-at-once",
       .what = "right commands; each connection is closed",
       .accepted = &CloseAtOnce},
      {.name = "accepts-and-never-reads",
       .what = "right commands; connections are accepted and left alone",
       .accepted = &Hold},
      {.name = "random-bytes",
       .what = "right commands; writes random bytes",
       .accepted = &WriteRandomBytes,
       .readable = &WriteRandomBytes},
      {.name = "echoes-requests",
       .what = "right commands; sends back what it reads",
       .accepted = &Hold,
       .readable = &EchoBytes},
      {.name = "writes-to-the-wrong-socket",
       .what = "right commands; sends its answers to the event service",
       .accepted = &Hold,
       .readable = &AnswerElsewhere},
      {.name = "ok-empty-to-everything",
       .what = "right commands; every request succeeds with an empty answer",
       .accepted = &Hold,
       .readable = &AnswerOkEmpty},
      {.name = "ok-empty-on-v2-only",
       .what = "the same for Task v2, UNIMPLEMENTED for the rest",
       .accepted = &Hold,
       .readable = &AnswerOkEmptyOnV2},
      {.name = "unimplemented-to-everything",
       .what = "right commands; every request fails with UNIMPLEMENTED",
       .accepted = &Hold,
       .readable = &AnswerUnimplemented},
      {.name = "internal-to-everything",
       .what = "right commands; every request fails with INTERNAL",
       .accepted = &Hold,
       .readable = &AnswerInternal},
      {.name = "replays-an-old-recording",
       .what = "right commands; answers what a good shim once answered",
       .accepted = &Hold,
       .readable = &AnswerRecording},
      {.name = "same-pid-to-everything",
       .what = "right commands; the daemon's pid is the first field of every answer",
       .accepted = &Hold,
       .readable = &AnswerOwnPid},
      {.name = "connects-then-ok-empty",
       .what = "right Connect; every other request succeeds with an empty answer",
       .accepted = &Hold,
       .readable = &ConnectThenOkEmpty},
      {.name = "connects-then-unimplemented",
       .what = "right Connect; every other request fails with UNIMPLEMENTED",
       .accepted = &Hold,
       .readable = &ConnectThenUnimplemented},
      {.name = "connects-then-internal",
       .what = "right Connect; every other request fails with INTERNAL",
       .accepted = &Hold,
       .readable = &ConnectThenInternal},
      {.name = "connects-then-not-found",
       .what = "right Connect; every other request fails with NOT_FOUND",
       .accepted = &Hold,
       .readable = &ConnectThenNotFound},
      {.name = "connects-then-replays",
       .what = "right Connect; otherwise answers what a good shim once answered",
       .accepted = &Hold,
       .readable = &ConnectThenRecording},
  };
  return subjects;
}

const NullSubject* FindNullSubject(absl::string_view name) {
  for (const NullSubject& subject : NullSubjects()) {
    if (subject.name == name) return &subject;
  }
  return nullptr;
}

}  // namespace fakes

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fakes/null_shims/null_subject.h"

namespace fakes {

// What daemons that are none do with a client, for NullSubject::accepted and ::readable.

bool Hold(NullPeer& peer);
bool CloseAtOnce(NullPeer& peer);
bool WriteRandomBytes(NullPeer& peer);
bool EchoBytes(NullPeer& peer);
// Sends right answers, but to the event service.
bool AnswerElsewhere(NullPeer& peer);

// Every request gets an answer of the same kind.
bool AnswerOkEmpty(NullPeer& peer);
bool AnswerOkEmptyOnV2(NullPeer& peer);  // UNIMPLEMENTED to other services
bool AnswerUnimplemented(NullPeer& peer);
bool AnswerInternal(NullPeer& peer);
bool AnswerOwnPid(NullPeer& peer);     // the daemon's pid as first field of every response
bool AnswerRecording(NullPeer& peer);  // what the recorded shim once answered to that method

// The same, but that Connect is answered rightly: what they are is seen only later.
bool ConnectThenOkEmpty(NullPeer& peer);
bool ConnectThenUnimplemented(NullPeer& peer);
bool ConnectThenInternal(NullPeer& peer);
bool ConnectThenNotFound(NullPeer& peer);
bool ConnectThenRecording(NullPeer& peer);

}  // namespace fakes

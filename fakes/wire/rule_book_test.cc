// SPDX-License-Identifier: Apache-2.0
#include "fakes/wire/rule_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "events/task.pb.h"
#include "fakes/wire/frame_splitter.h"
#include "services/events/ttrpc.pb.h"
#include "task/v3/task.pb.h"
#include "ttrpc/envelope.h"
#include "ttrpc/limits.h"

namespace fakes {
namespace {

namespace v3 = containerd::task::v3;
using Fate = WireEffects::Fate;

class RuleBookTest : public ::testing::Test {
 protected:
  void Use(std::vector<std::string> rules) {
    request_.rules = std::move(rules);
    auto book = RuleBook::Make(request_);
    ASSERT_TRUE(book.ok()) << book.status();
    book_ = std::make_unique<RuleBook>(*std::move(book));
    book_->SetSubject(4711, "ns");
  }

  template <typename Body>
  std::shared_ptr<WireMessage> Call(const std::string& method, const Body& body) {
    const std::string payload = body.SerializeAsString();
    return WireMessage::Request({.stream = 1, .type = ttrpc::kFrameRequest},
                                ttrpc::EncodeRequest({.service = "containerd.task.v2.Task",
                                                      .method = method,
                                                      .payload = payload,
                                                      .timeout_nano = 5}),
                                1);
  }
  template <typename Body>
  std::shared_ptr<WireMessage> Answer(std::shared_ptr<const WireMessage> call, const Body& body,
                                      int code = 0) {
    const std::string payload = body.SerializeAsString();
    return WireMessage::Reply({.stream = 1, .type = ttrpc::kFrameResponse},
                              ttrpc::EncodeResponse({.code = code, .payload = payload}),
                              std::move(call));
  }
  std::shared_ptr<WireMessage> StateOf(const std::string& id, std::uint32_t pid) {
    v3::StateRequest request;
    request.set_id(id);
    v3::StateResponse response;
    response.set_pid(pid);
    response.set_status(containerd::types::RUNNING);
    return Answer(Call("State", request), response);
  }
  template <typename Body>
  static Body Decoded(const WireMessage& reply) {
    const std::string data = reply.Data();
    const auto envelope = ttrpc::DecodeResponse(data);
    Body body;
    EXPECT_TRUE(envelope.ok() && body.ParseFromArray(envelope->payload.data(),
                                                     static_cast<int>(envelope->payload.size())));
    return body;
  }

  static const KnownFault& Anonymous() {
    static const KnownFault fault = {.name = "test"};
    return fault;
  }
  FaultRequest request_ = {.fault = &Anonymous()};
  std::unique_ptr<RuleBook> book_;
};

TEST_F(RuleBookTest, WhatNoRuleConcernsStaysByteByByte) {
  Use({"reply Kill drop"});
  const std::string odd("\x7a\x03new\x0a\x00\x12\x05", 9);  // truncated: decodes as nothing
  auto message = WireMessage::Request({.stream = 3, .type = ttrpc::kFrameRequest}, odd, 1);
  const WireEffects effects = book_->Apply(*message);
  EXPECT_EQ(effects.fate, Fate::kPass);
  EXPECT_EQ(FrameOf(*message, effects).substr(ttrpc::kFrameHeaderBytes), odd);
}

TEST_F(RuleBookTest, SetsFieldsOfRepliesThatAreOk) {
  Use({"reply State where status=RUNNING set pid=@shim exited_at=zero status=STOPPED"});
  auto reply = StateOf("c1", 8);
  book_->Apply(*reply);
  const auto state = Decoded<v3::StateResponse>(*reply);
  EXPECT_EQ(state.pid(), 4711u);
  EXPECT_EQ(state.status(), containerd::types::STOPPED);
  EXPECT_EQ(state.exited_at().seconds(), -62135596800);
}

TEST_F(RuleBookTest, ComparesFields) {
  Use({"reply State where pid=@exit_status set pid=1"});
  auto unlike = StateOf("c1", 8);
  auto alike = StateOf("c1", 0);
  book_->Apply(*unlike);
  book_->Apply(*alike);
  EXPECT_EQ(Decoded<v3::StateResponse>(*unlike).pid(), 8u);
  EXPECT_EQ(Decoded<v3::StateResponse>(*alike).pid(), 1u);
}

TEST_F(RuleBookTest, RemembersWhatFieldsWere) {
  Use({"reply State nth 2 set pid=@other"});
  auto first = StateOf("c1", 8);
  auto second = StateOf("c2", 9);
  auto third = StateOf("c1", 8);
  book_->Apply(*first);   // there is no other: no occurrence
  book_->Apply(*second);  // the first occurrence
  book_->Apply(*third);
  EXPECT_EQ(Decoded<v3::StateResponse>(*second).pid(), 9u);
  EXPECT_EQ(Decoded<v3::StateResponse>(*third).pid(), 9u);
}

TEST_F(RuleBookTest, HoldsOnlyAfterAnotherMessageOfTheContainer) {
  Use({"reply State after reply Pause set pid=0"});
  auto before = StateOf("c1", 8);
  book_->Apply(*before);
  EXPECT_EQ(Decoded<v3::StateResponse>(*before).pid(), 8u);
  v3::PauseRequest pause;
  pause.set_id("c1");
  book_->Apply(*Answer(Call("Pause", pause), google::protobuf::Empty()));
  auto other = StateOf("c2", 9);
  auto after = StateOf("c1", 8);
  book_->Apply(*other);
  book_->Apply(*after);
  EXPECT_EQ(Decoded<v3::StateResponse>(*other).pid(), 9u);
  EXPECT_EQ(Decoded<v3::StateResponse>(*after).pid(), 0u);
}

TEST_F(RuleBookTest, AnswersRequestsItself) {
  Use({"request Kill where signal=9 fail INTERNAL no luck", "request * no-deadline"});
  v3::KillRequest kill;
  kill.set_id("c1");
  kill.set_signal(9);
  auto deadly = Call("Kill", kill);
  const WireEffects effects = book_->Apply(*deadly);
  EXPECT_EQ(effects.fate, Fate::kAnswer);
  EXPECT_EQ(effects.code, 13);
  EXPECT_EQ(effects.text, "no luck");
  EXPECT_EQ(deadly->Get("timeout"), "0");
}

TEST_F(RuleBookTest, TurnsErrorsIntoOther) {
  Use({"reply Kill when NOT_FOUND code UNKNOWN", "reply Delete where code!=0 empty"});
  v3::KillRequest kill;
  auto killed = Answer(Call("Kill", kill), google::protobuf::Empty(), 5);
  book_->Apply(*killed);
  EXPECT_EQ(ttrpc::DecodeResponse(killed->Data())->code, 2);
  auto deleted = Answer(Call("Delete", v3::DeleteRequest()), google::protobuf::Empty(), 9);
  book_->Apply(*deleted);
  EXPECT_EQ(deleted->Data(), "");
}

TEST_F(RuleBookTest, PutsOtherWordsAroundAnErrorsText) {
  Use({R"(reply Kill text "leider: <<{text}>>")"});
  auto killed = WireMessage::Reply({.stream = 1, .type = ttrpc::kFrameResponse},
                                   ttrpc::EncodeResponse({.code = 5, .message = "no task c1"}),
                                   Call("Kill", v3::KillRequest()));
  book_->Apply(*killed);
  const std::string data = killed->Data();
  const auto response = ttrpc::DecodeResponse(data);
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response->code, 5);
  EXPECT_EQ(response->message, "leider: <<no task c1>>");
}

TEST_F(RuleBookTest, LooksIntoAny) {
  Use({"reply Pids set processes[0].info.exec_id=other processes[+].pid=1"});
  v3::PidsResponse pids;
  auto* process = pids.add_processes();
  process->set_pid(8);
  process->mutable_info()->set_type_url("containerd.runc.v1.ProcessDetails");
  auto reply = Answer(Call("Pids", v3::PidsRequest()), pids);
  book_->Apply(*reply);
  const auto edited = Decoded<v3::PidsResponse>(*reply);
  ASSERT_EQ(edited.processes_size(), 2);
  EXPECT_EQ(edited.processes(0).info().value(), "\x0a\x05other");
  EXPECT_EQ(edited.processes(1).pid(), 1u);
}

TEST_F(RuleBookTest, EditsEventsAndTheirEnvelopes) {
  Use({"event /tasks/exit set topic=/x/y exit_status+=1", "event /tasks/exit clear timestamp"});
  containerd::events::TaskExit exit;
  exit.set_container_id("c1");
  exit.set_exit_status(3);
  containerd::services::events::ttrpc::v1::ForwardRequest forward;
  forward.mutable_envelope()->set_topic("/tasks/exit");
  forward.mutable_envelope()->mutable_timestamp()->set_seconds(7);
  forward.mutable_envelope()->mutable_event()->set_type_url("containerd.events.TaskExit");
  forward.mutable_envelope()->mutable_event()->set_value(exit.SerializeAsString());
  const std::string payload = forward.SerializeAsString();
  auto event = WireMessage::Event(
      {.stream = 1, .type = ttrpc::kFrameRequest},
      ttrpc::EncodeRequest({.service = "containerd.services.events.ttrpc.v1.Events",
                            .method = "Forward",
                            .payload = payload}));
  ASSERT_NE(event, nullptr);
  book_->Apply(*event);
  const std::string data = event->Data();
  const auto request = ttrpc::DecodeRequest(data);
  ASSERT_TRUE(request.ok());
  ASSERT_TRUE(forward.ParseFromString(std::string(request->payload)));
  EXPECT_EQ(forward.envelope().topic(), "/x/y");
  EXPECT_FALSE(forward.envelope().has_timestamp());
  ASSERT_TRUE(exit.ParseFromString(forward.envelope().event().value()));
  EXPECT_EQ(exit.exit_status(), 4u);
  EXPECT_EQ(exit.container_id(), "c1");
}

TEST_F(RuleBookTest, FramesLie) {
  Use({"reply State stream +2", "reply State length +5", "reply State flags 3",
       "reply State truncate 2"});
  auto reply = StateOf("c1", 8);
  const std::size_t bytes = reply->Data().size();
  const std::string frame = FrameOf(*reply, book_->Apply(*reply));
  const ttrpc::FrameHeader header = ttrpc::DecodeFrameHeader(frame.data());
  EXPECT_EQ(header.stream, 3u);
  EXPECT_EQ(header.length, bytes + 5);
  EXPECT_EQ(header.flags, 3);
  EXPECT_EQ(frame.size(), ttrpc::kFrameHeaderBytes + bytes - 2);
}

TEST_F(RuleBookTest, AddsCallsAndEventsAboutTheSameProcess) {
  Use({"reply State also Kill signal=9", "reply State emit /tasks/oom"});
  const WireEffects effects = book_->Apply(*StateOf("c1", 8));
  ASSERT_EQ(effects.calls.size(), 1u);
  EXPECT_EQ(effects.calls[0].service, "containerd.task.v2.Task");
  v3::KillRequest kill;
  ASSERT_TRUE(kill.ParseFromString(effects.calls[0].payload));
  EXPECT_EQ(kill.id(), "c1");
  EXPECT_EQ(kill.signal(), 9u);
  ASSERT_EQ(effects.events.size(), 1u);
  EXPECT_EQ(effects.events[0]->Get("container_id"), "c1");
  EXPECT_EQ(effects.events[0]->Get("namespace"), "ns");
  EXPECT_FALSE(effects.immediate());
}

TEST(FrameSplitterTest, LosesNothing) {
  std::string stream(ttrpc::kFrameHeaderBytes, '\0');
  ttrpc::EncodeFrameHeader({.length = 3, .stream = 1, .type = 1}, stream.data());
  stream += "abc";
  std::string huge(ttrpc::kFrameHeaderBytes, '\0');
  ttrpc::EncodeFrameHeader({.length = ttrpc::kFrameDataBytesMax + 1, .stream = 3, .type = 1},
                           huge.data());
  huge.append(ttrpc::kFrameDataBytesMax + 1, 'x');
  const std::string all = stream + huge + stream + "rest";
  FrameSplitter splitter;
  std::string passed;
  int frames = 0;
  for (std::size_t at = 0; at < all.size();) {
    const absl::Span<char> space = splitter.Prepare();
    const std::size_t bytes = std::min(space.size(), all.size() - at);
    all.copy(space.data(), bytes, at);
    splitter.Commit(bytes);
    at += bytes;
    while (const auto piece = splitter.Next()) {
      if (piece->header) {
        ++frames;
        EXPECT_EQ(piece->bytes, "abc");
        passed += stream;
      } else {
        passed += piece->bytes;
      }
    }
  }
  EXPECT_EQ(frames, 2);
  EXPECT_TRUE(passed + splitter.TakeRest() == all);
}

TEST_F(RuleBookTest, LengthsPartsAndWhoeverCalledFirst) {
  Use({"reply State where request.id~bc set pid=1", "reply State where #request.id=5 set pid=2",
       "reply State where #exited_at=0 and first-gone=true set pid=3"});
  const auto pid = [this](const std::string& id) {
    const auto reply = StateOf(id, 7);
    book_->Apply(*reply);
    return Decoded<v3::StateResponse>(*reply).pid();
  };
  EXPECT_EQ(pid("x"), 7U);
  EXPECT_EQ(pid("abc"), 1U);
  EXPECT_EQ(pid("vwxyz"), 2U);
  book_->NoteFirstGone();
  EXPECT_EQ(pid("x"), 3U);
}

}  // namespace
}  // namespace fakes

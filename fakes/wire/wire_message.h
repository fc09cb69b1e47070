// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/strings/string_view.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fakes/wire/wire_rule.h"
#include "ttrpc/frame.h"
#include "ttrpc/reply.h"

namespace google::protobuf {
class Message;
}

namespace fakes {

// One request, reply or event on its way: the frame as it came, and what it says. Unless it is
// edited it goes on byte by byte as it came.
//
// Besides the fields of its body (Task messages, the payloads of events) it has these:
//   request: service, method, stream, connection (its number, from 1), timeout (nanoseconds),
//            metadata.KEY
//   reply:   code, text, stream, and "request.FIELD" for those of its request
//   event:   topic, namespace, timestamp, type_url
class WireMessage {
 public:
  // A frame that is none, but comes from a client, is named #data, #response or #other.
  static std::shared_ptr<WireMessage> Request(ttrpc::FrameHeader header, std::string data,
                                              std::uint32_t connection);
  // One that is too long to be kept, named #oversized.
  static std::shared_ptr<WireMessage> Oversized(ttrpc::FrameHeader header);
  // `request` is what it answers.
  static std::shared_ptr<WireMessage> Reply(ttrpc::FrameHeader header, std::string data,
                                            std::shared_ptr<const WireMessage> request);
  // A Forward request; nullptr if it is none.
  static std::shared_ptr<WireMessage> Event(ttrpc::FrameHeader header, std::string data);
  // An event of our own making, without fields. INVALID_ARGUMENT for a topic of no known type,
  // unless it is a foreign one ("/x/..."), whose payload is empty.
  static std::shared_ptr<WireMessage> NewEvent(const std::string& topic, const std::string& ns);

  ~WireMessage();
  WireMessage(const WireMessage&) = delete;
  WireMessage& operator=(const WireMessage&) = delete;

  [[nodiscard]] WireSide side() const { return side_; }
  [[nodiscard]] const std::string& name() const { return name_; }  // method or topic, as it came
  [[nodiscard]] const ttrpc::FrameHeader& header() const { return header_; }
  [[nodiscard]] bool ok() const { return code_ == 0; }  // of replies; true for others
  [[nodiscard]] const google::protobuf::Message* body() const { return body_.get(); }
  // Which process it is about: container and exec id, as far as it says.
  [[nodiscard]] std::string process() const;

  [[nodiscard]] std::optional<std::string> Get(absl::string_view field) const;
  absl::Status Set(const std::string& field, WireAssignment::Op op, const std::string& value);
  absl::Status Clear(const std::string& field);

  void AddUnknownField();
  void SpoilPayload();
  void Fail(int code, const std::string& text);  // a reply becomes this error
  void Succeed();                                // a reply becomes OK, without a payload
  void ForgetDeadline();
  // A reply gets the other's outcome, and the other its.
  void SwapContents(WireMessage& other);

  // The data of its frame.
  [[nodiscard]] std::string Data() const;

 private:
  WireMessage(WireSide side, ttrpc::FrameHeader header, std::string data);
  void DecodeRequest();
  void DecodeReply();
  bool DecodeEvent();
  [[nodiscard]] std::string EncodedEvent() const;
  [[nodiscard]] std::optional<std::string> Special(absl::string_view field) const;
  // True if `field` is one of the above, and was set.
  absl::StatusOr<bool> SetSpecial(const std::string& field, WireAssignment::Op op,
                                  const std::string& value);

  const WireSide side_;
  const ttrpc::FrameHeader header_;
  std::string data_;  // as it came
  bool edited_ = false;
  std::string name_;

  // Of requests and events.
  std::string service_;
  std::string method_;
  std::int64_t timeout_nano_ = 0;
  std::vector<ttrpc::Metadata> metadata_;
  std::uint32_t connection_ = 0;
  // Of replies.
  std::shared_ptr<const WireMessage> request_;  // shared with the call that awaits its reply
  std::int32_t code_ = 0;
  std::string text_;
  // Of events: the envelope, without the event itself, and its type.
  std::unique_ptr<google::protobuf::Message> envelope_;
  std::string type_url_;

  std::unique_ptr<google::protobuf::Message> body_;  // nullptr: of no type we know
  std::string payload_;                              // where there is no body
};

}  // namespace fakes

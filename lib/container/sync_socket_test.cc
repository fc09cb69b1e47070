// SPDX-License-Identifier: Apache-2.0
#include "container/sync_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace container {
namespace {

TEST(SyncSocketTest, WhatWasSaidLastIsHeardThoughTheSpeakerIsGone) {
  auto ends = SyncSocket::MakePair();
  ASSERT_TRUE(ends.ok()) << ends.status();
  auto& [maker, init] = *ends;
  ASSERT_TRUE(maker.Send(SyncKind::kGo).ok());  // which the other end never reads
  ASSERT_TRUE(init.Send(SyncKind::kFailed, "no terminal").ok());
  init.Close();
  const absl::StatusOr<SyncMessage> message = maker.Poll();
  ASSERT_TRUE(message.ok()) << message.status();
  EXPECT_EQ(message->kind, SyncKind::kFailed);
  EXPECT_EQ(message->text, "no terminal");
  EXPECT_TRUE(absl::IsUnavailable(maker.Poll().status()));
  EXPECT_FALSE(maker.TrySend(SyncKind::kGo).ok());
}

TEST(SyncSocketTest, SilenceAndTheEndAreTwoThings) {
  auto ends = SyncSocket::MakePair();
  ASSERT_TRUE(ends.ok()) << ends.status();
  auto& [maker, init] = *ends;
  EXPECT_TRUE(absl::IsFailedPrecondition(maker.Poll().status()));
  ASSERT_TRUE(maker.Send(SyncKind::kGo).ok());
  EXPECT_TRUE(init.Expect(SyncKind::kGo).ok());
  init.Close();
  EXPECT_TRUE(absl::IsUnavailable(maker.Poll().status()));
}

}  // namespace
}  // namespace container

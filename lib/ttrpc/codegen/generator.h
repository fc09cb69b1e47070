// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <google/protobuf/compiler/code_generator.h>

#include <string>

namespace ttrpc::codegen {

// Turns every `x.proto` into one `x.ttrpc.h`, also when it declares no service (then a comment
// only). For each service S: the method-name table kSMethods, the abstract class SService and the
// typed client SClient (lib/ttrpc/stub.h holds what they are made of). A service already called
// FooService keeps that name: FooService, FooServiceClient.
//
// Refused, with an error naming the rpc: streaming rpcs (TT-23), and rpc names that would not be
// usable as members (not starting with an upper-case letter, or "Bind").
class Generator : public google::protobuf::compiler::CodeGenerator {
 public:
  bool Generate(const google::protobuf::FileDescriptor* file, const std::string& parameter,
                google::protobuf::compiler::GeneratorContext* context,
                std::string* error) const override;
  uint64_t GetSupportedFeatures() const override;
};

}  // namespace ttrpc::codegen

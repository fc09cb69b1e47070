// SPDX-License-Identifier: Apache-2.0
#include <google/protobuf/compiler/plugin.h>

#include "ttrpc/codegen/generator.h"

int main(int argc, char* argv[]) {
  const ttrpc::codegen::Generator generator;
  return google::protobuf::compiler::PluginMain(argc, argv, &generator);
}

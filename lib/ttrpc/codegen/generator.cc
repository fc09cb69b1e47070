// SPDX-License-Identifier: Apache-2.0
#include "ttrpc/codegen/generator.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>
#include <absl/strings/string_view.h>
#include <google/protobuf/compiler/cpp/names.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/printer.h>
#include <google/protobuf/io/zero_copy_stream.h>

#include <map>
#include <memory>

namespace ttrpc::codegen {
namespace {

using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;
using google::protobuf::compiler::cpp::QualifiedClassName;
using google::protobuf::io::Printer;
using Variables = std::map<std::string, std::string>;

// Empty when the method can be generated, else why not.
std::string Refusal(const MethodDescriptor& method) {
  if (method.client_streaming() || method.server_streaming()) {
    return "streaming rpcs are not supported yet";
  }
  if (!absl::ascii_isupper(static_cast<unsigned char>(method.name()[0]))) {
    return "rpc names must start with an upper-case letter";
  }
  if (method.name() == "Bind") return "the rpc name Bind is taken by the generated class";
  return "";
}

bool Check(const FileDescriptor& file, std::string* error) {
  for (int i = 0; i < file.service_count(); ++i) {
    for (int k = 0; k < file.service(i)->method_count(); ++k) {
      const MethodDescriptor& method = *file.service(i)->method(k);
      const std::string refusal = Refusal(method);
      if (refusal.empty()) continue;
      *error = absl::StrCat(method.full_name(), ": ", refusal);
      return false;
    }
  }
  return true;
}

// Names are written from the root (::ttrpc, ::absl): packages such as a.ttrpc.v1 have a `ttrpc` of
// their own.
Variables ServiceVariables(const ServiceDescriptor& service) {
  const std::string& name = service.name();
  return {{"full_name", service.full_name()},
          {"service", absl::EndsWith(name, "Service") ? name : absl::StrCat(name, "Service")},
          {"client", absl::StrCat(name, "Client")},
          {"table", absl::StrCat("k", name, "Methods")},
          {"count", absl::StrCat(service.method_count())}};
}

Variables MethodVariables(const MethodDescriptor& method, Variables variables) {
  variables["method"] = method.name();
  variables["request"] = QualifiedClassName(method.input_type());
  variables["response"] = QualifiedClassName(method.output_type());
  return variables;
}

void PrintTable(const ServiceDescriptor& service, const Variables& variables, Printer& out) {
  out.Print(variables,
            "// The rpcs of $full_name$, in declaration order.\n"
            "inline constexpr ::std::array<::absl::string_view, $count$> $table$ = {\n");
  for (int i = 0; i < service.method_count(); ++i) {
    out.Print("    \"$method$\",\n", "method", service.method(i)->name());
  }
  out.Print("};\n\n");
}

void PrintService(const ServiceDescriptor& service, const Variables& variables, Printer& out) {
  out.Print(variables,
            "// The server side of $full_name$. Each rpc may answer at once or later, through\n"
            "// `reply`; `request` and `call` last until the function returns.\n"
            "class $service$ {\n"
            " public:\n"
            "  static constexpr ::absl::string_view kServiceName = \"$full_name$\";\n"
            "\n"
            "  virtual ~$service$() = default;\n"
            "\n");
  for (int i = 0; i < service.method_count(); ++i) {
    out.Print(MethodVariables(*service.method(i), variables),
              "  virtual void $method$(const $request$& request,\n"
              "      const ::ttrpc::CallInfo& call, ::ttrpc::Reply<$response$> reply) = 0;\n");
  }
  out.Print(variables,
            "\n"
            "  // `impl` is borrowed and must outlive the result.\n"
            "  static ::ttrpc::BoundService Bind([[maybe_unused]] $service$& impl,\n"
            "                                    ::absl::string_view name = kServiceName) {\n"
            "    ::ttrpc::BoundService bound;\n"
            "    bound.name = ::std::string(name);\n");
  for (int i = 0; i < service.method_count(); ++i) {
    out.Print(MethodVariables(*service.method(i), variables),
              "    bound.methods.emplace(\"$method$\",\n"
              "                          ::ttrpc::BindMethod<&$service$::$method$>(impl));\n");
  }
  out.Print(
      "    return bound;\n"
      "  }\n"
      "};\n\n");
}

void PrintClient(const ServiceDescriptor& service, const Variables& variables, Printer& out) {
  out.Print(variables,
            "// A typed view of a connection to $full_name$. `client` is borrowed; `done` runs\n"
            "// exactly once, as ::ttrpc::Client says.\n"
            "class $client$ {\n"
            " public:\n"
            "  explicit $client$(::ttrpc::Client& client,\n"
            "      ::absl::string_view service_name = $service$::kServiceName)\n"
            "      : client_(&client), service_name_(service_name) {}\n");
  for (int i = 0; i < service.method_count(); ++i) {
    out.Print(MethodVariables(*service.method(i), variables),
              "\n"
              "  void $method$(const $request$& request, const ::ttrpc::CallOptions& options,\n"
              "      ::std::function<void(::absl::StatusOr<$response$>)> done) {\n"
              "    ::ttrpc::CallMethod<$response$>(\n"
              "        *client_, service_name_, \"$method$\", request, options,"
              " ::std::move(done));\n"
              "  }\n");
  }
  out.Print(
      "\n"
      " private:\n"
      "  ::ttrpc::Client* client_;\n"
      "  ::std::string service_name_;\n"
      "};\n");
}

void PrintHeader(const FileDescriptor& file, const std::string& stem, Printer& out) {
  out.Print("// Generated by protoc-gen-ttrpc from $file$. Do not edit.\n", "file", file.name());
  if (file.service_count() == 0) {
    out.Print("// It declares no service.\n#pragma once\n");
    return;
  }
  out.Print(
      "#pragma once\n"
      "\n"
      "#include \"ttrpc/stub.h\"\n"
      "#include \"$stem$.pb.h\"\n",
      "stem", stem);
  const std::string name_space = absl::StrReplaceAll(file.package(), {{".", "::"}});
  if (!name_space.empty()) out.Print("\nnamespace $name$ {\n", "name", name_space);
  for (int i = 0; i < file.service_count(); ++i) {
    const ServiceDescriptor& service = *file.service(i);
    const Variables variables = ServiceVariables(service);
    out.Print("\n");
    PrintTable(service, variables, out);
    PrintService(service, variables, out);
    PrintClient(service, variables, out);
  }
  if (!name_space.empty()) out.Print("\n}  // namespace $name$\n", "name", name_space);
}

}  // namespace

bool Generator::Generate(const FileDescriptor* file, const std::string& parameter,
                         google::protobuf::compiler::GeneratorContext* context,
                         std::string* error) const {
  if (!parameter.empty()) {
    *error = absl::StrCat("unknown parameter: ", parameter);
    return false;
  }
  if (!Check(*file, error)) return false;
  const std::string stem = google::protobuf::compiler::cpp::StripProto(file->name());
  const std::unique_ptr<google::protobuf::io::ZeroCopyOutputStream> stream(
      context->Open(absl::StrCat(stem, ".ttrpc.h")));
  Printer out(stream.get(), '$');
  PrintHeader(*file, stem, out);
  if (out.failed()) *error = absl::StrCat("cannot write the header of ", file->name());
  return !out.failed();
}

uint64_t Generator::GetSupportedFeatures() const { return FEATURE_PROTO3_OPTIONAL; }

}  // namespace ttrpc::codegen

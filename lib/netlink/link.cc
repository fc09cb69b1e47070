// SPDX-License-Identifier: Apache-2.0
#include "netlink/link.h"

#include <absl/strings/str_cat.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <sys/socket.h>

#include <algorithm>

#include "base/status_macros.h"
#include "netlink/mac.h"

namespace netlink {
namespace {

ifinfomsg HeaderOf(int index) {
  ifinfomsg header{};
  header.ifi_family = AF_UNSPEC;
  header.ifi_index = index;
  return header;
}

absl::StatusOr<Link> LinkIn(const Message& message) {
  ASSIGN_OR_RETURN(const auto parts, message.Split<ifinfomsg>());
  const auto& [header, attributes] = parts;
  Link link;
  link.index = header.ifi_index;
  link.flags = header.ifi_flags;
  link.name = attributes.Text(IFLA_IFNAME);
  link.mtu = attributes.Get<std::uint32_t>(IFLA_MTU);
  link.mac = FormatMac(attributes.Find(IFLA_ADDRESS).value_or(""));
  ASSIGN_OR_RETURN(const Attributes info,
                   Attributes::Parse(attributes.Find(IFLA_LINKINFO).value_or("")));
  link.kind = info.Text(IFLA_INFO_KIND);
  return link;
}

std::string Describe(const LinkChange& change) {
  std::string text;
  if (change.network_namespace.has_value()) absl::StrAppend(&text, ", to another namespace");
  if (change.mac.has_value()) absl::StrAppend(&text, ", MAC ", *change.mac);
  if (change.mtu.has_value()) absl::StrAppend(&text, ", MTU ", *change.mtu);
  if (change.name.has_value()) absl::StrAppend(&text, ", name ", *change.name);
  if (change.up.has_value()) absl::StrAppend(&text, *change.up ? ", up" : ", down");
  return text;
}

}  // namespace

absl::Status ValidateLinkName(const std::string& name) {
  const bool valid = !name.empty() && name.size() < IFNAMSIZ && name != "." && name != ".." &&
                     std::none_of(name.begin(), name.end(), [](char c) {
                       return c <= ' ' || c == '/' || c == ':' || c == '%' || c == '\x7f';
                     });
  if (valid) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("\"", name, "\": expected the name of a link, of ",
                                                 "at most ", IFNAMSIZ - 1, " characters"));
}

absl::StatusOr<std::vector<Link>> ListLinks(Socket& socket) {
  ASSIGN_OR_RETURN(const std::vector<Message> messages,
                   socket.Read(Request(RTM_GETLINK, NLM_F_DUMP, HeaderOf(0)), "list links"));
  std::vector<Link> links;
  for (const Message& message : messages) {
    if (message.type != RTM_NEWLINK) continue;
    ASSIGN_OR_RETURN(Link link, LinkIn(message));
    links.push_back(std::move(link));
  }
  return links;
}

absl::StatusOr<Link> FindLink(Socket& socket, const std::string& name) {
  ASSIGN_OR_RETURN(std::vector<Link> links, ListLinks(socket));
  const auto found = std::find_if(links.begin(), links.end(),
                                  [&name](const Link& link) { return link.name == name; });
  if (found == links.end()) return absl::NotFoundError(absl::StrCat("no link ", name));
  return std::move(*found);
}

absl::Status ChangeLink(Socket& socket, int index, const LinkChange& change) {
  ifinfomsg header = HeaderOf(index);
  if (change.up.has_value()) {
    header.ifi_change = IFF_UP;
    header.ifi_flags = *change.up ? IFF_UP : 0;
  }
  Request request(RTM_NEWLINK, 0, header);
  if (change.network_namespace.has_value()) {
    request.Put(IFLA_NET_NS_FD, static_cast<std::uint32_t>(*change.network_namespace));
  }
  if (change.mac.has_value()) {
    ASSIGN_OR_RETURN(const std::string mac, ParseMac(*change.mac));
    request.PutBytes(IFLA_ADDRESS, mac);
  }
  if (change.mtu.has_value()) request.Put(IFLA_MTU, *change.mtu);
  if (change.name.has_value()) {
    RETURN_IF_ERROR(ValidateLinkName(*change.name));
    request.PutText(IFLA_IFNAME, *change.name);
  }
  return socket.Change(request, absl::StrCat("set link ", index, Describe(change)));
}

absl::Status AddVethPair(Socket& socket, const std::string& name, const std::string& peer,
                         int peer_namespace) {
  RETURN_IF_ERROR(ValidateLinkName(name));
  RETURN_IF_ERROR(ValidateLinkName(peer));
  Request request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, HeaderOf(0));
  request.PutText(IFLA_IFNAME, name);
  request.Nest(IFLA_LINKINFO, [&] {
    request.PutText(IFLA_INFO_KIND, "veth");
    request.Nest(IFLA_INFO_DATA, [&] {
      request.Nest(VETH_INFO_PEER, [&] {
        request.Append(HeaderOf(0));
        request.PutText(IFLA_IFNAME, peer);
        if (peer_namespace >= 0) {
          request.Put(IFLA_NET_NS_FD, static_cast<std::uint32_t>(peer_namespace));
        }
      });
    });
  });
  return socket.Change(request, absl::StrCat("add links ", name, " and ", peer));
}

absl::Status DeleteLink(Socket& socket, int index) {
  return socket.Change(Request(RTM_DELLINK, 0, HeaderOf(index)),
                       absl::StrCat("delete link ", index));
}

}  // namespace netlink

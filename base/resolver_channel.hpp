#pragma once

// c-ares, as base/resolver.cpp needs it: owned values in and out. Threading: one thread a channel.

#include <ares.h>

#include <map>
#include <memory>

#include "base/outcome.hpp"
#include "base/resolver.hpp"

namespace switchyard::base {

struct channel_deleter {
  void operator()(ares_channeldata* channel) const { ares_destroy(channel); }
};
using channel_ptr = std::unique_ptr<ares_channeldata, channel_deleter>;

struct addrinfo_deleter {
  void operator()(ares_addrinfo* found) const { ares_freeaddrinfo(found); }
};
using addrinfo_ptr = std::unique_ptr<ares_addrinfo, addrinfo_deleter>;

/// What a channel waits for: poll(2)'s events of its sockets.
using polled_sockets = std::map<ares_socket_t, short>;

/// `sockets` is kept up to date by the channel and must outlive it. (ares_getsock tells of 16 of
/// them at most, while each name server has one for UDP and one for TCP.) nullptr: the name servers
/// of the options cannot be used, or no memory is left.
channel_ptr make_channel(const resolver::options& o, polled_sockets& sockets);

/// What getaddrinfo is asked for.
ares_addrinfo_hints hints_of(const resolver::options& o);

/// errc::not_found: no address that a server could have.
outcome<resolver::answer> answer_of(const ares_addrinfo& found);

/// A status of c-ares other than ARES_SUCCESS.
error failure_of(int status);

}  // namespace switchyard::base

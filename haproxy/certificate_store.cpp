#include "haproxy/certificate_store.hpp"

#include <time.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "haproxy/commands.hpp"
#include "haproxy/words.hpp"

namespace switchyard::haproxy {

namespace {

using base::errc;
using base::outcome;
using base::status;
using verdict = certificate_verdict;
using enum certificate_verdict::kind;

/// Calls `with` for each line that is not empty.
template <class Function>
void each_filled_line(std::string_view text, Function with) {
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (!line.empty()) with(line);
  }
}

/// HAProxy's words on one line, with nothing but printable ASCII.
std::string on_one_line(std::string_view words) {
  std::string text;
  each_filled_line(words, [&](std::string_view line) {
    if (!text.empty()) text += "; ";
    text += legible(line);
  });
  return text;
}

/// Whether "Dec 25 13:53:29 2026 GMT" is over.
bool has_passed(const std::string& date) {
  std::tm read{};
  if (::strptime(date.c_str(), "%b %d %H:%M:%S %Y GMT", &read) == nullptr) return false;
  return std::chrono::system_clock::from_time_t(::timegm(&read)) <=
         std::chrono::system_clock::now();
}

/// "valid until Dec 25 13:53:29 2026 GMT", from what `show ssl cert` tells.
verdict with_validity(verdict::kind what, std::string_view details) {
  constexpr std::string_view field = "notAfter: ";
  verdict made{what, "", false};
  each_filled_line(details, [&](std::string_view line) {
    if (!line.starts_with(field)) return;
    const std::string date(line.substr(field.size()));
    made.text = "valid until " + date;
    made.expired = has_passed(date);
  });
  return made;
}

/// The certificate that a reply to `set ssl cert` says the transaction is about.
std::optional<std::string> transaction_of(std::string_view reply) {
  for (const std::string_view start :
       {"Transaction created for certificate ", "Transaction updated for certificate "})
    if (reply.starts_with(start) && reply.ends_with('!'))
      return std::string(reply.substr(start.size(), reply.size() - start.size() - 1));
  return std::nullopt;
}

/// One that can be named in a command.
bool sendable(const std::string& name) {
  return name.starts_with('/') && argument(name);
}

verdict not_sendable(const std::string& name) {
  return {by_reload, legible(name) + " cannot be named on HAProxy's runtime API"};
}

}  // namespace

loaded_certificates parse_certificates(std::string_view reply) {
  loaded_certificates found;
  bool in_transaction = false;
  each_filled_line(reply, [&](std::string_view line) {
    if (line.starts_with('#')) {
      in_transaction = line == "# transaction";
    } else if (in_transaction) {
      found.transaction = line.substr(line.starts_with('*') ? 1 : 0);
    } else if (line.starts_with('/')) {
      found.names.emplace(line);
    }
  });
  return found;
}

std::optional<std::set<std::string>> parse_folder(std::string_view reply) {
  if (!reply.starts_with("# ")) return std::nullopt;
  std::set<std::string> found;
  each_filled_line(reply, [&](std::string_view line) {
    // "/etc/certs/a.pem:0": the number of its line, where there are lines.
    if (!line.starts_with('#')) found.emplace(line.substr(0, line.rfind(':')));
  });
  return found;
}

outcome<loaded_certificates> certificate_store::list() {
  const auto reply = session_.execute_raw("show ssl cert");
  if (!reply) return reply.error();
  return parse_certificates(*reply);
}

outcome<std::optional<std::set<std::string>>> certificate_store::folder(const std::string& path) {
  if (!sendable(path)) return std::optional<std::set<std::string>>();
  const auto reply = session_.execute_raw("show ssl crt-list -n " + path);
  if (!reply) return reply.error();
  return parse_folder(*reply);
}

/// What tells one certificate from another: serial, dates, names, fingerprint, chain. What follows
/// is of the OCSP response, which a transaction does not have.
outcome<std::string> certificate_store::details(const std::string& name) {
  const auto reply = session_.execute_raw("show ssl cert " + name);
  if (!reply) return reply.error();
  const auto from = reply->find("\nSerial: ");
  if (from == std::string::npos) return std::string();
  return reply->substr(from, reply->find("\nOCSP Response Key:", from) - from);
}

status certificate_store::abort(const std::string& name) {
  if (!sendable(name)) return {};
  const auto reply = session_.execute_raw("abort ssl cert " + name);
  return reply ? status() : reply.error();
}

outcome<verdict> certificate_store::give_up(const std::string& name, verdict why) {
  if (const auto aborted = abort(name); !aborted) return aborted.error();
  return why;
}

outcome<verdict> certificate_store::set(const std::string& name, std::string_view pem) {
  const auto reply = session_.execute_payload("set ssl cert " + name, pem);
  if (!reply && reply.error().kind == errc::invalid)
    return verdict{by_reload, reply.error().message};
  if (!reply) return reply.error();
  if (const auto about = transaction_of(*reply)) {
    if (*about == name) return verdict{};
    // 2.6 takes "site" where "site.crt" was meant, and what is sent during somebody else's
    // transaction as a part of that one.
    return give_up(*about, {by_reload, "HAProxy takes it for " + *about});
  }
  for (const auto* start :
       {"Can't replace a certificate which is not referenced", "The ongoing transaction is about "})
    if (reply->starts_with(start)) return verdict{by_reload, on_one_line(*reply)};
  return verdict{bad, on_one_line(*reply)};
}

outcome<verdict> certificate_store::commit(const std::string& name) {
  const auto reply = session_.execute_raw("commit ssl cert " + name);
  if (!reply) return reply.error();
  if (reply->starts_with("Committing " + name) && reply->ends_with("\nSuccess!")) return verdict{};
  return give_up(name, {bad, on_one_line(*reply)});
}

/// Has HAProxy read it, in a transaction that is open then.
outcome<certificate_store::prepared> certificate_store::prepare(const std::string& name,
                                                                std::string_view pem) {
  if (!sendable(name)) return prepared{not_sendable(name), "", ""};
  const auto step = set(name, pem);
  if (!step) return step.error();
  if (step->what != taken) return prepared{*step, "", ""};
  auto wanted = details("*" + name);
  if (!wanted) return wanted.error();
  auto before = details(name);
  if (!before) return before.error();
  return prepared{{}, std::move(wanted).value(), std::move(before).value()};
}

outcome<verdict> certificate_store::compare(const std::string& name, std::string_view pem) {
  const auto read = prepare(name, pem);
  if (!read) return read.error();
  if (read->verdict.what != taken) return read->verdict;
  return give_up(name, read->looks_the_same() ? with_validity(same, read->before)
                                              : verdict{by_reload, "HAProxy has another one"});
}

outcome<verdict> certificate_store::replace(const std::string& name, std::string_view pem,
                                            text_is known) {
  const auto read = prepare(name, pem);
  if (!read) return read.error();
  if (read->verdict.what != taken) return read->verdict;
  if (read->looks_the_same() && known == text_is::the_same)
    return give_up(name, with_validity(same, read->before));
  auto step = commit(name);
  if (!step || step->what != taken) return step;
  const auto after = details(name);
  if (!after) return after.error();
  if (after->empty() || *after != read->wanted)
    return verdict{by_reload, "HAProxy says that it took it, and shows another one"};
  const bool no_other = read->looks_the_same() && known == text_is::unknown;
  return with_validity(no_other ? same : taken, *after);
}

outcome<verdict> certificate_store::add(const std::string& folder, const std::string& name,
                                        std::string_view pem) {
  if (!sendable(folder) || !sendable(name)) return not_sendable(name);
  const auto made = session_.execute_raw("new ssl cert " + name);
  if (!made) return made.error();
  // An empty one may be left over from a conversation that broke.
  if (!made->starts_with("New empty certificate store") && !made->ends_with(" already exists!"))
    return verdict{by_reload, on_one_line(*made)};
  const auto undo = [&](const verdict& why) -> outcome<verdict> {
    const auto gone = session_.execute_raw("del ssl cert " + name);
    if (!gone) return gone.error();
    return why;
  };
  auto step = set(name, pem);
  if (step && step->what == taken) step = commit(name);
  if (!step) return step;
  if (step->what != taken) return undo(*step);
  const auto added = session_.execute_raw("add ssl crt-list " + folder + " " + name);
  if (!added) return added.error();
  // Somebody else may have been faster.
  if (!added->ends_with("\nSuccess!") &&
      !added->ends_with("file already exists in this directory!"))
    return undo({by_reload, on_one_line(*added)});
  const auto after = details(name);
  if (!after) return after.error();
  return with_validity(taken, *after);
}

outcome<verdict> certificate_store::remove(const std::string& folder, const std::string& name) {
  if (!sendable(folder) || !sendable(name)) return not_sendable(name);
  const auto left = session_.execute_raw("del ssl crt-list " + folder + " " + name);
  if (!left) return left.error();
  const auto absent = "Can't delete the entry: certificate '" + name + "' ";
  const bool left_before = *left == absent + "does not exist!" ||
                           *left == absent + "can't be found in crt-list '" + folder + "'!";
  if (!left_before && !left->starts_with("Entry '" + name + "' deleted"))
    return verdict{by_reload, on_one_line(*left)};
  if (left_before) {
    // Or it is a piece of a name that HAProxy's list cannot show.
    const auto listed = this->folder(folder);
    if (!listed) return listed.error();
    if (*listed && (*listed)->contains(name)) return verdict{by_reload, on_one_line(*left), false};
  }
  // It stays when another bind uses it, too.
  const auto gone = session_.execute_raw("del ssl cert " + name);
  if (!gone) return gone.error();
  return verdict{};
}

}  // namespace switchyard::haproxy

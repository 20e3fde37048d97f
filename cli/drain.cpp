#include <chrono>
#include <iostream>
#include <optional>
#include <thread>

#include "base/duration.hpp"
#include "base/fd.hpp"
#include "base/text.hpp"
#include "cli/api_client.hpp"
#include "cli/client.hpp"

namespace switchyard::cli {

namespace {

using base::errc;
using base::error;
using nlohmann::json;

constexpr std::chrono::milliseconds between_looks{200};

struct server_name {
  std::string backend, server;

  std::string path() const { return "/v1/backends/" + url_part(backend); }
  std::string text() const { return backend + "/" + server; }
};

base::outcome<server_name> parse_server(const std::string& text) {
  const auto slash = text.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == text.size() ||
      text.find('/', slash + 1) != std::string::npos)
    return error{errc::invalid, "write BACKEND/SERVER, for example api-backend/srv1"};
  return server_name{text.substr(0, slash), text.substr(slash + 1)};
}

const json& server_in(const json& side, const std::string& name) {
  static const json none;
  for (const auto& server : member(side, "servers"))
    if (text_at(server, "name") == name) return server;
  return none;
}

std::string literal(const std::string& name) {
  return "'" + name + "'";  // valid names hold no quote
}

/// How to drain a server where its provider reads it.
std::string remedy(const std::string& owner, const std::string& type, const server_name& which) {
  if (type == "postgres")
    return "UPDATE servers SET state = 'drain' WHERE backend = " + literal(which.backend) +
           " AND name = " + literal(which.server) + ";";
  if (type == "redis")
    return "HSET <prefix>server:" + which.backend + ":" + which.server + " state drain";
  if (type == "file") return "give the server `state: drain` in the files of " + owner;
  return "give the server the state drain in what " + owner + " reads";
}

/// Whether the server may be drained here: errc::refused names the owner and the remedy.
base::status allowed(api_client& client, const server_name& which) {
  const auto backend = client.get(which.path());
  if (!backend) return backend.error();
  const auto owner = text_at(member(*backend, "server_origins"), which.server);
  if (!server_in(member(*backend, "desired"), which.server).is_object())
    return error{errc::not_found, "backend " + which.backend + " has no server " + which.server};
  const auto status = client.get("/v1/status");
  if (!status) return status.error();
  for (const auto& provider : member(*status, "providers")) {
    if (text_at(provider, "name") != owner) continue;
    const auto type = text_at(provider, "type");
    if (type == "memory") return {};
    return error{errc::refused,
                 "server " + which.text() + " belongs to provider " + owner + " (" + type +
                     "), which decides its state; drain it there: " + remedy(owner, type, which)};
  }
  return {};
}

struct progress {
  bool drained = false;  ///< takes nothing new, and has no session; or HAProxy has it no more
  std::uint64_t sessions = 0;
};

base::outcome<progress> look(api_client& client, const server_name& which) {
  const auto backend = client.get(which.path());
  if (!backend && backend.error().kind == errc::not_found) return progress{true, 0};
  if (!backend) return backend.error();
  const auto unreadable = text_at(*backend, "actual_unreadable");
  if (!unreadable.empty())
    return error{errc::unavailable, "HAProxy could not be asked: " + unreadable};
  const auto& server = server_in(member(*backend, "actual"), which.server);
  if (!server.is_object()) return progress{true, 0};
  const auto left = number_at(server, "sessions");
  return progress{left == 0 && text_at(server, "state") != "ready", left};
}

/// How it is when the wait has ended: drained, or the deadline passed.
base::outcome<progress> wait_for_end(api_client& client, const server_name& which,
                                     const base::deadline& until) {
  for (;;) {
    auto now = look(client, which);
    if (!now || now->drained || until.passed()) return now;
    std::this_thread::sleep_for(between_looks);
  }
}

void print(const server_name& which, const json& written, const std::optional<progress>& end,
           output_format format) {
  const bool applied = member(written, "applied") == true;
  if (format == output_format::json) {
    json result{{"backend", which.backend},
                {"server", which.server},
                {"state", "drain"},
                {"applied", applied},
                {"waiting", member(written, "waiting")}};
    if (end) {
      result["sessions"] = end->sessions;
      result["drained"] = end->drained;
    }
    return print_json(result);
  }
  std::cout << which.text()
            << (applied ? " drains"
                        : " will drain; waiting for: " + joined(member(written, "waiting")))
            << (end && end->drained ? ", and has no session left" : "") << '\n';
}

}  // namespace

int drain(const drain_options& options) {
  const auto which = parse_server(options.server);
  if (!which) return failed("drain", which.error());
  const auto longest = base::parse_duration(options.timeout);
  if (!longest) return failed("drain", {errc::invalid, "--timeout: " + longest.error().message});
  auto client = api_client::open(options.client);
  if (!client) return failed("drain", client.error());
  if (const auto may = allowed(*client, *which); !may) return failed("drain", may.error());
  const auto written =
      client->patch(which->path() + "/servers/" + url_part(which->server), {{"state", "drain"}});
  if (!written) return failed("drain", written.error());
  std::optional<progress> end;
  if (options.wait) {
    const auto ended = wait_for_end(*client, *which, base::deadline(*longest));
    if (!ended) return failed("drain", ended.error());
    end = *ended;
  }
  print(*which, *written, end, options.client.common.output);
  if (!end || end->drained) return 0;
  return failed("drain", {errc::timeout, which->text() + " still has " +
                                             base::counted(end->sessions, "session") + " after " +
                                             options.timeout + "; it goes on draining"});
}

}  // namespace switchyard::cli

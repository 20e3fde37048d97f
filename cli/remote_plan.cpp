#include "cli/remote_plan.hpp"

#include <filesystem>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/limits.hpp"
#include "base/atomic_file.hpp"
#include "base/yaml.hpp"
#include "cli/api_client.hpp"
#include "cli/client.hpp"
#include "model/json_reader.hpp"

namespace switchyard::cli {

namespace {

using base::errc;
using base::error;
using base::outcome;
using deed = haproxy::preview_step::deed;
using haproxy::reload_cause;
using nlohmann::json;
using lines = std::vector<std::string>;

/// What the JSON says is not what this version knows.
struct unknown_form {};

reload_cause cause_of(const std::string& words) {
  for (const auto cause :
       {reload_cause::new_backend, reload_cause::removed_backend, reload_cause::changed_settings,
        reload_cause::changed_server_options, reload_cause::changed_head,
        reload_cause::operators_file, reload_cause::ca_file, reload_cause::certificate,
        reload_cause::unknown_layout, reload_cause::trial})
    if (to_string(cause) == words) return cause;
  throw unknown_form{};
}

std::vector<haproxy::reload_reason> reasons_in(const json& list) {
  std::vector<haproxy::reload_reason> reasons;
  for (const auto& r : list)
    reasons.push_back({cause_of(text_at(r, "cause")), text_at(r, "subject"), text_at(r, "detail")});
  return reasons;
}

deed deed_of(const std::string& word) {
  if (word == "command") return deed::command;
  if (word == "reload") return deed::reload;
  if (word == "start") return deed::start;
  throw unknown_form{};
}

haproxy::preview_step step_in(const json& value) {
  haproxy::preview_step step;
  step.what = deed_of(text_at(value, "do"));
  step.command = text_at(value, "command");
  step.backend = text_at(value, "backend");
  step.reasons = reasons_in(member(value, "reasons"));
  step.after = std::chrono::milliseconds(number_at(value, "after_ms"));
  return step;
}

haproxy::file_change file_in(const json& value) {
  haproxy::file_change file;
  file.path = text_at(value, "path");
  for (const auto& s : member(value, "changes"))
    file.sections.push_back({text_at(s, "section"), member(s, "removed").get<lines>(),
                             member(s, "added").get<lines>()});
  return file;
}

haproxy::preview preview_in(const json& body) {
  haproxy::preview preview;
  preview.reachable = body.at("haproxy_reachable").get<bool>();
  for (const auto& step : body.at("steps")) preview.steps.push_back(step_in(step));
  for (const auto& file : body.at("files")) preview.files.push_back(file_in(file));
  preview.waiting = reasons_in(body.at("reload").at("waiting"));
  for (const auto& n : body.at("notices"))
    preview.notices.push_back(
        {text_at(n, "level") == "error" ? haproxy::severity::error : haproxy::severity::warning,
         text_at(n, "text"),
         {}});
  return preview;
}

api::hold_list held_in(const json& value) {
  api::hold_list held;
  held.count = number_at(value, "count");
  for (const auto& h : member(value, "list")) {
    api::hold_status hold;
    hold.id = number_at(h, "id");
    hold.what = text_at(h, "what");
    hold.server_count = number_at(member(h, "servers"), "count");
    hold.route_count = number_at(member(h, "routes"), "count");
    hold.rejected = member(h, "rejected") == true;
    held.holds.push_back(std::move(hold));
  }
  return held;
}

outcome<std::string> text_of(const std::string& path) {
  if (path == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
  std::error_code unknown;
  if (std::filesystem::is_directory(path, unknown))
    return error{errc::invalid, path + " is a folder; over the API a plan takes one file"};
  return base::read_file(path);
}

}  // namespace

outcome<json> document_for_api(const std::string& path) {
  auto text = text_of(path);
  if (!text) return text.error();
  const auto name = path == "-" ? std::string("standard input") : path;
  if (path.ends_with(".json")) {
    auto value = model::parse_json(*text);
    if (!value) return error{errc::invalid, name + ":" + value.error().message};
    return *std::move(value);
  }
  auto document = base::parse_yaml(*text);
  if (!document) return error{errc::invalid, name + ":" + document.error().message};
  return std::move(document->value);
}

outcome<actors::plan_answer> read_plan(const json& body) {
  try {
    actors::plan_answer answer;
    answer.preview = preview_in(body);
    for (const auto& r : body.at("refused"))
      answer.refused.push_back({text_at(r, "source"), {text_at(r, "key"), text_at(r, "reason")}});
    answer.held = held_in(member(body, "held"));
    return answer;
  } catch (const json::exception&) {
  } catch (const unknown_form&) {
  }
  return error{errc::protocol,
               "the answer is a plan of another version of switchyard; -o json prints it as it is"};
}

outcome<json> ask_for_plan(const plan_options& options) {
  auto client = api_client::open(options.client);
  if (!client) return client.error();
  if (options.file.empty()) return client->get("/v1/plan");
  auto document = document_for_api(options.file);
  if (!document) return error{errc::refused, document.error().message};
  if (const auto size = document->dump().size(); size > api::server_limits{}.body_bytes)
    return error{errc::refused, "the document has " + std::to_string(size) +
                                    " bytes as JSON, and the API takes " +
                                    std::to_string(api::server_limits{}.body_bytes) +
                                    " at most; plan without --api, where HAProxy runs"};
  return client->post(options.whole ? "/v1/plan?whole=true" : "/v1/plan", *document);
}

}  // namespace switchyard::cli

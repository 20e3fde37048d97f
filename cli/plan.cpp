#include <chrono>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors/planning.hpp"
#include "actors/source_view.hpp"
#include "base/redact.hpp"
#include "cli/client.hpp"
#include "cli/commands.hpp"
#include "cli/remote_plan.hpp"
#include "cli/terminal.hpp"
#include "config/load.hpp"
#include "providers/file/contents.hpp"
#include "providers/quota_sink.hpp"
#include "providers/registry.hpp"

namespace switchyard::cli {

namespace {

using base::error;
using base::outcome;

constexpr int differs = 3;

/// Errors name the provider.
outcome<model::report> read_once(const config::provider_settings& settings) {
  auto provider = providers::make(settings);
  if (!provider) return provider.error();
  auto report = (*provider)->backends();
  if (!report) return report;
  if (auto excess = providers::over_quota(*report, settings.max_objects); !excess.empty())
    return error{base::errc::refused, settings.name + ": " + excess};
  return report;
}

/// As the file provider reads it; "-" is the standard input, in YAML, which JSON is a part of.
outcome<model::report> read_document(const std::string& path) {
  if (path != "-") {
    config::file_settings file;
    file.path = path;
    return read_once({"--file", file});
  }
  const std::string text(std::istreambuf_iterator<char>(std::cin), {});
  providers::file::contents read;
  read.set("standard input", text);
  if (const auto faults = read.faults(); !faults.empty())
    return error{base::errc::invalid, faults.front()};
  return read.merge();
}

struct all_sources {
  actors::source_view view;
  std::vector<actors::left_out> refused;
};

outcome<all_sources> read_sources(const config::settings& settings) {
  std::vector<std::pair<std::string, actors::report_ptr>> reports;
  all_sources all{{model::desired_state({}), {}, {}}, {}};
  for (const auto& p : settings.providers) {
    auto report = read_once(p);
    if (!report) return report.error();
    for (const auto& r : report->refused) all.refused.push_back({p.name, r});
    reports.emplace_back(p.name, std::make_shared<const model::report>(std::move(*report)));
  }
  all.view = actors::view_of_sources(settings, reports, std::chrono::system_clock::now());
  return all;
}

outcome<actors::plan_answer> answer_to(const plan_options& options,
                                       const config::settings& settings) {
  actors::plan_question question;
  question.whole = options.whole;
  if (!options.file.empty()) {
    auto document = read_document(options.file);
    if (!document) return document.error();
    question.document = std::move(document).value();
  }
  auto read = options.whole
                  ? outcome<all_sources>(all_sources{{model::desired_state({}), {}, {}}, {}})
                  : read_sources(settings);
  if (!read) return read.error();
  auto& [view, refused] = *read;
  auto answer = actors::plan(settings, {std::move(view.desired), {}}, question);
  if (!answer) return answer;
  answer->refused.insert(answer->refused.end(), refused.begin(), refused.end());
  answer->held = std::move(view.held);
  for (const auto& text : view.notices)
    answer->preview.notices.push_back({haproxy::severity::warning, text});
  hide_secrets(*answer);
  return answer;
}

void print(const actors::plan_answer& answer) {
  std::cout << harmless(actors::to_text(answer));
  for (const auto& r : answer.refused)
    std::cerr << harmless("refused " + r.source + " " + r.what.key + ": " + r.what.reason) << '\n';
}

int finish(bool would_change) {
  if (!std::cout.flush()) return 1;
  return would_change ? differs : 0;
}

int no_plan(const error& why) {
  std::cerr << "switchyard plan: " << base::redact(why.message) << '\n';
  return 1;
}

int plan_by_api(const plan_options& options, bool as_json) {
  const auto body = ask_for_plan(options);
  if (!body) return failed("plan", body.error());
  if (as_json) {
    print_json(*body);
    return finish(member(*body, "differs") == true);
  }
  const auto answer = read_plan(*body);
  if (!answer) return failed("plan", answer.error());
  print(*answer);
  return finish(answer->preview.differs());
}

}  // namespace

int plan(const plan_options& options) {
  const bool as_json = options.client.common.output == output_format::json;
  if (!options.client.api.empty()) return plan_by_api(options, as_json);
  const auto settings =
      config::load(options.client.common.config, config::switchyard_environment());
  if (!settings) return no_plan(settings.error());
  const auto answer = answer_to(options, *settings);
  if (!answer) return no_plan(answer.error());
  if (as_json)
    print_json(actors::to_json(*answer));
  else
    print(*answer);
  return finish(answer->preview.differs());
}

}  // namespace switchyard::cli

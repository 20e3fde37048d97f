// A preview as text and as JSON.

#include <array>
#include <map>
#include <string>

#include "base/text.hpp"
#include "haproxy/preview.hpp"

namespace switchyard::haproxy {

namespace {

using deed = preview_step::deed;
using nlohmann::json;
using std::chrono::milliseconds;

// A file's section shows this many lines of each kind; programs get them all.
constexpr std::size_t most_lines = 20;

std::string_view to_string(severity level) {
  return level == severity::error ? "error" : "warning";
}

std::string counted(std::size_t count, const std::string& one, const std::string& many) {
  return count == 1 ? "1 " + one : std::to_string(count) + " " + many;
}

std::string words_of(const std::vector<reload_reason>& reasons) {
  std::string text;
  for (const auto& reason : reasons) (text += text.empty() ? "" : ", ") += words_of(reason);
  return text;
}

json json_of(const std::vector<reload_reason>& reasons) {
  auto all = json::array();
  for (const auto& reason : reasons)
    all.push_back({{"cause", to_string(reason.cause)},
                   {"subject", reason.subject},
                   {"detail", reason.detail}});
  return all;
}

json json_of(const preview_step& step) {
  constexpr std::array names{"command", "reload", "start"};
  json value{{"do", names.at(static_cast<std::size_t>(step.what))},
             {"after_ms", step.after.count()}};
  if (step.what == deed::command) {
    value["command"] = step.command;
    value["backend"] = step.backend.empty() ? json() : json(step.backend);
  }
  if (step.what == deed::reload) value["reasons"] = json_of(step.reasons);
  return value;
}

json json_of(const file_change& file) {
  auto sections = json::array();
  std::size_t added = 0;
  std::size_t removed = 0;
  for (const auto& s : file.sections) {
    added += s.added.size();
    removed += s.removed.size();
    sections.push_back({{"section", s.section}, {"removed", s.removed}, {"added", s.added}});
  }
  return {{"path", file.path}, {"added", added}, {"removed", removed}, {"changes", sections}};
}

std::size_t reloads_in(const preview& value) {
  std::size_t count = 0;
  for (const auto& step : value.steps) count += step.what == deed::reload ? 1 : 0;
  return count;
}

/// "3 runtime commands, 1 reload (new backend shop), 1 file changes".
std::string summary(const preview& value) {
  if (!value.differs()) return "nothing would change";
  std::size_t commands = 0;
  bool starts = false;
  std::vector<reload_reason> reasons;
  for (const auto& step : value.steps) {
    commands += step.what == deed::command ? 1 : 0;
    starts = starts || step.what == deed::start;
    reasons.insert(reasons.end(), step.reasons.begin(), step.reasons.end());
  }
  const auto reloads = reloads_in(value);
  auto text = counted(commands, "runtime command", "runtime commands") + ", ";
  text += reloads == 0 ? "no reload" : counted(reloads, "reload", "reloads");
  if (!reasons.empty()) text += " (" + words_of(reasons) + ")";
  text += ", " + counted(value.files.size(), "file changes", "files change");
  if (starts) text = "HAProxy would be started, " + text;
  if (!value.waiting.empty()) text += "; a reload would wait: " + words_of(value.waiting);
  return text;
}

/// "" for what is done at once.
std::string when(const preview_step& step) {
  if (step.after <= milliseconds(0)) return "";
  return "  # within " + std::to_string(step.after.count()) + " ms";
}

/// What happens up to the next reload, by backend.
void add_commands(const std::vector<const preview_step*>& steps, std::string& text) {
  std::map<std::string, std::string> by_backend;
  for (const auto* step : steps)
    by_backend[step->backend] += "    " + step->command + when(*step) + "\n";
  for (const auto& [backend, lines] : by_backend)
    text += (backend.empty() ? "  routes\n" : "  backend " + backend + "\n") + lines;
}

void add_steps(const preview& value, std::string& text) {
  if (value.steps.empty()) return;
  text += "\nHAProxy\n";
  std::vector<const preview_step*> run;
  for (const auto& step : value.steps) {
    if (step.what == deed::command) {
      run.push_back(&step);
      continue;
    }
    add_commands(run, text);
    run.clear();
    text += step.what == deed::start ? "  start" : "  reload: " + words_of(step.reasons);
    text += when(step) + "\n";
  }
  add_commands(run, text);
}

void add_lines(const std::vector<std::string>& lines, const char* sign, std::string& text) {
  for (std::size_t i = 0; i < lines.size() && i < most_lines; ++i)
    text += std::string("    ") + sign + " " + lines[i] + "\n";
  if (lines.size() > most_lines)
    text += std::string("    ") + sign + " and " +
            base::counted(lines.size() - most_lines, "more line") + "\n";
}

}  // namespace

json to_json(const preview& value) {
  auto steps = json::array();
  for (const auto& step : value.steps) steps.push_back(json_of(step));
  auto files = json::array();
  for (const auto& file : value.files) files.push_back(json_of(file));
  auto notices = json::array();
  for (const auto& n : value.notices)
    notices.push_back({{"level", to_string(n.level)}, {"text", n.text}});
  std::vector<reload_reason> reasons;
  for (const auto& step : value.steps)
    reasons.insert(reasons.end(), step.reasons.begin(), step.reasons.end());
  return {{"differs", value.differs()},
          {"haproxy_reachable", value.reachable},
          {"reload",
           {{"count", reloads_in(value)},
            {"reasons", json_of(reasons)},
            {"waiting", json_of(value.waiting)}}},
          {"steps", steps},
          {"files", files},
          {"notices", notices}};
}

std::string to_text(const preview& value) {
  auto text = summary(value) + "\n";
  for (const auto& n : value.notices)
    text += std::string(to_string(n.level)) + ": " + n.text + "\n";
  add_steps(value, text);
  for (const auto& file : value.files) {
    text += "\n" + file.path + "\n";
    for (const auto& s : file.sections) {
      if (!s.section.empty()) text += "  " + s.section + "\n";
      add_lines(s.removed, "-", text);
      add_lines(s.added, "+", text);
    }
  }
  return text;
}

}  // namespace switchyard::haproxy

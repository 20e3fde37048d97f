#include "cli/findings.hpp"

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/redact.hpp"
#include "base/text.hpp"
#include "cli/terminal.hpp"

namespace switchyard::cli {

namespace {

std::string_view word_of(level grade) {
  switch (grade) {
    case level::ok:
      return "ok";
    case level::warning:
      return "warning";
    case level::error:
      break;
  }
  return "error";
}

std::string label_of(level grade) {
  switch (grade) {
    case level::ok:
      return painted("ok", colour::green) + "    ";
    case level::warning:
      return painted("warn", colour::yellow) + "  ";
    case level::error:
      break;
  }
  return painted("FAIL", colour::red) + "  ";
}

}  // namespace

void findings::add(finding f) {
  f.text = base::redact(f.text);
  f.remedy = base::redact(f.remedy);
  list_.push_back(std::move(f));
}

void findings::ok(std::string subject, std::string text) {
  add({level::ok, std::move(subject), std::move(text), ""});
}

void findings::warning(std::string subject, std::string text, std::string remedy) {
  add({level::warning, std::move(subject), std::move(text), std::move(remedy)});
}

void findings::error(std::string subject, std::string text, std::string remedy) {
  add({level::error, std::move(subject), std::move(text), std::move(remedy)});
}

void findings::note(std::string subject, const base::status& result, std::string text,
                    std::string remedy) {
  if (result)
    ok(std::move(subject), std::move(text));
  else
    error(std::move(subject), result.error().message, std::move(remedy));
}

bool findings::sound() const {
  return std::ranges::none_of(list_, [](const auto& f) { return f.grade == level::error; });
}

std::string findings::errors() const {
  std::string text;
  for (const auto& f : list_) {
    if (f.grade != level::error) continue;
    if (!text.empty()) text += '\n';
    text += f.subject + ": " + f.text + (f.remedy.empty() ? "" : "; " + f.remedy);
  }
  return text;
}

void findings::print(output_format format) const {
  const auto count = [&](level grade) {
    return static_cast<std::size_t>(
        std::ranges::count_if(list_, [&](const auto& f) { return f.grade == grade; }));
  };
  const auto errors = count(level::error), warnings = count(level::warning);
  if (format == output_format::json) {
    auto all = nlohmann::ordered_json::array();
    for (const auto& f : list_)
      all.push_back({{"level", word_of(f.grade)},
                     {"subject", f.subject},
                     {"text", f.text},
                     {"remedy", f.remedy}});
    const nlohmann::ordered_json result{
        {"ok", errors == 0}, {"errors", errors}, {"warnings", warnings}, {"findings", all}};
    std::cout << result.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
    return;
  }
  for (const auto& f : list_) {
    std::cout << label_of(f.grade) << f.subject << ": " << harmless(f.text) << '\n';
    if (!f.remedy.empty()) std::cout << "      -> " << harmless(f.remedy) << '\n';
  }
  std::cout << (errors + warnings == 0
                    ? std::string("nothing to mend")
                    : base::counted(errors, "error") + ", " + base::counted(warnings, "warning"))
            << '\n';
}

}  // namespace switchyard::cli

#include "cli/findings.hpp"

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>
#include <utility>

namespace switchyard::cli {

void findings::good(std::string subject, std::string text) {
  list_.push_back({true, std::move(subject), std::move(text)});
}

void findings::bad(std::string subject, std::string text) {
  list_.push_back({false, std::move(subject), std::move(text)});
}

void findings::note(std::string subject, const base::status& result, std::string text) {
  if (result)
    good(std::move(subject), std::move(text));
  else
    bad(std::move(subject), result.error().message);
}

bool findings::all_good() const {
  return std::all_of(list_.begin(), list_.end(), [](const auto& f) { return f.good; });
}

void findings::print(output_format format) const {
  if (format == output_format::json) {
    auto all = nlohmann::json::array();
    for (const auto& f : list_)
      all.push_back({{"ok", f.good}, {"subject", f.subject}, {"text", f.text}});
    std::cout << nlohmann::json{{"ok", all_good()}, {"findings", all}}.dump(2) << '\n';
    return;
  }
  for (const auto& f : list_)
    std::cout << (f.good ? "ok    " : "FAIL  ") << f.subject << ": " << f.text << '\n';
}

}  // namespace switchyard::cli

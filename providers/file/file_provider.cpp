#include "providers/file/file_provider.hpp"

#include <utility>

#include "providers/file/session.hpp"
#include "providers/one_backend.hpp"

namespace switchyard::providers::file {

file_provider::file_provider(std::string name, config::file_settings settings)
    : name_(std::move(name)), settings_(std::move(settings)) {}

file_provider::~file_provider() {
  stop();
}

void file_provider::watch(sink& target) {
  session run(settings_, target);
  run.begin();
  while (!stopping()) run.step(waker());
}

base::outcome<model::report> file_provider::backends() {
  const auto fail = [this](base::errc kind, const std::string& reason) {
    return base::error{kind, name_ + ": " + settings_.path + ": " + reason};
  };
  const auto found = scan(settings_.path);
  if (!found.missing.empty()) return fail(base::errc::not_found, found.missing);
  contents all(settings_.max_bytes, settings_.max_depth);
  for (const auto& [name, file] : found.files) {
    if (auto text = read(file, settings_.max_bytes))
      all.set(name, *std::move(text));
    else
      all.fail(name, text.error().message);
  }
  std::string reasons;
  for (const auto& fault : all.faults()) reasons += (reasons.empty() ? "" : "; ") + fault;
  if (!reasons.empty()) return fail(base::errc::invalid, reasons);
  auto view = all.merge();
  view.seen_at = std::chrono::steady_clock::now();
  return view;
}

base::outcome<model::report> file_provider::backend(const std::string& name) {
  return one_backend(backends(), name);
}

}  // namespace switchyard::providers::file

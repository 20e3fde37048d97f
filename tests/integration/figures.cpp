#include "tests/integration/figures.hpp"

#include <stdexcept>

#include "cli/sse.hpp"

namespace switchyard::tests {

figures::figures(std::uint16_t api_port) {
  const auto answer = http_ask(api_port, "GET", "/metrics");
  if (answer.status != 200) throw std::runtime_error("no metrics: " + answer.head + answer.body);
  text_ = "\n" + answer.body;
}

std::optional<double> figures::value(std::string_view series) const {
  const auto line = "\n" + std::string(series) + " ";
  const auto at = text_.find(line);
  if (at == std::string::npos) return std::nullopt;
  return std::stod(text_.substr(at + line.size()));
}

event_reader::event_reader(std::uint16_t api_port, const std::string& query,
                           const std::string& last_id, const std::string& authority) {
  const auto from = authority.empty() ? "http://127.0.0.1:" : "https://localhost:";
  std::vector<std::string> argv{"curl", "-sS", "-N",
                                from + std::to_string(api_port) + "/v1/events" + query};
  if (!authority.empty()) argv.insert(argv.end(), {"--cacert", authority});
  if (!last_id.empty()) argv.insert(argv.end(), {"-H", "Last-Event-ID: " + last_id});
  curl_ = std::make_unique<background_process>(argv, folder_.path() / "events");
  const auto begun = [&] { return contains(read_text(folder_.path() / "events"), "retry:"); };
  if (!eventually(begun))
    throw std::runtime_error("no events: " + read_text(folder_.path() / "events"));
}

std::vector<event_reader::event> event_reader::events() const {
  cli::sse_parser parser;
  std::vector<event> all;
  for (const auto& e : parser.feed(read_text(folder_.path() / "events")))
    all.push_back({e.id, e.name, nlohmann::json::parse(e.data)});
  return all;
}

std::optional<event_reader::event> event_reader::with(std::string_view text) const {
  for (auto& e : events())
    if (contains(e.body.dump(), text)) return e;
  return std::nullopt;
}

std::optional<event_reader::event> event_reader::await(std::string_view text) const {
  std::optional<event> found;
  eventually([&] { return (found = with(text)).has_value(); });
  return found;
}

}  // namespace switchyard::tests

#include "tests/soak/traffic.hpp"

#include <charconv>
#include <sstream>
#include <stdexcept>

#include "tests/soak/churn.hpp"

namespace switchyard::tests::soak {

namespace {

/// How long a request may take: long past every time that is fair, so that none of them is lost
/// unseen.
constexpr const char* patience = "10s";

std::vector<std::uint16_t> free_ports(unsigned count) {
  std::vector<std::uint16_t> ports;
  for (unsigned i = 0; i < count; ++i) ports.push_back(free_port());
  return ports;
}

/// The requests, one for each host and path, in turn.
std::string script(wrk::connections kind) {
  const std::string header =
      kind == wrk::connections::fresh ? ", [\"Connection\"] = \"close\"" : "";
  return "local all = {}\n"
         "for host = 0, " +
         std::to_string(hosts - 1) +
         " do\n"
         "  for path = 0, " +
         std::to_string(paths - 1) +
         " do\n"
         "    all[#all + 1] = wrk.format('GET', '/p' .. path .. '/x',\n"
         "      {[\"Host\"] = 'h' .. host .. '.test'" +
         header +
         "})\n"
         "  end\n"
         "end\n"
         "local at = 0\n"
         "request = function()\n"
         "  at = at % #all + 1\n"
         "  return all[at]\n"
         "end\n"
         // So that what failed can be found in switchyard's log.
         "local told = 0\n"
         "response = function(status, headers, body)\n"
         "  if status < 300 or told >= 20 then return end\n"
         "  told = told + 1\n"
         "  print('status ' .. status .. ' at ' .. os.date('!%H:%M:%S') .. ' ' ..\n"
         "    body:gsub('%s+', ' '):sub(1, 100))\n"
         "end\n";
}

/// The number that follows `label`, 0 when the label is not there.
std::uint64_t number_after(const std::string& text, const std::string& label) {
  const auto at = text.find(label);
  std::uint64_t value = 0;
  if (at != std::string::npos)
    std::from_chars(text.data() + at + label.size(), text.data() + text.size(), value);
  return value;
}

std::string lines_that_begin_with(const std::string& start, const std::string& text) {
  std::istringstream lines(text);
  std::string found;
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(start)) found += line + "\n";
  return found;
}

}  // namespace

upstreams::upstreams(unsigned count) : ports_(free_ports(count)), server_(sections(ports_)) {}

std::string upstreams::sections(const std::vector<std::uint16_t>& ports) {
  std::string text = "frontend upstreams\n";
  for (const auto port : ports) text += "  bind 127.0.0.1:" + std::to_string(port) + "\n";
  return text + "  http-request return status 200 content-type text/plain string ok\n";
}

wrk_counts& wrk_counts::operator+=(const wrk_counts& other) {
  requests += other.requests;
  failed += other.failed;
  failures += other.failures;
  return *this;
}

wrk_counts parse_wrk(const std::string& report) {
  const auto label = report.find(" requests in ");
  if (label == std::string::npos) throw std::runtime_error("wrk did not report:\n" + report);
  const auto begin = report.rfind(' ', label - 1) + 1;
  wrk_counts counts;
  std::from_chars(report.data() + begin, report.data() + label, counts.requests);
  for (const auto* label_of : {"Socket errors:", "Non-2xx or 3xx responses:"})
    if (const auto at = report.find(label_of); at != std::string::npos)
      counts.failures += report.substr(at, report.find('\n', at) + 1 - at);
  counts.failures += lines_that_begin_with("status ", report);
  if (report.find("Socket errors:") != std::string::npos)
    for (const auto* kind : {"connect ", ", read ", ", write ", ", timeout "})
      counts.failed += number_after(report, kind);
  counts.failed += number_after(report, "Non-2xx or 3xx responses: ");
  return counts;
}

wrk::wrk(std::uint16_t port, connections kind, unsigned count, std::chrono::seconds duration) {
  write_text(folder_ / "requests.lua", script(kind));
  process_ = std::make_unique<background_process>(
      std::vector<std::string>{"wrk", "-t1", "-c" + std::to_string(count),
                               "-d" + std::to_string(duration.count()) + "s", "--timeout", patience,
                               "-s", folder_ / "requests.lua",
                               "http://127.0.0.1:" + std::to_string(port) + "/"},
      folder_ / "report");
}

bool wrk::ended(std::chrono::milliseconds longest) {
  return process_->wait(longest).has_value();
}

wrk_counts wrk::counts() {
  const auto report = read_text(folder_ / "report");
  if (process_->wait(std::chrono::seconds(0)) != 0)
    throw std::runtime_error("wrk failed:\n" + report);
  return parse_wrk(report);
}

}  // namespace switchyard::tests::soak

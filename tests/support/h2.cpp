#include "tests/support/h2.hpp"

#include <charconv>
#include <sstream>
#include <stdexcept>

namespace switchyard::tests {

namespace {

std::string url(std::uint16_t port, bool tls) {
  return (tls ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port) + "/";
}

/// What a program says, whatever its exit code.
std::string output_of(std::vector<std::string> argv) {
  const auto ran = base::run({std::move(argv), {}, std::chrono::seconds(60)});
  if (!ran) throw std::runtime_error(ran.error().message);
  return ran->output;
}

/// Between the first `start` and the next `end`; "" when there is none.
std::string between(std::string_view text, std::string_view start, std::string_view end) {
  const auto at = text.find(start);
  if (at == std::string_view::npos) return "";
  const auto from = at + start.size();
  const auto to = text.find(end, from);
  return to == std::string_view::npos ? "" : std::string(text.substr(from, to - from));
}

template <class Number>
Number number(std::string_view text) {
  Number value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// The number before a word, as in "200 succeeded".
std::uint64_t count(std::string_view text, std::string_view word) {
  const auto end = text.find(word);
  if (end == std::string_view::npos) return 0;
  const auto start = text.find_last_not_of("0123456789", end - 1);
  return number<std::uint64_t>(text.substr(start + 1, end - start - 1));
}

h2_answer ask(std::uint16_t port, bool tls, std::string_view host,
              const std::vector<std::string>& more) {
  std::vector<std::string> argv{"nghttp",
                                "--verbose",
                                "--no-dep",
                                "--timeout=5",
                                "--header=te: trailers",
                                "--header=:authority: " + std::string(host)};
  argv.insert(argv.end(), more.begin(), more.end());
  argv.push_back(url(port, tls));
  const auto told = output_of(std::move(argv));
  h2_answer answer;
  // A line is "[  0.004] recv (stream_id=1) :status: 200".
  answer.status = number<int>(between(told, ") :status: ", "\n"));
  answer.grpc_status = between(told, ") grpc-status: ", "\n");
  // The body stands before the note of its frame: "clear[  0.005] recv DATA frame <…".
  const auto frame = told.find("recv DATA frame");
  if (frame == std::string::npos) return answer;
  const auto line = told.rfind('\n', frame) + 1;
  answer.body = told.substr(line, told.find('[', line) - line);
  return answer;
}

}  // namespace

h2_upstream::h2_upstream(std::string name, const std::optional<key_pair>& tls, bool attentive)
    : name_(std::move(name)), port_(free_port()) {
  write_text(folder_ / "index.html", name_);
  std::vector<std::string> argv{"nghttpd", "--address=127.0.0.1", "--trailer=grpc-status: 0",
                                "--htdocs=" + folder_.path().string()};
  if (attentive) argv.emplace_back("--verbose");
  if (!tls) argv.emplace_back("--no-tls");
  argv.push_back(std::to_string(port_));
  if (tls) {
    write_text(folder_ / "key.pem", tls->key);
    write_text(folder_ / "cert.pem", tls->certificate);
    argv.insert(argv.end(), {folder_ / "key.pem", folder_ / "cert.pem"});
  }
  process_ = std::make_unique<background_process>(argv, folder_ / "log");
  if (!eventually([&] { return h2_get(port_, tls.has_value()).status == 200; }))
    throw std::runtime_error("nghttpd does not come up: " + read_text(folder_ / "log"));
}

bool h2_upstream::heard_trailer(std::string_view trailer) const {
  return read_text(folder_ / "log").find(") " + std::string(trailer) + "\n") != std::string::npos;
}

h2_answer h2_get(std::uint16_t port, bool tls, std::string_view host) {
  return ask(port, tls, host, {});
}

h2_answer h2_post(std::uint16_t port, bool tls, std::string_view host, std::string_view trailer) {
  const temp_dir dir;
  write_text(dir / "body", "a body\n");
  return ask(port, tls, host, {"--data=" + dir / "body", "--trailer=" + std::string(trailer)});
}

h2_totals h2_load(std::uint16_t port, bool tls, unsigned requests) {
  const auto told = output_of({"h2load", "--requests=" + std::to_string(requests), "--clients=4",
                               "--max-concurrent-streams=10", url(port, tls)});
  h2_totals totals;
  totals.protocol = between(told, "Application protocol: ", "\n");
  totals.succeeded = count(told, " succeeded");
  totals.failed = count(told, " failed") + count(told, " errored") + count(told, " timeout");
  totals.answered = count(told, " 2xx");
  for (const auto* const status : {" 3xx", " 4xx", " 5xx"}) totals.otherwise += count(told, status);
  totals.timed_out = count(told, " timeout");
  totals.started = count(told, " started");
  totals.done = count(told, " done,");
  return totals;
}

h2_repeats h2_fetch(std::uint16_t port, unsigned requests) {
  const auto told =
      output_of({"curl", "--silent", "--insecure", "--http2", "--max-time", "20", "--output",
                 "/dev/null", "--write-out", "%{http_version} %{http_code}\\n",
                 url(port, true) + "?[1-" + std::to_string(requests) + "]"});
  h2_repeats counted;
  std::istringstream lines(told);
  for (std::string line; std::getline(lines, line);)
    ++(line == "2 200" ? counted.answered : counted.failed);
  return counted;
}

}  // namespace switchyard::tests

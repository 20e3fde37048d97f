// Documents that are too much: JSON that is nested without end, bodies of ten gigabytes. From every
// source that can say them.

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>

#include "model/json_reader.hpp"
#include "providers/registry.hpp"
#include "tests/providers/exec/scripts.hpp"
#include "tests/providers/recording_sink.hpp"
#include "tests/providers/rest/fixture.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/process_figures.hpp"
#include "tests/support/redis_server.hpp"

namespace switchyard::tests {

namespace {

constexpr std::size_t levels = 200'000;
constexpr std::uint64_t ten_gigabytes = 10ULL << 30U;
constexpr std::size_t megabyte = 1U << 20U;

std::string nested(std::size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

std::string deep_document() {
  return R"({"backends": )" + nested(levels) + "}";
}

std::string good_document() {
  return document(server_json("srv1"));
}

/// A provider of any kind and what it tells.
class any_source {
 public:
  template <class Settings>
  explicit any_source(Settings settings)
      : provider_(*providers::make({"source", std::move(settings)})) {
    provider_->start(sink_);
  }
  ~any_source() { provider_->stop(); }
  any_source(const any_source&) = delete;
  any_source& operator=(const any_source&) = delete;

  /// Waits for the state that the good document gives.
  bool good() const {
    return eventually([&] { return serves() && sink_.last_health().value == level::live; });
  }
  /// Whether the server of the good document is served.
  bool serves() const {
    model::desired_state state({"source"});
    for (const auto& report : sink_.reports()) state.fold("source", report);
    const auto api = state.find("api");
    return api && api->find("srv1") != nullptr;
  }
  /// Waits until it says this, of itself or of an object.
  bool tells(std::string_view words) const {
    return eventually([&] { return contains(said(), words); });
  }
  std::string said() const {
    auto text = sink_.last_health().reason + "\n";
    for (const auto& report : sink_.reports())
      for (const auto& refused : report.refused) text += refused.key + ": " + refused.reason + "\n";
    return text;
  }

 private:
  recording_sink sink_;
  providers::provider_ptr provider_;
};

/// What a source says instead of the good document is refused with these words; what it said before
/// stays, and it heals.
struct spoiled {
  std::function<void()> say_it;
  std::function<void()> say_the_good;
};

void survives(const any_source& source, const spoiled& by, std::string_view words) {
  const auto good = [&] {
    const bool is = source.good();
    BOOST_REQUIRE_MESSAGE(is, source.said());
  };
  good();
  by.say_it();
  const bool told = source.tells(words);
  BOOST_TEST(told, words << ", not " << source.said());
  BOOST_TEST(source.serves());
  by.say_the_good();
  good();
}

struct documents {
  temp_dir folder;

  std::string path(const std::string& name) const { return folder / name; }
  void put(const std::string& name, const std::string& text) const {
    write_text(path("next"), text);
    std::filesystem::rename(path("next"), path(name));
  }
  spoiled written(const std::string& name, const std::string& text) const {
    put(name, good_document());
    return {[=, this] { put(name, text); }, [=, this] { put(name, good_document()); }};
  }
  config::exec_settings printing(const std::string& command) const {
    config::exec_settings settings;
    settings.command = {"/bin/sh", "-c", command, folder.path().string()};
    settings.interval = 20ms;
    return settings;
  }
};

/// How a child process ends that does this. A crash is to be one, and no report.
int end_of(const std::function<void()>& action) {
  const auto child = ::fork();
  if (child == 0) {
    for (const int fatal : {SIGSEGV, SIGBUS, SIGABRT}) ::signal(fatal, SIG_DFL);
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    action();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(deep_json, documents)

BOOST_AUTO_TEST_CASE(from_a_file) {
  for (const std::string name : {"api.json", "api.yaml"}) {
    const auto by = written(name, deep_document());
    survives(any_source(config::file_settings{path(name)}), by, "nested deeper than 32");
  }
}

BOOST_AUTO_TEST_CASE(from_an_http_api) {
  spoken source(good_document());
  auto settings = settings_for(source.api.url());
  const spoiled by{[&] { source.say(200, deep_document()); },
                   [&] { source.say(200, good_document()); }};
  survives(any_source(settings), by, "nested deeper than 32");
  settings.transform = "{backends}";
  survives(any_source(settings), by, "depth limit");
}

BOOST_AUTO_TEST_CASE(from_a_jq_program) {
  spoken source(good_document());
  auto settings = settings_for(source.api.url());
  settings.transform = "if .deep then {backends: (reduce range(200000) as $i (0; [.]))} else . end";
  const spoiled by{[&] { source.say(200, R"({"deep": true})"); },
                   [&] { source.say(200, good_document()); }};
  survives(any_source(settings), by, source.api.url());
}

BOOST_AUTO_TEST_CASE(from_a_command) {
  const auto by = written("document", deep_document());
  survives(any_source(printing("cat $0/document")), by, "nested deeper than 32");
}

BOOST_AUTO_TEST_CASE(from_redis) {
  auto& redis = shared_redis();
  redis.cli({"FLUSHALL"});
  const auto set = [&](const std::string& value) {
    write_text(path("value"), value);
    run_program({"sh", "-c", R"(redis-cli -s "$0" -x SET switchyard:server:api:srv1 < "$1")",
                 redis.socket(), path("value")});
  };
  set(server_json("srv1"));
  config::redis_settings settings;
  settings.url = redis.url();
  const any_source source(settings);
  const auto good = [&] { set(server_json("srv1")); };
  survives(source, {[&] { set(R"({"check": )" + nested(30'000) + "}"); }, good},
           "nested deeper than 32");
  survives(source, {[&] { set(R"({"check": )" + nested(levels) + "}"); }, good}, "65536");
}

BOOST_AUTO_TEST_CASE(from_postgres) {
  auto& server = shared_postgres();
  const auto name = server.create_database();
  const auto sql = [&](const std::string& text) { server.psql(name, text); };
  sql("CREATE TABLE own (backend text, name text, ip text, port int, options json);"
      "INSERT INTO own VALUES ('api', 'srv1', '10.0.0.1', 80, '{}')");
  config::postgres_settings settings;
  settings.dsn = server.dsn(name);
  settings.listen = false;
  settings.interval = 50ms;
  settings.queries.emplace();
  settings.queries->all = "SELECT * FROM own";
  settings.queries->backends = "SELECT * FROM own WHERE backend = ANY($1)";
  const auto deep = [&](std::size_t depth) {
    const auto count = std::to_string(depth);
    sql("UPDATE own SET options = ('{\"check\": ' || repeat('[', " + count + ") || repeat(']', " +
        count + ") || '}')::json");
  };
  // PostgreSQL itself takes some thousand levels, and no more.
  BOOST_CHECK_THROW(deep(levels), std::runtime_error);
  survives(any_source(settings),
           {[&] { deep(3'000); }, [&] { sql("UPDATE own SET options = '{}'"); }},
           "nested deeper than");
}

BOOST_AUTO_TEST_CASE(control_without_a_limit_it_takes_the_whole_process_down) {
  const auto text = deep_document();
  const auto status = end_of([&] {
    const auto parsed = nlohmann::json::parse(text);
    ::_exit(parsed.dump().size() == text.size() ? 0 : 1);
  });
  BOOST_TEST((WIFSIGNALED(status) || WEXITSTATUS(status) != 0));
}

BOOST_AUTO_TEST_CASE(control_without_a_look_at_keys_one_of_two_is_lost_silently) {
  const std::string text = R"({"weight": 10, "weight": 200})";
  BOOST_TEST(nlohmann::json::parse(text).dump() == R"({"weight":200})");
  BOOST_TEST(!model::parse_json(text));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(ten_gigabytes_of, documents)

namespace {

/// Past every default limit, and far below what a body without a limit would take.
constexpr std::size_t bounded = 120 * megabyte;
constexpr std::uint32_t raised_limit = 256U << 20U;

http_api::reply ten_gigabytes_of_spaces(const std::string& head) {
  http_api::reply reply{"HTTP/1.1 200 OK\r\n" + head + "\r\n", {}, true, false};
  reply.block = std::string(megabyte, ' ');
  reply.blocks = ten_gigabytes / megabyte;
  return reply;
}

const std::string print_ten_gigabytes =
    "if [ -e $0/endless ]; then exec head -c 10737418240 /dev/zero; else cat $0/document; fi";

/// Of which nothing but the first byte is on the disk.
void put_ten_gigabytes(const std::string& file) {
  write_text(file + ".next", "{");
  std::filesystem::resize_file(file + ".next", ten_gigabytes);
  std::filesystem::rename(file + ".next", file);
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_http_api_are_not_taken) {
  spoken source(good_document());
  const any_source api(settings_for(source.api.url()));
  for (const std::string head : {"Content-Length: 10737418240\r\n", ""}) {
    const spoiled by{[&] { source.say(ten_gigabytes_of_spaces(head)); },
                     [&] { source.say(200, good_document()); }};
    const auto before = source.api.streamed();
    const auto growth = growth_during([&] { survives(api, by, "larger than 16777216 bytes"); });
    BOOST_TEST(growth < bounded);
    // It is asked again and again, and each time no more is taken than fits, and what is on the
    // way.
    const auto asked = source.api.requests().size();
    BOOST_TEST(source.api.streamed() - before < asked * 32 * megabyte);
  }
}

BOOST_AUTO_TEST_CASE(a_command_are_not_taken) {
  put("document", good_document());
  const any_source source(printing(print_ten_gigabytes));
  const spoiled by{[&] { write_text(path("endless"), ""); },
                   [&] { std::filesystem::remove(path("endless")); }};
  BOOST_TEST(growth_during([&] { survives(source, by, "16777216 bytes"); }) < bounded);
}

BOOST_AUTO_TEST_CASE(a_file_are_not_taken) {
  put("api.json", good_document());
  const any_source source(config::file_settings{path("api.json")});
  const spoiled by{[&] { put_ten_gigabytes(path("api.json")); },
                   [&] { put("api.json", good_document()); }};
  BOOST_TEST(growth_during([&] { survives(source, by, "max_bytes (67108864 bytes)"); }) < bounded);
}

BOOST_AUTO_TEST_CASE(control_with_a_limit_that_is_raised_they_take_memory) {
  spoken source(good_document());
  source.say(ten_gigabytes_of_spaces(""));
  auto settings = settings_for(source.api.url());
  settings.max_bytes = raised_limit;
  const auto growth = growth_during([&] {
    const any_source api(settings);
    BOOST_TEST(api.tells("larger than 268435456 bytes"), api.said());
  });
  BOOST_TEST(growth > bounded);
}

BOOST_AUTO_TEST_CASE(control_with_a_limit_that_is_raised_a_command_takes_memory) {
  put("document", good_document());
  write_text(path("endless"), "");
  auto command = printing(print_ten_gigabytes);
  command.max_bytes = raised_limit;
  BOOST_TEST(growth_during([&] {
               const any_source source(command);
               BOOST_TEST(source.tells("268435456 bytes"), source.said());
             }) > bounded);
}

BOOST_AUTO_TEST_CASE(control_with_a_limit_that_is_raised_a_file_takes_memory) {
  put_ten_gigabytes(path("api.json"));
  config::file_settings file{path("api.json")};
  file.max_bytes = raised_limit;
  BOOST_TEST(growth_during([&] {
               const any_source source(file);
               BOOST_TEST(source.tells("max_bytes (268435456 bytes)"), source.said());
             }) > bounded);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests

#include "tests/faults/installation.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "base/atomic_file.hpp"
#include "haproxy/configuration.hpp"
#include "model/document.hpp"

namespace switchyard::tests {

namespace {

std::string source_file(const temp_dir& source) {
  return source / "backends.json";
}

}  // namespace

installation::installation(const site_options& options)
    : gateway((want({api({&one, &two})}),
               "  - {name: files, type: file, path: " + source_file(source) + "}\n"),
              options) {
  BOOST_REQUIRE_MESSAGE(gateway.answered_by({"srv1", "srv2"}), gateway.log());
  // What came with the start is saved and loaded, and no reload is under way. An attached HAProxy
  // may have been started with all of it, and then nothing is told.
  BOOST_REQUIRE(eventually([&] {
    const auto file = haproxy::parse_configuration(gateway.config_text());
    const auto loaded = gateway.command("show env " + std::string(haproxy::layout_variable));
    return file && gateway.config_text().find("    server srv2 ") != std::string::npos &&
           loaded.find("=" + file->layout()) != std::string::npos &&
           gateway.log_has(options.managed ? "api-backend" : "connected to HAProxy");
  }));
}

model::backend installation::api(const std::vector<const http_upstream*>& upstreams) {
  std::vector<model::server> servers;
  for (const auto* upstream : upstreams)
    servers.push_back(local_server(upstream->name(), upstream->port()));
  return backend_of("api-backend", std::move(servers));
}

model::backend installation::of_its_own_kind(const std::string& name) const {
  auto b = backend_of(name, {local_server(three.name(), three.port())});
  b.settings.balance = model::balance_algorithm::leastconn;
  return b;
}

void installation::want(const std::vector<model::backend>& backends,
                        const std::vector<model::route>& routes) const {
  nlohmann::json document{{"backends", nlohmann::json::array()},
                          {"routes", nlohmann::json::array()}};
  for (const auto& b : backends) document["backends"].push_back(model::encode(b));
  for (const auto& r : routes) document["routes"].push_back(model::encode(r));
  const auto written = base::write_file_atomically(source_file(source), document.dump(1));
  if (!written) BOOST_FAIL(written.error().message);
}

std::string installation::at(const http_upstream& upstream, const std::string& rest) {
  return "127.0.0.1:" + std::to_string(upstream.port()) + " " + rest;
}

bool installation::has_backend(const std::string& name) const {
  return ("\n" + ask_socket(gateway.master_socket(), "@1 show backend")).find("\n" + name + "\n") !=
         std::string::npos;
}

unbroken_traffic::~unbroken_traffic() {
  const auto totals = load_.stop();
  BOOST_TEST(totals.answered > 0U);
  BOOST_TEST(totals.failed == 0U, totals.first_failure);
}

}  // namespace switchyard::tests

#include "tests/soak/sources.hpp"

#include <algorithm>
#include <csignal>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/atomic_file.hpp"
#include "model/document.hpp"

namespace switchyard::tests::soak {

namespace {

using fault = tcp_proxy::fault;
using speaker = tcp_proxy::speaker;

constexpr std::size_t most_servers = 6;
constexpr std::size_t most_backends = 4;

std::size_t pick(std::mt19937& random, std::size_t size) {
  return std::uniform_int_distribution<std::size_t>(0, size - 1)(random);
}

/// Breaks the conversation in one of the ways that a proxy has.
std::string break_in(tcp_proxy& proxy, std::mt19937& random) {
  switch (pick(random, 4)) {
    case 0:
      proxy.break_all(fault::cut);
      return "cut";
    case 1:
      proxy.break_all(fault::stall);
      return "half-open";
    case 2:
      proxy.break_after(speaker::server, pick(random, 3000), fault::cut);
      return "cut in an answer";
    default:
      proxy.break_after(speaker::client, pick(random, 3000), fault::cut);
      return "cut in a question";
  }
}

class database_source : public source {
 public:
  database_source() : source("db") {}

  std::string provider_yaml() const override {
    return "  - {name: db, type: postgres, dsn: \"" +
           database().tcp_dsn("postgres", proxy_.port()) +
           " connect_timeout=2\", schema: " + db_.name() + ", channel: " + db_.name() +
           ", heartbeat: 500ms, query_timeout: 2s, resync: 20s}\n";
  }
  std::string break_something(std::mt19937& random) override {
    if (pick(random, 3) > 0) return break_in(proxy_, random);
    database().terminate_sessions("postgres");
    return "sessions terminated";
  }

 private:
  void store(const std::string& backend, const model::server& s) override {
    db_.sql("INSERT INTO servers (backend, name, ip, port, weight) VALUES ('" + backend + "', '" +
            s.name + "', '" + s.address + "', " + std::to_string(s.port) + ", " +
            std::to_string(s.weight) +
            ") ON CONFLICT (backend, name) DO UPDATE SET port = excluded.port, "
            "weight = excluded.weight");
  }
  void drop(const std::string& backend, const std::string& server) override {
    db_.sql("DELETE FROM servers WHERE backend = '" + backend + "' AND name = '" + server + "'");
  }

  schema db_;
  tcp_proxy proxy_{database().port()};
};

class redis_source : public source {
 public:
  redis_source() : source("registry") {}
  ~redis_source() override { redis_source::mend(); }

  std::string provider_yaml() const override {
    return "  - {name: registry, type: redis, url: \"redis://127.0.0.1:" +
           std::to_string(proxy_.port()) + "\", heartbeat: 500ms, timeout: 2s, resync: 20s}\n";
  }
  std::string break_something(std::mt19937& random) override {
    mend();
    switch (pick(random, 4)) {
      case 0:
        server_.kill_clients();
        return "connections killed";
      case 1:
        ::kill(server_.pid(), SIGSTOP);
        hangs_ = true;
        return "hangs until its next change";
      default:
        return break_in(proxy_, random);
    }
  }
  void mend() override {
    if (std::exchange(hangs_, false)) ::kill(server_.pid(), SIGCONT);
  }

 private:
  static std::string key(const std::string& backend, const std::string& server) {
    return "switchyard:server:" + backend + ":" + server;
  }
  void store(const std::string& backend, const model::server& s) override {
    mend();
    server_.cli({"HSET", key(backend, s.name), "address", s.address, "port", std::to_string(s.port),
                 "weight", std::to_string(s.weight)});
  }
  void drop(const std::string& backend, const std::string& server) override {
    mend();
    server_.cli({"DEL", key(backend, server)});
  }

  redis_server server_;
  tcp_proxy proxy_{server_.port()};
  bool hangs_ = false;
};

class file_source : public source {
 public:
  file_source() : source("files") {}

  std::string provider_yaml() const override {
    return "  - {name: files, type: file, path: " + path() + "}\n";
  }
  std::string break_something(std::mt19937& random) override {
    const auto text = document();
    write(pick(random, 2) == 0 ? text.substr(0, pick(random, text.size()))
                               : std::string("\x00\xff{[", 4));
    return "a broken file";
  }
  void mend() override { write(document()); }

 private:
  std::string path() const { return folder_ / "backends.json"; }
  std::string document() const {
    auto list = nlohmann::json::array();
    for (const auto& [name, servers] : has()) {
      model::backend b;
      b.name = name;
      for (const auto& [server, value] : servers) b.servers.push_back(value);
      model::sort_servers(b.servers);
      list.push_back(model::encode(b));
    }
    return nlohmann::json{{"backends", std::move(list)}}.dump();
  }
  void write(const std::string& text) const {
    if (const auto written = base::write_file_atomically(path(), text); !written)
      throw std::runtime_error(written.error().message);
  }
  void store(const std::string& /*backend*/, const model::server& /*server*/) override {
    write(document());
  }
  void drop(const std::string& /*backend*/, const std::string& /*server*/) override {
    write(document());
  }

  temp_dir folder_;
};

model::server some_server(std::mt19937& random, const std::vector<std::uint16_t>& ports,
                          std::string name) {
  model::server s;
  s.name = std::move(name);
  s.address = "127.0.0.1";
  s.port = ports[pick(random, ports.size())];
  s.weight = static_cast<std::uint16_t>(1 + pick(random, model::max_weight));
  return s;
}

std::string some_name(const std::string& prefix, std::mt19937& random, std::size_t of) {
  return prefix + std::to_string(pick(random, of));
}

}  // namespace

void source::put(const std::string& backend, const model::server& server) {
  has_[backend].insert_or_assign(server.name, server);
  store(backend, server);
}

void source::remove(const std::string& backend, const std::string& server) {
  auto& servers = has_.at(backend);
  servers.erase(server);
  if (servers.empty()) has_.erase(backend);
  drop(backend, server);
}

std::vector<std::unique_ptr<source>> three_sources() {
  std::vector<std::unique_ptr<source>> all;
  all.push_back(std::make_unique<database_source>());
  all.push_back(std::make_unique<redis_source>());
  all.push_back(std::make_unique<file_source>());
  return all;
}

void change_something(source& of, std::mt19937& random, const std::vector<std::uint16_t>& ports) {
  // Rarely: where HAProxy cannot add a backend at run time it costs a reload.
  const bool other_backend = of.has().empty() || pick(random, 25) == 0;
  const auto backend =
      other_backend
          ? some_name(of.name() + "-", random, most_backends)
          : std::next(of.has().begin(), static_cast<std::ptrdiff_t>(pick(random, of.has().size())))
                ->first;
  const auto found = of.has().find(backend);
  const auto servers = found == of.has().end() ? std::size_t{0} : found->second.size();
  const auto name = some_name("s", random, most_servers);
  const bool there = servers > 0 && found->second.contains(name);
  const bool may_go = servers > 1 || (other_backend && of.has().size() > 1);
  if (there && may_go && pick(random, 3) == 0) {
    of.remove(backend, name);
    return;
  }
  of.put(backend, some_server(random, ports, name));
}

}  // namespace switchyard::tests::soak

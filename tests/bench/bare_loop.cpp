#include "tests/bench/bare_loop.hpp"

#include <cstdio>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "haproxy/unix_socket.hpp"
#include "tests/support/support.hpp"

namespace switchyard::tests::bench {

namespace {

constexpr std::string_view prompt = "\n> ";
constexpr std::chrono::seconds patience{10};

base::unique_fd connected(const std::string& path) {
  auto fd = haproxy::connect_unix(path, base::deadline(patience));
  if (!fd) throw std::runtime_error(fd.error().message);
  return std::move(fd).value();
}

}  // namespace

std::string bare_loop::schema_sql() {
  return R"(
CREATE TABLE bare_servers (name text PRIMARY KEY, ip inet NOT NULL, port integer NOT NULL);
CREATE FUNCTION bare_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('bare', coalesce(NEW.name, OLD.name));
  RETURN NULL;
END $$;
CREATE TRIGGER bare_changed AFTER INSERT OR DELETE ON bare_servers
  FOR EACH ROW EXECUTE FUNCTION bare_notify();
)";
}

bare_loop::bare_loop(const std::string& dsn, const std::string& runtime_socket, std::string backend)
    : database_(dsn), socket_(connected(runtime_socket)), backend_(std::move(backend)) {
  command("prompt\n", 1);
  command("set timeout cli 3600\n", 1);
  database_.prepare("row", "SELECT host(ip), port FROM bare_servers WHERE name = $1");
  database_.run("LISTEN bare");
  thread_ = std::thread([this] { run(); });
}

bare_loop::~bare_loop() {
  stopping_ = true;
  stop_.notify();
  thread_.join();
}

void bare_loop::run() {
  try {
    while (!stopping_) {
      const auto woken = base::wait_either(database_.socket(), stop_, std::chrono::hours(1));
      if (!woken) throw std::runtime_error(woken.error().message);
      for (const auto& server : database_.notifications()) follow(server);
    }
  } catch (const std::exception& e) {
    // The sample that waits for it fails by its deadline.
    std::fprintf(stderr, "bare loop: %s\n", e.what());
  }
}

void bare_loop::follow(const std::string& server) {
  const auto row = database_.first_row("row", server);
  const auto name = backend_ + "/" + server;
  if (row.empty()) return remove(name);
  command("add server " + name + " " + row[0] + ":" + row[1] +
              " weight 100 check inter 2s rise 2 fall 3\nenable health " + name +
              "\nenable server " + name + "\n",
          3);
}

void bare_loop::remove(const std::string& name) {
  command("set server " + name + " state maint\n", 1);
  const bool gone = eventually(
      [&] { return command("del server " + name + "\n", 1).find("deleted") != std::string::npos; });
  if (!gone) throw std::runtime_error(name + " cannot be deleted");
}

std::string bare_loop::command(const std::string& lines, std::size_t count) {
  const base::deadline until(patience);
  if (const auto sent = haproxy::send_all(socket_.get(), lines, until); !sent)
    throw std::runtime_error(sent.error().message);
  std::string replies;
  std::size_t seen = 0;
  while (count > 0) {
    const auto more = haproxy::receive_some(socket_.get(), replies, until);
    if (!more) throw std::runtime_error(more.error().message);
    if (!*more) throw std::runtime_error("HAProxy closed the conversation");
    for (auto at = replies.find(prompt, seen); at != std::string::npos && count > 0;
         at = replies.find(prompt, seen)) {
      seen = at + prompt.size();
      --count;
    }
  }
  return replies;
}

}  // namespace switchyard::tests::bench

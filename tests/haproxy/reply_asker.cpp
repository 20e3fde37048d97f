#include "tests/haproxy/reply_asker.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <sstream>
#include <stdexcept>

#include "haproxy/replies.hpp"
#include "tests/support/tls.hpp"

namespace switchyard::tests {

namespace {

std::string sections(std::uint16_t port, std::uint16_t upstream, const std::string& folder) {
  const auto at = std::to_string(upstream);
  return "defaults profile\n  mode http\n  balance roundrobin\n  timeout connect 2s\n"
         "  timeout server 10s\n"
         "frontend f\n  bind 127.0.0.1:" +
         std::to_string(port) +
         "\n  timeout client 10s\n"
         "  bind unix@" +
         folder + "/tls ssl crt " + folder + "/certificates\n  bind unix@" + folder +
         "/kept ssl crt " + folder +
         "/certificates/kept.pem\n"
         "  use_backend held if { path /held }\n"
         "  use_backend %[path,map(" +
         folder +
         "/map,web)]\n"
         "backend web\n  balance roundrobin\n  timeout connect 2s\n  timeout server 10s\n"
         "  server s1 127.0.0.1:1\n  server checked 127.0.0.1:1 check inter 1h\n"
         "  server tracked 127.0.0.1:1 check inter 1h\n  server tracking 127.0.0.1:1 track "
         "tracked\n"
         "  server busy 127.0.0.1:" +
         at +
         " weight 0\n"
         "backend busy\n  timeout connect 2s\n  timeout server 10s\n  server busy 127.0.0.1:" +
         at +
         "\n"
         "backend static\n  balance static-rr\n  timeout connect 2s\n  timeout server 10s\n"
         "  server s1 127.0.0.1:1\n"
         "backend held\n  timeout connect 2s\n  timeout server 10s\n";
}

constexpr const char* title =
    "# What this version of HAProxy answers to the commands that switchyard sends, and how the "
    "answer\n"
    "# is read. Written by `test_reply_table -- --record`.\n";

// What another certificate has otherwise.
constexpr std::array<std::string_view, 4> own_fields{
    "Serial: ", "notBefore: ", "notAfter: ", "SHA1 FingerPrint: "};

/// Writes down what is said.
class noted_conversation final : public haproxy::conversation {
 public:
  using noter = std::function<void(const std::string& command, const std::string& reply)>;
  noted_conversation(conversation& with, noter note) : with_(with), note_(std::move(note)) {}

  base::outcome<std::string> execute_raw(std::string_view command) override {
    return noted(std::string(command), with_.execute_raw(command));
  }
  base::outcome<std::string> execute_payload(std::string_view command,
                                             std::string_view payload) override {
    return noted(std::string(command) + " <<", with_.execute_payload(command, payload));
  }
  std::vector<base::status> execute(std::span<const haproxy::command> commands) override {
    return with_.execute(commands);
  }
  int fd() const override { return with_.fd(); }
  bool broken() const override { return with_.broken(); }

 private:
  base::outcome<std::string> noted(const std::string& command, base::outcome<std::string> reply) {
    note_(command, reply ? *reply : "no reply: " + reply.error().message);
    return reply;
  }

  conversation& with_;
  noter note_;
};

}  // namespace

reply_asker::reply_asker() : upstream_("busy"), haproxy_(sections_in_own_folder()) {
  auto opened = haproxy::runtime::connect(haproxy_.runtime_socket());
  if (!opened) throw std::runtime_error(opened.error().message);
  session_.emplace(std::move(*opened));
}

std::string reply_asker::version() const {
  const auto info = haproxy::parse_info(haproxy_.command("show info"));
  return info->version.substr(0, info->version.find('.', info->version.find('.') + 1));
}

void reply_asker::ask(const std::string& title, const base::outcome<haproxy::command>& c) {
  BOOST_REQUIRE_MESSAGE(bool(c), title);
  const auto reply = session_->execute_raw(c->line);
  const auto verdict = reply ? haproxy::check_reply(c->kind, *reply) : base::status(reply.error());
  ++(verdict ? counts_[c->kind].first : counts_[c->kind].second);
  entries_.push_back({std::string(to_string(c->kind)) + ": " + title,
                      "> " + stable(c->line) + "\n" + (verdict ? "success" : "refused") + "\n" +
                          indented(reply ? *reply : "no reply: " + reply.error().message)});
}

void reply_asker::converse(const std::string& title,
                           const std::function<std::string(haproxy::conversation&)>& talk) {
  std::string said;
  noted_conversation noted(*session_, [&](const std::string& command, const std::string& reply) {
    said += "> " + stable(command) + "\n" + indented(reply);
  });
  const auto outcome = talk(noted);
  entries_.push_back({title, said + outcome + "\n"});
}

std::string reply_asker::prepare(const std::string& line) {
  const auto reply = session_->execute_raw(line);
  if (!reply) throw std::runtime_error(line + ": " + reply.error().message);
  return *reply;
}

std::string reply_asker::sections_in_own_folder() {
  write_text(map(), "known/ web\n");
  std::filesystem::create_directory(certificates());
  for (const std::string name : {"a", "kept"})
    write_text(certificates() + "/" + name + ".pem", self_signed(name + ".test").pem());
  return sections(port_, upstream_.port(), folder_.path().string());
}

/// Without what differs from run to run.
std::string reply_asker::stable(std::string text) const {
  for (auto at = text.find(map()); at != std::string::npos; at = text.find(map()))
    text.replace(at, map().size(), "MAP");
  const auto folder = certificates();
  for (auto at = text.find(folder); at != std::string::npos; at = text.find(folder))
    text.replace(at, folder.size(), "CERTIFICATES");
  return text;
}

/// The reply's lines; of the list of all commands that follows an unknown one, only that it is
/// there.
std::string reply_asker::indented(const std::string& reply) const {
  if (reply.empty()) return "  (an empty line)\n";
  std::string text;
  std::istringstream lines(stable(reply));
  for (std::string line; std::getline(lines, line);) {
    for (const auto field : own_fields)
      if (line.starts_with(field)) line.replace(field.size(), std::string::npos, "…");
    text += "  " + line + "\n";
    if (line.starts_with("Unknown command")) return text + "  …\n";
  }
  return text;
}

std::string table_of(const std::vector<reply_entry>& entries) {
  std::string text(title);
  for (const auto& e : entries) text += "\n" + e.title + "\n" + e.text;
  return text;
}

std::map<std::string, std::string> read_table(const std::string& text) {
  std::map<std::string, std::string> entries;
  std::istringstream rest(text);
  std::string* current = nullptr;
  for (std::string line; std::getline(rest, line);) {
    if (line.empty() || line.starts_with('#'))
      current = nullptr;
    else if (current == nullptr)
      current = &entries[line];
    else
      (*current += line) += '\n';
  }
  return entries;
}

}  // namespace switchyard::tests

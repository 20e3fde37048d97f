#include "haproxy/transaction.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "haproxy/words.hpp"

namespace switchyard::haproxy {

namespace {

using base::errc;
using base::error;
using base::outcome;
using base::status;

/// The section for editing. One that nobody else holds was made by this transaction, as an object
/// that is not const (before_ holds all others as well): many edits of a large backend copy it
/// once.
backend_section& editable(backend_section_ptr& section) {
  if (section.use_count() != 1) section = std::make_shared<backend_section>(*section);
  return const_cast<backend_section&>(*section);
}

std::string_view name_of(const std::string& line) {
  const auto words = std::string_view(line).substr(line.find_first_not_of(' '));
  const auto start = words.find(' ') + 1;
  return words.substr(start, words.find(' ', start) - start);
}

/// Where a server of that name stands or would stand.
std::vector<std::string>::iterator find_line(std::vector<std::string>& lines,
                                             std::string_view name) {
  return std::lower_bound(
      lines.begin(), lines.end(), name,
      [](const std::string& line, std::string_view wanted) { return name_of(line) < wanted; });
}

error unknown(const std::string& what, std::string_view name) {
  return {errc::not_found, "there is no " + what + " " + printable(name)};
}

bool same_section(const backend_section_ptr& a, const backend_section_ptr& b) {
  return a == b || *a == *b;
}

}  // namespace

status transaction::upsert_backend(const model::backend& backend, std::string_view ca_file) {
  auto section = render_backend(backend, ca_file);
  if (!section) return section.error();
  draft_.backends.insert_or_assign(backend.name,
                                   std::make_shared<backend_section>(std::move(section).value()));
  return {};
}

status transaction::replace_servers(const model::backend& backend) {
  const auto found = draft_.backends.find(backend.name);
  if (found == draft_.backends.end()) return unknown("backend", backend.name);
  backend_section section{found->second->settings, {}};
  for (const auto& server : backend.servers) {
    auto line = render_server(server);
    if (!line)
      return error{line.error().kind, "backend " + backend.name + ": " + line.error().message};
    section.servers.push_back(std::move(line).value());
  }
  found->second = std::make_shared<backend_section>(std::move(section));
  return {};
}

status transaction::remove_backend(const std::string& name) {
  if (draft_.backends.erase(name) == 0) return unknown("backend", name);
  return {};
}

status transaction::upsert_server(const std::string& backend, const model::server& server) {
  const auto found = draft_.backends.find(backend);
  if (found == draft_.backends.end()) return unknown("backend", backend);
  auto line = render_server(server);
  if (!line) return error{line.error().kind, "backend " + backend + ": " + line.error().message};
  auto& lines = editable(found->second).servers;
  const auto at = find_line(lines, server.name);
  if (at != lines.end() && name_of(*at) == server.name)
    *at = std::move(line).value();
  else
    lines.insert(at, std::move(line).value());
  return {};
}

status transaction::remove_server(const std::string& backend, const std::string& server) {
  const auto found = draft_.backends.find(backend);
  if (found == draft_.backends.end()) return unknown("backend", backend);
  auto& lines = editable(found->second).servers;
  const auto at = find_line(lines, server);
  if (at == lines.end() || name_of(*at) != server) return unknown("server", backend + "/" + server);
  lines.erase(at);
  return {};
}

void transaction::set_head(std::string head) {
  draft_.head = std::move(head);
}

bool transaction::changed() const {
  return draft_.head != before_.head ||
         !std::ranges::equal(draft_.backends, before_.backends, [](const auto& a, const auto& b) {
           return a.first == b.first && same_section(a.second, b.second);
         });
}

bool transaction::changes_layout() const {
  return draft_.head != before_.head ||
         !std::ranges::equal(draft_.backends, before_.backends, [](const auto& a, const auto& b) {
           return a.first == b.first &&
                  (a.second == b.second || a.second->settings == b.second->settings);
         });
}

outcome<configuration> transaction::commit(config_store& store, purpose why, previous before) {
  if (why == purpose::load) {
    draft_.profiles = profiles_for(draft_.backends, before_.profiles);
    // Server lines alone make no other layout, and backends that came at run time are known by the
    // one that is there.
    if (changes_layout() || draft_.profiles != before_.profiles)
      draft_.loaded_as = draft_.fingerprint();
  }
  const bool lines_only = why == purpose::record && !changes_layout();
  const auto ok = lines_only ? check_invariants(draft_.text()) : store.validate(draft_);
  if (!ok) return ok.error();
  const auto written =
      before == previous::keep ? store.write(draft_, &before_) : store.rewrite(draft_);
  if (!written) return written.error();
  before_ = draft_;
  return draft_;
}

void transaction::rollback() {
  draft_ = before_;
}

}  // namespace switchyard::haproxy

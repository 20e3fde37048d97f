#include "providers/postgres/row_cache.hpp"

#include <iterator>

namespace switchyard::providers::postgres {

const model::server* row_cache::find(const std::string& backend, const std::string& server,
                                     const std::string& row) {
  const auto known = backends_.find(backend);
  if (known == backends_.end()) return nullptr;
  const auto found = known->second.find(server);
  if (found == known->second.end() || found->second.row != row) return nullptr;
  found->second.seen = read_;
  return &found->second.decoded;
}

void row_cache::put(const std::string& backend, const std::string& server, const std::string& row,
                    const model::server& decoded) {
  backends_[backend].insert_or_assign(server, entry{row, decoded, read_});
}

void row_cache::forget_unseen(entries& of) const {
  std::erase_if(of, [this](const auto& e) { return e.second.seen != read_; });
}

void row_cache::end_read(const std::set<std::string>& backends) {
  for (const auto& name : backends) {
    const auto known = backends_.find(name);
    if (known == backends_.end()) continue;
    forget_unseen(known->second);
    if (known->second.empty()) backends_.erase(known);
  }
  ++read_;
}

void row_cache::end_read() {
  for (auto backend = backends_.begin(); backend != backends_.end();) {
    forget_unseen(backend->second);
    backend = backend->second.empty() ? backends_.erase(backend) : std::next(backend);
  }
  ++read_;
}

void row_cache::end_read(const std::map<std::string, std::set<std::string>>& servers) {
  for (const auto& [backend, names] : servers) {
    const auto known = backends_.find(backend);
    if (known == backends_.end()) continue;
    for (const auto& name : names) {
      const auto row = known->second.find(name);
      if (row != known->second.end() && row->second.seen != read_) known->second.erase(row);
    }
    if (known->second.empty()) backends_.erase(known);
  }
  ++read_;
}

}  // namespace switchyard::providers::postgres
